"""One device's connection under asyncio: TCP, TLS where there is some, plaintext on top.

It reads before it writes: ``ready`` comes when the server has had the time to say what it thinks of our certificate
(``mtlsx.tls.stream`` says why).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from mtlsx.tls.record import Ended
from mtlsx.tls.stream import HandshakeError

if TYPE_CHECKING:
    from mtlsx.tls.exchange import TlsExchange
    from mtlsx.tls.record import HandshakeRecord

_CHUNK = 64 * 1024


class Link(asyncio.Protocol):
    """``on_data`` gets plaintext as it comes, ``on_end`` is called once when the connection is over."""

    def __init__(
        self,
        tls: TlsExchange | None,
        *,
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[float] = loop.create_future()
        """Done when something may be written; an exception (``HandshakeError``, ``OSError``) if that never comes.

        Its result is when TCP and TLS were up, on the loop's clock: before we listened.
        """
        self.closed: asyncio.Future[None] = loop.create_future()
        """Done when the connection is gone."""
        self.writable = asyncio.Event()
        """Whether the network takes more."""
        self.written_at = 0.0
        """When something was written last, on the loop's clock."""
        self.at_end = False
        """Whether the server closed the connection in good order: an end of file, no reset."""
        self.writable.set()
        self._loop = loop
        self._tls = tls
        self._on_data = on_data
        self._on_end = on_end
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._agreed_at: float | None = None
        self._heard = False
        self._over = False

    @property
    def record(self) -> HandshakeRecord | None:
        """What the TLS handshake showed; None without TLS."""
        return None if self._tls is None else self._tls.record

    @property
    def over(self) -> bool:
        """Whether nothing more is sent or heard."""
        return self._over

    def write(self, data: bytes) -> None:
        """Send plaintext; nothing happens where the connection is over."""
        if self._over or self._transport is None:
            return
        self.written_at = self._loop.time()
        try:
            self._transport.write(data if self._tls is None else self._tls.write(data))
        except ConnectionResetError:
            self._end(None)

    def close(self, last: bytes = b"", *, ended: Ended = Ended.CLOSED) -> None:
        """Send ``last`` and goodbye, and close; ``ended`` is why, where the handshake is not over."""
        if self._over or self._transport is None:
            return
        tls = self._tls
        if tls is None:
            self._transport.write(last)
        elif tls.agreed:
            with contextlib.suppress(ConnectionResetError):
                self._transport.write((tls.write(last) if last else b"") + tls.farewell())
        waiting = tls is not None and not self.ready.done()
        self._end(tls.failed(ended, "no answer in time") if tls is not None and waiting else None)

    def abort(self) -> None:
        """Drop the connection without waiting for what is not sent yet."""
        if self._transport is not None:
            self._transport.abort()

    # ------------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (TCP is a stream)
        self._transport = transport
        self.written_at = self._loop.time()
        if self._tls is None:
            self.ready.set_result(self._loop.time())
        else:
            transport.write(self._tls.begin())

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if self._tls is None:
            self._on_data(data)
            return
        try:
            plain = self._tls.receive(data)
        except (HandshakeError, ConnectionResetError) as error:
            self._flush()
            self._end(error)
            return
        self._flush()
        self._note_progress(self._tls)
        if plain:
            self._on_data(plain)
        if self._tls.at_end:
            self.at_end = True
            self.close()  # some servers wait for our close_notify before they hang up

    def eof_received(self) -> None:
        """The transport closes itself then; ``connection_lost`` follows."""
        self.at_end = True

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, (ConnectionResetError, BrokenPipeError)):
            self._hear_why()
        if self._tls is not None and not self.ready.done():
            self._end(self._tls.failed(Ended.CLOSED, str(exc or "end of file")))
        else:
            self._end(exc)
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    # ------------------------------------------------------------------

    def _hear_why(self) -> None:
        """What the server said before it hung up (an alert, DISCONNECT) may still be here, ahead of the reset.

        A write that runs into the reset ends the transport before it has read.
        """
        assert self._transport is not None  # noqa: S101  (it was connected)
        with contextlib.suppress(OSError), self._transport.get_extra_info("socket").dup() as left:
            while data := left.recv(_CHUNK):
                self.data_received(data)

    def _note_progress(self, tls: TlsExchange) -> None:
        if self.ready.done() or not tls.agreed:
            return
        first = self._agreed_at is None
        agreed_at = self._agreed_at = self._agreed_at or self._loop.time()
        if tls.ready:
            self._become_ready(agreed_at)
        elif first or (tls.heard and not self._heard):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(tls.patience, self._become_ready, agreed_at)
        self._heard = tls.heard

    def _become_ready(self, agreed_at: float) -> None:
        if not self.ready.done():
            self.ready.set_result(agreed_at)

    def _flush(self) -> None:
        assert self._tls is not None and self._transport is not None  # noqa: S101, PT018  (only called with both)
        outgoing = self._tls.outgoing()
        if outgoing:
            self._transport.write(outgoing)

    def _end(self, error: Exception | None) -> None:
        if self._over:
            return
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionResetError("end of file"))
            self.ready.exception()  # whoever waits hears of it; nobody has to
        self.writable.set()
        if self._transport is not None:
            self._transport.close()
        self._on_end()
