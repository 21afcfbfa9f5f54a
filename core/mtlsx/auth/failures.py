"""What a store that fails means: nothing in EMQX's legacy profile, a refusal in the hardened one.

Source: emqx_authn_chains.erl, emqx_authz.erl (6.3); vectors ``emqx-auth`` (strata ``down`` and ``failure``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mtlsx.auth.settings import AuthSettings, SecurityProfile


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """How failures count. ``setting`` is the name of the one that lets the hardened profile ignore them."""

    security_profile: SecurityProfile
    ignore_backend_failures: bool
    setting: Literal[
        "authentication_settings.ignore_backend_failures", "authorization.ignore_backend_failures"
    ]

    @classmethod
    def of_authentication(cls, settings: AuthSettings) -> FailurePolicy:
        """How a failing authenticator counts."""
        return cls(
            settings.security_profile,
            settings.ignore_backend_failures,
            "authentication_settings.ignore_backend_failures",
        )

    @classmethod
    def of_authorization(cls, settings: AuthSettings) -> FailurePolicy:
        """How a failing source of rules counts."""
        return cls(
            settings.security_profile,
            settings.authorization.ignore_backend_failures,
            "authorization.ignore_backend_failures",
        )

    @property
    def refuses(self) -> bool:
        """Whether a failure refuses."""
        return self.security_profile == "hardened" and not self.ignore_backend_failures

    def __str__(self) -> str:
        if self.security_profile == "legacy":
            return "security_profile is legacy, so a failure counts as no opinion"
        if self.ignore_backend_failures:
            return f"{self.setting} is on, so a failure counts as no opinion"
        return "security_profile is hardened, so a failure refuses"
