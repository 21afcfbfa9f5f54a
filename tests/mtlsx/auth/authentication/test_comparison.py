"""A comparison that fails says what else may be the matter, and shows nothing of either side."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authentication.comparison import compared, hints
from mtlsx.auth.passwords import Algorithm, Bcrypt, Pbkdf2, Simple
from mtlsx.auth.trace import as_text

PLAIN = Simple("plain", "disable")
SHA256 = Simple("sha256", "prefix")
DIGEST = hashlib.sha256(b"saltpublic").hexdigest().encode()


@pytest.mark.parametrize(
    ("algorithm", "stored", "password", "salt", "said"),
    [
        (PLAIN, b"pubic", b"public", b"", "Another password is stored"),
        (PLAIN, b"public\n", b"public", b"", "white space"),
        (PLAIN, b"Public", b"public", b"", "upper and lower case"),
        (PLAIN, DIGEST, b"public", b"salt", "sha256 with the salt before the password"),
        (PLAIN, DIGEST, b"other", b"salt", "looks like a sha256 digest"),
        (SHA256, b"public", b"public", b"salt", "stored as plain"),
        (SHA256, b"pubic", b"public", b"salt", "no digest at all"),
        (SHA256, DIGEST, b"other", b"salt", "for another password, salt"),
        (SHA256, b"0" * 32, b"public", b"", "an md5 digest, and a sha256 digest was expected"),
        (Bcrypt(), DIGEST, b"other", b"", "a sha256 digest, and a bcrypt hash was expected"),
        (Pbkdf2(), b"00", b"other", b"", "number of iterations"),
    ],
)
def test_hints(
    algorithm: Algorithm, stored: bytes, password: bytes, salt: bytes, said: str
) -> None:
    assert said in " ".join(hints(algorithm, stored, password, salt))


SECRETS = st.text("0123456789abcdefGHIJ", min_size=8, max_size=20).map(str.encode)


@given(
    st.sampled_from([PLAIN, SHA256, Simple("md5", "suffix"), Pbkdf2("sha256", 1)]),
    SECRETS,
    st.none() | SECRETS,
    SECRETS,
    st.booleans(),
)
def test_neither_the_password_nor_what_is_stored_is_shown(
    algorithm: Algorithm, stored: bytes, password: bytes | None, salt: bytes, matched: bool
) -> None:
    text = as_text(compared(algorithm, stored, password, salt, matched=matched))
    for secret in (stored, password, salt):
        assert secret is None or secret.decode() not in text
