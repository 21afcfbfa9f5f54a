"""``mtlsx bench`` against Mosquitto with mutual TLS: fifty devices, each with its own certificate, some refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.made_pki import CLIENT, SERVER, Made, make
from support.openssl_pki import Pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.cli import Cli, Result
    from support.mosquitto import Mosquitto

    StartMosquitto = Callable[..., Mosquitto]

pytestmark = pytest.mark.e2e

COUNT = 50
EXPIRED, OF_ANOTHER_CA, MISSING = (7, 17), (23,), (31,)
GOOD = COUNT - len(EXPIRED) - len(OF_ANOTHER_CA) - len(MISSING)
OWN_TOPICS = "pattern readwrite %u/#\npattern read all/#\n"


@dataclass(frozen=True)
class Fleet:
    """Files of fifty devices ``dev-N`` and of a server."""

    directory: Path
    server: Pair
    ca: Path

    @property
    def options(self) -> list[object]:
        """What makes ``mtlsx bench`` use them."""
        return [
            "-c", COUNT, "-i", 1, "--ca", self.ca, "--cert", self.directory / "dev-%i.pem",
            "--key", self.directory / "dev-%i.key", "-I", "bench-%i",
        ]  # fmt: skip


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    directory = tmp_path_factory.mktemp("fleet")
    ca, other = make("Demo CA", ca=True), make("Other CA", ca=True)
    server = make("broker", ca, usage=SERVER, names=("localhost",)).save(directory, "server")
    for number in range(1, COUNT + 1):
        if number not in MISSING:
            device(number, ca, other).save(directory, f"dev-{number}")
    ca.save(directory, "ca")
    return Fleet(directory, Pair(*map(type(directory), server)), directory / "ca.pem")


def device(number: int, ca: Made, other: Made) -> Made:
    issuer = other if number in OF_ANOTHER_CA else ca
    days = (-20, -10) if number in EXPIRED else (-1, 30)
    return make(f"dev-{number}", issuer, usage=CLIENT, days=days)


@pytest.fixture
def broker(fleet: Fleet, mosquitto: StartMosquitto) -> Mosquitto:
    return mosquitto(server=fleet.server, client_ca=fleet.ca, acl=OWN_TOPICS)


def bench(cli: Cli, fleet: Fleet, broker: Mosquitto, kind: str, *options: object) -> Result:
    return cli.run(
        "bench", kind, "-h", "localhost", "-p", broker.port, *fleet.options, *options, "--json"
    )


def found(run: Result) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run.stdout)
    assert result["exit_code"] == run.code
    return result


def failed_devices(result: dict[str, Any]) -> dict[str, int]:
    return {verdict: failure["devices"] for verdict, failure in result["failures"].items()}


REFUSED = {
    "client-cert-expired": len(EXPIRED),
    "client-cert-unknown-ca": len(OF_ANOTHER_CA),
    "file-missing": len(MISSING),
}


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("version", ["3.1", "3.1.1", "5"])
def test_each_device_is_taken_or_refused_for_its_own_certificate(
    fleet: Fleet, broker: Mosquitto, cli: Cli, tls: str, version: str
) -> None:
    run = bench(cli, fleet, broker, "conn", "--tls-version", tls, "-V", version)
    assert run.stderr == ""
    result = found(run)
    assert failed_devices(result) == REFUSED
    assert (run.code, result["connected"], result["interrupted"]) == (13, GOOD, False)
    assert result["connections_per_second"] > 0
    for name in ("connack", "connection"):
        latency = result["latency_ms"][name]
        assert latency["count"] == GOOD
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["maximum"]
    for number in (1, COUNT):
        assert f"as bench-{number} " in broker.log
        assert f"u'dev-{number}'" in broker.log


def test_text_names_each_failure_with_an_example(fleet: Fleet, broker: Mosquitto, cli: Cli) -> None:
    run = cli.run("bench", "conn", "-h", "localhost", "-p", broker.port, *fleet.options)
    assert run.code == 13
    assert f"{GOOD} of {COUNT} devices connected in " in run.stdout
    assert "client-cert-expired: 2 devices, for example:" in run.stdout
    assert "refused our certificate with certificate_expired (45)" in run.stdout
    assert "CONNECT to CONNACK" in run.stdout


def test_no_reason_is_lost_when_all_are_refused_at_once(
    fleet: Fleet, broker: Mosquitto, cli: Cli
) -> None:
    stranger = [fleet.directory / f"dev-{OF_ANOTHER_CA[0]}{end}" for end in (".pem", ".key")]
    run = bench(cli, fleet, broker, "conn", "-i", 0, "--cert", stranger[0], "--key", stranger[1])
    assert failed_devices(found(run)) == {"client-cert-unknown-ca": COUNT}
    assert run.code == 13


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_messages_arrive_as_they_are_counted(
    fleet: Fleet, broker: Mosquitto, cli: Cli, qos: int
) -> None:
    # More than twenty of QoS 2 at once make mosquitto_sub 2.0.11 give up with a protocol error.
    with broker.observer("+/state", count=20) as observer:
        run = bench(
            cli, fleet, broker, "pub", "-t", "dev-%i/state", "-m", "on", "-q", qos, "-im", 0,
            "-L", 20,
        )  # fmt: skip
        messages = observer.messages()
    result = found(run)
    assert failed_devices(result) == REFUSED
    assert result["messages"]["sent"] == 20
    assert {payload for *_, payload in messages} == {b"on"}
    assert {each for _, each, *_ in messages} == {qos}
    if qos:
        assert result["messages"]["acknowledged"] == 20
        assert result["messages"]["unanswered"] == 0
        assert result["latency_ms"]["acknowledgement"]["count"] == 20


def test_what_a_device_may_not_publish_is_counted(
    fleet: Fleet, broker: Mosquitto, cli: Cli
) -> None:
    run = bench(
        cli, fleet, broker, "pub", "-t", "dev-1/state", "-q", 1, "-im", 0, "-L", 3 * GOOD, "-W", 60
    )
    result = found(run)
    denied = result["failures"]["publish-denied"]
    assert (run.code, denied["exit_code"]) == (15, 15)
    assert denied["devices"] == GOOD - 1
    assert denied["times"] == result["messages"]["refused"]
    assert result["messages"]["acknowledged"] + denied["times"] == 3 * GOOD


def test_subscribers_count_what_publishers_send(fleet: Fleet, broker: Mosquitto, cli: Cli) -> None:
    target = ["-h", "localhost", "-p", broker.port]
    with cli.started(
        "bench", "sub", *target, *fleet.options, "-t", "%u/state", "-t", "dev-%i/state", "-q", 2,
        "-L", 100, "--json",
    ) as subscribers:  # fmt: skip
        for number in (1, COUNT):
            broker.wait_for_log(f"Sending SUBACK to bench-{number}")
        publishers = cli.run(
            "bench", "pub", *target, *fleet.options, "-I", "publisher-%i", "-t", "dev-%i/state",
            "-q", 2, "-im", 0, "-L", 100, "--timestamp", "-S", 100, "--json",
        )  # fmt: skip
        run = subscribers.result()
    assert found(publishers)["messages"]["acknowledged"] == 100
    result = found(run)
    assert (result["subscribed"], result["messages"]["received"]) == (GOOD, 100)
    assert result["messages"]["received_bytes"] == 100 * 100
    assert result["latency_ms"]["delivery"]["count"] == 100
    assert failed_devices(result) == REFUSED


def test_ctrl_c_ends_with_what_was_counted(fleet: Fleet, broker: Mosquitto, cli: Cli) -> None:
    with cli.started(
        "bench", "conn", "-h", "localhost", "-p", broker.port, *fleet.options, "-k", 1, "--stay",
        "--json",
    ) as running:  # fmt: skip
        for number in (1, COUNT):
            broker.wait_for_log(f"Sending PINGRESP to bench-{number}")
        running.interrupt()
        run = running.result()
    result = found(run)
    assert (run.code, result["interrupted"], result["connected"]) == (130, True, GOOD)
    assert failed_devices(result) == REFUSED
    broker.wait_for_log(f"Received DISCONNECT from bench-{COUNT}")


def test_a_broker_that_dies_is_every_devices_loss(
    fleet: Fleet, broker: Mosquitto, cli: Cli
) -> None:
    with cli.started(
        "bench", "conn", "-h", "localhost", "-p", broker.port, *fleet.options, "-k", 1, "--stay",
        "--json",
    ) as running:  # fmt: skip
        broker.wait_for_log(f"Sending PINGRESP to bench-{COUNT}")
        broker.kill()
        run = running.result()
    result = found(run)
    assert failed_devices(result) == {**REFUSED, "connection-lost": GOOD}
    assert run.code == 16


def test_passwords_over_plain_tcp(mosquitto: StartMosquitto, cli: Cli) -> None:
    broker = mosquitto(users={"ada": "hush"})
    target = ["bench", "conn", "-h", "127.0.0.1", "-p", broker.port, "-c", 5, "-u", "ada", "--json"]
    run = cli.run(*target, environment={"MTLSX_PASSWORD": "hush"})
    assert (run.code, found(run)["connected"]) == (0, 5)
    run = cli.run(*target, environment={"MTLSX_PASSWORD": "wrong"})
    assert (run.code, failed_devices(found(run))) == (14, {"not-authorized": 5})
