"""What a source of rules is asked and what it answers, and what all of them are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import DIALECTS, Dialect
from mtlsx.auth.failures import FailurePolicy
from mtlsx.auth.rules import Action, Rule
from mtlsx.auth.settings import AuthSettings
from mtlsx.auth.trace import Outcome, Trace


@dataclass(frozen=True, slots=True)
class Terms:
    """What all sources of one engine have in common.

    ``policy`` says how failures count. ``topic_template_allow`` holds the octets, of ``+``, ``#`` and ``/``, that a
    value may bring into the topic filter of a rule.
    """

    dialect: Dialect
    policy: FailurePolicy
    topic_template_allow: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, settings: AuthSettings) -> Terms:
        """The terms that ``settings`` lay down."""
        return cls(
            DIALECTS[settings.dialect],
            FailurePolicy.of_authorization(settings),
            frozenset(
                character.encode() for character in settings.authorization.topic_template_allow
            ),
        )

    @property
    def refuses(self) -> bool:
        """Whether a failure denies."""
        return self.dialect.security_profiles and self.policy.refuses

    @property
    def on_failure(self) -> str:
        """What a failure means, without a period."""
        if self.dialect.security_profiles:
            return str(self.policy)
        return "a failure counts as no opinion"


class SourceAnswer(NamedTuple):
    """``allow``, ``deny``, ``nomatch``, ``ignore`` or ``crash``; ``detail`` says why, without a period.

    ``rule`` is the one that decided; None where none did. A failure is answered with ``deny`` where the policy
    says so, else with ``ignore``; a ``crash`` is for the authorizer to judge.
    """

    outcome: Outcome
    detail: str
    rule: Rule | None = None


class Source(Protocol):
    """One source of rules. ``name`` is what traces call it."""

    @property
    def name(self) -> str: ...

    async def authorize(
        self, client: ClientInfo, action: Action, topic: bytes, trace: Trace
    ) -> SourceAnswer:
        """What its rules say over ``action`` of ``client`` on ``topic``, a name or a filter without its prefix.

        Appends what it did to ``trace``, but not its answer. Never raises.
        """
