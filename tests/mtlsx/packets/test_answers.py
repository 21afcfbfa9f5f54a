"""CONNACK, PUBREC and DISCONNECT as servers send them; paho's encoder is the oracle for properties."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from mtlsx.packets.answers import (
    Acknowledgement,
    Connack,
    Disconnect,
    decode_acknowledgement,
    decode_connack,
    decode_disconnect,
)
from mtlsx.packets.errors import MalformedPacketError
from mtlsx.packets.properties import decode_properties

# MQTT strings: no NUL, no surrogates (section 1.5.4).
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50)


def test_a_connack_of_3_1_1() -> None:
    assert decode_connack(b"\x01\x00", version5=False) == Connack(True, 0)
    assert decode_connack(b"\x00\x05", version5=False) == Connack(False, 5)


def test_a_server_of_3_1_1_may_answer_version_5_without_properties() -> None:
    assert decode_connack(b"\x00\x01", version5=True) == Connack(False, 1)


@given(
    st.integers(1, 65_535),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    text,
    st.lists(st.tuples(text, text), max_size=4),
)
def test_a_connack_of_5_0_tells_what_paho_encoded(
    receive_maximum: int, expiry: int, retain: bool, reason: str, pairs: list[tuple[str, str]]
) -> None:
    properties = Properties(PacketTypes.CONNACK)
    properties.ReceiveMaximum = receive_maximum
    properties.SessionExpiryInterval = expiry
    properties.RetainAvailable = int(retain)
    properties.ReasonString = reason
    if pairs:
        properties.UserProperty = pairs
    connack = decode_connack(b"\x00\x00" + properties.pack(), version5=True)
    assert connack.integer("receive_maximum") == receive_maximum
    assert connack.integer("session_expiry_interval") == expiry
    assert connack.flag("retain_available") is retain
    assert connack.text("reason_string") == reason
    assert connack.user_properties == tuple(pairs)
    assert connack.integer("maximum_qos") is None


@given(st.binary(), st.booleans())
def test_arbitrary_bytes_raise_nothing_but_malformed(body: bytes, version5: bool) -> None:
    for decode in (
        lambda: decode_connack(body, version5=version5),
        lambda: decode_acknowledgement(body),
        lambda: decode_disconnect(body),
        lambda: decode_properties(body, 0),
    ):
        with suppress(MalformedPacketError):
            decode()


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"\x00\x07", Acknowledgement(7, 0)),
        (b"\x00\x07\x87", Acknowledgement(7, 0x87)),
        (b"\x00\x07\x87\x00", Acknowledgement(7, 0x87)),
    ],
)
def test_acknowledgements(body: bytes, answer: Acknowledgement) -> None:
    assert decode_acknowledgement(body) == answer


def test_disconnects() -> None:
    assert decode_disconnect(b"") == Disconnect(0)
    assert decode_disconnect(b"\x8e") == Disconnect(0x8E)
    properties = Properties(PacketTypes.DISCONNECT)
    properties.ReasonString = "moved"
    properties.ServerReference = "other:8883"
    assert decode_disconnect(b"\x9d" + properties.pack()) == Disconnect(0x9D, "moved", "other:8883")
