"""``mtlsx conn``: what it says about an accepted connection, and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mtlsx.client.events import ConnackFacts, Connected, Failed
from mtlsx.probe.ladder import Step
from mtlsx.probe.verdicts import Verdict
from mtlsx.tls.record import Ended, HandshakeRecord
from support.fake_broker import ACCEPTED, FakeBroker, lost

if TYPE_CHECKING:
    import pytest

    from conftest import Program

FACTS = ConnackFacts(
    code=0,
    session_present=True,
    client_id="auto-1",
    client_id_assigned=True,
    server_keepalive=30,
    session_expiry=7200,
    receive_maximum=20,
    maximum_qos=1,
    retain_available=False,
    maximum_packet_size=1024,
    topic_alias_maximum=10,
    wildcard_available=False,
    reason_string="welcome\x1b[2J",
    user_properties=(("node", "a"),),
)
HANDSHAKE = HandshakeRecord(
    ended=Ended.AGREED,
    version="TLS 1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    alpn="mqtt",
    server_chain=(b"not a certificate",),
    certificate_requested=True,
)


def test_it_says_what_the_server_said(program: Program, broker: FakeBroker) -> None:
    broker.answer = Connected(FACTS, HANDSHAKE)
    run = program("conn", "-h", "broker.example", "--insecure-name")
    assert (run.code, run.stderr) == (0, "")
    assert run.stdout.decode().splitlines() == [
        "Connected to broker.example:8883 with MQTT 5 (mqtts)",
        "  Client id    auto-1, chosen by the server",
        "  Session      continued",
        "  Expiry       7200 s, set by the server",
        "  Keep alive   30 s, set by the server",
        "  Reason       welcome\\x1b[2J",
        "  Property     node: a",
        "  Limits       receive maximum 20, packets of 1,024 bytes, topic aliases 10, QoS 1",
        "  Lacks        retained messages, wildcards",
        "  TLS          TLS 1.3, TLS_AES_256_GCM_SHA384, ALPN mqtt",
        "  Server       a certificate that cannot be read",
        "  NOT CHECKED  the server's name",
        "  Client       the server asked for a certificate; none was sent",
    ]
    assert broker.stopped


def test_what_was_not_said_is_not_shown(program: Program, broker: FakeBroker) -> None:
    assert program("conn", "-k", 20).stdout.decode().splitlines() == [
        "Connected to localhost:1883 with MQTT 5 (mqtt)",
        "  Client id    dev",
        "  Session      new",
        "  Keep alive   20 s",
    ]


def test_json_is_one_object_with_the_same_facts(program: Program, broker: FakeBroker) -> None:
    broker.answer = Connected(FACTS, HANDSHAKE)
    content = json.loads(program("conn", "--json", "--insecure").stdout)
    assert (content["verdict"], content["stage"], content["fix"]) == ("ok", "mqtt", None)
    assert content["stages"] == []
    assert content["transport"] == "mqtts"
    assert content["connack"]["client_id"] == "auto-1"
    assert content["connack"]["user_properties"] == [["node", "a"]]
    assert content["connack"]["shared_available"] is None
    assert content["tls"] == {
        "version": "TLS 1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "alpn": "mqtt",
        "server_certificate": None,
        "unchecked": ["chain", "name"],
        "certificate_requested": True,
        "certificate_sent": False,
    }


def test_without_tls_there_is_nothing_to_tell_of_it(program: Program, broker: FakeBroker) -> None:
    assert json.loads(program("conn", "--json").stdout)["tls"] is None


def test_a_failure_is_a_sentence_and_an_exit_code(program: Program, broker: FakeBroker) -> None:
    verdict = Verdict(
        "client-cert-required", "It wants one.", "Give one.", ("client-cert-rejected",)
    )
    said = "refused by the server: certificate_required (116)"
    steps = (Step(verdict.stage, False, 0.008, said),)
    broker.answer = Failed(verdict, None, None, steps)
    assert program("conn") == (13, b"", "mtlsx: It wants one. Give one.\n")
    run = program("conn", "--json")
    assert (run.code, run.stderr) == (13, "mtlsx: It wants one. Give one.\n")
    assert json.loads(run.stdout) == {
        "verdict": "client-cert-required",
        "stage": "client-certificate",
        "refused_by": "server",
        "summary": "It wants one.",
        "fix": "Give one.",
        "candidates": ["client-cert-rejected"],
        "stages": [
            {
                "stage": "client-certificate",
                "ok": False,
                "ms": 8.0,
                "detail": "refused by the server: certificate_required (116)",
            }
        ],
    }


def test_nothing_is_retried(program: Program, broker: FakeBroker) -> None:
    broker.answer = Failed(Verdict("tcp-refused", "Nobody there."), None, 0.1)
    assert program("conn").code == 11
    assert broker.settings is not None
    assert not broker.settings.reconnect.enabled


def test_it_stays_until_a_loss(program: Program, broker: FakeBroker) -> None:
    broker.at_once = True
    broker.then = [lost()]
    run = program("conn", "--stay")
    assert run.code == 16
    assert run.stdout.startswith(b"Connected to ")
    assert run.stderr == "mtlsx: The connection was lost.\n"


def test_it_stays_through_losses_when_asked_to(program: Program, broker: FakeBroker) -> None:
    broker.at_once = True
    broker.then = [lost(retry_in=2.0), Connected(ACCEPTED, None), lost()]
    run = program("conn", "--stay", "-rp", 2000)
    assert run.code == 16
    assert run.stderr == (
        "mtlsx: The connection was lost. Connecting again in 2 s.\n"
        "mtlsx: Connected again.\n"
        "mtlsx: The connection was lost.\n"
    )


def test_reconnecting_is_for_who_stays(program: Program, broker: FakeBroker) -> None:
    run = program("conn", "-rp", 2000)
    assert run == (2, b"", "mtlsx: -rp and --maximum-reconnect-times go with --stay.\n")


def test_a_password_alone_goes_out_with_an_empty_username(
    program: Program, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTLSX_PASSWORD", "hush")
    run = program("conn")
    assert run.stderr == ""
    lines = run.stdout.decode().splitlines()
    assert "  Username     empty, because a password was sent without one" in lines
    assert broker.stopped
