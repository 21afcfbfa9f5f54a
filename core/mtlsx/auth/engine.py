"""The engine: EMQX's decisions over CONNECT, PUBLISH and SUBSCRIBE, each with a trace.

    async with Engine(settings) as engine:
        admission = await engine.connect(Connect(client_id=b"c1", password=b"…"), Peer(certificate=der))
        if admission.accepted:
            permission = await engine.publish(admission.client, b"factory/1/temp", qos=1)

Stores are opened by the function that the engine is given, ``stores.opening.Stores`` by default. Whoever embeds
the engine answers the client with ``admission.code`` and ``permission.code``.

Source: emqx_channel.erl, emqx_access_control.erl (6.3); vectors ``emqx-auth`` and ``emqx-observed``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from mtlsx.auth.assembly import Means, authenticators, sources
from mtlsx.auth.authentication.answer import NOTHING, Answer
from mtlsx.auth.authentication.chain import Chain
from mtlsx.auth.authorization.authorizer import Authorizer, Verdict
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.connect import Peer
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.identification import Identifier, Refused, random_client_id
from mtlsx.auth.reasons import (
    NOT_AUTHORIZED_CODE,
    SUBACK_FAILURE,
    Reason,
    authentication_code,
)
from mtlsx.auth.rules import Action
from mtlsx.auth.settings import AuthSettings, FileSource, JwtAuthentication
from mtlsx.auth.stores.opening import Stores
from mtlsx.auth.stores.store import OpenStore
from mtlsx.auth.trace import Decided, Mapped, Outcome, Step, Trace, masked
from mtlsx.packets.control_packets import MQTT_5, Connect

if TYPE_CHECKING:
    from mtlsx.auth.authentication.jwks import KeyLoader


class Admission(NamedTuple):
    """The decision over a CONNECT.

    ``code`` is the one in CONNACK; None where the connection is closed without one. ``client`` is None where EMQX
    did not get as far as knowing it. ``assigned_client_id`` is the property of MQTT 5 that CONNACK then carries.
    """

    accepted: bool
    code: int | None
    reason: Reason | None
    client: ClientInfo | None
    assigned_client_id: bytes | None
    trace: tuple[Step, ...]


class Permission(NamedTuple):
    """The decision over a PUBLISH or over one topic filter of a SUBSCRIBE.

    ``code`` is the refusal: the reason code in SUBACK, PUBACK, PUBREC or DISCONNECT; None where all is well, and
    where the client is not told (``packet`` then is None too: the message is dropped, and a PUBACK or PUBREC of
    MQTT 3.1.1 looks as if it had gone through). ``disconnect``: the connection is closed.
    """

    allowed: bool
    code: int | None
    packet: str | None
    disconnect: bool
    trace: tuple[Step, ...]


Decision = TypeVar("Decision", Admission, Permission)
_TOKEN = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]*")


class Engine:
    """Decides as EMQX with these settings would.

    ``open_store`` opens what the settings describe; by default that is Redis or the embedded store. ``load_keys``
    fetches the keys of tokens. ``clock`` gives seconds since the epoch. ``is_banned`` is asked before authentication. With ``diagnose`` the engine also looks
    for entries that were perhaps meant where the one that is asked for is missing; EMQX does not send such
    commands. Raises ``UsageError`` for settings that EMQX would refuse.
    """

    def __init__(
        self,
        settings: AuthSettings,
        *,
        open_store: OpenStore | None = None,
        load_keys: KeyLoader | None = None,
        clock: Callable[[], float] = time.time,
        make_client_id: Callable[[], bytes] = random_client_id,
        is_banned: Callable[[ClientInfo], bool] | None = None,
        diagnose: bool = False,
    ) -> None:
        self._end = AsyncExitStack()
        if open_store is None:
            open_store = stores = Stores()
            self._end.push_async_callback(stores.aclose)
        means = Means(open_store, load_keys, clock, diagnose, self._end.push_async_callback)
        self._dialect = DIALECTS[settings.dialect]
        self._token_as_username = any(
            isinstance(one, JwtAuthentication) and one.from_field == "username"
            for one in settings.authentication
        )
        self._is_banned = is_banned
        self._deny_action = settings.authorization.deny_action
        self._asks_nobody = all(
            isinstance(one, FileSource) for one in settings.authorization.sources if one.enable
        )
        self._identifier = Identifier(
            settings.identity, self._dialect, make_client_id=make_client_id
        )
        self._chain = Chain(settings, authenticators(settings, means))
        self._authorizer = Authorizer(settings, sources(settings, means), clock=clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the stores that the engine itself opened, and end what fetches keys."""
        await self._end.aclose()

    async def connect(self, connect: Connect, peer: Peer) -> Admission:
        """Whether EMQX lets a client in, and as whom. Takes as long as its stores do, at most their timeouts."""
        admission = await self._admit(connect, peer)
        return self._without_token(admission, connect.username)

    async def _admit(self, connect: Connect, peer: Peer) -> Admission:
        trace: Trace = []
        client = self._identifier.identify(connect, peer, trace)
        if isinstance(client, Refused):
            return _refused(client.code, client.reason, client.detail, None, trace)
        if self._is_banned is not None and self._is_banned(client):
            code = authentication_code(Reason.BANNED, connect.version)
            return _refused(code, Reason.BANNED, "The client is banned.", client, trace)
        answer = await self._chain.authenticate(client, connect, trace)
        if answer.outcome is not Outcome.OK:
            reason = answer.reason or Reason.NOT_AUTHORIZED
            code = authentication_code(reason, connect.version)
            return _refused(code, reason, f"The client is refused: {answer.detail}.", client, trace)
        client = _granted(client, answer, trace)
        assigned = client.client_id if _is_assigned(connect) else None
        if assigned is not None and not _is_utf8(assigned):
            detail = "EMQX raises when it tells the client its id, which is not UTF-8; the connection is closed."
            return _refused(None, None, detail, client, trace)
        detail = f"The client is let in: {answer.detail}."
        trace.append(Decided(True, "CONNACK", 0, detail))
        return Admission(True, 0, None, client, assigned, tuple(trace))

    def is_constant(self, client: ClientInfo) -> bool:
        """Whether what ``publish`` and ``subscribe`` say stays so for this client: no store and no clock is asked."""
        return self._asks_nobody and client.acl is None

    async def publish(
        self, client: ClientInfo, topic: bytes, *, qos: int = 0, retain: bool = False
    ) -> Permission:
        """Whether ``client`` may publish to ``topic``; also for its will, when that is to be sent."""
        trace: Trace = []
        action = _publishing(qos, retain)
        verdict = await self._authorizer.authorize(client, action, topic, trace)
        packet = ("", "PUBACK", self._dialect.denied_qos2)[qos] if client.version >= MQTT_5 else ""
        return self._permission(client, verdict, packet, NOT_AUTHORIZED_CODE, trace)

    async def subscribe(
        self, client: ClientInfo, topic_filter: bytes, *, qos: int = 0
    ) -> Permission:
        """Whether ``client`` may subscribe to ``topic_filter``, ``$share/…`` included, with at most ``qos``."""
        trace: Trace = []
        verdict = await self._authorizer.authorize(
            client, Action("subscribe", qos), topic_filter, trace
        )
        code = NOT_AUTHORIZED_CODE if client.version >= MQTT_5 else SUBACK_FAILURE
        return self._permission(client, verdict, "SUBACK", code, trace)

    def _permission(
        self, client: ClientInfo, verdict: Verdict, packet: str, code: int, trace: Trace
    ) -> Permission:
        """The decision; ``packet`` with ``code`` is what tells of a refusal as a rule, empty where nothing does."""
        disconnect = not verdict.allowed and self._deny_action == "disconnect"
        if disconnect:
            packet = "DISCONNECT" if client.version >= MQTT_5 else ""
        elif verdict.rule is not None and verdict.rule.reason_code is not None:
            code = verdict.rule.reason_code
        told_packet, told_code = (packet, code) if packet and not verdict.allowed else (None, None)
        said = _said(verdict, packet, disconnect=disconnect)
        trace.append(Decided(verdict.allowed, told_packet, told_code, said))
        permission = Permission(verdict.allowed, told_code, told_packet, disconnect, tuple(trace))
        return self._without_token(permission, client.username)

    def _without_token(self, decision: Decision, username: bytes | None) -> Decision:
        """``decision`` with a token that came as the username masked in its trace."""
        if username is None or not self._token_as_username or not _TOKEN.fullmatch(username):
            return decision
        return decision._replace(trace=masked(decision.trace, username))


