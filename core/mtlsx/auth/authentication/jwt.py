"""The authenticator that takes JSON web tokens, in the place of a password or a username.

A token whose signature cannot be verified counts as a failure of the authenticator, not as a refusal; so do keys that
cannot be had. A token that is signed and has a wrong claim is refused.

Source: emqx_authn_jwt.erl, emqx_authn_jwt_schema.erl (6.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mtlsx.auth.authentication.answer import Answer
from mtlsx.auth.authentication.claims import (
    ClaimCrashError,
    ClaimError,
    Claims,
    Expected,
    checks,
    grant,
    with_numbers,
)
from mtlsx.auth.authentication.jwks import KeyCache, KeyLoader
from mtlsx.auth.authentication.signing_keys import (
    HMAC,
    PUBLIC,
    KeysError,
    SigningKey,
    pem_key,
    secret_key,
)
from mtlsx.auth.authentication.tokens import Token, TokenError, claims, read, signer
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import EMQX_6, Dialect
from mtlsx.auth.reasons import Reason
from mtlsx.auth.settings import JwtAuthentication, SecurityProfile
from mtlsx.auth.trace import Checked, Outcome, StoreFailed, Trace, Warned, text_of
from mtlsx.errors import UsageError
from mtlsx.identity.templates import Template
from mtlsx.packets.control_packets import Connect

_PLACEHOLDERS: Final = frozenset({"clientid", "username"})
_MASKED: Final = "••••••".encode()
_SHOWN: Final = 40  # characters of an algorithm or a kid that are worth showing


class JwtAuthenticator:
    """One ``[[authentication]]`` with ``mechanism = "jwt"``.

    ``load_keys`` fetches the JWKS, ``clock`` gives seconds since the epoch. Raises ``UsageError`` for settings that
    cannot be meant.
    """

    name = "jwt"

    def __init__(
        self,
        settings: JwtAuthentication,
        load_keys: KeyLoader,
        clock: Callable[[], float],
        *,
        security_profile: SecurityProfile = "legacy",
        dialect: Dialect = EMQX_6,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._dialect = dialect
        self._denies_missing = (
            settings.on_missing_jwt or {"legacy": "ignore", "hardened": "deny"}[security_profile]
        ) == "deny"
        self._key, self._cache = _keys(settings, load_keys, clock)
        self._expected = [
            (claim, text, Template.parse(text.encode(), _PLACEHOLDERS))
            for claim, text in settings.verify_claims
        ]

    async def authenticate(self, client: ClientInfo, connect: Connect, trace: Trace) -> Answer:
        """See ``Authenticator``."""
        if connect.properties.authentication_method is not None:
            return Answer(Outcome.IGNORE, "CONNECT asks for enhanced authentication")
        where = self._settings.from_field
        octets = connect.password if where == "password" else client.username
        if octets is None:
            return self._missing()
        try:
            token = read(octets)
            await self._verify(token, trace)
            found = claims(token)
        except TokenError as error:
            return Answer(Outcome.CRASH, str(error))
        except KeysError as error:
            # Only keys that are fetched can be missing.
            source = "" if self._cache is None else self._cache.name
            trace.append(StoreFailed(source, f"The keys at {source} cannot be had: {error}."))
            return Answer(Outcome.CRASH, "there are no keys to verify the token with")
        return self._judge(with_numbers(found, self._dialect), client, trace)

    async def aclose(self) -> None:
        """End a fetch of keys that is under way."""
        if self._cache is not None:
            await self._cache.aclose()

    def _missing(self) -> Answer:
        detail = f"there is no token: CONNECT has no {self._settings.from_field}"
        if self._denies_missing:
            return Answer(Outcome.ERROR, detail, Reason.BAD_USERNAME_OR_PASSWORD)
        return Answer(Outcome.IGNORE, detail)

    async def _verify(self, token: Token, trace: Trace) -> None:
        """Raises ``TokenError`` where ``token`` is not signed with a key of ours, and ``KeysError``."""
        allowed = HMAC if self._settings.secret is not None else PUBLIC
        if token.algorithm not in allowed:
            said = "names no algorithm" if token.algorithm is None else _quoted(token.algorithm)
            detail = (
                f"The token is signed with {said}, and only {', '.join(sorted(allowed))} count."
            )
            if token.algorithm is None:
                detail = "The header of the token names no algorithm."
            trace.append(Checked("signature", False, detail))
            raise TokenError("the token is not signed with an algorithm of this authenticator")
        key, known = await self._signer(token)
        if key is not None:
            kid = "" if key.kid is None else f" (kid {_quoted(key.kid)})"
            detail = f"The token is signed with {token.algorithm} and {self._whose}{kid}."
            trace.append(Checked("signature", True, detail))
            return
        detail = f"The token is not signed with {self._whose}"
        if not any(token.algorithm in other.algorithms for other in known):
            detail += f", which is not for {token.algorithm}"
        elif token.kid is not None and all(token.kid != other.kid for other in known):
            detail += f"; none of them has its kid {_quoted(token.kid)}" if self._cache else ""
        trace.append(Checked("signature", False, f"{detail}."))
        raise TokenError("the signature of the token cannot be verified")

    async def _signer(self, token: Token) -> tuple[SigningKey | None, tuple[SigningKey, ...]]:
        """The key with which ``token`` is signed, and all keys that were tried."""
        if self._cache is None:
            only = () if self._key is None else (self._key,)
            return signer(token, only), only
        known = await self._cache.keys()
        found = signer(token, known)
        if found is None and token.kid is not None and token.kid not in {key.kid for key in known}:
            newer = await self._cache.newer_keys(known)
            if newer is not None:
                known, found = newer, signer(token, newer)
        return found, known

    @property
    def _whose(self) -> str:
        if self._cache is not None:
            return f"a key of {self._cache.name}"
        return "the secret" if self._settings.secret is not None else "the public key"

    def _judge(self, found: Claims, client: ClientInfo, trace: Trace) -> Answer:
        expected = self._rendered(client)
        if any(_is_no_text(entry.value) for entry in expected):
            return Answer(
                Outcome.CRASH, "EMQX raises on a value for verify_claims that is not UTF-8"
            )
        for check in checks(found, expected, self._clock(), self._dialect):
            trace.append(check)
            if not check.passed:
                detail = f"the claim {check.what} of the token is not what it must be"
                return Answer(Outcome.ERROR, detail, Reason.BAD_USERNAME_OR_PASSWORD)
        if "exp" not in found:
            trace.append(Warned("The token has no claim exp, so it never expires."))
        try:
            given = grant(
                found,
                acl_claim_name=self._settings.acl_claim_name,
                disconnect_after_expire=self._settings.disconnect_after_expire,
                trace=trace,
            )
        except ClaimError as error:
            return Answer(Outcome.ERROR, str(error), Reason.BAD_USERNAME_OR_PASSWORD)
        except ClaimCrashError as error:
            return Answer(Outcome.CRASH, str(error))
        return Answer(Outcome.OK, "the token is signed, and its claims are right", grant=given)

    def _rendered(self, client: ClientInfo) -> list[Expected]:
        values = {"clientid": client.client_id, "username": client.username}
        # The username may be the token itself.
        shown = values | ({"username": _MASKED} if self._settings.from_field == "username" else {})
        return [
            Expected(claim, template.render(values), text, template.render(shown))
            for claim, text, template in self._expected
        ]


def _keys(
    settings: JwtAuthentication, load_keys: KeyLoader, clock: Callable[[], float]
) -> tuple[SigningKey | None, KeyCache | None]:
    given = (settings.secret, settings.public_key, settings.endpoint)
    if sum(value is not None for value in given) != 1:
        raise UsageError(
            "A JWT authenticator needs exactly one of secret, public_key and endpoint.",
            fix='secret is for "hmac-based", public_key for "public-key", endpoint for use_jwks.',
        )
    if settings.secret is not None:
        return secret_key(settings.secret, base64_encoded=settings.secret_base64_encoded), None
    if settings.public_key is not None:
        return pem_key(settings.public_key), None
    endpoint = settings.endpoint or ""
    return None, KeyCache(
        endpoint, load_keys, refresh_interval=settings.refresh_interval, clock=clock
    )


def _quoted(text: str) -> str:
    octets = text.encode(errors="backslashreplace")
    return text_of(octets) if len(octets) <= _SHOWN else f"{text_of(octets[:_SHOWN])}…"


def _is_no_text(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return True
    return False
