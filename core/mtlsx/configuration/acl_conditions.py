"""Whom a rule of ``acl.conf`` is for: conditions as Erlang terms to ``Who`` values, and the other way round.

A condition becomes alternatives: ``'or'`` may need several ``Who``, and one that can never hold needs none.
``security_profile`` is decided at once.

Source: emqx_authz_rule.erl (6.3), emqx_access_rule.erl (4.x).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mtlsx.auth.rules import EVERYBODY, Who
from mtlsx.auth.settings import SecurityProfile
from mtlsx.configuration.erlang import Atom, Term, written
from mtlsx.schema import clipped

_T = TypeVar("_T")

_MOST = 100  # rules that one rule may become
ALL, _AND, _OR, _RE = map(Atom, ("all", "and", "or", "re"))


class WrongTermError(ValueError):
    """A term that does not belong where it stands; the text is a sentence without a period."""


def alternatives(term: Term, profile: SecurityProfile) -> list[Who]:
    """Whom a condition is for, as alternatives; none where it can never hold. Raises WrongTermError."""
    if is_tuple(term, "or", 2):
        found = [who for one in _conditions(term) for who in alternatives(one, profile)]
        found = _gathered(found)
    elif is_tuple(term, "and", 2):
        found = [EVERYBODY]
        for one in _conditions(term):
            others = alternatives(one, profile)
            _limit(len(found) * len(others))
            met = [_both(first, second) for first in found for second in others]
            found = [who for who in met if who is not None]
    else:
        found = _one(term, profile)
    _limit(len(found))
    return found


def condition(who: Who) -> Term:
    """What ``alternatives`` gives back as ``who`` alone."""
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
        return ALL
    return conditions[0] if len(conditions) == 1 else (_AND, conditions)


def is_tuple(term: Term, name: str, size: int) -> bool:
    return (
        isinstance(term, tuple)
        and len(term) == size
        and term[0] == Atom(name)
        and isinstance(term[0], Atom)
    )


def shown(term: Term | None) -> str:
    return "nothing" if term is None else clipped(written(term))


def _limit(count: int) -> None:
    if count > _MOST:
        raise WrongTermError(f"its conditions have more than {_MOST} alternatives")


def _conditions(term: Term) -> list[Term]:
    conditions = term[1] if isinstance(term, tuple) else None
    if not isinstance(conditions, list):
        raise WrongTermError(f"'and' and 'or' take a list of conditions, not {shown(conditions)}")
    return conditions


def _one(term: Term, profile: SecurityProfile) -> list[Who]:
    if term == ALL:
        return [EVERYBODY]
    if isinstance(term, tuple) and len(term) == 2 and isinstance(term[0], Atom):
        name = {"user": "username", "client": "clientid"}.get(term[0], str(term[0]))
        if name == "security_profile" and term[1] in ("legacy", "hardened"):
            return [EVERYBODY] if term[1] == profile else []
        if name in _READERS:
            return [EVERYBODY if term[1] == ALL else _READERS[name](term)]
    if is_tuple(term, "client_attr", 3):
        raise WrongTermError("rules for client attributes (client_attr) are not supported")
    raise WrongTermError(
        f"a condition is all, or {{username | clientid | ipaddr | ipaddrs | zone | listener | security_profile, …}},"
        f" or 'and' or 'or' with a list of them, not {shown(term)}"
    )


def _username(term: Term) -> Who:
    expression = _expression(term)
    return Who(usernames=(text_in(term),)) if expression is None else Who(username_re=expression)


def _client_id(term: Term) -> Who:
    expression = _expression(term)
    return Who(client_ids=(text_in(term),)) if expression is None else Who(client_id_re=expression)


def _zone(term: Term) -> Who:
    expression = _expression(term)
    return Who(zone=_utf8(text_in(term))) if expression is None else Who(zone_re=expression)


def _listener(term: Term) -> Who:
    expression = _expression(term)
    return Who(listener=_utf8(text_in(term))) if expression is None else Who(listener_re=expression)


def _address(term: Term) -> Who:
    return Who(networks=(_utf8(text_in(term)),))


def _addresses(term: Term) -> Who:
    values = term[1] if isinstance(term, tuple) else None
    if not isinstance(values, list) or not values:
        raise WrongTermError(f"ipaddrs takes a list of addresses, not {shown(values)}")
    return Who(networks=tuple(_utf8(text_in((_RE, value))) for value in values))


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
    return _utf8(text_in(value)) if value is not None and is_tuple(value, "re", 2) else None


def text_in(term: Term) -> bytes:
    """The text in the second place of a tuple; an atom stands for its name, as in EMQX."""
    value = term[1] if isinstance(term, tuple) else None
    if isinstance(value, Atom):
        return value.encode()
    if not isinstance(value, bytes):
        raise WrongTermError(f'a "text" is expected, not {shown(value)}')
    return value


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise WrongTermError("a text is not UTF-8") from None


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
        raise WrongTermError(
            f"two conditions on {name} in one 'and' are not supported, unless they are the same"
        )
    return first or second


_LISTINGS: dict[str, Callable[[Any], Who]] = {
    "usernames": lambda values: Who(usernames=values),
    "client_ids": lambda values: Who(client_ids=values),
    "networks": lambda values: Who(networks=values),
}


def _gathered(found: Sequence[Who]) -> list[Who]:
    """``found`` with those put together that only list names, or only addresses."""
    gathered: dict[object, Who] = {}
    for who in found:
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
