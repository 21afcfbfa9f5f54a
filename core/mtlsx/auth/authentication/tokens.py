"""JSON web tokens (RFC 7519) in their compact form: what is in them, and whose signature they carry.

Source: emqx_authn_jwt.erl (6.3); the cryptography is PyJWT's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mtlsx.auth.authentication.signing_keys import SigningKey

if TYPE_CHECKING:
    from jwt import PyJWS


class TokenError(Exception):
    """No token; the text goes on after a colon, without a full stop, and shows nothing of what was given."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that can be read. ``algorithm`` and ``kid`` are what its header claims; nothing is verified yet."""

    algorithm: str | None
    kid: str | None
    payload: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def read(octets: bytes) -> Token:
    """The token that ``octets`` are. Raises ``TokenError``."""
    from jwt.exceptions import PyJWTError

    try:
        parts = _jws().decode_complete(octets, options={"verify_signature": False})
    except (PyJWTError, ValueError, RecursionError) as error:
        raise TokenError("what the client sent is no token") from error
    header: Mapping[str, Any] = parts["header"]
    algorithm, kid = header.get("alg"), header.get("kid")
    return Token(
        algorithm=algorithm if isinstance(algorithm, str) else None,
        kid=kid if isinstance(kid, str) else None,
        payload=parts["payload"],
        signed=octets.rpartition(b".")[0],
        signature=parts["signature"],
    )


def signer(token: Token, keys: Iterable[SigningKey]) -> SigningKey | None:
    """The first of ``keys`` with which ``token`` is signed; those with its ``kid`` are tried first.

    As for EMQX, a ``kid`` that fits no key does not matter where a key fits.
    """
    fitting = [key for key in keys if token.algorithm in key.algorithms]
    fitting.sort(key=lambda key: key.kid != token.kid)
    if not fitting:
        return None
    algorithm = _jws().get_algorithm_by_name(token.algorithm or "")
    return next(
        (key for key in fitting if algorithm.verify(token.signed, key.material, token.signature)),
        None,
    )


def claims(token: Token) -> dict[str, object]:
    """The claims in ``token``. Raises ``TokenError`` for what is no JSON object."""
    try:
        found = json.loads(token.payload.decode(), parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise TokenError("the claims of the token are not JSON") from error
    if not isinstance(found, dict):
        raise TokenError("the claims of the token are no JSON object")
    return found


@lru_cache(maxsize=1)
def _jws() -> PyJWS:
    from jwt import PyJWS

    return PyJWS()


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError("JSON knows no such number.")
    return float(number)
