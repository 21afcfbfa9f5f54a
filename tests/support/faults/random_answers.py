"""Server answers without end that no server should give, each known by its number: what the probe is fuzzed with.

``Answers`` holds real handshakes (TLS 1.2 and 1.3, recorded from our end) and makes from them, and from chance, what
a server sends. Answer ``number`` is the same in each run, but for what TLS itself puts in at random.
"""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mtlsx.packets.framing import PacketType
from support.faults.mqtt_script import linger
from support.openssl_pki import Pki
from support.scripted_broker import CONNACK_OK_5, Peer
from support.websocket_bridge import server_context

_RECORDS = (
    b"\x14\x03\x03",
    b"\x15\x03\x03",
    b"\x16\x03\x03",
    b"\x16\x03\x01",
    b"\x17\x03\x03",
    b"\x18\x03\x03",
)
_MQTT = (
    CONNACK_OK_5, b"\x20\x02\x00\x00", b"\x20\x02\x00\x05", b"\x20\x03\x00\x87\x00", b"\xe0\x02\x8e\x00",
    b"\xe0\x00", b"\x90\x04\x00\x01\x00\x01", b"\x40\x02\x00\x01", b"\xd0\x00", b"\xf0\x02\x18\x00",
    b"\x30\x0a\x00\x03a/b\x00hello", b"\x20\xff\xff\xff\x7f", b"HTTP/1.1 200 OK\r\n\r\n",
)  # fmt: skip
_LONGEST = 600
_WAIT = 10.0  # seconds; for what a healthy machine does in a few milliseconds

Serve = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Answer:
    """One way to serve a connection. ``tls`` False: the client comes without TLS; ``mqtt``: it sends CONNECT."""

    kind: str
    serve: Serve
    tls: bool = True
    mqtt: bool = False


class Answers:
    """All of them; ``kinds`` names what there is, in turns."""

    def __init__(self, pki: Pki) -> None:
        self._contexts = [
            server_context(pki.server, client_ca=pki.ca.certificate, tls=tls)
            for tls in ("1.2", "1.3")
        ]
        self.kinds: tuple[Callable[[random.Random, int], Answer], ...] = (
            self._noise, self._records, self._cut, self._cut, self._damaged, self._mqtt, self._plain_mqtt,
        )  # fmt: skip

    def answer(self, number: int) -> Answer:
        """The answer with this number."""
        chance = random.Random(number)  # noqa: S311  (repeatable on purpose)
        turn, kind = divmod(number, len(self.kinds))
        return self.kinds[kind](chance, turn)

    def _noise(self, chance: random.Random, _: int) -> Answer:
        return Answer("random bytes", _saying(chance.randbytes(chance.randrange(_LONGEST)), chance))

    def _records(self, chance: random.Random, _: int) -> Answer:
        """Random bytes in records."""
        data = b""
        for _record in range(chance.randrange(1, 4)):
            body = chance.randbytes(chance.randrange(_LONGEST))
            length = chance.choice((len(body), chance.randrange(65536)))
            data += chance.choice(_RECORDS) + length.to_bytes(2, "big") + body
        return Answer("random records", _saying(data, chance))

    def _cut(self, chance: random.Random, turn: int) -> Answer:
        """A handshake that ends after so many octets: each place has its turn."""
        context = self._contexts[turn % 2]
        return Answer("a handshake that is cut off", _spoiling(context, turn // 2, None))

    def _damaged(self, chance: random.Random, turn: int) -> Answer:
        """A handshake with a bit turned over at some place."""
        context = self._contexts[turn % 2]
        spoil = 1 << chance.randrange(8)
        return Answer("a damaged handshake", _spoiling(context, chance.randrange(4000), spoil))

    def _mqtt(self, chance: random.Random, turn: int) -> Answer:
        context = self._contexts[turn % 2]
        return Answer("random MQTT over TLS", _conversing(context, chance), mqtt=True)

    def _plain_mqtt(self, chance: random.Random, _: int) -> Answer:
        return Answer("random MQTT", _conversing(None, chance), tls=False, mqtt=True)


def _saying(data: bytes, chance: random.Random) -> Serve:
    """Send ``data``, before or after the ClientHello, and hang up, gently or not."""
    first, gently = chance.random() < 0.2, chance.random() < 0.7

    def serve(connected: socket.socket) -> None:
        connected.settimeout(_WAIT)
        with connected, suppress(OSError):
            if not first:
                connected.recv(65536)
            connected.sendall(data)
            if gently:
                linger(connected)

    return serve


def _spoiling(context: ssl.SSLContext, at: int, spoil: int | None) -> Serve:
    """A real server, whose octet number ``at`` is the last one, or has the bits of ``spoil`` turned over."""

    def serve(connected: socket.socket) -> None:
        connected.settimeout(_WAIT)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        sent, over = 0, False
        with connected, suppress(OSError):
            while data := connected.recv(65536):
                incoming.write(data)
                with suppress(ssl.SSLError):
                    tls.read(1) if over else tls.do_handshake()
                    over = True
                flight = bytearray(outgoing.read())
                place = at - sent
                sent += len(flight)
                if 0 <= place < len(flight):
                    if spoil is None:
                        connected.sendall(flight[:place])
                        linger(connected)
                        return
                    flight[place] ^= spoil
                connected.sendall(flight)
                if over:
                    linger(connected)

    return serve


def _conversing(context: ssl.SSLContext | None, chance: random.Random) -> Serve:
    """MQTT after a real handshake: packets that are right, damaged or out of place, each after what the client sends."""
    turns = [_packets(chance) for _ in range(chance.randrange(1, 4))]
    if chance.random() < 0.5:
        turns.insert(0, CONNACK_OK_5)

    def serve(connected: socket.socket) -> None:
        connected.settimeout(_WAIT)
        with suppress(OSError, AssertionError):
            if context is not None:
                connected = context.wrap_socket(connected, server_side=True)
            with connected:
                Peer(connected).expect(PacketType.CONNECT)
                for turn in turns:
                    connected.sendall(turn)
                    if not connected.recv(65536):
                        break
                linger(connected)

    return serve


def _packets(chance: random.Random) -> bytes:
    data = bytearray(b"".join(chance.choices(_MQTT, k=chance.randrange(1, 4))))
    for _ in range(chance.randrange(3)):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + chance.randrange(1, 4)]
                data += b"\0"
            case _:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(data)
