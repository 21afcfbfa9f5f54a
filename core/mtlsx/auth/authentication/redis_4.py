"""The authentication of EMQX 4.x's Redis plugin: auth_cmd, password_hash and super_cmd.

The plugin raises for some replies and passwords; EMQX takes that as no opinion.

Source: emqx_auth_redis.erl (4.x); vectors ``emqx-auth`` (kind ``authn4``) and ``emqx-observed``.
"""

from __future__ import annotations

import asyncio

from mtlsx.auth.authentication.answer import Answer, Grant
from mtlsx.auth.authentication.comparison import hints
from mtlsx.auth.authentication.near_keys import near_keys
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.command_warnings import warnings4
from mtlsx.auth.passwords import CrashError, as_5, is_slow, matches4
from mtlsx.auth.placeholders import values4_of
from mtlsx.auth.reasons import Reason
from mtlsx.auth.settings import RedisAuthentication4
from mtlsx.auth.stores.store import Reply, Store, StoreError
from mtlsx.auth.trace import Asked, Compared, Hinted, Outcome, Replied, StoreFailed, Trace, text_of
from mtlsx.identity.redis_commands import CommandError, command_4
from mtlsx.packets.control_packets import Connect


class RedisAuthenticator4:
    """The plugin's authentication."""

    name = "redis"

    def __init__(
        self, settings: RedisAuthentication4, store: Store, *, diagnose: bool = False
    ) -> None:
        self._settings = settings
        self._store = store
        self._diagnose = diagnose

    async def authenticate(self, client: ClientInfo, connect: Connect, trace: Trace) -> Answer:
        """See ``Authenticator``."""
        try:
            words, reply = await self._ask(self._settings.auth_cmd, client, trace)
            columns = _columns(reply)
            found = bool(columns) and columns[0] is not None
            trace.append(Replied(self._store.name, found, _replied(found)))
            if not found:
                if self._diagnose and len(words) > 1:
                    trace.extend(await near_keys(self._store, words[1], words[2:], client))
                return Answer(Outcome.IGNORE, "Redis has no such entry")
            matched = await self._compare(columns, connect.password, trace)
        except (CommandError, CrashError) as error:
            return Answer(Outcome.CRASH, str(error).rstrip("."))
        except StoreError as error:
            trace.append(StoreFailed(self._store.name, str(error)))
            return Answer(Outcome.IGNORE, "a failing Redis counts as no opinion in 4.x")
        if not matched:
            return Answer(
                Outcome.ERROR, "the password is not the stored one", Reason.NOT_AUTHORIZED
            )
        superuser = await self._is_superuser(client, trace)
        return Answer(
            Outcome.OK, "the password is the stored one", grant=Grant(is_superuser=superuser)
        )

    async def _ask(
        self, template: str, client: ClientInfo, trace: Trace
    ) -> tuple[tuple[bytes, ...], Reply]:
        values = values4_of(client)
        words = command_4(template, values)
        trace.append(Asked(self.name, self._store.name, words))
        trace.extend(warnings4(template, values, words))
        return words, await self._store.execute(words)

    async def _compare(
        self, columns: list[bytes | None], password: bytes | None, trace: Trace
    ) -> bool:
        algorithm = self._settings.password_hash
        if is_slow(algorithm):
            matched = await asyncio.to_thread(matches4, algorithm, columns, password)
        else:
            matched = matches4(algorithm, columns, password)
        name = ",".join(algorithm.words)
        said = "is" if matched else "is not"
        trace.append(
            Compared(name, matched, f"The password in CONNECT {said} the stored one ({name}).")
        )
        if not matched and password is not None and columns[0] is not None:
            salt = columns[1] if len(columns) > 1 else None
            trace.extend(map(Hinted, hints(as_5(algorithm), columns[0], password, salt or b"")))
        return matched

    async def _is_superuser(self, client: ClientInfo, trace: Trace) -> bool:
        """Only the answer ``1`` to super_cmd makes a superuser; every failure makes none."""
        if self._settings.super_cmd is None:
            return False
        try:
            _, reply = await self._ask(self._settings.super_cmd, client, trace)
        except StoreError as error:
            trace.append(StoreFailed(self._store.name, str(error)))
            return False
        superuser = reply == b"1"
        what = (
            text_of(reply) if isinstance(reply, bytes) else "nothing" if reply is None else "a list"
        )
        trace.append(
            Replied(
                self._store.name, superuser,
                f"super_cmd gives {what}: {'a superuser' if superuser else 'no superuser'}.",
            )
        )  # fmt: skip
        return superuser


def _columns(reply: Reply) -> list[bytes | None]:
    """The values of a reply, as the plugin's patterns take them apart. Raises ``CrashError``."""
    if isinstance(reply, bytes | int):
        return [_octets(reply)]
    if not reply:
        # HGET of a missing key, or an empty list: the plugin has no clause for it.
        raise CrashError("EMQX's plugin raises, since Redis answers with nothing.")
    return [None if value is None or isinstance(value, list) else _octets(value) for value in reply]


def _octets(value: bytes | int) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _replied(found: bool) -> str:
    return "There is an entry." if found else "There is no such entry, or no password in it."
