"""Whether a client may publish or subscribe: superusers, the rules of its token, the sources in order, no_match.

Source: emqx_access_control.erl, emqx_authz.erl (6.3); vectors ``emqx-auth`` (kinds ``authz5``, ``authz4``) and
``emqx-observed`` (``obs-acl-*``, ``obs-super-*``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mtlsx.auth.authorization.client_acl import ClientRules
from mtlsx.auth.authorization.source import Source, SourceAnswer, Terms
from mtlsx.auth.authorization.topics import TopicError, parse, without_delay
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.rules import Action, Rule
from mtlsx.auth.settings import AuthSettings
from mtlsx.auth.trace import Answered, Checked, Outcome, Trace, text_of


class Verdict(NamedTuple):
    """The decision; ``detail`` says what decided, without a period. ``rule`` is None where no rule did."""

    allowed: bool
    detail: str
    rule: Rule | None = None


class Authorizer:
    """Authorizes by one set of settings. ``clock`` gives seconds since the epoch, for tokens that expire."""

    def __init__(
        self,
        settings: AuthSettings,
        sources: Sequence[Source],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._terms = Terms.of(settings)
        self._no_match = settings.authorization.no_match
        self._client_rules = ClientRules(self._terms, clock)
        self._sources = tuple(sources)

    async def authorize(
        self, client: ClientInfo, action: Action, topic: bytes, trace: Trace
    ) -> Verdict:
        """Whether ``client`` may do ``action`` on ``topic``: a topic name, or a filter with its prefix.

        A shared or exclusive subscription is decided over by the filter behind its prefix, and a delayed message,
        where the dialect has them, by the topic behind.
        """
        real = self._real_topic(action, topic, trace)
        if real is None:
            return Verdict(False, f"{text_of(topic)} is malformed")
        if client.is_superuser:
            trace.append(Answered("superuser", Outcome.ALLOW, None, "no rule is asked"))
            return Verdict(True, "the client is a superuser")
        sources = self._sources if client.acl is None else (self._client_rules, *self._sources)
        for source in sources:
            answer = await source.authorize(client, action, real, trace)
            if answer.outcome is Outcome.CRASH:
                answer = self._crashed(answer)
            trace.append(Answered(source.name, answer.outcome, None, answer.detail))
            allowed = answer.outcome is Outcome.ALLOW
            if allowed or answer.outcome is Outcome.DENY:
                return Verdict(allowed, f"{source.name}: {answer.detail}", answer.rule)
        return Verdict(
            self._no_match == "allow", f"no source decides, and no_match is {self._no_match}"
        )

    def _real_topic(self, action: Action, topic: bytes, trace: Trace) -> bytes | None:
        try:
            real = parse(topic).topic_filter if action.type == "subscribe" else topic
        except TopicError as error:
            trace.append(Checked("topic filter", False, str(error)))
            return None
        if not self._terms.dialect.delayed:
            return real
        behind = without_delay(real)
        if behind is None:
            detail = f"{text_of(real)} has not the form $delayed/SECONDS/TOPIC."
            trace.append(Checked("delayed topic", False, detail))
        return behind

    def _crashed(self, answer: SourceAnswer) -> SourceAnswer:
        outcome = Outcome.DENY if self._terms.refuses else Outcome.CRASH
        return SourceAnswer(outcome, f"{answer.detail}; {self._terms.on_failure}")
