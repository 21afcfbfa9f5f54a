"""EMQX's ``acl.conf``: rules as Erlang terms in, ``Rule`` values out; and the other way round.

A rule may become several (``'or'``), and a condition that can be decided now (``security_profile``) is gone. A
``reason_code``, which EMQX does not have, stands before its rule in a comment: ``%mtlsx {reason_code, 128}.``

Source: emqx_authz_rule.erl (6.3 and 5.0), emqx_access_rule.erl (4.x), and the acl.conf that EMQX ships.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from mtlsx.auth.authorization.matching import CompiledRule, RuleError
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.rules import ANY_QOS, EVERYBODY, Permission, Rule
from mtlsx.auth.settings import SecurityProfile
from mtlsx.configuration.acl_conditions import (
    ALL,
    WrongTermError,
    alternatives,
    condition,
    is_tuple,
    shown,
    text_in,
)
from mtlsx.configuration.erlang import OURS, Atom, Term, parse, written
from mtlsx.configuration.model import GENERATION_4
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect

_ACTIONS = ("publish", "subscribe", "all", "pubsub")
_REASON_CODES = range(0x80, 0x100)
_EQ = Atom("eq")


def read(
    data: bytes, *, source: str, dialect: Dialect, security_profile: SecurityProfile = "legacy"
) -> tuple[Rule, ...]:
    """The rules of a file; ``source`` names it in errors. Raises UsageError, with the line."""
    rules: list[Rule] = []
    reason_code: int | None = None
    for line, term in parse(data, source=source):
        try:
            if is_tuple(term, "reason_code", 2):
                reason_code = _reason_code(term)
                continue
            for rule in _rules(term, dialect, security_profile):
                CompiledRule.of(rule, DIALECTS[dialect])
                rules.append(replace(rule, reason_code=reason_code))
        except (WrongTermError, RuleError) as error:
            raise UsageError(f"{source}: line {line}: {str(error).rstrip('.')}.") from error
        reason_code = None
    return tuple(rules)


def write(rules: Iterable[Rule], *, dialect: Dialect) -> str:
    """A file that ``read`` gives back as ``rules``."""
    lines = []
    for rule in rules:
        if rule.reason_code is not None:
            lines.append(f"{OURS}{{reason_code, 16#{rule.reason_code:02X}}}.")
        lines.append(written(_term(rule, dialect)) + ".")
    return "\n".join(lines) + "\n" if lines else "%% No rules.\n"


def _reason_code(term: Term) -> int:
    code = term[1] if isinstance(term, tuple) else None
    if not isinstance(code, int) or code not in _REASON_CODES:
        raise WrongTermError(f"a reason code is a number from 16#80 to 16#FF, not {shown(code)}")
    return code


def _rules(term: Term, dialect: Dialect, profile: SecurityProfile) -> list[Rule]:
    if not isinstance(term, tuple) or len(term) not in (2, 4):
        raise WrongTermError(
            f"a rule is {{allow | deny, Who, Action, [Topic]}} or {{allow | deny, all}}, not {shown(term)}"
        )
    permission = _permission(term[0])
    # Before EMQX 6, a rule for all is one for the filter #, which no topic that begins with $ matches.
    everything = (b"#",) if dialect == "emqx5.0" else None
    if len(term) == 2:
        if term[1] != ALL and not is_tuple(term[1], "security_profile", 2):
            raise WrongTermError(f"a rule of two parts is for all, not for {shown(term[1])}")
        conditions = alternatives(term[1], profile)
        return [Rule(permission, topic_filters=everything, who=who) for who in conditions]
    action, qos, retain = _action(term[2], dialect)
    filters = everything if term[3] == ALL else _filters(term[3])
    return [
        Rule(permission, action, filters, who, qos, retain)
        for who in alternatives(term[1], profile)
    ]


def _permission(term: Term) -> Permission:
    if term == Atom("allow"):
        return "allow"
    if term == Atom("deny"):
        return "deny"
    raise WrongTermError(f"a rule begins with allow or deny, not with {shown(term)}")


def _action(
    term: Term, dialect: Dialect
) -> tuple[Literal["publish", "subscribe", "all"], frozenset[int], bool | None]:
    options: Term = []
    if isinstance(term, tuple) and len(term) == 2:
        if dialect in GENERATION_4:
            raise WrongTermError("EMQX 4.x has no conditions on QoS and retain")
        term, options = term
    if not isinstance(term, Atom) or term not in _ACTIONS or not isinstance(options, list):
        raise WrongTermError(
            f"an action is publish, subscribe or all (in 4.x pubsub), or one of them with [{{qos, …}}, {{retain, …}}],"
            f" not {shown(term)}"
        )
    qos: list[int] = []
    retain: bool | None = None
    for option in options:
        if is_tuple(option, "qos", 2):
            qos += _qos(option)
        elif is_tuple(option, "retain", 2):
            retain = _retain(option)
        else:
            raise WrongTermError(f"an action may have qos and retain, not {shown(option)}")
    kind: Literal["publish", "subscribe", "all"] = (
        "publish" if term == "publish" else "subscribe" if term == "subscribe" else "all"
    )
    return kind, frozenset(qos) if qos else ANY_QOS, retain


def _qos(option: Term) -> list[int]:
    value = option[1] if isinstance(option, tuple) else None
    values = value if isinstance(value, list) else [value]
    found = [item for item in values if isinstance(item, int) and 0 <= item <= 2]
    if len(found) < len(values) or not found:
        raise WrongTermError(f"qos is 0, 1, 2 or a list of them, not {shown(value)}")
    return found


def _retain(option: Term) -> bool | None:
    value = option[1] if isinstance(option, tuple) else None
    words: dict[Term | None, bool | None] = {Atom("true"): True, Atom("false"): False, ALL: None}
    if not isinstance(value, Atom) or value not in words:
        raise WrongTermError(f"retain is true, false or all, not {shown(value)}")
    return words[value]


def _filters(term: Term) -> tuple[bytes, ...]:
    if not isinstance(term, list):
        raise WrongTermError(f"topics are a list, or all, not {shown(term)}")
    filters = []
    for item in term:
        if isinstance(item, bytes):
            filters.append(item)
        elif is_tuple(item, "eq", 2):
            filters.append(b"eq " + text_in(item))
        else:
            raise WrongTermError(f'a topic is a "text" or {{eq, "text"}}, not {shown(item)}')
    return tuple(filters)


def _term(rule: Rule, dialect: Dialect) -> Term:
    permission = Atom(rule.permission)
    plain = rule.who == EVERYBODY and rule.qos == ANY_QOS and rule.retain is None
    if plain and rule.topic_filters is None and rule.action == "all":
        return (permission, ALL)
    topics: Term = ALL if rule.topic_filters is None else [*map(_topic, rule.topic_filters)]
    return (permission, condition(rule.who), _written_action(rule, dialect), topics)


def _topic(topic_filter: bytes) -> Term:
    return (_EQ, topic_filter[3:]) if topic_filter.startswith(b"eq ") else topic_filter


def _written_action(rule: Rule, dialect: Dialect) -> Term:
    in_4 = dialect in GENERATION_4
    action = Atom("pubsub" if in_4 and rule.action == "all" else rule.action)
    options: list[Term] = []
    if rule.qos != ANY_QOS:
        options += [(Atom("qos"), qos) for qos in sorted(rule.qos)]
    if rule.retain is not None:
        options.append((Atom("retain"), Atom(str(rule.retain).lower())))
    return (action, options) if options else action
