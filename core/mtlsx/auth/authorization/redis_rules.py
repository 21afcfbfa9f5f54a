"""Rules as a Redis hash of EMQX 5 and 6 holds them: a topic filter, and behind it what is allowed on it.

In: a field and its value. Out: a ``CompiledRule``, or why EMQX passes it over. Such rules can only allow.

Source: emqx_authz_redis.erl (6.3 and 5.0), emqx_utils_json.erl on OTP's json; vectors ``emqx-auth/authz.json``.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from mtlsx.auth.authorization.matching import CompiledRule, RuleError
from mtlsx.auth.authorization.raw_rules import conditions
from mtlsx.auth.dialects import Dialect
from mtlsx.auth.rules import Rule

_WORDS: dict[bytes, Literal["publish", "subscribe", "all"]] = {
    b"publish": "publish",
    b"subscribe": "subscribe",
    b"all": "all",
}
_NUMBERS = {b"1": b"subscribe", b"2": b"publish", b"3": b"all"}


def compiled(
    topic_filter: bytes, value: bytes, *, dialect: Dialect, v4: bool
) -> CompiledRule | str:
    """The rule that a field of a hash is; a text, without a period, where EMQX passes it over.

    ``v4`` is compatibility_mode. Raises ``RawRuleError`` where EMQX stops reading the hash, ``RuleError`` where it
    raises.
    """
    if v4:
        value = _NUMBERS.get(value, value)
        topic_filter = normalized(topic_filter)
    if value in _WORDS:
        return CompiledRule.of(Rule("allow", _WORDS[value], (topic_filter,)), dialect)
    if dialect.acl_values == "words":
        raise RuleError("A value is not publish, subscribe or all, on which EMQX raises.")
    try:
        raw = json.loads(
            value.decode(),
            object_pairs_hook=_first_wins,
            parse_constant=_refused,
            parse_float=_finite,
        )
        if b"\\u" in value:
            # Half a surrogate pair is no text for EMQX.
            json.dumps(raw, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return "its value is neither publish, subscribe, all nor JSON, and is passed over"
    if not isinstance(raw, dict):
        return "its value is no JSON object, and is passed over"
    action, qos, retain = conditions(raw)
    return CompiledRule.of(Rule("allow", action, (topic_filter,), qos=qos, retain=retain), dialect)


def normalized(text: bytes) -> bytes:
    """``text`` with EMQX 6's placeholders in place of ``%u`` and ``%c``, as compatibility_mode v4 has it."""
    return text.replace(b"%u", b"${username}").replace(b"%c", b"${clientid}")


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _refused(name: str) -> float:
    raise ValueError(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large.")
    return number
