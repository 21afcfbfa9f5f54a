"""Takes MQTT out of what one side of a websocket sends: the upgrade, then frames (RFC 6455, section 5)."""

from __future__ import annotations

from mtlsx.packets import demands
from mtlsx.packets.errors import ProtocolError

_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD = 16 * 1024
_CONTROL = 0x08
_MASKED = 0x80


class WebsocketPayload:
    """Unwraps data frames of any length: a server's, which are never masked, and a client's, which always are."""

    def __init__(self) -> None:
        self.status_line: str | None = None
        """The first line of the upgrade, as in "HTTP/1.1 101 Switching Protocols"."""
        self.server_header: str | None = None
        """Which web server the answer to the upgrade names; of several headers the last."""
        self._rest = b""
        self._mask = b""
        self._in_frame = 0
        self._keep = True

    def feed(self, data: bytes) -> bytes:
        """The payload bytes that ``data`` brings; raises ``ProtocolError`` for an endless head."""
        stream = self._rest + data
        at = 0
        if self.status_line is None:
            end = stream.find(_END_OF_HEAD)
            if end < 0:
                if len(stream) > _LONGEST_HEAD:
                    raise ProtocolError(
                        demands.LENGTH, "The answer to the websocket upgrade does not end."
                    )
                self._rest = stream
                return b""
            self._read_head(stream[:end].decode("latin-1"))
            at = end + len(_END_OF_HEAD)
        payload = []
        while at < len(stream):
            if self._in_frame == 0:
                after = self._begin_frame(stream, at)
                if after == 0:
                    break
                at = after
            part = stream[at : at + self._in_frame]
            at += len(part)
            self._in_frame -= len(part)
            if self._keep:
                payload.append(self._unmasked(part) if self._mask else part)
        self._rest = stream[at:]
        return b"".join(payload)

    def _read_head(self, head: str) -> None:
        self.status_line, *headers = head.split("\r\n")
        for header in headers:
            name, _, value = header.partition(":")
            if name.lower() == "server":
                self.server_header = value.strip()

    def _begin_frame(self, stream: bytes, at: int) -> int:
        """Read a frame's header and return the offset behind it, 0 where it is not whole yet."""
        if at + 2 > len(stream):
            return 0
        length, after = stream[at + 1] & 0x7F, at + 2
        if length >= 126:
            after += 2 if length == 126 else 8
            if after > len(stream):
                return 0
            length = int.from_bytes(stream[at + 2 : after])
        mask_at = after
        if stream[at + 1] & _MASKED:
            after += 4
            if after > len(stream):
                return 0
        self._mask = stream[mask_at:after]
        self._in_frame = length
        self._keep = stream[at] & 0x0F < _CONTROL
        return after

    def _unmasked(self, part: bytes) -> bytes:
        size = len(part)
        key = (self._mask * (size // 4 + 1))[:size]
        turn = size % 4  # where the rest of the frame goes on in the mask
        self._mask = self._mask[turn:] + self._mask[:turn]
        return (int.from_bytes(part) ^ int.from_bytes(key)).to_bytes(size)
