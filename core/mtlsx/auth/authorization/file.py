"""The file source: rules of ``acl.conf``, in order.

Source: emqx_authz_file.erl (6.3), emqx_mod_acl_internal.erl (4.x).
"""

from __future__ import annotations

from mtlsx.auth.authorization.matching import CompiledRule, Request, RuleError, Trials
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.rules import Action
from mtlsx.auth.settings import FileSource
from mtlsx.auth.trace import Outcome, Trace
from mtlsx.errors import UsageError


class FileRules:
    """The source. Raises ``UsageError`` for a rule that EMQX cannot compile; rules count from 1."""

    def __init__(self, settings: FileSource, terms: Terms) -> None:
        self._name = settings.name
        self._terms = terms
        self._rules = []
        for number, rule in enumerate(settings.rules, 1):
            try:
                self._rules.append(CompiledRule.of(rule, terms.dialect))
            except RuleError as error:
                raise UsageError(f"{settings.name}: rule {number}: {error}") from error

    @property
    def name(self) -> str:
        """See ``Source``."""
        return self._name

    async def authorize(
        self, client: ClientInfo, action: Action, topic: bytes, trace: Trace
    ) -> SourceAnswer:
        """See ``Source``."""
        trials = Trials(self.name, Request(client, action, topic, self._terms), trace)
        rule = trials.first_match(self._rules)
        trials.end()
        if rule is None:
            return SourceAnswer(Outcome.NOMATCH, "no rule matches")
        return SourceAnswer(Outcome(rule.permission), "a rule matches", rule)
