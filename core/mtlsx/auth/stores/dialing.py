"""Connections to Redis as settings describe them: TCP or TLS, user and password, database.

redis-py does the wire: it connects, greets, encodes nothing else and reads answers (RESP2, octets as they are).
It is not asked to retry, to time out, to pool or to follow a cluster: the store does these with one deadline
for a command, and knows which connection may be used again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from redis.asyncio.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse

from mtlsx.auth.settings import RedisServer, RedisTls
from mtlsx.auth.stores.failures import NOT_REDIS, causes, unusable_files
from mtlsx.auth.stores.store import Reply
from mtlsx.secret import Secret

Address: TypeAlias = tuple[str, int]

NO_SNI = "disable"

_LISTENING = 1.0  # seconds


def called(settings: RedisServer) -> str:
    """What people call the store of ``settings``: ``redis 127.0.0.1:6379``, ``redis sentinel mymaster``."""
    if settings.redis_type == "sentinel":
        return f"redis sentinel {settings.sentinel}"
    kind = "redis cluster" if settings.redis_type == "cluster" else "redis"
    return f"{kind} {shown(settings.servers[0])}"


def shown(address: Address) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Dialer:
    """Opens connections with one user, one database and one TLS context."""

    def __init__(self, settings: RedisServer, *, sentinel: bool = False) -> None:
        self._server = called(settings)
        self._tls = settings.ssl
        self._context: ssl.SSLContext | None = None
        username, password = settings.username, settings.password
        database = 0 if settings.redis_type == "cluster" else settings.database
        if sentinel:
            username, password, database = settings.sentinel_username, settings.sentinel_password, 0
        self._options = _options(username, password, database)

    async def open(self, address: Address) -> Connection:
        """A connection that is ready for commands.

        Raises ``redis.exceptions.RedisError``, whose causes tell what the network or TLS said, and ``StoreError``
        for TLS files that cannot be used.
        """
        kind = _Connection if self._tls is None else _SecureConnection
        connection: Connection = kind(address, self._secure(address), **self._options)
        try:
            await connection.connect()
        except NOT_REDIS:
            await connection.disconnect(nowait=True)
            raise InvalidResponse("not an answer of Redis") from None
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    def _secure(self, address: Address) -> dict[str, Any]:
        """What asyncio must be told about TLS."""
        if self._tls is None:
            return {}
        if self._context is None:
            try:
                self._context = tls_context(self._tls)
            except OSError as error:
                raise unusable_files(self._server, error) from error
        return {"ssl": self._context, "server_hostname": _sni(self._tls, address)}


def tls_context(tls: RedisTls) -> ssl.SSLContext:
    """What ``tls`` says, for Python's own TLS; raises ``OSError`` (``ssl.SSLError`` is one) for its files.

    With ``verify_peer`` the server's certificate must be signed by ``cacertfile`` (by the system's authorities
    where there is none) and be for the host or for ``server_name_indication``, unless that is ``disable``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    verifies = tls.verify == "verify_peer"
    context.check_hostname = verifies and tls.server_name_indication != NO_SNI
    context.verify_mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
    if tls.cacertfile is not None:
        context.load_verify_locations(tls.cacertfile)
    elif verifies:
        context.load_default_certs()
    if tls.certfile is not None:
        # Without a passphrase of ours OpenSSL would ask for one on the terminal.
        context.load_cert_chain(tls.certfile, tls.keyfile, password="")
    return context


def encoded(words: Sequence[bytes]) -> bytes:
    """A command as it is sent: an array of bulk strings, each word whole, the first one too."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


async def answer(connection: Connection, sent: bytes) -> Reply:
    """What the server says to ``sent``, an encoded command.

    Raises ``redis.exceptions.RedisError`` for an error reply and for failures. Where the answer was not read to its
    end, for whatever reason, redis-py has closed the connection.
    """
    await connection.send_packed_command(sent)
    try:
        reply: Reply = await connection.read_response(disable_decoding=True)
    except NOT_REDIS:
        raise InvalidResponse("not an answer of Redis") from None
    if isinstance(reply, list):
        _raise_nested(reply)
    return reply


class _Connection(Connection):
    """redis-py's connection, with a TLS context of ours: its own also trusts the system's authorities."""

    def __init__(self, address: Address, secure: Mapping[str, Any], **options: Any) -> None:
        host, port = address
        self._arguments = {"host": host, "port": port, **secure}
        super().__init__(host=host, port=port, **options)

    def _connection_arguments(self) -> Mapping[str, Any]:
        return self._arguments


class _SecureConnection(_Connection):
    """A connection that can tell why a server hung up on our certificate.

    With TLS 1.3 the server looks at it when our side of the handshake is over. Its alert is lost where it meets our
    first command with a reset; but it says the same once more, to one who only listens.
    """

    _heard = False

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        await self._explained(super().send_packed_command(command, check_health))

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        reply = await self._explained(super().read_response(*arguments, **options))
        self._heard = True
        return reply

    async def _explained(self, step: Awaitable[Any]) -> Any:
        try:
            return await step
        except RedisConnectionError as error:
            was_reset = any(isinstance(cause, ConnectionError) for cause in causes(error))
            if self._heard or not was_reset or (alert := await self._alert()) is None:
                raise
            raise RedisConnectionError("refused by an alert") from alert

    async def _alert(self) -> ssl.SSLError | None:
        with suppress(OSError):
            async with asyncio.timeout(_LISTENING):
                reader, writer = await asyncio.open_connection(**self._arguments)
                try:
                    await reader.read(1)
                except ssl.SSLError as alert:
                    with suppress(ssl.SSLError):  # or asyncio complains that nobody took it
                        await writer.wait_closed()
                    return alert
                finally:
                    writer.close()
        return None


def _options(username: str | None, password: Secret | None, database: int) -> dict[str, Any]:
    return {
        "username": username,
        # A user without a password is still somebody: redis-py would send an AUTH without one.
        "password": password.reveal() if password else ("" if username else None),
        "db": database,
        "protocol": 2,
        "driver_info": None,  # no CLIENT SETINFO
        "socket_timeout": None,
        "socket_connect_timeout": None,
    }


def _sni(tls: RedisTls, address: Address) -> str:
    """The name in the handshake, which is also the one that is verified; empty for none."""
    if tls.server_name_indication == NO_SNI:
        return ""
    return tls.server_name_indication or address[0]


def _raise_nested(replies: list[Reply]) -> None:
    """Raise an error reply inside an array, which redis-py leaves there."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, list):
            _raise_nested(reply)
