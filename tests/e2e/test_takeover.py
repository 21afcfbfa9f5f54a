"""Two devices with one certificate: each pushes the other out, until one of them says so."""

from __future__ import annotations

import queue
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.connection import Connection, State
from mtlsx.client.events import Connected, Event, Failed
from mtlsx.client.settings import ConnectionSettings, MqttVersion, Reconnect, Transport
from mtlsx.probe.takeover import FEWEST
from mtlsx.tls.settings import TlsSettings
from support.cli import as_options
from support.client import WAIT
from support.running_broker import broker_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.cli import Cli
    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pki

    StartMosquitto = Callable[..., Mosquitto]

pytestmark = pytest.mark.e2e

AT_ONCE = Reconnect(initial_delay=0.05, maximum_delay=0.05)


class Rivals:
    """Connections with one client id; what happens to any of them waits in one queue."""

    def __init__(self, settings: ConnectionSettings, count: int) -> None:
        self.losses = [0] * count
        self._given_up: list[tuple[int, Failed]] = []
        self._events: queue.Queue[tuple[int, Event]] = queue.Queue()
        self.connections = [
            Connection(
                settings,
                on_event=lambda event, at=at: self._events.put((at, event)),
                on_message=lambda _: None,
            )
            for at in range(count)
        ]

    def start(self, at: int) -> None:
        """Start one and wait until it has been let in."""
        self.connections[at].start()
        while True:
            whose, event = self._next()
            if whose == at and isinstance(event, Connected):
                return

    def first_to_give_up(self) -> tuple[int, Failed]:
        """Who it was, and its last word."""
        while not self._given_up:
            self._next()
        return self._given_up[0]

    def _next(self) -> tuple[int, Event]:
        whose, event = self._events.get(timeout=WAIT)
        if isinstance(event, Failed):
            self.losses[whose] += 1
            if event.retry_in is None:
                self._given_up.append((whose, event))
        return whose, event


def as_device(port: int, pki: Pki, *, tls: bool) -> ConnectionSettings:
    settings = ConnectionSettings(
        host="localhost",
        port=port,
        transport=Transport.MQTTS if tls else Transport.MQTT,
        version=MqttVersion.V3_1_1,
        client_id="one-for-two",
        reconnect=AT_ONCE,
    )
    if not tls:
        return settings
    files = TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(pki.device.certificate),
        key_file=str(pki.device.key),
    )
    return replace(settings, tls=files)


def rival_pair(stack: ExitStack, settings: ConnectionSettings) -> Rivals:
    rivals = Rivals(settings, 2)
    for connection in rivals.connections:
        stack.callback(connection.stop)
    rivals.start(0)
    rivals.start(1)
    return rivals


@pytest.mark.parametrize("version", [MqttVersion.V3_1_1, MqttVersion.V5])
@pytest.mark.parametrize("tls", [None, "1.2", "1.3"])
def test_an_end_of_file_is_understood_from_the_pattern(
    pki: Pki, mosquitto: StartMosquitto, tls: str | None, version: MqttVersion
) -> None:
    """Mosquitto 2.0.11 has no other word for it, in MQTT 5 neither."""
    kinds = {"server": pki.server, "client_ca": pki.ca.certificate, "tls": tls} if tls else {}
    settings = as_device(mosquitto(**kinds).port, pki, tls=tls is not None)
    with ExitStack() as stack:
        rivals = rival_pair(stack, replace(settings, version=version))
        # The one that came first is pushed out first, and so is the first to know.
        at, given_up = rivals.first_to_give_up()
        assert (at, given_up.verdict.id) == (0, "session-taken-over")
        assert given_up.verdict.exit_code == 16
        assert f"{FEWEST} times in a row" in given_up.verdict.summary
        assert rivals.losses[0] == FEWEST
        assert rivals.connections[1].state is not State.FAILED


MAPPED = """
[mqtt]
peer_cert_as_clientid = "cn"

[listeners.ssl.default]
bind = "127.0.0.1:0"
ssl_options = {{ certfile = "{server.certificate}", keyfile = "{server.key}", cacertfile = "{ca.certificate}", verify = "verify_peer", fail_if_no_peer_cert = true }}

[authorization]
no_match = "allow"
"""


@pytest.mark.parametrize(("version", "losses"), [(MqttVersion.V3_1_1, FEWEST), (MqttVersion.V5, 1)])
def test_two_devices_with_one_certificate_that_is_mapped_to_the_client_id(
    pki: Pki, cli: Cli, tmp_path: Path, version: MqttVersion, losses: int
) -> None:
    (tmp_path / "broker.toml").write_text(MAPPED.format(server=pki.server, ca=pki.ca))
    with ExitStack() as stack:
        broker = stack.enter_context(broker_process(cli, "--config", tmp_path / "broker.toml"))
        settings = as_device(broker.address[1], pki, tls=True)
        rivals = rival_pair(stack, replace(settings, version=version, client_id=""))
        at, given_up = rivals.first_to_give_up()
        assert (at, given_up.verdict.id) == (0, "session-taken-over")
        assert rivals.losses[0] == losses
        assert "certificate" in (given_up.verdict.fix or "")


def test_conn_that_stays_says_so(pki: Pki, mosquitto: StartMosquitto, cli: Cli) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = as_device(broker.port, pki, tls=True)
    rival = Rivals(settings, 1)
    with ExitStack() as stack:
        stack.callback(rival.connections[0].stop)
        options = [*as_options(settings), "--stay", "-rp", "10"]
        running = stack.enter_context(cli.started("conn", *options))
        assert running.line(), running.result()
        rival.start(0)
        ended = running.result()
    assert ended.code == 16
    *losses, last = ended.stderr.splitlines()
    assert "another client uses the same client id" in last
    assert sum("closed the connection." in line for line in losses) == FEWEST - 1
