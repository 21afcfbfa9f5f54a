"""Feeds the decoder damaged packets by the million; nothing but ``ProtocolError`` may come out, and in time.

Outside the suite. The packets are what real clients sent (``support.recorded_clients``), and one of each kind in each
version with all its properties. Each is damaged (bits, bytes, lengths, pieces cut out, doubled, or taken from
another) and fed whole or in pieces, behind a good CONNECT or without one. What is read although it is damaged must
come back from its own bytes.

    python tests/fuzz/packets.py [inputs] [seed]
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_31,
    MQTT_311,
    Auth,
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Will,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import PacketFilter, PacketType
from mtlsx.packets.properties import (
    AnswerProperties,
    AuthProperties,
    ConnackProperties,
    ConnectProperties,
    DisconnectProperties,
    PublishProperties,
    SubscribeProperties,
    UnsubscribeProperties,
    WillProperties,
)
from support.recorded_clients import RECORDED, stream

VERSIONS = (MQTT_31, MQTT_311, MQTT_5)
CONNECT = b"\x10"
TELLING = (
    b"",
    b"\0",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\xff\xff\xff\x7f",
    b"\xed\xa0\x80",
    b"#",
    b"+",
    b"$share/",
)
CODES = {0x81, 0x82, 0x84, 0x8F, 0x90, 0x94, 0x95}
LIMIT = 4096
SLOW = 1.0
VALUES: dict[str, Any] = {
    "user_properties": ((b"name", b"value"), (b"name", b"")),
    "subscription_identifiers": (1, 200, 70_000),
    "correlation_data": b"\0\xff",
    "authentication_data": b"\0\xff",
    "reason_string": "why",
    "server_reference": "other:8883",
    "response_information": "r",
    "response_topic": b"r/1",
    "content_type": b"text/plain",
    "authentication_method": b"SCRAM",
    "assigned_client_identifier": b"auto-1",
}


def full(kind: type[Any]) -> Any:
    """Properties of ``kind``, all of them."""
    return kind(**{each.name: VALUES.get(each.name, 1) for each in fields(kind)})


def every_packet() -> list[ControlPacket]:
    will = Will(b"gone/1", b"bye", 1, True, full(WillProperties))
    answer = full(AnswerProperties)
    return [
        Connect(MQTT_5, b"dev", False, 60, b"user", b"pass", will, full(ConnectProperties)),
        Connack(True, 0, full(ConnackProperties)),
        Publish(b"factory/1/temp", b"20.5", 2, True, True, 7, full(PublishProperties)),
        Puback(7, 0x10, answer),
        Pubrec(7, 0x10, answer),
        Pubrel(7, 0x92, answer),
        Pubcomp(7, 0x92, answer),
        Subscribe(
            7,
            (Subscription(b"a/+/#", 2, True, True, 2), Subscription(b"$share/g/a", 1)),
            full(SubscribeProperties),
        ),
        Suback(7, (0, 1, 2, 0x80), answer),
        Unsubscribe(7, (b"a/+/#", b"b"), full(UnsubscribeProperties)),
        Unsuback(7, (0, 0x11), answer),
        Pingreq(),
        Pingresp(),
        Disconnect(0x04, full(DisconnectProperties)),
        Auth(0x18, full(AuthProperties)),
    ]


def real_packets() -> list[bytes]:
    """Whole packets of all versions, and whole connections."""
    found = [stream(recorded) for recorded in RECORDED.values()]
    for packet in every_packet():
        for version in VERSIONS:
            with suppress(UsageError):  # AUTH is of 5.0 alone
                found.append(encode(packet, version))
    connects = (Connect(each, b"dev", will=Will(b"t"), username=b"u") for each in VERSIONS)
    return found + [encode(each, each.version) for each in connects]


def damaged(chance: random.Random, packets: list[bytes]) -> bytes:
    """One of ``packets`` with one to four faults."""
    data = bytearray(chance.choice(packets))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(data):
                data[at] = chance.randrange(256)
            case 2:
                data[at:at] = chance.choice(TELLING)
            case 3:
                del data[at : at + chance.randrange(1, 9)]
            case 4:
                data[at:at] = data[at : at + chance.randrange(1, 20)]
            case 5 if len(data) > 1:
                data[1] = (data[1] + chance.randrange(-3, 4)) & 0xFF
            case 6:
                other = chance.choice(packets)
                data[at:] = other[chance.randrange(len(other) + 1) :]
            case _:
                data += chance.randbytes(chance.randrange(1, 9))
    if chance.random() < 0.6 and 1 < len(data) < 130:
        data[1] = len(data) - 2  # so that the fault is inside the packet
    return bytes(data)


def attempt(data: bytes, chance: random.Random, connects: dict[int, bytes]) -> str:
    """Feed ``data`` in some way; what came of it. Anything but ``ProtocolError`` escapes."""
    version = chance.choice(VERSIONS)
    server = chance.random() < 0.5
    decoder = Decoder(None if server else version, max_packet_size=LIMIT)
    if server and data[:1] != CONNECT:
        list(decoder.feed(connects[version]))
    pieces = [data]
    if chance.random() < 0.3:
        cut = chance.randrange(len(data) + 1)
        pieces = [data[:cut], data[cut:]]
    read = 0
    try:
        for piece in pieces:
            for packet in decoder.feed(piece):
                read += 1
                check_round_trip(packet, decoder.version or MQTT_5)
    except ProtocolError as error:
        if error.reason_code not in CODES or not error.sentence.endswith("."):
            raise AssertionError(error.sentence) from error
        return f"0x{error.reason_code:02X} {error.normative(decoder.version or MQTT_5)}"
    return "read" if read else "waits for more"


def check_round_trip(packet: ControlPacket, version: int) -> None:
    try:
        written = encode(packet, version)
    except UsageError:
        assert isinstance(packet, Connack), packet  # a server's return code that is none
        return
    again = next(iter(Decoder(None if isinstance(packet, Connect) else version).feed(written)))
    if not isinstance(packet, (Suback, Connect)):  # refusals become 0x80 before 5.0
        assert again == packet, (packet, again)


def main(inputs: int = 1_000_000, seed: int = 1) -> None:
    chance = random.Random(seed)  # noqa: S311  (repeatable on purpose)
    packets = real_packets()
    connects = {version: encode(Connect(version, b"dev"), version) for version in VERSIONS}
    watched = PacketFilter(frozenset(PacketType))
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    begin = time.perf_counter()
    for number in range(inputs):
        data = damaged(chance, packets)
        started = time.perf_counter()
        try:
            outcomes[attempt(data, chance, connects)] += 1
            with suppress(ProtocolError):
                watched.feed(data)
        except Exception:
            print(f"input {number} of seed {seed}: {data.hex()}")
            raise
        slowest = max(slowest, time.perf_counter() - started)
    seconds = time.perf_counter() - begin
    print(f"{inputs:,} inputs from {len(packets)} packets in {seconds:.0f} s, seed {seed}")
    print(f"slowest {1000 * slowest:.1f} ms; nothing but ProtocolError came out")
    for outcome, count in outcomes.most_common():
        print(f"{count:9,}  {outcome}")
    assert slowest < SLOW


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
