"""The rules of a source of type ``file``, written as TOML tables in place of Erlang terms.

``{ permission = "allow", action = "publish", topics = ["a/#"], username = "x" }``; what a rule does not say holds
for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mtlsx.auth.authorization.matching import CompiledRule, RuleError
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.rules import ANY_QOS, Permission, Rule, Who
from mtlsx.identity.mapping import Dialect
from mtlsx.schema import (
    Key,
    Table,
    WrongError,
    array,
    boolean,
    choice,
    integer,
    payload,
    payload_value,
    shared,
    text,
    texts,
    wrong,
)

_QOS = integer(0, 2)


def _one_payload(value: object, path: str) -> tuple[bytes, ...]:
    return (payload(value, path),)


def _one_text(value: object, path: str) -> tuple[str, ...]:
    return (text(value, path),)


def _some(read: Any, expected: str) -> Any:
    def read_some(value: object, path: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = read(value, path)
        if not found:
            raise wrong(path, f"{expected} that is not empty", value)
        return found

    return read_some


def _payload_values(values: Sequence[bytes]) -> list[object]:
    return [payload_value(value) for value in values]


def _qos(value: object, path: str) -> frozenset[int]:
    if isinstance(value, list):
        return frozenset(_some(array(_QOS, "an array of 0, 1 and 2"), "an array")(value, path))
    return frozenset((_QOS(value, path),))


def _retain(value: object, path: str) -> bool | None:
    return None if value == "all" else boolean(value, path)


_PAYLOADS = array(payload, "an array of texts")
_WHO = Table(
    Who,
    Key("usernames", _some(_PAYLOADS, "an array of texts"), _payload_values),
    Key("clientids", _some(_PAYLOADS, "an array of texts"), _payload_values, field="client_ids"),
    Key("username_re", text),
    Key("clientid_re", text, field="client_id_re"),
    Key("ipaddrs", _some(texts, "an array of texts"), list, field="networks"),
    Key("zone", text),
    Key("zone_re", text),
    Key("listener", text),
    Key("listener_re", text),
)


@dataclass(frozen=True, slots=True)
class _Single:
    """One name where a rule could list several."""

    username: tuple[bytes, ...] = ()
    clientid: tuple[bytes, ...] = ()
    ipaddr: tuple[str, ...] = ()


_SINGLE = Table(
    _Single,
    Key("username", _one_payload),
    Key("clientid", _one_payload),
    Key("ipaddr", _one_text),
)
_FIELDS = {"username": "usernames", "clientid": "client_ids", "ipaddr": "networks"}


@dataclass(frozen=True, slots=True)
class _What:
    """What a rule says besides whom it is for."""

    permission: Permission
    action: Literal["publish", "subscribe", "all"] = "all"
    topic_filters: tuple[bytes, ...] | None = None
    qos: frozenset[int] = ANY_QOS
    retain: bool | None = None
    reason_code: int | None = None


_WHAT = Table(
    _What,
    Key("permission", choice(("allow", "deny"))),
    Key("action", choice(("publish", "subscribe", "all")), always=True),
    Key("topics", _PAYLOADS, _payload_values, field="topic_filters"),
    Key("qos", _qos, sorted),
    Key("retain", _retain),
    Key("reason_code", integer(0x80, 0xFF)),
)


def read(value: object, path: str, dialect: Dialect) -> tuple[Rule, ...]:
    """The rules. Raises WrongError."""

    def rule(item: object, path: str) -> Rule:
        return _rule(item, path, dialect)

    return array(rule, "an array of tables")(value, path)


def write(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """What ``read`` gives back."""
    return [
        {
            **_WHAT.write(
                _What(
                    rule.permission,
                    rule.action,
                    rule.topic_filters,
                    rule.qos,
                    rule.retain,
                    rule.reason_code,
                )
            ),
            **_WHO.write(rule.who),
        }
        for rule in rules
    ]


def _rule(value: object, path: str, dialect: Dialect) -> Rule:
    whats, whos, singles = shared(value, path, _WHAT, _WHO, _SINGLE)
    what = _WHAT.read(whats, path)
    who = _WHO.read(whos, path)
    single = _SINGLE.read(singles, path)
    for name, field in _FIELDS.items():
        if one := getattr(single, name):
            if getattr(who, field):
                raise WrongError(f"{path}: {name} and {name}s cannot stand together.")
            who = replace(who, **{field: one})
    filters = what.topic_filters
    if filters is None and dialect == "emqx5.0":
        filters = (b"#",)
    rule = Rule(what.permission, what.action, filters, who, what.qos, what.retain, what.reason_code)
    try:
        CompiledRule.of(rule, DIALECTS[dialect])
    except RuleError as error:
        raise WrongError(f"{path}: {error}") from error
    return rule
