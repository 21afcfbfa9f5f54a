"""The address of a Redis as a person gives it, ``redis://user:password@host:port/database``, and as settings have it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from mtlsx.errors import UsageError
from mtlsx.secret import Secret

_PORT = 6379


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """A single Redis. ``tls``: whether it speaks TLS, with a certificate that an authority of the system signed."""

    host: str
    port: int = _PORT
    database: int = 0
    username: str | None = None
    password: Secret | None = field(default=None, repr=False)
    tls: bool = False

    @property
    def server(self) -> str:
        """Host and port as the setting ``server`` has them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def settings(self) -> dict[str, Any]:
        """The settings of a connection to it, by the names that EMQX 5 and 6 have for them."""
        settings: dict[str, Any] = {"server": self.server, "database": self.database}
        if self.username is not None:
            settings["username"] = self.username
        if self.password is not None:
            settings["password"] = self.password.reveal()
        if self.tls:
            settings["ssl"] = {"enable": True, "verify": "verify_peer"}
        return settings


def redis_address(url: str, password: Secret | None = None) -> RedisAddress:
    """The address that ``url`` is; ``password`` counts before the one in it. Raises UsageError where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
        database = int(parts.path.strip("/") or 0)
    except ValueError:
        parts, port, database = urlsplit(""), None, 0
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or database < 0 or parts.query:
        raise UsageError(
            "What --redis says is no address of a Redis.", fix="Write redis://HOST:PORT/DATABASE."
        )
    if password is None and parts.password:
        password = Secret(unquote(parts.password))
    return RedisAddress(
        host=parts.hostname,
        port=_PORT if port is None else port,
        database=database,
        username=unquote(parts.username) if parts.username else None,
        password=password,
        tls=parts.scheme == "rediss",
    )
