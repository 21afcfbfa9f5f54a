"""``mtlsx probe --matrix`` against real servers: those that refuse whom they must, and those that only seem to."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.cli import Cli, Result
from support.mosquitto import Mosquitto
from support.openssl_pki import PASSPHRASE, Pki, openssl
from support.ports import LOOPBACK
from support.programs import find, need
from support.running_broker import mutual_tls, running

pytestmark = pytest.mark.e2e

KINDS = [
    "no-certificate", "self-signed", "other-ca", "namesake-ca", "expired", "not-yet-valid", "wrong-usage", "right",
]  # fmt: skip

ONLY_1_3 = ("--tls-version", "1.3")  # where a second version would say the same


def arguments(pki: Pki, port: int, *more: object) -> tuple[object, ...]:
    return (
        "probe", "--matrix", f"localhost:{port}", "--ca", pki.ca.certificate,
        "--cert", pki.device.certificate, "--key", pki.device.key, *more,
    )  # fmt: skip


def table(result: Result) -> dict[tuple[str, str], dict[str, Any]]:
    """The tries by who came and the TLS version."""
    tries = json.loads(result.stdout)["tries"]
    return {(each["as"], each["tls_version"]): each for each in tries}


@contextmanager
def s_server(pki: Pki, *more: str) -> Iterator[int]:
    """``openssl s_server`` on a free port until the block ends."""
    need("openssl")
    command = [
        find("openssl"), "s_server", "-accept", f"{LOOPBACK}:0", "-cert", pki.server.certificate,
        "-key", pki.server.key, "-CAfile", pki.ca.certificate, *more,
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield next(int(found[1]) for line in process.stdout if (found := _ACCEPT.match(line)))
        finally:
            process.kill()


_ACCEPT = re.compile(r"ACCEPT .*:(\d+)$")


@pytest.fixture
def mosquitto(pki: Pki, tmp_path: Path) -> Iterator[Mosquitto]:
    need("mosquitto")
    with Mosquitto(tmp_path, server=pki.server, client_ca=pki.ca.certificate) as broker:
        yield broker


def test_a_broker_that_refuses_whom_it_must(pki: Pki, cli: Cli, mosquitto: Mosquitto) -> None:
    result = cli.run(*arguments(pki, mosquitto.port, "--matrix-ca-key", pki.ca.key, "--json"))
    assert result.code == 0, result.stdout + result.stderr
    tries = table(result)
    assert list(tries) == [(kind, version) for kind in KINDS for version in ("1.2", "1.3")]
    assert {each["ok"] for each in tries.values()} == {True}
    how = {kind: tries[kind, "1.3"]["how"] for kind in KINDS}
    assert how == {
        "no-certificate": "certificate_required (116)",
        "self-signed": "unknown_ca (48)",
        "other-ca": "unknown_ca (48)",
        "namesake-ca": "decrypt_error (51)",
        "expired": "certificate_expired (45)",
        "not-yet-valid": "bad_certificate (42)",
        "wrong-usage": "unsupported_certificate (43)",
        "right": "TLS agreed",
    }


def test_with_mqtt_the_right_one_gets_a_connack(pki: Pki, cli: Cli, mosquitto: Mosquitto) -> None:
    result = cli.run(*arguments(pki, mosquitto.port, "--mqtt", "--json", *ONLY_1_3))
    assert result.code == 0, result.stdout + result.stderr
    assert table(result)["right", "1.3"]["how"] == "CONNACK"


def test_without_the_cas_key_it_says_what_is_not_proven(
    pki: Pki, cli: Cli, mosquitto: Mosquitto
) -> None:
    result = cli.run(*arguments(pki, mosquitto.port))
    assert result.code == 0
    assert "expired, and of another CA" in result.stdout
    assert "says nothing about dates and usage" in result.stdout
    assert "✔ In 16 of 16 tries it did what it must." in result.stdout


def test_a_mosquitto_that_requires_no_certificate(pki: Pki, cli: Cli, tmp_path: Path) -> None:
    need("mosquitto")
    junit = tmp_path / "matrix.xml"
    with Mosquitto(tmp_path, server=pki.server) as broker:
        result = cli.run(
            *arguments(pki, broker.port, "--matrix-ca-key", pki.ca.key, "--junit", junit)
        )
    assert result.code == 12
    assert "✘ let in: asks for none" in result.stdout
    assert "It asks for no certificate, so it lets in everybody." in result.stdout
    (suite,) = ET.parse(junit).getroot()  # noqa: S314  (it is ours)
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("16", "14")
    passed = [case.attrib["name"] for case in suite if not len(case)]
    assert passed == ["the right one, TLS 1.2", "the right one, TLS 1.3"]


async def test_our_broker_without_fail_if_no_peer_cert(pki: Pki, cli: Cli) -> None:
    """As an EMQX with verify_peer alone: it checks what is shown, and lets in who shows nothing."""
    async with running(mutual_tls(pki, fail_if_no_peer_cert=False)) as broker:
        result = await asyncio.to_thread(
            cli.run, *arguments(pki, broker.port, "--matrix-ca-key", pki.ca.key, "--json")
        )
    assert result.code == 12, result.stdout + result.stderr
    tries = table(result)
    wrong = {name for name, each in tries.items() if each["ok"] is False}
    assert wrong == {("no-certificate", "1.2"), ("no-certificate", "1.3")}
    assert "fail_if_no_peer_cert = true" in tries["no-certificate", "1.3"]["fix"]


async def test_our_broker_as_it_should_be(pki: Pki, cli: Cli) -> None:
    async with running(mutual_tls(pki)) as broker:
        result = await asyncio.to_thread(
            cli.run, *arguments(pki, broker.port, "--matrix-ca-key", pki.ca.key, "--mqtt", "--json")
        )
    assert result.code == 0, result.stdout + result.stderr
    assert {each["ok"] for each in table(result).values()} == {True}


def test_whom_only_mqtt_refuses(pki: Pki, cli: Cli, tmp_path: Path) -> None:
    need("mosquitto")
    with Mosquitto(tmp_path, server=pki.server, users={"factory": "right"}) as broker:
        as_device = arguments(pki, broker.port, "--mqtt", "-u", "factory", *ONLY_1_3)
        right = cli.run(*as_device, environment={"MTLSX_PASSWORD": "right"})
        wrong = cli.run(*as_device, environment={"MTLSX_PASSWORD": "wrong"})
    assert right.code == 12
    assert "✘ let in: asks for none" in right.stdout
    assert wrong.code == 14
    assert "✔ refused: not-authorized" in wrong.stdout
    assert "TLS lets these through, and only MQTT refuses them: no certificate," in wrong.stdout


def test_a_server_that_looks_at_certificates_and_takes_them_all(pki: Pki, cli: Cli) -> None:
    """s_server -verify asks, prints what is wrong and goes on."""
    with s_server(pki, "-verify", "3") as port:
        result = cli.run(*arguments(pki, port, "--matrix-ca-key", pki.ca.key, "--json"))
    assert result.code == 12, result.stdout + result.stderr
    tries = table(result)
    assert {kind for (kind, _), each in tries.items() if each["ok"] is False} == set(KINDS[:-1])
    assert {each["outcome"] for each in tries.values()} == {"accepted"}
    assert "does not check the signature" in tries["namesake-ca", "1.3"]["why"]


def test_a_server_that_verifies_and_requires(pki: Pki, cli: Cli) -> None:
    with s_server(pki, "-Verify", "3", "-verify_return_error") as port:
        result = cli.run(*arguments(pki, port, "--matrix-ca-key", pki.ca.key, "--json"))
    assert result.code == 0, result.stdout + result.stderr
    assert {each["ok"] for each in table(result).values()} == {True}


async def test_a_server_that_hangs_up_without_an_alert(pki: Pki, cli: Cli) -> None:
    """As asyncio does (cpython#98078), and Node."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    context.load_verify_locations(pki.ca.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    async with await asyncio.start_server(_wait, LOOPBACK, 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        given = arguments(pki, port, "--matrix-ca-key", pki.ca.key, "--json")
        result = await asyncio.to_thread(cli.run, *given)
    assert result.code == 0, result.stdout + result.stderr
    tries = table(result)
    assert {each["ok"] for each in tries.values()} == {True}
    assert tries["expired", "1.3"]["how"] == "hung up"


async def _wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.close()


def test_a_version_that_the_server_does_not_speak_is_no_fault(pki: Pki, cli: Cli) -> None:
    with s_server(pki, "-Verify", "3", "-verify_return_error", "-tls1_3") as port:
        result = cli.run(*arguments(pki, port, "--json"))
    assert result.code == 0, result.stdout + result.stderr
    outcomes = {version: set() for version in ("1.2", "1.3")}
    for (_, version), each in table(result).items():
        outcomes[version].add(each["outcome"])
    assert outcomes == {"1.2": {"not-spoken"}, "1.3": {"refused", "accepted"}}


def test_a_right_certificate_that_is_refused(pki: Pki, cli: Cli, mosquitto: Mosquitto) -> None:
    result = cli.run(
        "probe", "--matrix", f"localhost:{mosquitto.port}", "--ca", pki.ca.certificate,
        "--cert", pki.device_of_another_ca.certificate, "--key", pki.device_of_another_ca.key,
    )  # fmt: skip
    assert result.code == 13
    assert "✘ the right one; TLS 1.2 and TLS 1.3:" in result.stdout


def test_with_the_cas_key_alone_the_right_one_is_made(
    pki: Pki, cli: Cli, mosquitto: Mosquitto
) -> None:
    arguments = ("probe", "--matrix", f"localhost:{mosquitto.port}", "--ca", pki.ca.certificate)
    made = cli.run(*arguments, *ONLY_1_3, "--matrix-ca-key", pki.ca.key, "--json")
    assert made.code == 0, made.stdout + made.stderr
    assert table(made)["right", "1.3"]["signed_by"] == "ca"
    assert "No right certificate was given" in cli.run(*arguments, *ONLY_1_3).stdout


def test_an_encrypted_key_of_the_ca(
    pki: Pki, cli: Cli, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    key, secret = tmp_path / "encrypted.key", tmp_path / "secret"
    openssl("pkcs8", "-topk8", "-in", pki.ca.key, "-out", key, "-passout", f"pass:{PASSPHRASE}")
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    given = arguments(pki, mosquitto.port, "--json", *ONLY_1_3, "--matrix-ca-key", key)
    closed = cli.run(*given)
    assert closed.code == 10
    assert "is encrypted, and no passphrase was given" in closed.stderr
    opened = cli.run(*given, "--matrix-ca-passphrase-file", secret)
    assert opened.code == 0, opened.stdout + opened.stderr
    assert PASSPHRASE not in opened.stdout + opened.stderr + closed.stderr


def test_a_server_that_cannot_be_judged(pki: Pki, cli: Cli, mosquitto: Mosquitto) -> None:
    result = cli.run(
        "probe",
        "--matrix",
        f"localhost:{mosquitto.port}",
        "--ca",
        pki.other_ca.certificate,
        "--json",
    )
    assert result.code == 12
    content = json.loads(result.stdout)
    assert (content["ok"], content["tries"]) == (False, [])
    assert content["stopped"]["verdict"] == "server-unknown-ca"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--junit", "m.xml"], "--junit goes with --matrix"),
        (["--matrix-ca-key", "ca.key"], "--matrix-ca-key goes with --matrix"),
        (["--matrix", "--matrix-ca", "ca.crt"], "give it with --matrix-ca-key"),
        (["--matrix", "-l", "mqtt"], "without TLS"),
        (["--matrix", "--save-chain", "c.pem"], "--save-chain goes without --matrix"),
    ],
)
def test_what_cannot_be_meant(cli: Cli, given: list[str], sentence: str) -> None:
    result = cli.run("probe", "localhost", *given)
    assert result.code == 2
    assert sentence in result.stderr
