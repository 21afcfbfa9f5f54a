"""What does the codec cost for PUBLISH, against the least that Python could do?

The bare yardstick reads and writes the same packets with slices and ``struct`` and checks nothing: no limit, no UTF-8,
no flags, a tuple for a value. Both take turns on the same stream of packets in chunks of 64 KiB; the best of several
rounds counts. Prints packets a second and the ratio of times, for QoS 0 and 1, MQTT 3.1.1 and 5.0, and once with
properties, which the bare one steps over.

    python benchmarks/codec.py [packets] [rounds]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))

from mtlsx.packets.control_packets import MQTT_5, MQTT_311, Puback, Publish
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import PublishProperties

CHUNK = 64 * 1024
PAYLOAD = b'{"celsius": 21.5, "device": "346a004d-1dab-4016-bb38-03cca7094415", "battery": 87, "ok": true}'
Bare = tuple[bytes, bytes, int, int]
_HEAD = Struct("!BBH")


def main(count: int = 100_000, rounds: int = 7) -> None:
    print(f"{count:,} packets, payload of {len(PAYLOAD)} bytes; packets a second, ours and bare")
    properties = PublishProperties(topic_alias=3, user_properties=((b"site", b"munich"),))
    for name, version, qos, given in (
        ("3.1.1, QoS 0", MQTT_311, 0, PublishProperties()),
        ("3.1.1, QoS 1", MQTT_311, 1, PublishProperties()),
        ("5.0, QoS 0", MQTT_5, 0, PublishProperties()),
        ("5.0, QoS 1", MQTT_5, 1, PublishProperties()),
        ("5.0, QoS 1, properties", MQTT_5, 1, properties),
    ):
        packets = publishes(count, version, qos, given)
        measure(name, packets, version, rounds)
    acknowledgements(count, rounds)


def publishes(count: int, version: int, qos: int, given: PublishProperties) -> list[Publish]:
    """``count`` messages on 100 topics, as a broker holds them: read from a stream."""
    stream = b"".join(
        encode(
            Publish(
                b"factory/%d/temperature" % (number % 100), PAYLOAD, qos,
                packet_id=number % 65_535 + 1 if qos else 0, properties=given,
            ),
            version,
        )
        for number in range(count)
    )  # fmt: skip
    return [each for each in Decoder(version).feed(stream) if isinstance(each, Publish)]


def measure(name: str, packets: list[Publish], version: int, rounds: int) -> None:
    stream = b"".join(encode(packet, version) for packet in packets)
    chunks = [stream[at : at + CHUNK] for at in range(0, len(stream), CHUNK)]
    bare = list(bare_decode(chunks, version))
    assert [each[:2] for each in bare] == [packet[:2] for packet in packets]
    report(
        f"decode {name}",
        len(packets),
        best_of(
            rounds, lambda: decode_all(chunks, version), lambda: drain(bare_decode(chunks, version))
        ),
    )
    report(
        f"encode {name}",
        len(packets),
        best_of(
            rounds,
            lambda: [encode(packet, version) for packet in packets],
            lambda: [bare_encode(packet, version) for packet in bare],
        ),
    )


def acknowledgements(count: int, rounds: int) -> None:
    packets = [Puback(number % 65_535 + 1) for number in range(count)]
    stream = b"".join(encode(packet, MQTT_5) for packet in packets)
    chunks = [stream[at : at + CHUNK] for at in range(0, len(stream), CHUNK)]
    report(
        "decode PUBACK",
        count,
        best_of(rounds, lambda: decode_all(chunks, MQTT_5), lambda: drain(bare_pubacks(chunks))),
    )
    report(
        "encode PUBACK",
        count,
        best_of(
            rounds,
            lambda: [encode(packet, MQTT_5) for packet in packets],
            lambda: [_HEAD.pack(0x40, 2, packet.packet_id) for packet in packets],
        ),
    )


def decode_all(chunks: list[bytes], version: int) -> None:
    decoder = Decoder(version)
    for chunk in chunks:
        drain(decoder.feed(chunk))


def bare_decode(chunks: list[bytes], version: int) -> Iterator[Bare]:
    """Topic, payload, first byte, packet identifier; packets of up to 16 KiB, properties of up to 127 bytes."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        at, end = 0, len(data)
        while end - at > 3:
            first, length, body = data[at], data[at + 1], at + 2
            if length > 127:
                length, body = length & 127 | data[body] << 7, body + 1
            after = body + length
            if after > end:
                break
            topic_end = body + 2 + (data[body] << 8 | data[body + 1])
            topic, at, packet_id = data[body + 2 : topic_end], topic_end, 0
            if first & 6:
                packet_id, at = data[at] << 8 | data[at + 1], at + 2
            if version == MQTT_5:
                at += 1 + data[at]
            yield topic, data[at:after], first, packet_id
            at = after
        rest = data[at:]


def bare_encode(packet: Bare, version: int) -> bytes:
    topic, payload, first, packet_id = packet
    size = len(topic)
    length = 2 + size + len(payload)
    middle = b""
    if first & 6:
        middle = packet_id.to_bytes(2)
    if version == MQTT_5:
        middle += b"\0"
    length += len(middle)
    if length < 128:
        head = _HEAD.pack(first, length, size)
    else:
        head = bytes((first, length & 127 | 128, length >> 7)) + size.to_bytes(2)
    return head + topic + middle + payload


def bare_pubacks(chunks: list[bytes]) -> Iterator[int]:
    for chunk in chunks:
        for at in range(0, len(chunk), 4):
            yield chunk[at + 2] << 8 | chunk[at + 3]


def drain(packets: Iterator[object]) -> None:
    for _ in packets:
        pass


def best_of(rounds: int, *runs: Callable[[], object]) -> list[float]:
    """The best seconds of each of ``runs``, in rounds in which they take turns."""
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            begin = time.process_time()
            run()
            best[index] = min(best[index], time.process_time() - begin)
    return best


def report(name: str, count: int, seconds: list[float]) -> None:
    ours, bare = seconds
    print(f"{name:32} {count / ours:10,.0f} {count / bare:10,.0f}   ratio {ours / bare:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
