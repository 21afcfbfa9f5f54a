"""The rules that a client's token carries, which EMQX asks before all sources.

A claim is an object with the lists ``pub``, ``sub`` and ``all``, which denies where nothing matches, or an array of
rules, which then leaves the decision to the sources.

Source: emqx_authz_client_info.erl, emqx_authz_rule_raw.erl (6.3).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Literal

from mtlsx.auth.authorization.matching import CompiledRule, Request, RuleError, Trials
from mtlsx.auth.authorization.raw_rules import RawRuleError, octets, rule, shown
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import EMQX_6, Dialect
from mtlsx.auth.rules import Action, ClientAcl, Rule
from mtlsx.auth.trace import Outcome, Trace


def parse_acl(claim: object, *, expires_at: float | None = None) -> ClientAcl:
    """The rules in the claim ``acl`` of a token, as JSON gives it; ``expires_at`` is the token's ``exp``.

    Raises ``RawRuleError``, a ``ValueError`` with a sentence, for what is none. (Of an object with bad lists EMQX only finds out when
    the client publishes or subscribes; it is refused here.)
    """
    if isinstance(claim, dict):
        rules = tuple(
            Rule("allow", action, _filters(claim[key], key))
            for key, action in _LISTS.items()
            if key in claim
        )
        otherwise: Literal["deny", "nomatch"] = "deny"
    elif isinstance(claim, list):
        rules = tuple(_rule(item, number) for number, item in enumerate(claim, 1))
        otherwise = "nomatch"
    else:
        raise RawRuleError(f"The acl of a token must be an object or an array, not {shown(claim)}.")
    _compiled(rules, dialect=EMQX_6)
    return ClientAcl(rules, otherwise, expires_at)


class ClientRules:
    """The source ``client_info``. ``clock`` gives seconds since the epoch."""

    name = "client_info"

    def __init__(self, terms: Terms, clock: Callable[[], float]) -> None:
        self._terms = terms
        self._clock = clock
        self._compiled = lru_cache(maxsize=1024)(partial(_compiled, dialect=terms.dialect))

    async def authorize(
        self, client: ClientInfo, action: Action, topic: bytes, trace: Trace
    ) -> SourceAnswer:
        """See ``Source``; without rules in its token the answer is ``ignore``."""
        acl = client.acl
        if acl is None:
            return SourceAnswer(Outcome.IGNORE, "the client brought no rules")
        if acl.expires_at is not None and acl.expires_at < int(self._clock()):
            return SourceAnswer(Outcome.DENY, "the rules of the client's token have expired")
        try:
            rules = self._compiled(acl.rules)
        except RawRuleError as error:
            return SourceAnswer(Outcome.CRASH, str(error).rstrip("."))
        trials = Trials(self.name, Request(client, action, topic, self._terms), trace)
        matched = trials.first_match(rules)
        trials.end()
        if matched is not None:
            return SourceAnswer(Outcome(matched.permission), "a rule of its token matches", matched)
        return SourceAnswer(Outcome(acl.otherwise), "no rule of the client's token matches")


_LISTS: dict[str, Literal["publish", "subscribe", "all"]] = {
    "pub": "publish",
    "sub": "subscribe",
    "all": "all",
}


def _filters(value: object, key: str) -> tuple[bytes, ...]:
    filters = octets(value)
    if filters is None:
        raise RawRuleError(
            f"{key} in the acl of a token must be a list of texts, not {shown(value)}."
        )
    return filters


def _rule(item: object, number: int) -> Rule:
    if not isinstance(item, dict):
        raise RawRuleError(
            f"Rule {number} in the acl of a token must be an object, not {shown(item)}."
        )
    try:
        return rule(item)
    except RawRuleError as error:
        raise RawRuleError(f"Rule {number} in the acl of a token: {error}") from error


def _compiled(rules: tuple[Rule, ...], *, dialect: Dialect) -> tuple[CompiledRule, ...]:
    """Raises ``RawRuleError`` for what EMQX cannot compile."""
    compiled = []
    for number, one in enumerate(rules, 1):
        try:
            compiled.append(CompiledRule.of(one, dialect))
        except RuleError as error:
            raise RawRuleError(f"Rule {number} in the acl of a token: {error}") from error
    return tuple(compiled)
