"""One accepted socket: through TLS and websocket, where they are, to the handler, and back to the socket.

The layers are sans-I/O (``ServerStream``, ``ServerWebsocket``); here are the socket, the clock and the limits.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Protocol, cast

from mtlsx.auth.connect import Peer
from mtlsx.broker.links import Cause, Closed, Handler, LinkLimits
from mtlsx.broker.turns import Turns
from mtlsx.broker.websocket import ServerWebsocket, WebsocketError
from mtlsx.tls.record import Ended, ServerHandshakeRecord
from mtlsx.tls.server_context import ServerContext
from mtlsx.tls.server_stream import ServerHandshakeError, ServerStream, ServerStreamError


class Owner(Protocol):
    """The listener that a link belongs to."""

    handler: Handler
    limits: LinkLimits
    turns: Turns
    buffer: memoryview
    """What all links read into, one after the other."""
    context: ServerContext | None
    """The one that new connections get; None: there is no TLS, never."""

    def admits(self, link: SocketLink) -> bool:
        """Whether there is room for one more; it is counted then, until ``lost``."""

    def peer(self, link: SocketLink, certificate: bytes | None) -> Peer:
        """Who is at the other end."""

    def handshake_refused(self, link: SocketLink, record: ServerHandshakeRecord) -> None:
        """TLS came to nothing."""

    def upgrade_refused(self, link: SocketLink, status: int | None, words: str) -> None:
        """The websocket came to nothing."""

    def lost(self, link: SocketLink) -> None:
        """The socket is closed."""


class _State(Enum):
    OPENING = auto()  # TLS or websocket are not up yet
    OPEN = auto()
    CLOSING = auto()  # the last has been said; what comes is thrown away
    CLOSED = auto()


class SocketLink(asyncio.BufferedProtocol):
    """A link (``mtlsx.broker.links.Link``) over a socket of asyncio's, which sets TCP_NODELAY."""

    __slots__ = (
        "_admitted",
        "_alarm",
        "_ending",
        "_handed",
        "_handler",
        "_limits",
        "_loop",
        "_owner",
        "_patience",
        "_peer",
        "_pending",
        "_pending_size",
        "_ready",
        "_scheduled",
        "_silent",
        "_stall",
        "_state",
        "_tls",
        "_told",
        "_transport",
        "_websocket",
        "host",
        "id",
        "port",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        owner: Owner,
        loop: asyncio.AbstractEventLoop,
        websocket: ServerWebsocket | None,
    ) -> None:
        self.id = number
        self.host = ""
        self.port = 0
        self._owner = owner
        self._handler = owner.handler
        self._limits = owner.limits
        self._loop = loop
        # Made when the client says its first word: it costs memory, and a tenth of a handshake's time.
        self._tls: ServerStream | None = None
        self._websocket = websocket
        self._state = _State.OPENING
        self._admitted = False
        self._silent = True
        self._told = False
        self._ready = True
        self._peer: Peer | None = None
        self._ending: Closed | None = None
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._scheduled = False
        self._handed = 0
        self._patience = owner.limits.handshake_timeout
        self._alarm: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    # ------------------------------------------------------------------ for the layers above

    @property
    def peer(self) -> Peer:
        assert self._peer is not None  # noqa: S101  (nobody above sees a link before it is open)
        return self._peer

    @property
    def handshake(self) -> ServerHandshakeRecord | None:
        return self._tls.record if self._tls else None

    @property
    def unsent(self) -> int:
        return self._pending_size + self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        if self._state is not _State.OPEN:
            return
        if self._pending_size > self._limits.max_unsent:
            self._cut_off()
            return
        self._pending.append(data)
        self._pending_size += len(data)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        if self._state is _State.OPEN:
            self._flush()
            self._say_goodbye(Closed(Cause.BY_US))

    def abort(self) -> None:
        if self._state in (_State.OPENING, _State.OPEN):
            self._end_now(Closed(Cause.BY_US))

    def shut_down(self) -> None:
        """``close``, whether it is up or not."""
        if self._state is _State.OPENING:
            self._silent = True
            self._hang_up(Closed(Cause.BY_US))
        else:
            self.close()

    def pause_reading(self) -> None:
        if self._state is _State.OPEN:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._state is _State.OPEN:
            self._transport.resume_reading()

    # ------------------------------------------------------------------ asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.host, self.port = _address(transport.get_extra_info("peername"))
        self._admitted = self._owner.admits(self)
        if not self._admitted:
            self._end_now(Closed(Cause.BY_US))
            return
        limits = self._limits
        self._transport.set_write_buffer_limits(limits.high_water, limits.low_water)
        if self._owner.context is None and self._websocket is None:
            self._open()
        else:
            self._wait_for_client()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  (asyncio's signature)
        return self._owner.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._state in (_State.CLOSING, _State.CLOSED):
            return
        self._silent = False
        data = bytes(self._owner.buffer[:nbytes])
        if self._is_shaking_hands():
            self._transport.pause_reading()
            self._client_waits()
            self._owner.turns.take(lambda: self._take_turn(data))
        else:
            self._take(data)

    def eof_received(self) -> None:
        if self._state is _State.OPEN:
            self._flush()
            self._say_goodbye(Closed(Cause.BY_CLIENT))

    def pause_writing(self) -> None:
        self._ready = False
        self._stall = self._loop.call_later(
            self._limits.send_timeout, self._check_progress, self._taken()
        )
        if self._state is _State.OPEN:
            self._handler.writable(self, False)

    def resume_writing(self) -> None:
        self._ready = True
        if self._stall is not None:
            self._stall.cancel()
        if self._state is _State.OPEN:
            self._handler.writable(self, True)

    def connection_lost(self, exc: Exception | None) -> None:
        before, self._state = self._state, _State.CLOSED
        for timer in (self._alarm, self._stall):
            if timer is not None:
                timer.cancel()
        if not self._admitted:
            return
        self._owner.lost(self)
        if before is _State.OPENING and not self._silent:
            self._report_unfinished(Ended.CLOSED, "it hung up")
        self._ending = self._ending or Closed(Cause.LOST, _words(exc))
        self._tell_end()

    # ------------------------------------------------------------------ in

    def _take_turn(self, data: bytes) -> None:
        if self._state is _State.OPENING:
            self._transport.resume_reading()
            if self._tls is None and self._owner.context is not None:
                self._tls = ServerStream(self._owner.context)
            self._take(data)
            if self._state is _State.OPENING:
                self._wait_for_client()

    def _wait_for_client(self) -> None:
        """Let the client's time for the handshake run; it stands still while the client waits for its turn."""
        self._alarm = self._loop.call_later(self._patience, self._too_late)

    def _client_waits(self) -> None:
        if self._alarm is not None:
            self._patience = max(self._alarm.when() - self._loop.time(), 0.0)
            self._alarm.cancel()
            self._alarm = None

    def _take(self, data: bytes) -> None:
        try:
            if self._tls is not None:
                data = self._from_tls(self._tls, data)
            if self._websocket is not None and data:
                data = self._from_websocket(self._websocket, data)
        except ServerHandshakeError as refusal:
            self._send(self._tls_says())
            self._owner.handshake_refused(self, refusal.record)
            self._hang_up(Closed(Cause.TLS, str(refusal)))
            return
        except ServerStreamError as error:
            self._send(self._tls_says())
            self._hang_up(Closed(Cause.TLS, str(error)))
            return
        except WebsocketError as error:
            if self._state is _State.OPENING:
                self._owner.upgrade_refused(self, error.status, str(error))
            self._say_goodbye(Closed(Cause.WEBSOCKET, str(error)))
            return
        if self._state is _State.OPENING and not self._is_shaking_hands() and self._is_upgraded():
            self._open()
        if data and self._state is _State.OPEN:
            self._handler.received(self, data)
        if self._at_end() and self._state in (_State.OPENING, _State.OPEN):
            self._flush()
            self._say_goodbye(Closed(Cause.BY_CLIENT))

    def _from_tls(self, tls: ServerStream, data: bytes) -> bytes:
        if tls.record is not None:
            return tls.receive(data)
        plain = tls.receive(data)
        self._send(tls.outgoing())
        now = self._owner.context
        if tls.record is not None and now is not None and now is not tls.context:
            tls.check_again(now)  # there was a reload meanwhile
        return plain

    def _from_websocket(self, websocket: ServerWebsocket, data: bytes) -> bytes:
        try:
            return websocket.receive(data)
        finally:
            self._send_below(websocket.outgoing())

    def _is_shaking_hands(self) -> bool:
        return self._owner.context is not None and (self._tls is None or self._tls.record is None)

    def _is_upgraded(self) -> bool:
        return self._websocket is None or self._websocket.upgraded

    def _at_end(self) -> bool:
        return (self._tls is not None and self._tls.at_end) or (
            self._websocket is not None and self._websocket.at_end
        )

    def _open(self) -> None:
        self._state = _State.OPEN
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._peer = self._owner.peer(self, self._tls.certificate if self._tls else None)
        self._handler.connected(self)

    # ------------------------------------------------------------------ out

    def _flush(self) -> None:
        self._scheduled = False
        if not self._pending or self._state is not _State.OPEN:
            return
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        if self._transport.is_closing():
            return
        if not self._ready and self._transport.get_write_buffer_size() > self._limits.max_unsent:
            self._cut_off()
            return
        self._send_below(self._websocket.send(data) if self._websocket else data)

    def _send_below(self, data: bytes) -> None:
        """Send what is above TLS."""
        if not data:
            return
        if self._tls is not None:
            try:
                data = self._tls.send(data)
            except ServerStreamError as error:
                self._end_now(Closed(Cause.TLS, str(error)))
                return
        self._send(data)

    def _send(self, data: bytes) -> None:
        if data:
            self._handed += len(data)
            self._transport.write(data)

    def _tls_says(self) -> bytes:
        return self._tls.outgoing() if self._tls else b""

    def _taken(self) -> int:
        """How many octets the network has taken from us."""
        return self._handed - self._transport.get_write_buffer_size()

    # ------------------------------------------------------------------ the end

    def _say_goodbye(self, how: Closed) -> None:
        if self._websocket is not None:
            self._send_below(self._websocket.close())
        if self._tls is not None:
            self._send(self._tls.close())
        self._hang_up(how)

    def _hang_up(self, how: Closed) -> None:
        """Half-close after what was sent, then wait for the client to hang up: a reset could overtake it."""
        if self._state in (_State.CLOSING, _State.CLOSED):
            return
        self._state = _State.CLOSING
        self._ending = how
        # Who asked for the end is still at it; and whether the client hangs up, too, matters to nobody above.
        self._loop.call_soon(self._tell_end)
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(self._limits.close_timeout, self._transport.abort)
        self._transport.resume_reading()
        try:
            self._transport.write_eof()
        except OSError:  # it is gone already
            self._transport.abort()

    def _end_now(self, how: Closed) -> None:
        if self._state is not _State.CLOSED:
            self._state = _State.CLOSING
            self._ending = how
            self._transport.abort()

    def _tell_end(self) -> None:
        """Tell the handler, once, and only if it was told of the beginning."""
        if self._peer is not None and self._ending is not None and not self._told:
            self._told = True
            self._handler.closed(self, self._ending)

    def _cut_off(self) -> None:
        self._end_now(Closed(Cause.NOT_READING, f"{self.unsent} octets wait for it"))

    def _check_progress(self, before: int) -> None:
        taken = self._taken()
        if taken == before:
            seconds = self._limits.send_timeout
            self._end_now(Closed(Cause.NOT_READING, f"it took nothing for {seconds:g} s"))
        else:
            self._stall = self._loop.call_later(
                self._limits.send_timeout, self._check_progress, taken
            )

    def _too_late(self) -> None:
        self._report_unfinished(
            Ended.TIMEOUT, f"it was not done in {self._limits.handshake_timeout:g} s"
        )
        self._silent = True
        self._end_now(Closed(Cause.BY_US))

    def _report_unfinished(self, ended: Ended, words: str) -> None:
        if self._is_shaking_hands():
            seen = self._tls.give_up(ended) if self._tls else ServerHandshakeRecord(ended=ended)
            self._owner.handshake_refused(self, seen)
        elif not self._is_upgraded():
            self._owner.upgrade_refused(self, None, words)


def _address(peername: object) -> tuple[str, int]:
    """Host and port; IPv4 in IPv6's clothes (RFC 4291, section 2.5.5.2) is IPv4."""
    if not isinstance(peername, tuple):  # the client is gone again
        return "", 0
    host, port = peername[:2]
    return str(host).removeprefix("::ffff:"), int(port)


def _words(error: Exception | None) -> str:
    return "" if error is None else str(error.strerror if isinstance(error, OSError) else error)
