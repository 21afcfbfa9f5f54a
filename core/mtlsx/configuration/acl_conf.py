"""EMQX's ``acl.conf``: rules as Erlang terms in, ``Rule`` values out; and the other way round.

A rule may become several (``'or'``), and a condition that can be decided now (``security_profile``) is gone. A
``reason_code``, which EMQX does not have, stands before its rule in a comment: ``%mtlsx {reason_code, 128}.``

Source: emqx_authz_rule.erl (6.3 and 5.0), emqx_access_rule.erl (4.x), and the acl.conf that EMQX ships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from mtlsx.auth.authorization.matching import CompiledRule, RuleError
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.rules import ANY_QOS, EVERYBODY, Permission, Rule, Who
from mtlsx.auth.settings import SecurityProfile
from mtlsx.configuration.erlang import OURS, Atom, Term, parse, written
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.schema import clipped

_T = TypeVar("_T")

_MOST = 100  # rules that one rule may become
_ACTIONS = ("publish", "subscribe", "all", "pubsub")
_REASON_CODES = range(0x80, 0x100)
_ALL, _AND, _OR, _EQ, _RE = map(Atom, ("all", "and", "or", "eq", "re"))


class _WrongTermError(ValueError):
    """A term that does not belong where it stands; the text is a sentence without a period."""


def read(
    data: bytes, *, source: str, dialect: Dialect, security_profile: SecurityProfile = "legacy"
) -> tuple[Rule, ...]:
    """The rules of a file; ``source`` names it in errors. Raises UsageError, with the line."""
    rules: list[Rule] = []
    reason_code: int | None = None
    for line, term in parse(data, source=source):
        try:
            if _is(term, "reason_code", 2):
                reason_code = _reason_code(term)
                continue
            for rule in _rules(term, dialect, security_profile):
                CompiledRule.of(rule, DIALECTS[dialect])
                rules.append(replace(rule, reason_code=reason_code))
        except (_WrongTermError, RuleError) as error:
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
        raise _WrongTermError(f"a reason code is a number from 16#80 to 16#FF, not {_shown(code)}")
    return code


def _rules(term: Term, dialect: Dialect, profile: SecurityProfile) -> list[Rule]:
    if not isinstance(term, tuple) or len(term) not in (2, 4):
        raise _WrongTermError(
            f"a rule is {{allow | deny, Who, Action, [Topic]}} or {{allow | deny, all}}, not {_shown(term)}"
        )
    permission = _permission(term[0])
    # Before EMQX 6, a rule for all is one for the filter #, which no topic that begins with $ matches.
    everything = (b"#",) if dialect == "emqx5.0" else None
    if len(term) == 2:
        if term[1] != _ALL and not _is(term[1], "security_profile", 2):
            raise _WrongTermError(f"a rule of two parts is for all, not for {_shown(term[1])}")
        conditions = _alternatives(term[1], profile)
        return [Rule(permission, topic_filters=everything, who=who) for who in conditions]
    action, qos, retain = _action(term[2], dialect)
    filters = everything if term[3] == _ALL else _filters(term[3])
    return [
        Rule(permission, action, filters, who, qos, retain)
        for who in _alternatives(term[1], profile)
    ]


def _permission(term: Term) -> Permission:
    if term == Atom("allow"):
        return "allow"
    if term == Atom("deny"):
        return "deny"
    raise _WrongTermError(f"a rule begins with allow or deny, not with {_shown(term)}")


def _action(
    term: Term, dialect: Dialect
) -> tuple[Literal["publish", "subscribe", "all"], frozenset[int], bool | None]:
    options: Term = []
    if isinstance(term, tuple) and len(term) == 2:
        if dialect in ("emqx4.4", "emqx4.2"):
            raise _WrongTermError("EMQX 4.x has no conditions on QoS and retain")
        term, options = term
    if not isinstance(term, Atom) or term not in _ACTIONS or not isinstance(options, list):
        raise _WrongTermError(
            f"an action is publish, subscribe or all (in 4.x pubsub), or one of them with [{{qos, …}}, {{retain, …}}],"
            f" not {_shown(term)}"
        )
    qos: list[int] = []
    retain: bool | None = None
    for option in options:
        if _is(option, "qos", 2):
            qos += _qos(option)
        elif _is(option, "retain", 2):
            retain = _retain(option)
        else:
            raise _WrongTermError(f"an action may have qos and retain, not {_shown(option)}")
    kind: Literal["publish", "subscribe", "all"] = (
        "publish" if term == "publish" else "subscribe" if term == "subscribe" else "all"
    )
    return kind, frozenset(qos) if qos else ANY_QOS, retain


def _qos(option: Term) -> list[int]:
    value = option[1] if isinstance(option, tuple) else None
    values = value if isinstance(value, list) else [value]
    found = [item for item in values if isinstance(item, int) and 0 <= item <= 2]
    if len(found) < len(values) or not found:
        raise _WrongTermError(f"qos is 0, 1, 2 or a list of them, not {_shown(value)}")
    return found


def _retain(option: Term) -> bool | None:
    value = option[1] if isinstance(option, tuple) else None
    words: dict[Term | None, bool | None] = {Atom("true"): True, Atom("false"): False, _ALL: None}
    if not isinstance(value, Atom) or value not in words:
        raise _WrongTermError(f"retain is true, false or all, not {_shown(value)}")
    return words[value]


def _filters(term: Term) -> tuple[bytes, ...]:
    if not isinstance(term, list):
        raise _WrongTermError(f"topics are a list, or all, not {_shown(term)}")
    filters = []
    for item in term:
        if isinstance(item, bytes):
            filters.append(item)
        elif _is(item, "eq", 2):
            filters.append(b"eq " + _text(item))
        else:
            raise _WrongTermError(f'a topic is a "text" or {{eq, "text"}}, not {_shown(item)}')
    return tuple(filters)


def _alternatives(term: Term, profile: SecurityProfile) -> list[Who]:
    """Whom a condition is for, as alternatives; none where it can never hold."""
    if _is(term, "or", 2):
        found = [who for one in _conditions(term) for who in _alternatives(one, profile)]
        alternatives = _gathered(found)
    elif _is(term, "and", 2):
        alternatives = [EVERYBODY]
        for one in _conditions(term):
            others = _alternatives(one, profile)
            _limit(len(alternatives) * len(others))
            met = [_both(first, second) for first in alternatives for second in others]
            alternatives = [who for who in met if who is not None]
    else:
        alternatives = _one(term, profile)
    _limit(len(alternatives))
    return alternatives


def _limit(count: int) -> None:
    if count > _MOST:
        raise _WrongTermError(f"its conditions have more than {_MOST} alternatives")


def _conditions(term: Term) -> list[Term]:
    conditions = term[1] if isinstance(term, tuple) else None
    if not isinstance(conditions, list):
        raise _WrongTermError(f"'and' and 'or' take a list of conditions, not {_shown(conditions)}")
    return conditions


def _one(term: Term, profile: SecurityProfile) -> list[Who]:
    if term == _ALL:
        return [EVERYBODY]
    if isinstance(term, tuple) and len(term) == 2 and isinstance(term[0], Atom):
        name = {"user": "username", "client": "clientid"}.get(term[0], str(term[0]))
        if name == "security_profile" and term[1] in ("legacy", "hardened"):
            return [EVERYBODY] if term[1] == profile else []
        if name in _READERS:
            return [EVERYBODY if term[1] == _ALL else _READERS[name](term)]
    if _is(term, "client_attr", 3):
        raise _WrongTermError("rules for client attributes (client_attr) are not supported")
    raise _WrongTermError(
        f"a condition is all, or {{username | clientid | ipaddr | ipaddrs | zone | listener | security_profile, …}},"
        f" or 'and' or 'or' with a list of them, not {_shown(term)}"
    )


def _username(term: Term) -> Who:
    expression = _expression(term)
    return Who(usernames=(_text(term),)) if expression is None else Who(username_re=expression)


def _client_id(term: Term) -> Who:
    expression = _expression(term)
    return Who(client_ids=(_text(term),)) if expression is None else Who(client_id_re=expression)


def _zone(term: Term) -> Who:
    expression = _expression(term)
    return Who(zone=_utf8(_text(term))) if expression is None else Who(zone_re=expression)


def _listener(term: Term) -> Who:
    expression = _expression(term)
    return Who(listener=_utf8(_text(term))) if expression is None else Who(listener_re=expression)


def _address(term: Term) -> Who:
    return Who(networks=(_utf8(_text(term)),))


def _addresses(term: Term) -> Who:
    values = term[1] if isinstance(term, tuple) else None
    if not isinstance(values, list) or not values:
        raise _WrongTermError(f"ipaddrs takes a list of addresses, not {_shown(values)}")
    return Who(networks=tuple(_utf8(_text((_RE, value))) for value in values))


_READERS: dict[str, Callable[[Term], Who]] = {
    "username": _username,
    "clientid": _client_id,
    "zone": _zone,
    "listener": _listener,
    "ipaddr": _address,
    "ipaddrs": _addresses,
}


def _expression(term: Term) -> str | None:
    value = term[1] if isinstance(term, tuple) else None
    return _utf8(_text(value)) if value is not None and _is(value, "re", 2) else None


def _text(term: Term) -> bytes:
    """The text in the second place of a tuple; an atom stands for its name, as in EMQX."""
    value = term[1] if isinstance(term, tuple) else None
    if isinstance(value, Atom):
        return value.encode()
    if not isinstance(value, bytes):
        raise _WrongTermError(f'a "text" is expected, not {_shown(value)}')
    return value


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise _WrongTermError("a text is not UTF-8") from None


def _both(first: Who, second: Who) -> Who | None:
    """Whom both conditions are for; None where nobody can be."""
    usernames = _common(first.usernames, second.usernames)
    client_ids = _common(first.client_ids, second.client_ids)
    zone = _common(_as_tuple(first.zone), _as_tuple(second.zone))
    listener = _common(_as_tuple(first.listener), _as_tuple(second.listener))
    if usernames is None or client_ids is None or zone is None or listener is None:
        return None
    return Who(
        usernames=usernames,
        client_ids=client_ids,
        username_re=_either(first.username_re, second.username_re, "username"),
        client_id_re=_either(first.client_id_re, second.client_id_re, "clientid"),
        networks=_either(first.networks, second.networks, "ipaddr") or (),
        zone=zone[0] if zone else None,
        zone_re=_either(first.zone_re, second.zone_re, "zone"),
        listener=listener[0] if listener else None,
        listener_re=_either(first.listener_re, second.listener_re, "listener"),
    )


def _as_tuple(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _common(first: tuple[_T, ...], second: tuple[_T, ...]) -> tuple[_T, ...] | None:
    """What is in both, an empty one being everything; None where nothing is."""
    if not first or not second:
        return first or second
    return tuple(item for item in first if item in second) or None


def _either(first: _T, second: _T, name: str) -> _T:
    if first and second and first != second:
        raise _WrongTermError(
            f"two conditions on {name} in one 'and' are not supported, unless they are the same"
        )
    return first or second


_LISTINGS: dict[str, Callable[[Any], Who]] = {
    "usernames": lambda values: Who(usernames=values),
    "client_ids": lambda values: Who(client_ids=values),
    "networks": lambda values: Who(networks=values),
}


def _gathered(alternatives: Sequence[Who]) -> list[Who]:
    """``alternatives`` with those put together that only list names, or only addresses."""
    gathered: dict[object, Who] = {}
    for who in alternatives:
        kind = _listing(who) or len(gathered)
        if kind in gathered:
            listed = getattr(gathered[kind], str(kind)) + getattr(who, str(kind))
            gathered[kind] = _LISTINGS[str(kind)](tuple(dict.fromkeys(listed)))
        else:
            gathered[kind] = who
    return list(gathered.values())


def _listing(who: Who) -> str | None:
    """The one field that ``who`` has, where it is a list."""
    for field, make in _LISTINGS.items():
        values = getattr(who, field)
        if values and who == make(values):
            return field
    return None


def _term(rule: Rule, dialect: Dialect) -> Term:
    permission = Atom(rule.permission)
    plain = rule.who == EVERYBODY and rule.qos == ANY_QOS and rule.retain is None
    if plain and rule.topic_filters is None and rule.action == "all":
        return (permission, _ALL)
    topics: Term = _ALL if rule.topic_filters is None else [*map(_topic, rule.topic_filters)]
    return (permission, _condition(rule.who), _written_action(rule, dialect), topics)


def _topic(topic_filter: bytes) -> Term:
    return (_EQ, topic_filter[3:]) if topic_filter.startswith(b"eq ") else topic_filter


def _written_action(rule: Rule, dialect: Dialect) -> Term:
    in_4 = dialect in ("emqx4.4", "emqx4.2")
    action = Atom("pubsub" if in_4 and rule.action == "all" else rule.action)
    options: list[Term] = []
    if rule.qos != ANY_QOS:
        options += [(Atom("qos"), qos) for qos in sorted(rule.qos)]
    if rule.retain is not None:
        options.append((Atom("retain"), Atom(str(rule.retain).lower())))
    return (action, options) if options else action


def _condition(who: Who) -> Term:
    conditions: list[Term] = []
    for name, values in (("username", who.usernames), ("clientid", who.client_ids)):
        terms: list[Term] = [(Atom(name), value) for value in values]
        if terms:
            conditions.append(terms[0] if len(terms) == 1 else (_OR, terms))
    if who.networks:
        addresses: list[Term] = [text.encode() for text in who.networks]
        one = len(addresses) == 1
        conditions.append((Atom("ipaddr"), addresses[0]) if one else (Atom("ipaddrs"), addresses))
    for name, value in (("zone", who.zone), ("listener", who.listener)):
        if value is not None:
            conditions.append((Atom(name), value.encode()))
    for name, value in (
        ("username", who.username_re),
        ("clientid", who.client_id_re),
        ("zone", who.zone_re),
        ("listener", who.listener_re),
    ):
        if value is not None:
            conditions.append((Atom(name), (_RE, value.encode())))
    if not conditions:
        return _ALL
    return conditions[0] if len(conditions) == 1 else (_AND, conditions)


def _is(term: Term, name: str, size: int) -> bool:
    return (
        isinstance(term, tuple)
        and len(term) == size
        and term[0] == Atom(name)
        and isinstance(term[0], Atom)
    )


def _shown(term: Term | None) -> str:
    return "nothing" if term is None else clipped(written(term))
