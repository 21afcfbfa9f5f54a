"""What the placeholders of EMQX's templates stand for, and which of them are allowed where.

Source: emqx_auth_template.erl, emqx_authn_utils.erl and emqx_authz.hrl (6.3), emqx_auth_redis_cli.erl (4.x);
vectors ``emqx-auth/template.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    values: dict[str, bytes | None] = {
        "username": client.username,
        "clientid": client.client_id,
        "password": password,
        "peerhost": client.peer_host.encode(),
        "peerport": b"%d" % client.peer_port,
        "listener": client.listener.encode(),
        "zone": client.zone.encode(),
        "cert_subject": client.cert_subject,
        "cert_common_name": client.cert_common_name,
        "cert_pem": client.cert_pem,
    }
    for name, value in client.client_attrs.items():
        values[f"client_attrs.{name}"] = value
    return values


def values4_of(client: ClientInfo) -> Mapping[str, bytes | None]:
    """The values of 4.x's ``%u``, ``%c``, ``%C`` and ``%d`` by their letters; None is undefined."""
    return {
        "u": client.username,
        "c": client.client_id,
        "C": client.cert_common_name,
        "d": client.cert_subject,
    }
