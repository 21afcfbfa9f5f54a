"""What the claims of a token must be, and what they give the client.

Source: emqx_authn_jwt.erl and emqx_authn_utils.erl (6.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mtlsx.auth.authentication.answer import Grant
from mtlsx.auth.authorization.client_acl import parse_acl
from mtlsx.auth.dialects import Dialect
from mtlsx.auth.rules import ClientAcl
from mtlsx.auth.trace import Checked, Trace, Warned, text_of

Claims = Mapping[str, object]


class ClaimError(Exception):
    """A claim that cannot be used, so that EMQX refuses; the text goes on after a colon, without a full stop."""


class ClaimCrashError(Exception):
    """A claim on which EMQX's code raises; the text goes on after a colon, without a full stop."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One entry of ``verify_claims``: the claim, its value for this client, and both as they may be shown.

    ``template`` is the value as configured; ``shown`` is ``value`` without secrets.
    """

    claim: str
    value: bytes
    template: str
    shown: bytes


def with_numbers(claims: Claims, dialect: Dialect) -> dict[str, object]:
    """``claims``, in which times that are written as text are numbers."""
    numbers = {
        name: _number(value)
        for name, value in claims.items()
        if name in dialect.token_times and isinstance(value, str)
    }
    return {**claims, **numbers}


def checks(
    claims: Claims, expected: Sequence[Expected], now: float, dialect: Dialect
) -> Iterator[Checked]:
    """Each condition on ``claims`` (after ``with_numbers``), in EMQX's order; ``now`` in seconds since the epoch."""
    audience = [entry for entry in expected if entry.claim == "aud"] if dialect.aud_arrays else []
    for entry in audience:
        yield _check(claims, entry, arrays=True)
    for name in dialect.token_times:
        if name in claims:
            yield _check_time(name, claims[name], math.floor(now))
    for entry in expected:
        if entry not in audience:
            yield _check(claims, entry, arrays=False)


def grant(
    claims: Claims, *, acl_claim_name: str, disconnect_after_expire: bool, trace: Trace
) -> Grant:
    """What ``claims`` (after ``with_numbers``) give the client; tells in ``trace`` what of them is dropped.

    Raises ``ClaimError`` and ``ClaimCrashError``.
    """
    expires_at = _expires_at(claims) if disconnect_after_expire else None
    override = claims.get("clientid_override")
    return Grant(
        is_superuser=is_superuser(claims.get("is_superuser")),
        clientid_override=octets(override) if isinstance(override, str) and override else None,
        client_attrs=_client_attrs(claims, trace),
        acl=_acl(claims, acl_claim_name),
        expires_at=expires_at,
    )


def is_superuser(value: object) -> bool:
    """Whether a JSON value makes a superuser: true, an integer from 1, or these as text."""
    if isinstance(value, str):
        return value == "true" or (bool(_INTEGER.fullmatch(value)) and int(value) >= 1)
    return isinstance(value, int) and value >= 1


def octets(text: str) -> bytes:
    """A JSON text as octets; also one that JSON's escapes made of half a character."""
    return text.encode(errors="surrogatepass")


def duration(seconds: float) -> str:
    """How long, in words: ``40 seconds``, ``3 minutes``, ``2 days``."""
    count, unit = abs(seconds), "second"
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if count >= size:
            count, unit = count // size, name
            break
    if count > _MOST_DAYS:
        return f"more than {_MOST_DAYS:,} days"
    whole = math.floor(count)
    return f"{whole:,} {unit}{'s' * (whole != 1)}"


_MOST_DAYS: Final = 1_000_000
_SHOWN: Final = 80  # octets of a claim's value that are worth showing
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,1000}")
_FLOAT: Final = re.compile(r"[+-]?[0-9]{1,300}\.[0-9]{1,300}(?:[eE][+-]?[0-9]{1,2})?")
_ATTRIBUTE_NAME: Final = re.compile(r"[A-Za-z0-9]+[-A-Za-z0-9_]*")
_ATTRIBUTE: Final = "client_attrs."
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def _number(text: str) -> object:
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _check_time(name: str, value: object, now: int) -> Checked:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return Checked(name, False, f"The claim {name} of the token is no number.")
    how_long, at = duration(now - value), _time(value)
    if name == "exp":
        if now < value:
            return Checked(name, True, f"The token expires in {how_long}{at}.")
        return Checked(name, False, f"The token expired {how_long} ago{at}.")
    if value <= now:
        return Checked(name, True, f"The claim {name} of the token is {how_long} old.")
    what = "is valid only" if name == "nbf" else "was issued"
    return Checked(name, False, f"The token {what} in {how_long}{at}, as {name} says.")


