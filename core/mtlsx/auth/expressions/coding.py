"""Functions of expressions that write octets as hex and base64, hash them, and look into JSON and tokens.

Source: emqx_variform_bif.erl and emqx_utils.erl (6.3), crypto.erl and base64.erl of OTP 28.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from mtlsx.auth.expressions.values import UNDEFINED, ExpressionError, kind, text, whole_number


def bin2hexstr(value: object) -> bytes:
    return _octets(value).hex().upper().encode()


def hexstr2bin(value: object) -> bytes:
    digits = _octets(value)
    if not re.fullmatch(rb"[0-9A-Fa-f]*", digits):
        raise ExpressionError("The text is not hexadecimal.")
    return binascii.unhexlify(b"0" * (len(digits) % 2) + digits)


def int2hexstr(value: object) -> bytes:
    return f"{whole_number(value):X}".encode()


def base64_encode(value: object, *options: object) -> bytes:
    coded = base64.b64encode(_octets(value), b"-_" if b"urlsafe" in options else None)
    return coded.rstrip(b"=") if b"no_padding" in options else coded


def base64_decode(value: object, *options: object) -> bytes:
    coded = _octets(value).translate(None, b" \t\r\n")
    if b"urlsafe" in options:
        if b"+" in coded or b"/" in coded:
            raise ExpressionError("The text is not base64 for URLs.")
        coded = coded.translate(bytes.maketrans(b"-_", b"+/"))
    if b"no_padding" in options:
        coded = coded.rstrip(b"=")
        coded += b"=" * (-len(coded) % 4)
    try:
        return base64.b64decode(coded, validate=True)
    except binascii.Error as error:
        raise ExpressionError("The text is not base64.") from error


def hash_(algorithm: object, value: object) -> bytes:
    name = _octets(algorithm).decode(errors="replace")
    octets = text(value)
    if name not in _HASHES:
        raise ExpressionError(f"There is no hash {name[:20]!r}.")
    try:
        return hashlib.new(_HASHES[name], octets, usedforsecurity=False).hexdigest().encode()
    except ValueError as error:  # an old one that this OpenSSL does not have
        raise ExpressionError(f"The hash {name} is not available.") from error


def hash_to_range(value: object, least: object, most: object) -> int:
    octets = text(value)
    if not octets:
        raise ExpressionError("The text is empty.")
    number = int.from_bytes(hashlib.sha256(octets).digest(), "big")
    return map_to_range(number, least, most)


def map_to_range(value: object, least: object, most: object) -> int:
    first, last = whole_number(least), whole_number(most)
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        octets = text(value)
        if not octets:
            raise ExpressionError("The text is empty.")
        number = int.from_bytes(octets, "big")
    if first > last:
        raise ExpressionError("The range is empty.")
    rest = abs(number) % (last - first + 1)  # Erlang's rem has the sign of the number
    return first + (rest if number >= 0 else -rest)


def json_value(value: object, path: object) -> object:
    keys = _octets(path)
    if not keys or value in (UNDEFINED, "null"):
        raise ExpressionError("There is nothing to look into, or for.")
    if not isinstance(value, bytes):
        return UNDEFINED
    try:
        found: object = json.loads(value, parse_float=_finite, parse_constant=_finite)
        for key in keys.decode().split("."):
            if not isinstance(found, dict) or key not in found:
                return UNDEFINED
            found = found[key]
        return _from_json(found)
    except (ValueError, RecursionError):  # not JSON, which EMQX takes for nothing found
        return UNDEFINED


def jwt_value(token: object, path: object) -> object:
    parts = _octets(token).split(b".")
    if len(parts) != 3:
        raise ExpressionError("The text is no token.")
    return json_value(base64_decode(parts[1], b"urlsafe", b"no_padding"), path)


FUNCTIONS: Final[Mapping[str, tuple[tuple[int, ...], Callable[..., object]]]] = {
    "bin2hexstr": ((1,), bin2hexstr),
    "hexstr2bin": ((1,), hexstr2bin),
    "int2hexstr": ((1,), int2hexstr),
    "base64_encode": ((1, 2, 3), base64_encode),
    "base64_decode": ((1, 2, 3), base64_decode),
    "hash": ((2,), hash_),
    "hash_to_range": ((3,), hash_to_range),
    "map_to_range": ((3,), map_to_range),
    "json_value": ((2,), json_value),
    "jwt_value": ((2,), jwt_value),
}
"""The functions by EMQX's names, with the numbers of arguments that each takes."""

_HASHES: Final[Mapping[str, str]] = {
    "sha": "sha1",
    **{
        name: name
        for name in (
            "md4", "md5", "ripemd160", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224",
            "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s",
        )
    },
}  # fmt: skip
"""The names of OTP's crypto and of hashlib."""


def _octets(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ExpressionError(f"Text is wanted, not {kind(value)}.")


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError("JSON knows no such number.")
    return float(number)


def _from_json(value: object) -> object:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    if isinstance(value, dict):
        return {key.encode(): _from_json(item) for key, item in value.items()}
    return "null" if value is None else value
