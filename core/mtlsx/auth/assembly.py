"""From settings to what decides: an authenticator or a source of rules for each that is configured and enabled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.auth.authentication.answer import Authenticator
from mtlsx.auth.authentication.built_in import BuiltInAuthenticator
from mtlsx.auth.authentication.redis import RedisAuthenticator
from mtlsx.auth.authentication.redis_4 import RedisAuthenticator4
from mtlsx.auth.authorization.file import FileRules
from mtlsx.auth.authorization.redis import RedisRules
from mtlsx.auth.authorization.redis_4 import RedisRules4
from mtlsx.auth.authorization.source import Source, Terms
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.failures import FailurePolicy
from mtlsx.auth.settings import (
    AuthenticatorSettings,
    AuthSettings,
    BuiltInDatabase,
    RedisAuthentication,
    RedisAuthentication4,
    RedisSource,
    RedisSource4,
    SourceSettings,
)
from mtlsx.auth.stores.store import OpenStore

if TYPE_CHECKING:
    from mtlsx.auth.authentication.jwks import KeyLoader


@dataclass(frozen=True, slots=True)
class Means:
    """What the engine was given: where stores and keys come from, the time, whether it is to diagnose.

    ``at_end`` takes what is to be called when the engine closes.
    """

    open_store: OpenStore
    load_keys: KeyLoader | None
    clock: Callable[[], float]
    diagnose: bool
    at_end: Callable[[Callable[[], Awaitable[None]]], object]


def authenticators(settings: AuthSettings, means: Means) -> list[Authenticator]:
    """The authenticators in order; raises ``UsageError`` where EMQX would refuse their settings."""
    return [_authenticator(one, settings, means) for one in settings.authentication if one.enable]


def sources(settings: AuthSettings, means: Means) -> list[Source]:
    """The sources of rules in order; raises ``UsageError`` where EMQX would refuse their settings."""
    terms = Terms.of(settings)
    return [_source(one, terms, means) for one in settings.authorization.sources if one.enable]


def _authenticator(
    one: AuthenticatorSettings, settings: AuthSettings, means: Means
) -> Authenticator:
    dialect = DIALECTS[settings.dialect]
    policy = FailurePolicy.of_authentication(settings)
    match one:
        case RedisAuthentication():
            store = means.open_store(one.redis)
            return RedisAuthenticator(one, dialect, store, policy, diagnose=means.diagnose)
        case RedisAuthentication4():
            return RedisAuthenticator4(one, means.open_store(one.redis), diagnose=means.diagnose)
        case BuiltInDatabase():
            return BuiltInAuthenticator(one, dialect)
        case _:
            from mtlsx.auth.authentication.jwks import key_loader
            from mtlsx.auth.authentication.jwt import JwtAuthenticator

            authenticator = JwtAuthenticator(
                one,
                means.load_keys or key_loader(),
                means.clock,
                security_profile=settings.security_profile,
                dialect=dialect,
            )
            means.at_end(authenticator.aclose)
            return authenticator


def _source(one: SourceSettings, terms: Terms, means: Means) -> Source:
    match one:
        case RedisSource():
            return RedisRules(one, means.open_store(one.redis), terms)
        case RedisSource4():
            return RedisRules4(one, means.open_store(one.redis), terms)
        case _:
            return FileRules(one, terms)
