"""The Redis source of EMQX 5 and 6: a command whose reply is topic filters and what is allowed on each.

A hash with one bad JSON object counts as a failure of Redis from there on, and a reply that does not consist of
pairs of texts makes EMQX raise.

Source: emqx_authz_redis.erl, emqx_auth_redis_validations.erl (6.3); vectors ``emqx-auth`` (kinds ``authz5``,
``authz_cmd``, ``tmpl5_authz``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from mtlsx.auth.authorization.matching import Request, RuleError, Trials
from mtlsx.auth.authorization.raw_rules import RawRuleError
from mtlsx.auth.authorization.redis_rules import compiled, normalized
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.placeholders import AUTHORIZATION, values_of
from mtlsx.auth.rules import Action
from mtlsx.auth.settings import RedisSource
from mtlsx.auth.stores.store import Reply, Store, StoreError
from mtlsx.auth.trace import Asked, Outcome, Replied, StoreFailed, Trace, text_of
from mtlsx.errors import UsageError
from mtlsx.identity.redis_commands import CommandError, split
from mtlsx.identity.templates import Template


@dataclass(frozen=True, slots=True)
class Command:
    """A command, each word of it a template: a value never splits or adds words."""

    words: tuple[Template, ...]

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of all placeholders."""
        return frozenset().union(*(word.names for word in self.words))

    def render(self, values: Mapping[str, bytes | None]) -> tuple[bytes, ...]:
        """The words as they are sent."""
        return tuple([word.render(values) for word in self.words])


def parse_command(cmd: str, *, v4: bool = False) -> Command:
    """The command that ``cmd`` configures, in compatibility_mode ``v4`` or not.

    Raises ``UsageError`` where EMQX refuses it.
    """
    line = cmd.encode(errors="surrogateescape")
    try:
        words = split(normalized(line) if v4 else line)
    except CommandError as error:
        raise UsageError(
            f"The Redis command {cmd!r} cannot be split into words: {error}"
        ) from error
    if not words:
        raise UsageError("The Redis command is empty.", fix=_EXAMPLE)
    if words[0].lower() not in (b"hgetall", b"hmget"):
        raise UsageError(
            f"The Redis command {cmd!r} must be HGETALL or HMGET, not {text_of(words[0])}.",
            fix=_EXAMPLE,
        )
    return Command(tuple(Template.parse(word, AUTHORIZATION) for word in words))


_EXAMPLE = "Write it like HGETALL mqtt_acl:${username}."


class RedisRules:
    """The source. Raises ``UsageError`` for a command that EMQX refuses."""

    name = "redis"

    def __init__(self, settings: RedisSource, store: Store, terms: Terms) -> None:
        v4 = settings.compatibility_mode == "v4"
        self._command = parse_command(settings.cmd, v4=v4)
        self._store = store
        self._terms = terms
        # The same rules come again with each message of a client.
        self._compiled = lru_cache(maxsize=4096)(partial(compiled, dialect=terms.dialect, v4=v4))

    async def authorize(
        self, client: ClientInfo, action: Action, topic: bytes, trace: Trace
    ) -> SourceAnswer:
        """See ``Source``."""
        request = Request(client, action, topic, self._terms)
        words = self._command.render(values_of(client))
        trace.append(Asked(self.name, self._store.name, words))
        try:
            reply = await self._store.execute(words)
        except StoreError as error:
            trace.append(StoreFailed(self._store.name, str(error)))
            return self._failed("Redis fails")
        trace.append(Replied(self._store.name, bool(reply), told(reply)))
        trials = Trials(self.name, request, trace)
        answer = self._judge(reply, trials)
        trials.end()
        return answer

    def _judge(self, reply: Reply, trials: Trials) -> SourceAnswer:
        if not isinstance(reply, list):
            return SourceAnswer(Outcome.CRASH, "EMQX raises, since the reply is no list")
        for position in range(0, len(reply), 2):
            topic_filter = reply[position]
            value = reply[position + 1] if position + 1 < len(reply) else None
            if not isinstance(value, bytes):
                return SourceAnswer(Outcome.CRASH, _NO_PAIRS)
            if not isinstance(topic_filter, bytes):
                return self._failed("a rule has no topic filter")
            try:
                rule = self._compiled(topic_filter, value)
            except RawRuleError as error:
                detail = f"the rule for {text_of(topic_filter)} is bad: {str(error).rstrip('.')}"
                trials.passed_over(topic_filter, "it is bad, and what follows is not read")
                return self._failed(detail)
            except RuleError as error:
                return SourceAnswer(Outcome.CRASH, str(error).rstrip("."))
            if isinstance(rule, str):
                trials.passed_over(topic_filter, rule)
                continue
            matched = trials.matched(rule)
            if matched is not None:
                outcome = Outcome.ALLOW if matched.permission == "allow" else Outcome.DENY
                return SourceAnswer(outcome, _decides(topic_filter), matched)
        return SourceAnswer(Outcome.NOMATCH, "no rule matches" if reply else "there are no rules")

    def _failed(self, detail: str) -> SourceAnswer:
        outcome = Outcome.DENY if self._terms.refuses else Outcome.IGNORE
        return SourceAnswer(outcome, f"{detail}; {self._terms.on_failure}")


_NO_PAIRS = "EMQX raises, since the reply does not consist of a filter and a rule in turn"


@lru_cache(maxsize=4096)
def _decides(topic_filter: bytes) -> str:
    return f"the rule for {text_of(topic_filter)} decides"


def told(reply: Reply) -> str:
    """A reply as traces tell it, in a sentence."""
    if not isinstance(reply, list):
        return "The reply is no list."
    count = len(reply) // 2
    return f"The reply has {count} rule{'' if count == 1 else 's'}."
