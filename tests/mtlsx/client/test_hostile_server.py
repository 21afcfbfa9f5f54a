"""Servers that send what they should not: every attempt ends in a verdict."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtlsx.client.session import Session
from mtlsx.client.settings import ConnectionSettings, MqttVersion, Transport
from mtlsx.packets.framing import PacketType
from mtlsx.probe.verdicts import KINDS, Verdict
from support.scripted_broker import CONNACK_OK_3, CONNACK_OK_5, Peer, ScriptedBroker

PACKETS = [
    CONNACK_OK_3,
    CONNACK_OK_5,
    b"\x20\x0b\x00\x00\x08\x12\x00\x02ab\x21\x00\x05",
    b"\x90\x05\x00\x01\x00\x02\x87",
    b"\xb0\x04\x00\x01\x00\x11",
    b"\x40\x03\x00\x01\x10",
    b"\x50\x03\x00\x01\x87",
    b"\x62\x02\x00\x01",
    b"\x70\x02\x00\x01",
    b"\xd0\x00",
    b"\xe0\x02\x8e\x00",
    b"\xf0\x02\x18\x00",
    b"\x31\x0e\x00\x01t\x07\x03\x00\x04textab",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A packet of a server's with some bytes changed, its length made right again or not."""
    packet = bytearray(draw(st.sampled_from(PACKETS)))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, 13), st.integers(0, 255)), max_size=3)):
        packet[at % len(packet)] = byte
    packet += draw(st.binary(max_size=4))
    if draw(st.booleans()):
        packet[1] = len(packet) - 2
    return bytes(packet)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(MqttVersion), st.lists(st.one_of(damaged(), st.binary()), max_size=4))
def test_whatever_a_server_sends_there_is_a_verdict(
    version: MqttVersion, answers: list[bytes]
) -> None:
    def script(peer: Peer) -> None:
        with suppress(OSError):  # the client may hang up at any byte
            peer.send(b"".join(answers))

    verdict = verdict_on(script, version)
    assert verdict is not None
    assert verdict.id in KINDS


@pytest.mark.parametrize(
    "connack",
    [
        pytest.param(b"\x20\x06\x00\x00\x03\x21\x00\x00", id="receive maximum 0"),
        pytest.param(b"\x20\x05\x00\x00\x02\x24\x02", id="maximum QoS 2"),
        pytest.param(b"\x21\x03\x00\x00\x00", id="reserved flag"),
    ],
)
def test_a_malformed_connack_is_no_mqtt_even_where_paho_would_take_it(connack: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(connack)
        with pytest.raises(AssertionError, match="hung up"):
            peer.expect(PacketType.DISCONNECT)

    verdict = verdict_on(script, MqttVersion.V5)
    assert verdict is not None
    assert verdict.id == "not-mqtt"


def verdict_on(script: Callable[[Peer], None], version: MqttVersion) -> Verdict | None:
    """What one attempt against a broker that plays ``script`` ends in."""
    with ScriptedBroker(script) as broker:
        session = Session(
            ConnectionSettings(
                host="127.0.0.1", port=broker.port, transport=Transport.MQTT, version=version,
                client_id="dev",
            ),
            on_event=lambda _: None,
            on_message=lambda _: None,
        )  # fmt: skip
        return session.run()
