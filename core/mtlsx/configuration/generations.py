"""Which generations of EMQX have which settings: what one of them does not have is refused by name.

Source: the schemas of EMQX 4.2, 4.4, 5.0 and 6.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mtlsx.configuration import generation_4
from mtlsx.configuration.model import GENERATION_4
from mtlsx.identity.mapping import Dialect
from mtlsx.schema import WrongError

_5_6 = frozenset[Dialect](("emqx5.0", "emqx6"))
_6 = frozenset[Dialect](("emqx6",))
_ANY = "*"

_HAVE: Mapping[tuple[str, ...], frozenset[Dialect]] = {
    **{(name,): GENERATION_4 for name in generation_4.NAMES},
    ("listeners", _ANY, _ANY, "peer_cert_as_username"): GENERATION_4,
    ("listeners", _ANY, _ANY, "peer_cert_as_clientid"): GENERATION_4,
    ("listeners", _ANY, _ANY, "use_username_as_clientid"): GENERATION_4,
    ("listeners", _ANY, _ANY, "enable_authn"): _5_6,
    ("authentication",): _5_6,
    ("authorization",): _5_6,
    ("security_profile",): _6,
    ("authentication_settings",): _6,
    ("authentication", _ANY, "on_missing_jwt"): _6,
    ("authorization", "ignore_backend_failures"): _6,
    ("authorization", "topic_template_allow"): _6,
    ("authorization", "sources", _ANY, "compatibility_mode"): _6,
    ("mqtt", "clientid_override"): _6,
    ("mqtt", "client_attrs_init"): _6,
}
_BELONGS = {
    "peer_cert_as_username": "mqtt.peer_cert_as_username",
    "peer_cert_as_clientid": "mqtt.peer_cert_as_clientid",
    "use_username_as_clientid": "mqtt.use_username_as_clientid",
    "allow_anonymous": "authentication",
    "acl_nomatch": "authorization.no_match",
    "acl_deny_action": "authorization.deny_action",
    "acl_file": 'a source of type "file" in authorization.sources',
    "auth": "authentication and authorization.sources",
    "authentication": "auth.redis",
    "authorization": "auth.redis.acl_cmd, acl_nomatch, acl_deny_action and acl_file",
}


def check(document: dict[str, Any], dialect: Dialect) -> None:
    """Raise WrongError for the first setting in ``document`` that ``dialect`` does not have."""
    for pattern, dialects in _HAVE.items():
        if dialect in dialects:
            continue
        for path in _places(document, pattern, ""):
            there = " and ".join(f'"{name}"' for name in sorted(dialects))
            instead = _BELONGS.get(pattern[-1])
            hint = f'; in "{dialect}" it is {instead}' if instead else ""
            raise WrongError(f'{path} is a setting of {there}, not of "{dialect}"{hint}.')


def _places(value: Any, pattern: tuple[str, ...], path: str) -> Iterator[str]:
    if not pattern:
        yield path
        return
    name, *rest = pattern
    if isinstance(value, dict):
        names = value if name == _ANY else [name] if name in value else []
        for each in names:
            yield from _places(value[each], tuple(rest), f"{path}.{each}" if path else each)
    elif isinstance(value, list) and name == _ANY:
        for index, item in enumerate(value):
            yield from _places(item, tuple(rest), f"{path}[{index}]")
