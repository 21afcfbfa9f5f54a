"""The authorization of EMQX 4.x's Redis plugin: topic filters, and behind each a sum of 1 (subscribe) and 2 (publish).

Values get into a filter by a regular expression, so that ``&`` and backslashes in them mean something, and a ``+``
or ``#`` widens the rule.

Source: emqx_acl_redis.erl (4.x); vectors ``emqx-auth`` (kind ``authz4``) and ``emqx-observed``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from mtlsx.auth.authorization.matching import CompiledRule, PlainFilter, Request, Trials
from mtlsx.auth.authorization.redis import told
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.command_warnings import warnings4
from mtlsx.auth.placeholders import values4_of
from mtlsx.auth.rules import Action, Rule
from mtlsx.auth.settings import RedisSource4
from mtlsx.auth.stores.store import Reply, Store, StoreError
from mtlsx.auth.trace import (
    Asked,
    Outcome,
    Replied,
    StoreFailed,
    Trace,
    Warned,
    text_of,
)
from mtlsx.identity.erlang_re import ReplacementError, expanded
from mtlsx.identity.redis_commands import CommandError, command_4


class RedisRules4:
    """The plugin's source of rules."""

    name = "redis"

    def __init__(self, settings: RedisSource4, store: Store, terms: Terms) -> None:
        self._command = settings.acl_cmd
        self._store = store
        self._terms = terms
        # The same rules come again with each message of a client.
        self._compiled = lru_cache(maxsize=4096)(_compiled)

    async def authorize(
        self, client: ClientInfo, action: Action, topic: bytes, trace: Trace
    ) -> SourceAnswer:
        """See ``Source``."""
        username = client.username or b""
        if username.startswith(b"$") and self._terms.dialect.dollar_username == "skips Redis":
            trace.append(
                Warned(f"The username {text_of(username)} begins with $: Redis is not asked.")
            )
            return SourceAnswer(
                Outcome.IGNORE, "EMQX 4.x passes clients over whose username begins with $"
            )
        values = values4_of(client)
        try:
            words = command_4(self._command, values)
            trace.append(Asked(self.name, self._store.name, words))
            trace.extend(warnings4(self._command, values, words))
            reply = await self._store.execute(words)
            trace.append(Replied(self._store.name, bool(reply), told(reply)))
            return self._judge(reply, Request(client, action, topic, self._terms), trace)
        except (CommandError, _CrashError, ReplacementError) as error:
            return SourceAnswer(Outcome.CRASH, str(error).rstrip("."))
        except StoreError as error:
            trace.append(StoreFailed(self._store.name, str(error)))
            return SourceAnswer(Outcome.IGNORE, f"Redis fails; {self._terms.on_failure}")

    def _judge(self, reply: Reply, request: Request, trace: Trace) -> SourceAnswer:
        if not isinstance(reply, list):
            raise _CrashError("EMQX's plugin raises, since the reply is no list.")
        if not reply:
            return SourceAnswer(Outcome.IGNORE, "there are no rules")
        trials = Trials(self.name, request, trace)
        try:
            for position in range(0, len(reply), 2):
                topic_filter, bits = _pair(reply[position : position + 2])
                rendered = _render(topic_filter, request.client)
                rule = self._compiled(topic_filter, rendered, bits & 3)
                if rule is None:
                    trials.passed_over(topic_filter, f"its value {bits} allows nothing")
                elif trials.matched(rule) is not None:
                    trace.extend(_widened(topic_filter, request.client))
                    detail = f"the rule for {text_of(topic_filter)} decides"
                    return SourceAnswer(Outcome.ALLOW, detail, rule.rule)
        finally:
            trials.end()
        if self._terms.dialect.rules_without_match == "nomatch":
            return SourceAnswer(Outcome.NOMATCH, "no rule matches")
        return SourceAnswer(Outcome.DENY, "there are rules, and none matches")


class _CrashError(Exception):
    """The plugin raises; the message is a sentence."""


_ACTIONS: Mapping[int, Literal["publish", "subscribe", "all"]] = {
    1: "subscribe",
    2: "publish",
    3: "all",
}
_NUMBER = re.compile(rb"([+-]?)[0-9]*?([0-9]{1,2})")


def _pair(pair: Sequence[Reply]) -> tuple[bytes, int]:
    if len(pair) < 2:
        raise _CrashError("EMQX's plugin raises, since the reply does not consist of pairs.")
    topic_filter, value = pair
    if not isinstance(topic_filter, bytes) or not isinstance(value, bytes):
        raise _CrashError("EMQX's plugin raises, since a rule in the reply is nil.")
    number = _NUMBER.fullmatch(value)
    if number is None:
        raise _CrashError(f"EMQX's plugin raises, since {text_of(value)} is no number.")
    # Only the two lowest bits count, and they are those of the last two digits, however many there are.
    return topic_filter, int(number[1] + number[2])


def _render(topic_filter: bytes, client: ClientInfo) -> bytes:
    for placeholder, value in ((b"%u", client.username), (b"%c", client.client_id)):
        if value is not None and placeholder in topic_filter:
            topic_filter = topic_filter.replace(placeholder, expanded(value, placeholder))
    return topic_filter


def _compiled(topic_filter: bytes, rendered: bytes, bits: int) -> CompiledRule | None:
    action = _ACTIONS.get(bits)
    if action is None:
        return None
    plain = PlainFilter(topic_filter, rendered, guard=True)
    return CompiledRule(Rule("allow", action, (topic_filter,)), [plain])


def _widened(topic_filter: bytes, client: ClientInfo) -> Iterator[Warned]:
    for placeholder, value in ((b"%u", client.username), (b"%c", client.client_id)):
        if placeholder in topic_filter and value and (b"+" in value or b"#" in value):
            yield Warned(
                f"The value of {placeholder.decode()}, {text_of(value)}, is a wildcard in the filter"
                f" {text_of(topic_filter)}: this client may do more than was meant."
            )
