"""One client of the broker: its link, its conversation, and what it sent that is not handled yet.

What a client sends is handled one packet after the other, because the engine is asked for each; meanwhile more may
arrive. It waits here, and where too much waits the client is not read from any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from mtlsx.broker.conversation import Conversation, Event

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo
    from mtlsx.auth.engine import Engine, Permission
    from mtlsx.broker.links import Closed, Link
    from mtlsx.packets.control_packets import ControlPacket, Publish

_MANY: Final = 512
_REMEMBERED: Final = 64  # decisions, about topics of at most this many octets:
_SHORT: Final = 256
_MANY_OCTETS: Final = 1024 * 1024
_FEW: Final = 64


class Client:
    """A connection and what is known of it.

    ``info`` is None until CONNECT is accepted, which was at ``accepted_at``. ``task`` handles what waits; ``over`` is set when nothing more is to
    be said to the client. ``farewell`` is why the broker ends it: a reason code, where one is told, and a sentence;
    after the client's own DISCONNECT ``said_goodbye`` is set. ``gone`` is how the connection ended; what came before
    that is handled nevertheless. ``published`` counts its PUBLISH packets.
    """

    __slots__ = (
        "_octets", "_paused", "_permissions", "accepted_at", "conversation", "engine", "farewell", "gone", "info", "link", "over", "pending", "published",
        "said_goodbye", "task",
    )  # fmt: skip

    def __init__(self, link: Link, conversation: Conversation, engine: Engine) -> None:
        self.link = link
        self.conversation = conversation
        self.engine = engine
        self.info: ClientInfo | None = None
        self.accepted_at = 0.0
        self.pending: deque[Event] = deque()
        self.task: asyncio.Task[None] | None = None
        self.over = False
        self.farewell: tuple[int | None, str] | None = None
        self.said_goodbye = False
        self.gone: Closed | None = None
        self.published = 0
        self._octets = 0
        self._permissions: dict[tuple[bytes, int, bool], Permission] = {}
        self._paused = False

    def received(self, data: bytes, now: float) -> None:
        """Take what the client sent apart; read no more of it where too much waits."""
        self._octets = self._octets + len(data) if self.pending else len(data)
        self.pending.extend(self.conversation.feed(data, now))
        if (len(self.pending) > _MANY or self._octets > _MANY_OCTETS) and not self._paused:
            self._paused = True
            self.link.pause_reading()

    def next(self) -> Event | None:
        """The next thing to handle; reads on where that had stopped and little waits."""
        if self._paused and len(self.pending) <= _FEW:
            self._paused = False
            self.link.resume_reading()
        return self.pending.popleft() if self.pending and not self.over else None

    def remembers(self, publish: Publish) -> Permission | None:
        """What the engine has said about such a message, where it would say the same again."""
        return self._permissions.get((publish.topic, publish.qos, publish.retain))

    async def may_publish(self, info: ClientInfo, publish: Publish) -> Permission:
        """What the engine says; remembered where it would say the same again."""
        engine = self.engine
        topic, qos, retain = publish.topic, publish.qos, publish.retain
        permission = await engine.publish(info, topic, qos=qos, retain=retain)
        if len(topic) <= _SHORT and engine is self.engine and engine.is_constant(info):
            if len(self._permissions) >= _REMEMBERED:
                self._permissions.clear()
            self._permissions[topic, qos, retain] = permission
        return permission

    def decide_by(self, engine: Engine) -> None:
        """Ask another engine from now on."""
        self.engine = engine
        self._permissions.clear()

    def answer(self, packet: ControlPacket | None) -> None:
        """Send a packet, unless the client is gone or would not take it."""
        if packet is not None and not self.over:
            data = self.conversation.encode(packet)
            if data:
                self.link.write(data)

    def end(self, code: int | None, sentence: str) -> None:
        """Close the connection for a reason; with a ``code``, the client is told in what its version has for it."""
        if self.over:
            return
        if code is not None:
            data = self.conversation.farewell(code, sentence)
            if data:
                self.link.write(data)
        self.over = True
        self.farewell = (code, sentence)
        self.pending.clear()
        self.link.close()
