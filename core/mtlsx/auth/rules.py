"""Rules: who may do what on which topics. How they are matched is told by ``authorization.matching``.

Source: emqx_authz_rule.erl (6.3), emqx_authz_rule_raw.erl; vectors ``emqx-auth/authz.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Permission: TypeAlias = Literal["allow", "deny"]
ActionType: TypeAlias = Literal["publish", "subscribe"]

ANY_QOS = frozenset((0, 1, 2))


@dataclass(frozen=True, slots=True)
class Action:
    """What a client wants: to publish, or to subscribe. ``qos`` 0 to 2; ``retain`` counts for publish only."""

    type: ActionType
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a rule is for; all conditions that are set must hold, and none set is everybody.

    ``usernames`` and ``client_ids`` are octets, one of which must be equal; ``zone`` and ``listener`` must be equal.
    ``username_re``, ``client_id_re``, ``zone_re`` and ``listener_re`` are regular expressions that must be found;
    ``networks`` are IP addresses or networks as text, one of which must hold the client's address.
    """

    usernames: tuple[bytes, ...] = ()
    client_ids: tuple[bytes, ...] = ()
    username_re: str | None = None
    client_id_re: str | None = None
    networks: tuple[str, ...] = ()
    zone: str | None = None
    zone_re: str | None = None
    listener: str | None = None
    listener_re: str | None = None


EVERYBODY = Who()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``topic_filters`` as written: with placeholders, or ``eq `` before a literal.

    ``topic_filters`` None is every topic, those that begin with ``$`` too; ``retain`` None is any. ``reason_code`` is
    ours: the code that answers what the rule denies, in place of the usual one.
    """

    permission: Permission
    action: Literal["publish", "subscribe", "all"] = "all"
    topic_filters: tuple[bytes, ...] | None = None
    who: Who = EVERYBODY
    qos: frozenset[int] = ANY_QOS
    retain: bool | None = None
    reason_code: int | None = None


@dataclass(frozen=True, slots=True)
class ClientAcl:
    """The rules that came with a client's token.

    ``otherwise``: what they say where none matches; ``deny`` for an object of lists, ``nomatch`` for an array of
    rules. ``expires_at`` in seconds since the epoch: from then on everything is denied.
    """

    rules: tuple[Rule, ...]
    otherwise: Literal["deny", "nomatch"] = "nomatch"
    expires_at: float | None = None
