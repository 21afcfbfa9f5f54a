"""Whom a rule is for, compiled once.

Source: emqx_authz_rule.erl (6.3), esockd_cidr.erl.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.rules import Who

_Condition: TypeAlias = Callable[[ClientInfo], bool]
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class CompiledWho:
    """The conditions of a rule; raises ``ValueError``, with a sentence, for those that cannot be compiled."""

    __slots__ = ("_conditions",)

    def __init__(self, who: Who) -> None:
        conditions: list[_Condition] = []
        if who.usernames:
            conditions.append(lambda client: client.username in who.usernames)
        if who.client_ids:
            conditions.append(lambda client: client.client_id in who.client_ids)
        if who.zone is not None:
            conditions.append(lambda client: client.zone == who.zone)
        if who.listener is not None:
            conditions.append(lambda client: client.listener == who.listener)
        expressions: list[tuple[str | None, Callable[[ClientInfo], bytes | None]]] = [
            (who.username_re, lambda client: client.username),
            (who.client_id_re, lambda client: client.client_id),
            (who.zone_re, lambda client: client.zone.encode()),
            (who.listener_re, lambda client: client.listener.encode()),
        ]
        for expression, value_of in expressions:
            if expression is not None:
                conditions.append(_found(expression, value_of))
        if who.networks:
            networks = [_network(text) for text in who.networks]
            conditions.append(lambda client: _is_in(client.peer_host, networks))
        self._conditions = conditions

    def includes(self, client: ClientInfo) -> bool:
        """Whether all conditions hold for ``client``."""
        return all(condition(client) for condition in self._conditions)


def _found(expression: str, value_of: Callable[[ClientInfo], bytes | None]) -> _Condition:
    try:
        pattern = re.compile(expression.encode())
    except (re.error, UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{expression!r} is not a regular expression: {error}.") from error

    def condition(client: ClientInfo) -> bool:
        value = value_of(client)
        return value is not None and pattern.search(value) is not None

    return condition


def _network(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an IP address or a network.") from error


def _is_in(host: str, networks: list[_Network]) -> bool:
    address = _address(host)
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=1024)
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
