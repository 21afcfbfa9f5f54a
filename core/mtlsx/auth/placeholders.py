"""What the placeholders of EMQX's templates stand for, and which of them are allowed where.

Source: emqx_auth_template.erl, emqx_authn_utils.erl and emqx_authz.hrl (6.3), emqx_auth_redis_cli.erl (4.x);
vectors ``emqx-auth/template.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo

AUTHORIZATION: Final = frozenset(
    {
        "username",
        "clientid",
        "peerhost",
        "peerport",
        "listener",
        "cert_subject",
        "cert_common_name",
        "zone",
        "client_attrs.*",
    }
)
"""The names that a command of an authorization source may hold."""
AUTHENTICATION: Final = AUTHORIZATION | {"password", "cert_pem"}
"""The names that a command of an authenticator may hold."""
RULE_TOPICS: Final = frozenset(
    {"username", "clientid", "cert_common_name", "zone", "client_attrs.*"}
)
"""The names that the topic filter of a rule may hold."""


def values_of(client: ClientInfo, *, password: bytes | None = None) -> Mapping[str, bytes | None]:
    """The values of EMQX 5's and 6's placeholders by name; None is undefined."""
    return _Values(client, password)


def rule_values_of(client: ClientInfo) -> Mapping[str, bytes | None]:
    """Those of ``values_of`` that a rule may hold (``RULE_TOPICS``), all made at once: rules look again and again."""
    values: dict[str, bytes | None] = {
        "username": client.username,
        "clientid": client.client_id,
        "cert_common_name": client.cert_common_name,
        "zone": client.zone.encode(),
    }
    for name, value in client.client_attrs.items():
        values[_ATTRIBUTE + name] = value
    return values


class _Values(Mapping[str, bytes | None]):
    """Each value is made when it is asked for, since a template asks for one or two."""

    __slots__ = ("_client", "_password")

    def __init__(self, client: ClientInfo, password: bytes | None) -> None:
        self._client = client
        self._password = password

    def __getitem__(self, name: str) -> bytes | None:
        value_of = _VALUES.get(name)
        if value_of is not None:
            return value_of(self._client)
        if name == "password":
            return self._password
        if name.startswith(_ATTRIBUTE):
            return self._client.client_attrs[name.removeprefix(_ATTRIBUTE)]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from _VALUES
        yield "password"
        yield from (_ATTRIBUTE + name for name in self._client.client_attrs)

    def __len__(self) -> int:
        return len(_VALUES) + 1 + len(self._client.client_attrs)


_VALUES: Final[Mapping[str, Callable[[ClientInfo], bytes | None]]] = {
    "username": attrgetter("username"),
    "clientid": attrgetter("client_id"),
    "peerhost": lambda client: client.peer_host.encode(),
    "peerport": lambda client: b"%d" % client.peer_port,
    "listener": lambda client: client.listener.encode(),
    "zone": lambda client: client.zone.encode(),
    "cert_subject": attrgetter("cert_subject"),
    "cert_common_name": attrgetter("cert_common_name"),
    "cert_pem": attrgetter("cert_pem"),
}
_ATTRIBUTE: Final = "client_attrs."


def values4_of(client: ClientInfo) -> Mapping[str, bytes | None]:
    """The values of 4.x's ``%u``, ``%c``, ``%C`` and ``%d`` by their letters; None is undefined."""
    return {
        "u": client.username,
        "c": client.client_id,
        "C": client.cert_common_name,
        "d": client.cert_subject,
    }