@lru_cache(maxsize=8)
def _publishing(qos: int, retain: bool) -> Action:
    return Action("publish", qos, retain)


def _refused(
    code: int | None, reason: Reason | None, detail: str, client: ClientInfo | None, trace: Trace
) -> Admission:
    trace.append(Decided(False, None if code is None else "CONNACK", code, detail))
    return Admission(False, code, reason, client, None, tuple(trace))


def _granted(client: ClientInfo, answer: Answer, trace: Trace) -> ClientInfo:
    grant = answer.grant
    if grant is NOTHING:
        return client
    if grant.clientid_override:
        trace.append(Mapped("client id", grant.clientid_override, "the authenticator"))
    return client._replace(
        client_id=grant.clientid_override or client.client_id,
        is_superuser=grant.is_superuser,
        client_attrs={**client.client_attrs, **grant.client_attrs},
        acl=grant.acl,
        expires_at=grant.expires_at,
    )


def _is_assigned(connect: Connect) -> bool:
    return connect.version >= MQTT_5 and not connect.client_id


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _said(verdict: Verdict, packet: str, *, disconnect: bool) -> str:
    if verdict.allowed:
        return f"Allowed: {verdict.detail}."
    if disconnect:
        return f"Denied, and the connection is closed: {verdict.detail}."
    if not packet:
        return f"Denied, without telling the client: {verdict.detail}."
    return f"Denied: {verdict.detail}."
