"""The log of a connection's packets: the last ones in both directions, a line each, and never a secret or a payload.

On the way of the packets only a few bytes are kept of each; the lines are made when somebody looks.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mtlsx.packets.control_packets import (
    MQTT_5,
    Auth,
    Connack,
    ControlPacket,
    Disconnect,
    Puback,
    Pubcomp,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from mtlsx.packets.decode import decode_body
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import PacketType
from mtlsx.packets.reason_codes import FAILURE, reason_code_text, return_code_text, suback_text

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings

MOST = 1000
"""Packets that are kept; the oldest go first."""
_MOST_BYTES = 1024
"""Bytes that are kept of one, at most."""
_SECRET = frozenset({int(PacketType.CONNECT), int(PacketType.AUTH)})
_PUBLISH = int(PacketType.PUBLISH)
_NEVER_WHOLE = _SECRET | {_PUBLISH}
_QOS = 0b0110


class LoggedPacket(NamedTuple):
    """One packet. ``at``: seconds since the epoch; ``size``: its bytes, with the fixed header; ``refused``: a code in it says no."""

    at: float
    outgoing: bool
    kind: PacketType
    size: int
    text: str
    refused: bool = False


_Seen = tuple[float, bool, int, int, bytes]
"""Time, outgoing, first byte, remaining length, what is kept of the body. No named tuple: it takes thrice as long to make."""


class PacketLog:
    """Keeps the last packets of one connection. Packets come from its thread, ``lines`` may be called on any.

    ``level``: the protocol level, as in ``control_packets``; ``connect``: what to say of CONNECT.
    """

    def __init__(self, level: int, connect: str, clock: Callable[[], float] = time.time) -> None:
        self._level = level
        self._connect = connect
        self._clock = clock
        self._seen: deque[_Seen] = deque(maxlen=MOST)
        self.total = 0
        """How many packets there were."""
        self.received = self._watch(outgoing=False)
        """Notes a packet of the server: its first byte, its remaining length, and where in a stream its body is."""
        self.sent = self._watch(outgoing=True)
        """Notes a packet of ours."""

    def _watch(self, *, outgoing: bool) -> Callable[[int, int, bytes, int], None]:
        clock, append = self._clock, self._seen.append

        def note(first: int, length: int, stream: bytes, body_at: int) -> None:
            kind = first >> 4
            if (
                kind == _PUBLISH
            ):  # its topic and identifier; its payload is none of the log's business
                kept = int.from_bytes(stream[body_at : body_at + 2]) + (4 if first & _QOS else 2)
            else:
                kept = 0 if kind in _SECRET else length
            end = body_at + min(kept, length, _MOST_BYTES)
            append((clock(), outgoing, first, length, stream[body_at:end]))
            self.total += 1

        return note

    def backwards(self) -> Iterator[tuple[float, bool, ControlPacket | None]]:
        """The last connection's packets, the newest first: time (seconds since the epoch), whether it was ours, packet.

        None in place of one that is not kept whole: AUTH, PUBLISH, and what is very long.
        """
        for at, outgoing, first, length, head in reversed(self._seen.copy()):
            kind, packet = PacketType(first >> 4), None
            if kind is PacketType.CONNECT:
                return
            if kind not in _NEVER_WHOLE and len(head) == length:
                with suppress(ProtocolError):
                    packet = decode_body(kind, first & 15, head, self._level)
            yield at, outgoing, packet

    def lines(self) -> list[LoggedPacket]:
        """What is kept, oldest first."""
        return [self._line(each) for each in self._seen.copy()]

    def _line(self, seen: _Seen) -> LoggedPacket:
        at, outgoing, first, length, head = seen
        kind = PacketType(first >> 4)
        text, refused = self._said(kind, first & 15, length, head)
        return LoggedPacket(at, outgoing, kind, _size(length), text, refused)

    def _said(self, kind: PacketType, flags: int, length: int, head: bytes) -> tuple[str, bool]:
        if kind is PacketType.CONNECT:
            return self._connect, False
        if kind is PacketType.PUBLISH:
            return _publish(flags, head), False
        if len(head) < length:  # a secret, or more than was kept
            return "", False
        try:
            packet = decode_body(kind, flags, head, self._level)
        except ProtocolError as error:
            return error.sentence, True
        return _packet_text(packet, self._level), any(code >= FAILURE for code in _codes(packet))


def connect_text(settings: ConnectionSettings, client_id: str) -> str:
    """What CONNECT says, without what it must not tell: of secrets, only that they are there."""
    parts = [f'client id "{client_id}"' if client_id else "no client id"]
    parts.append("clean start" if settings.clean_start else "session kept")
    parts.append(f"keep alive {settings.keepalive} s")
    if settings.username is not None or settings.password is not None:
        parts.append(f'username "{settings.username or ""}"')
    if settings.password is not None:
        parts.append("password (hidden)")
    if settings.will is not None:
        parts.append(f"last will on {settings.will.topic}")
    return ", ".join(parts)


def _publish(flags: int, head: bytes) -> str:
    qos = flags >> 1 & 3
    end = 2 + int.from_bytes(head[:2])
    topic = head[2:end].decode(errors="replace") + ("…" if end > len(head) else "")
    parts = [f"q{qos}", topic]
    if qos and len(head) >= end + 2:
        parts.insert(0, f"#{int.from_bytes(head[end : end + 2])}")
    parts += ["retain"] if flags & 1 else []
    parts += ["DUP"] if flags & 8 else []
    return " ".join(parts)


def _packet_text(packet: ControlPacket, level: int) -> str:
    version5 = level >= MQTT_5
    match packet:
        case Connack(code=code):
            session = ", session continued" if packet.session_present else ""
            return (reason_code_text(code) if version5 else return_code_text(code)) + session
        case Puback() | Pubrec() | Pubrel() | Pubcomp():
            return f"#{packet.packet_id} {reason_code_text(packet.code)}"
        case Subscribe():
            wanted = (f"{_text(each.topic_filter)} q{each.qos}" for each in packet.subscriptions)
            return f"#{packet.packet_id} {', '.join(wanted)}"
        case Suback():
            answers = (suback_text(code, version5=version5) for code in packet.codes)
            return f"#{packet.packet_id} {', '.join(answers)}"
        case Unsubscribe():
            return f"#{packet.packet_id} {', '.join(map(_text, packet.topic_filters))}"
        case Unsuback():
            return f"#{packet.packet_id} {', '.join(map(reason_code_text, packet.codes))}".rstrip()
        case Disconnect() | Auth():
            return reason_code_text(packet.code)
    return ""


def _codes(packet: ControlPacket) -> tuple[int, ...]:
    match packet:
        case Suback() | Unsuback():
            return packet.codes
        case Connack() | Puback() | Pubrec() | Pubrel() | Pubcomp() | Disconnect():
            return (packet.code,)
    return ()


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _size(length: int) -> int:
    return 1 + max((length.bit_length() + 6) // 7, 1) + length
