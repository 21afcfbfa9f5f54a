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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import MQTT_5, Connack, Connect, ControlPacket, Suback
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import PacketFilter, PacketType
from support.damaged_packets import VERSIONS, damaged, real_packets

CONNECT = b"\x10"
CODES = {0x81, 0x82, 0x84, 0x8F, 0x90, 0x94, 0x95}
LIMIT = 4096
SLOW = 1.0


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
