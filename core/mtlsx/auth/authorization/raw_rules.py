"""Rules as JSON holds them, in Redis and in tokens: what EMQX takes for an action, a QoS, a topic.

Source: emqx_authz_rule_raw.erl (6.3); vectors ``emqx-auth/authz.json`` (strata ``qos`` and ``json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mtlsx.auth.rules import ANY_QOS, Rule, Who


class RawRuleError(ValueError):
    """A value that EMQX does not take; the message is a sentence."""


def rule(raw: Mapping[str, object]) -> Rule:
    """The rule that the JSON object ``raw`` of a token is. Keys that EMQX does not know are passed over.

    Raises ``RawRuleError``.
    """
    permission = raw.get("permission")
    if permission not in ("allow", "deny"):
        raise RawRuleError(f'permission must be "allow" or "deny", not {shown(permission)}.')
    topics, network = _topics(raw), _text(raw, "ipaddr")
    who = Who(
        username_re=_text(raw, "username_re"),
        client_id_re=_text(raw, "clientid_re"),
        networks=() if network is None else (network,),
        zone=_text(raw, "zone"),
        zone_re=_text(raw, "zone_re"),
        listener=_text(raw, "listener"),
        listener_re=_text(raw, "listener_re"),
    )
    action, qos, retain = conditions(raw)
    return Rule(permission, action, topics, who, qos, retain)


def conditions(
    raw: Mapping[str, object],
) -> tuple[Literal["publish", "subscribe", "all"], frozenset[int], bool | None]:
    """The action of a rule, its QoS and its retain (None: any). Raises ``RawRuleError``."""
    name = raw.get("action")
    action = _ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise RawRuleError(f"action must be one of {', '.join(_ACTIONS)}, not {shown(name)}.")
    qos = _qos(raw.get("qos"))
    # The retain of a rule for subscribe is not looked at.
    return action, qos, None if action == "subscribe" else _retain(raw.get("retain"))


def octets(value: object) -> tuple[bytes, ...] | None:
    """The texts of a JSON array as UTF-8; None for what is no array of texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    try:
        return tuple(item.encode() for item in value)
    except UnicodeEncodeError:
        # Half a surrogate pair, which JSON can write, is no text.
        return None


def shown(value: object) -> str:
    """``value`` for a message, cut."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


_SHOWN = 60  # characters
_ACTIONS: Mapping[str, Literal["publish", "subscribe", "all"]] = {
    "publish": "publish",
    "pub": "publish",
    "subscribe": "subscribe",
    "sub": "subscribe",
    "all": "all",
}
_LEVELS = {"0": 0, "1": 1, "2": 2}
_RETAIN = {"0": False, "1": True, "true": True, "false": False, "all": None}


def _topics(raw: Mapping[str, object]) -> tuple[bytes, ...]:
    topic = raw.get("topic")
    topics = octets([topic] if isinstance(topic, str) else raw.get("topics"))
    if topics is None:
        raise RawRuleError("A rule needs a topic, or topics that are an array of texts.")
    return topics


def _text(raw: Mapping[str, object], key: str) -> str | None:
    if key not in raw:
        return None
    value = raw[key]
    if not isinstance(value, str) or not value:
        raise RawRuleError(f"{key} must be a text that is not empty, not {shown(value)}.")
    return value


def _qos(value: object) -> frozenset[int]:
    if value is None:
        return ANY_QOS
    items: list[object] = [value]
    if isinstance(value, str):
        items = [*value.split(",")]
    elif isinstance(value, list):
        items = value
    return frozenset(_level(item, value) for item in items)


def _level(item: object, whole: object) -> int:
    if isinstance(item, str) and item in _LEVELS:
        return _LEVELS[item]
    if type(item) is int and item in ANY_QOS:
        return item
    raise RawRuleError(f"qos must be 0, 1, 2 or some of them, not {shown(whole)}.")


def _retain(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value in _RETAIN:
        return _RETAIN[value]
    raise RawRuleError(f'retain must be true, false or "all", not {shown(value)}.')
