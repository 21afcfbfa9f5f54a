"""Authenticators in order: the first that says ok or error decides.

Source: emqx_authn_chains.erl, emqx_access_control.erl (6.3); vectors ``emqx-auth`` (strata ``conn-chain`` and
``down``); for 4.x, where allow_anonymous decides at the end, ``emqx-observed`` (``obs-anon-*``).
"""

from __future__ import annotations

from collections.abc import Sequence

from mtlsx.auth.authentication.answer import Answer, Authenticator
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.failures import FailurePolicy
from mtlsx.auth.reasons import Reason
from mtlsx.auth.settings import AuthSettings
from mtlsx.auth.trace import Answered, Checked, Outcome, Trace, Warned
from mtlsx.packets.control_packets import Connect


class Chain:
    """The authentication of one set of settings."""

    def __init__(self, settings: AuthSettings, authenticators: Sequence[Authenticator]) -> None:
        self._settings = settings
        self._dialect = DIALECTS[settings.dialect]
        self._policy = FailurePolicy.of_authentication(settings)
        self._authenticators = authenticators

    async def authenticate(self, client: ClientInfo, connect: Connect, trace: Trace) -> Answer:
        """``ok`` or ``error``: whether the client is let in; appends what was done to ``trace``."""
        if self._settings.enable_authn == "false":
            return _said(Answer(Outcome.OK, "enable_authn is false for this listener"), trace)
        if self._settings.enable_authn == "quick_deny_anonymous" and not client.username:
            trace.append(
                Checked(
                    "quick_deny_anonymous", False, "There is no username, and enable_authn is"
                    " quick_deny_anonymous.",
                )
            )  # fmt: skip
            return Answer(
                Outcome.ERROR, "a client without a username is refused", Reason.NOT_AUTHORIZED
            )
        for authenticator in self._authenticators:
            answer = await authenticator.authenticate(client, connect, trace)
            trace.append(Answered(authenticator.name, answer.outcome, answer.reason, answer.detail))
            if answer.outcome is Outcome.CRASH:
                trace.append(Warned(f"EMQX's code raises here; {self._policy}."))
                if self._policy.refuses:
                    return Answer(Outcome.ERROR, answer.detail, Reason.NOT_AUTHORIZED)
            elif answer.outcome is not Outcome.IGNORE:
                return answer
        return _said(self._nobody(), trace)

    def _nobody(self) -> Answer:
        """The answer where no authenticator has an opinion."""
        if self._dialect.no_authenticator == "allow_anonymous":
            if self._settings.allow_anonymous:
                return Answer(Outcome.OK, "nobody has an opinion, and allow_anonymous is true")
            return Answer(
                Outcome.ERROR,
                "nobody has an opinion, and allow_anonymous is false",
                Reason.NOT_AUTHORIZED,
            )
        if self._authenticators:
            return Answer(
                Outcome.ERROR, "no authenticator accepts the client", Reason.NOT_AUTHORIZED
            )
        if self._settings.security_profile == "hardened":
            return Answer(
                Outcome.ERROR,
                "no authenticator is configured, and security_profile is hardened",
                Reason.NOT_AUTHORIZED,
            )
        return Answer(Outcome.OK, "no authenticator is configured, so everybody is let in")


def _said(answer: Answer, trace: Trace) -> Answer:
    trace.append(Answered("authentication", answer.outcome, answer.reason, answer.detail))
    return answer
