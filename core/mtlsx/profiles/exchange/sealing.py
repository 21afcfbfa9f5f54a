"""Secrets closed with a passphrase, so that they may travel beside what is not secret.

The form is a JSON object of six keys::

    {"sealed": "mtlsx-1", "n": 32768, "r": 8, "p": 1, "salt": BASE64, "data": BASE64}

The key is scrypt (RFC 7914) of the passphrase's UTF-8 with a salt of 16 bytes, 32 bytes long; ``data`` is a nonce of
12 bytes and what ChaCha20-Poly1305 (RFC 8439) makes of the content with it. The additional data is the text
``mtlsx-1 N R P``, a NUL and the context: whatever the secrets must not be parted from. What a file may demand of the
reader is bounded: 128 MiB of memory, and four times the work of what is written here.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import TYPE_CHECKING, Any

from mtlsx.errors import UsageError

if TYPE_CHECKING:
    from mtlsx.secret import Secret

_FORM = "mtlsx-1"
_N, _R, _P = 2**15, 8, 1  # 32 MiB, about 0.1 s
_MOST_N, _MOST_P = 2**17, 4
_SALT, _NONCE = 16, 12
_LARGEST = 1024 * 1024  # bytes


def seal(content: bytes, passphrase: Secret, context: bytes) -> bytes:
    """``content`` closed with ``passphrase``, bound to ``context``. Raises UsageError for an empty passphrase."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if not passphrase.reveal():
        raise UsageError("The passphrase that seals the secrets is empty.")
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    key = _key(passphrase, salt, _N, _R, _P)
    sealed = ChaCha20Poly1305(key).encrypt(nonce, content, _bound(_N, _R, _P, context))
    form = {
        "sealed": _FORM,
        "n": _N,
        "r": _R,
        "p": _P,
        "salt": base64.b64encode(salt).decode(),
        "data": base64.b64encode(nonce + sealed).decode(),
    }
    return json.dumps(form, indent=2).encode()


def unseal(sealed: bytes, passphrase: Secret, context: bytes, *, source: str) -> bytes:
    """What was sealed. ``source`` names it in errors.

    Raises UsageError: not of this form, demands that are out of bounds, or the passphrase, the context or the
    content is another than when it was sealed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    n, p, salt, data = _opened(sealed, source)
    key = _key(passphrase, salt, n, _R, p)
    try:
        return ChaCha20Poly1305(key).decrypt(
            data[:_NONCE], data[_NONCE:], _bound(n, _R, p, context)
        )
    except InvalidTag:
        raise UsageError(
            f"{source} cannot be opened: the passphrase is another one, or the file was changed."
        ) from None


def _opened(sealed: bytes, source: str) -> tuple[int, int, bytes, bytes]:
    try:
        form = json.loads(sealed)
    except (ValueError, RecursionError):
        form = None
    match form:
        case {"sealed": "mtlsx-1", "n": int(n), "r": 8, "p": int(p), "salt": salt, "data": data}:
            if not (
                1 < n <= _MOST_N and n & (n - 1) == 0 and 1 <= p <= _MOST_P and n * p <= 4 * _N
            ):
                raise UsageError(f"{source} asks for more work than mtlsx does for a passphrase.")
            salt, data = _octets(salt), _octets(data)
            if len(salt) == _SALT and len(data) > _NONCE:
                return n, p, salt, data
    raise UsageError(f"{source} is damaged, or of a form that this mtlsx does not know.")


def _octets(value: Any) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * _LARGEST:
        return b""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _key(passphrase: Secret, salt: bytes, n: int, r: int, p: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.reveal().encode())


def _bound(n: int, r: int, p: int, context: bytes) -> bytes:
    return f"{_FORM} {n} {r} {p}".encode() + b"\0" + context