def _time(value: float) -> str:
    if not 0 <= value <= _LATEST:
        return ""
    return f" ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _check(claims: Claims, entry: Expected, *, arrays: bool) -> Checked:
    asked = text_of(entry.shown)
    if asked != entry.template:
        asked = f"{asked} ({entry.template})"
    name = text_of(octets(entry.claim))
    if entry.claim not in claims:
        detail = f"The token has no claim {name}; verify_claims asks for {asked}."
        return Checked(entry.claim, False, detail)
    value = claims[entry.claim]
    values = value if arrays and isinstance(value, list) else [value]
    texts = [octets(text) for text in values if isinstance(text, str)]
    # An empty audience is none, even where an empty one is asked for.
    passed = entry.value in texts and not (arrays and value == "")
    if passed:
        return Checked(entry.claim, True, f"The claim {name} is {asked}, as verify_claims asks.")
    detail = f"The claim {name} is {_shown(value)}; verify_claims asks for {asked}."
    return Checked(entry.claim, False, detail)


def _shown(value: object) -> str:
    if isinstance(value, str):
        found = octets(value)
        return text_of(found) if len(found) <= _SHOWN else f"{text_of(found[:_SHOWN])}…"
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "an array"}
    return kinds.get(type(value), "null" if value is None else "an object")


def _expires_at(claims: Claims) -> float | None:
    value = claims.get("exp")
    if value is None:
        return None
    if not isinstance(value, int):
        raise ClaimCrashError("EMQX raises on a claim exp that is no whole number")
    return _seconds(value)


def _seconds(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # as good as never
        return math.inf


def _acl(claims: Claims, name: str) -> ClientAcl | None:
    if name not in claims:
        return None
    if not isinstance(claims[name], dict | list):
        raise ClaimCrashError(
            f"EMQX raises on a claim {name} that is neither an object nor an array"
        )
    expires_at = claims.get("exp")
    try:
        return parse_acl(
            claims[name],
            expires_at=_seconds(expires_at) if isinstance(expires_at, int | float) else None,
        )
    except ValueError as error:
        raise ClaimError(str(error).rstrip(".")) from error


def _client_attrs(claims: Claims, trace: Trace) -> dict[str, bytes]:
    whole = claims.get("client_attrs")
    given = {
        **(whole if isinstance(whole, dict) else {}),
        **{
            name.removeprefix(_ATTRIBUTE): value
            for name, value in claims.items()
            if name.startswith(_ATTRIBUTE)
        },
    }
    attributes = {}
    for name, value in given.items():
        made = _attribute(value) if _ATTRIBUTE_NAME.fullmatch(name) else None
        if made is None:
            what = text_of(octets(name)[:_SHOWN])
            trace.append(Warned(f"EMQX drops the client attribute {what} of the token."))
        else:
            attributes[name] = made
    return attributes


def _attribute(value: object) -> bytes | None:
    """A client attribute, as EMQX makes it of a JSON value; None for what it makes nothing of."""
    if isinstance(value, str):
        return octets(value)
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        try:
            return str(value).encode()
        except ValueError:  # more digits than Python writes
            return None
    if isinstance(value, float):
        return _float_text(value).encode()
    return _io_list(value, 0) if isinstance(value, list) else None


def _float_text(value: float) -> str:
    """The shortest text that is ``value``, as Erlang writes it: ``1.0e22``."""
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent)}"


def _io_list(value: list[object], depth: int) -> bytes | None:
    """What Erlang's iolist_to_binary makes of a list: texts and octets behind each other."""
    parts = []
    for item in value:
        if isinstance(item, str):
            parts.append(octets(item))
        elif isinstance(item, int) and not isinstance(item, bool) and 0 <= item <= 255:
            parts.append(bytes((item,)))
        elif isinstance(item, list) and depth < 100:
            inner = _io_list(item, depth + 1)
            if inner is None:
                return None
            parts.append(inner)
        else:
            return None
    return b"".join(parts)
