"""The password-based authenticator of EMQX 5 and 6 that looks clients up in Redis.

Source: emqx_authn_redis.erl, emqx_authn_utils.erl (6.3); vectors ``emqx-auth`` (kind ``authn5``) and
``emqx-observed`` (5.0.26).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache

from mtlsx.auth.authentication.answer import NOTHING, Answer, Grant
from mtlsx.auth.authentication.commands import Command, parse_command
from mtlsx.auth.authentication.comparison import compared
from mtlsx.auth.authentication.near_keys import near_keys
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import Dialect
from mtlsx.auth.failures import FailurePolicy
from mtlsx.auth.passwords import Algorithm, CrashError, is_slow, matches
from mtlsx.auth.placeholders import values_of
from mtlsx.auth.reasons import Reason
from mtlsx.auth.settings import RedisAuthentication
from mtlsx.auth.stores.store import Reply, Store, StoreError
from mtlsx.auth.trace import MASKED, Asked, Outcome, Replied, StoreFailed, Trace, Warned, text_of
from mtlsx.identity.redis_commands import CommandError
from mtlsx.packets.control_packets import Connect


class RedisAuthenticator:
    """One ``[[authentication]]`` with ``backend = "redis"``."""

    name = "redis"

    def __init__(
        self,
        settings: RedisAuthentication,
        dialect: Dialect,
        store: Store,
        policy: FailurePolicy,
        *,
        diagnose: bool = False,
    ) -> None:
        self._command: Command = parse_command(settings.cmd)
        self._algorithm = settings.password_hash_algorithm
        self._dialect = dialect
        self._store = store
        self._policy = policy
        self._diagnose = diagnose

    async def authenticate(self, client: ClientInfo, connect: Connect, trace: Trace) -> Answer:
        """See ``Authenticator``."""
        if connect.properties.authentication_method is not None:
            return Answer(
                Outcome.IGNORE, "CONNECT asks for enhanced authentication, which Redis cannot do"
            )
        if connect.password is None and not self._dialect.asks_without_password:
            return Answer(
                Outcome.IGNORE,
                "CONNECT has no password, and a certificate alone never satisfies a password"
                " authenticator; Redis is not asked",
            )
        try:
            words = self._words(client, connect, trace)
            reply = await self._store.execute(words)
        except CommandError as error:
            return Answer(Outcome.CRASH, str(error))
        except StoreError as error:
            trace.append(StoreFailed(self._store.name, str(error)))
            return failed(self._policy)
        answer = await self._judge(reply, connect.password, trace)
        if self._diagnose and answer.outcome is Outcome.IGNORE:
            hints = await near_keys(self._store, words[1], self._command.fields, client)
            trace.extend(hints)
        return answer

    def _words(self, client: ClientInfo, connect: Connect, trace: Trace) -> tuple[bytes, ...]:
        words = self._command.words(values_of(client, password=connect.password))
        shown = words
        if "password" in self._command.key.names and connect.password:
            shown = self._command.words(values_of(client, password=MASKED))
        trace.append(Asked(self.name, self._store.name, shown))
        for name in self._command.key.names:
            if name.startswith("cert_") and client.cert_pem is None:
                trace.append(
                    Warned(
                        f"${{{name}}} is empty without a certificate: whoever stores this key lets"
                        " everybody in who shows none and knows its password."
                    )
                )
        return words

    async def _judge(self, reply: Reply, password: bytes | None, trace: Trace) -> Answer:
        values = reply if isinstance(reply, list) else [reply]
        if values and len(values) != len(self._command.fields):
            return Answer(
                Outcome.CRASH, "Redis answers another number of values than were asked for"
            )
        found = {}
        for field, value in zip(self._command.fields, values, strict=False):
            if value is not None:
                found[field] = value if isinstance(value, bytes) else str(value).encode()
        trace.append(Replied(self._store.name, bool(found), _replied(found, self._command.fields)))
        if not found:
            return Answer(Outcome.IGNORE, "Redis has no such entry")
        stored = found.get(b"password_hash", found.get(b"password"))
        salt = found.get(b"salt", b"")
        if stored is None:
            return Answer(
                Outcome.ERROR,
                "the entry has neither password_hash nor password",
                Reason.NOT_AUTHORIZED,
            )
        try:
            matched = await compare(self._algorithm, stored, password, salt, self._dialect)
        except CrashError as error:
            return Answer(Outcome.CRASH, str(error))
        trace.extend(compared(self._algorithm, stored, password, salt, matched=matched))
        if not matched:
            return Answer(
                Outcome.ERROR, "the password is not the stored one", self._dialect.wrong_password
            )
        return Answer(Outcome.OK, "the password is the stored one", grant=_grant(found))


async def compare(
    algorithm: Algorithm, stored: bytes, password: bytes | None, salt: bytes, dialect: Dialect
) -> bool:
    """``passwords.matches``, in a thread where it takes long. Raises ``CrashError``."""
    if is_slow(algorithm):
        return await asyncio.to_thread(matches, algorithm, stored, password, salt, dialect=dialect)
    return matches(algorithm, stored, password, salt, dialect=dialect)


def failed(policy: FailurePolicy) -> Answer:
    """What an authenticator says whose store failed."""
    if policy.refuses:
        return Answer(Outcome.ERROR, str(policy), Reason.NOT_AUTHORIZED)
    return Answer(Outcome.IGNORE, str(policy))


def is_superuser(value: bytes | None) -> bool:
    """Whether a field ``is_superuser`` makes a superuser: ``true``, or the text of an integer from 1."""
    if value is None or value == b"true":
        return value is not None
    return bool(_INTEGER.fullmatch(value)) and int(value) >= 1


_INTEGER = re.compile(rb"[+-]?[0-9]{1,1000}")


def _grant(found: Mapping[bytes, bytes]) -> Grant:
    if _GRANTING.isdisjoint(found):
        return NOTHING
    return Grant(
        is_superuser=is_superuser(found.get(b"is_superuser")),
        clientid_override=found.get(b"clientid_override") or None,
    )


_GRANTING = frozenset((b"is_superuser", b"clientid_override"))


def _replied(found: Mapping[bytes, bytes], asked: tuple[bytes, ...]) -> str:
    if not found:
        return "There is no such entry, or it has none of the fields that were asked for."
    return _entry(asked, tuple([_told(field, found.get(field)) for field in asked]))


@lru_cache(maxsize=1024)
def _entry(asked: tuple[bytes, ...], told: tuple[str, ...]) -> str:
    fields = dict(zip(asked, told, strict=True))
    return f"The entry has {', '.join(f'{field.decode()} {how}' for field, how in fields.items())}."


def _told(field: bytes, value: bytes | None) -> str:
    if value is None:
        return "missing"
    if field in _GRANTING:
        return text_of(value)
    return "set" if value else "empty"
