"""Stored passwords: what is made matches, nothing else does, and each generation has its own rules."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.auth.dialects import DIALECTS, EMQX_4_4, EMQX_5_0, EMQX_6, Dialect
from mtlsx.auth.hashing import BCRYPT_COUNTS
from mtlsx.auth.passwords import (
    Algorithm,
    Algorithm4,
    Bcrypt,
    CrashError,
    Digest,
    MacFun,
    Pbkdf2,
    SaltPosition,
    Simple,
    as_4,
    as_5,
    is_slow,
    make,
    make4,
    matches,
    matches4,
    needs_salt,
    new_salt,
    parse4,
)
from mtlsx.errors import UsageError
from support.openssl_pki import openssl
from support.programs import need

CHEAP = Bcrypt(salt_rounds=4)
BCRYPT_SETTING = b"$2b$04$wtY3h20mUjjmeaClpqZVve"
SHA_MACS: tuple[MacFun, ...] = ("sha", "sha224", "sha256", "sha384", "sha512")
SIMPLE = [Simple(name, where) for name in get_args(Digest) for where in get_args(SaltPosition)]
PBKDF2 = [Pbkdf2(name, 2, length) for name in SHA_MACS for length in (None, 1, 70)]
DIGESTS: list[Algorithm] = [*SIMPLE, *PBKDF2]
TEXTS4 = [
    *("plain", "md5", "sha", "sha256", "sha512", "salt,plain", "salt,md5", "salt,sha"),
    *("salt,sha256", "sha256,salt", "salt,sha512", "sha512,salt", "md5,salt", "plain,salt"),
    *("pbkdf2,sha256,2,20", "pbkdf2,sha,1,1", "pbkdf2,md5,3,16", "pbkdf2,sha512,2,70"),
]


def guessed(algorithm: Algorithm) -> bool:
    """Whether the key is so short that other passwords match by chance."""
    return isinstance(algorithm, Pbkdf2) and algorithm.dk_length == 1


def is_same(algorithm: Algorithm, one: bytes, other: bytes) -> bool:
    """Whether two passwords are the same; HMAC fills short keys up with NULs (RFC 2104, section 2)."""
    if not isinstance(algorithm, Pbkdf2):
        return one == other
    block = 128 if algorithm.mac_fun in ("sha384", "sha512") else 64
    return one.ljust(block, b"\0") == other.ljust(block, b"\0")


digests = st.sampled_from(DIGESTS)
# No cost above 5: a hash that takes a day is no failure.
bcrypt_like = st.from_regex(rb"\$2[a-z]?\$0[0-5]\$[./A-Za-z0-9$]{0,60}", fullmatch=True)


@given(digests, st.binary(), st.binary(), st.binary())
def test_what_is_made_matches_and_nothing_else(
    algorithm: Algorithm, password: bytes, salt: bytes, other: bytes
) -> None:
    stored = make(algorithm, password, salt)
    assert matches(algorithm, stored, password, salt)
    if not guessed(algorithm):
        assert matches(algorithm, stored, other, salt) == is_same(algorithm, other, password)
    assert not matches(algorithm, stored, None, salt)


@settings(max_examples=30)
@given(st.binary(max_size=90), st.binary(max_size=90))
def test_bcrypt_matches_what_counts_of_a_password(password: bytes, other: bytes) -> None:
    stored = make(CHEAP, password, new_salt(CHEAP))
    assert matches(CHEAP, stored, password, b"of no use")
    assert matches(CHEAP, stored, other, None) == (counted(other) == counted(password))


def counted(password: bytes) -> bytes:
    # bcrypt repeats the password with a NUL behind it until it fills 72 octets.
    key = password.split(b"\0")[0] + b"\0"
    return (key * BCRYPT_COUNTS)[:BCRYPT_COUNTS]


@given(st.sampled_from(TEXTS4).map(parse4), st.binary(), st.binary(), st.binary())
def test_what_is_made_for_4_matches_and_nothing_else(
    algorithm: Algorithm4, password: bytes, salt: bytes, other: bytes
) -> None:
    stored = make4(algorithm, password, salt)
    columns = [stored, salt] if needs_salt(algorithm) else [stored]
    assert matches4(algorithm, columns, password)
    if not guessed(as_5(algorithm)):
        same = is_same(as_5(algorithm), other, password)
        assert matches4(algorithm, columns, other) == same


@pytest.mark.parametrize("text", ["bcrypt", "salt,bcrypt", "bcrypt,salt"])
def test_bcrypt_of_4(text: str) -> None:
    algorithm = parse4(text)
    stored = make4(algorithm, b"public", BCRYPT_SETTING)
    columns = [stored, BCRYPT_SETTING] if needs_salt(algorithm) else [stored]
    assert matches4(algorithm, columns, b"public")
    assert not matches4(algorithm, columns, b"pubic")


@pytest.mark.parametrize("version", [b"2a", b"2b", b"2x", b"2y"])
def test_versions_of_bcrypt_are_the_same_but_for_their_name(version: bytes) -> None:
    setting = BCRYPT_SETTING.replace(b"2b", version)
    stored = make(CHEAP, b"public", setting)
    assert stored == make(CHEAP, b"public", BCRYPT_SETTING).replace(b"2b", version)
    assert matches(CHEAP, stored, b"public", None)


@pytest.mark.parametrize("change", [bytes.upper, bytes.swapcase, lambda stored: stored + b"\n"])
def test_bcrypt_is_compared_exactly(change: Callable[[bytes], bytes]) -> None:
    assert not matches(CHEAP, change(make(CHEAP, b"public", BCRYPT_SETTING)), b"public", None)


def test_bits_of_the_setting_that_are_no_salt_do_not_count() -> None:
    algorithm = parse4("salt,bcrypt")
    stored = make(CHEAP, b"public", BCRYPT_SETTING)
    assert matches4(algorithm, [stored, BCRYPT_SETTING[:-1] + b"f"], b"public")
    # What is stored with such bits is not what comes out, so it never matches.
    odd = stored[:28] + b"f" + stored[29:]
    assert not matches(CHEAP, odd, b"public", None)
    assert not matches4(parse4("bcrypt"), [odd], b"public")


@settings(max_examples=200)
@given(
    digests | st.just(CHEAP) | st.builds(Pbkdf2, st.sampled_from(get_args(MacFun)), st.just(2)),
    st.binary() | bcrypt_like,
    st.none() | st.binary(),
    st.none() | st.binary(),
    st.sampled_from(list(DIALECTS.values())),
)
def test_nothing_stored_raises_anything_but_a_crash(
    algorithm: Algorithm,
    stored: bytes,
    password: bytes | None,
    salt: bytes | None,
    dialect: Dialect,
) -> None:
    with suppress(CrashError):
        matched = matches(algorithm, stored, password, salt, dialect=dialect)
        assert isinstance(matched, bool)
        assert not (matched and password is None)


@settings(max_examples=200)
@given(
    st.sampled_from([*TEXTS4, "bcrypt", "salt,bcrypt", "pbkdf2,md4,1,16"]).map(parse4),
    st.lists(st.none() | st.binary() | bcrypt_like, max_size=3),
    st.none() | st.binary(),
)
def test_no_columns_raise_anything_but_a_crash(
    algorithm: Algorithm4, columns: list[bytes | None], password: bytes | None
) -> None:
    with suppress(CrashError):
        matched = matches4(algorithm, columns, password)
        assert isinstance(matched, bool)
        assert not (matched and (password is None or columns[0] is None))


@pytest.mark.parametrize("algorithm", [Simple(), Simple("md5", "suffix"), Pbkdf2("sha512", 2)])
@pytest.mark.parametrize(("dialect", "ignored"), [(EMQX_6, True), (EMQX_5_0, False)])
def test_the_case_of_hex_is_ignored_since_5_8_5(
    algorithm: Algorithm, dialect: Dialect, ignored: bool
) -> None:
    stored = make(algorithm, b"public", b"na7Cl")
    assert matches(algorithm, stored, b"public", b"na7Cl", dialect=dialect)
    assert matches(algorithm, stored.upper(), b"public", b"na7Cl", dialect=dialect) is ignored


@pytest.mark.parametrize("text", ["sha256", "salt,md5", "pbkdf2,sha256,2,20"])
def test_the_case_of_hex_counts_in_4(text: str) -> None:
    algorithm = parse4(text)
    stored = make4(algorithm, b"public", b"na7Cl").upper()
    columns = [stored, b"na7Cl"] if needs_salt(algorithm) else [stored]
    assert not matches4(algorithm, columns, b"public")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_the_case_of_plain_counts(dialect: Dialect) -> None:
    plain = Simple("plain", "disable")
    assert matches(plain, b"Public", b"Public", None, dialect=dialect)
    assert not matches(plain, b"PUBLIC", b"public", None, dialect=dialect)


@pytest.mark.parametrize("name", ["md5", "ripemd160"])
@pytest.mark.parametrize("length", [None, 16])
def test_pbkdf2_without_sha_crashes_since_5_8_3(name: MacFun, length: int | None) -> None:
    algorithm = Pbkdf2(name, 2, length)
    stored = make(algorithm, b"public", b"na7Cl", dialect=EMQX_5_0)
    assert matches(algorithm, stored, b"public", b"na7Cl", dialect=EMQX_5_0)
    with pytest.raises(CrashError, match=f"no {name}"):
        matches(algorithm, stored, b"public", b"na7Cl")
    with pytest.raises(CrashError, match=f"no {name}"):
        matches(algorithm, b"any other length", b"public", b"na7Cl")


def test_what_cannot_be_computed_is_a_crash_without_the_password() -> None:
    for algorithm in (Pbkdf2("sha", 0), Pbkdf2("sha", 2**31), Pbkdf2("sha", 1, 2**31), CHEAP):
        with pytest.raises(CrashError) as crash:
            make(algorithm, b"hush-hush", b"pinch-of-salt")
        assert "hush" not in str(crash.value)
        assert "pinch" not in str(crash.value)


def test_a_key_of_gigabytes_is_not_derived_for_a_stored_value_of_another_length() -> None:
    assert not matches(Pbkdf2("sha", 10**9, 10**9), b"ee", b"public", b"na7Cl")


@pytest.mark.parametrize(
    ("text", "columns", "password"),
    [
        ("salt,sha256", [b"stored"], b"public"),
        ("pbkdf2,sha256,10,20", [b"stored"], b"public"),
        ("salt,bcrypt", [b"stored"], b"public"),
        ("salt,sha256", [b"stored", None], b"public"),
        ("pbkdf2,sha256,10,20", [b"stored", None], b"public"),
        ("sha256", [b"stored"], None),
        ("bcrypt", [b"stored"], None),
        ("salt,plain", [b"stored", b"na7Cl"], None),
        ("pbkdf2,sha256,10,20", [b"stored", b"na7Cl"], None),
    ],
)
def test_where_the_plugin_of_4_raises(
    text: str, columns: list[bytes | None], password: bytes | None
) -> None:
    with pytest.raises(CrashError):
        matches4(parse4(text), columns, password)


@pytest.mark.parametrize(
    ("text", "columns", "password"),
    [
        ("plain", [b"stored"], None),
        ("plain", [None], b""),
        ("plain", [], b""),
        ("plain", [b"public", b""], b"public"),
        ("bcrypt", [b""], b"public"),
        ("bcrypt", [b"$2b$04$short"], b"public"),
        ("bcrypt", [BCRYPT_SETTING], b"public"),
        ("salt,bcrypt", [b"stored", b"no setting"], b"public"),
    ],
)
def test_where_the_plugin_of_4_refuses(
    text: str, columns: list[bytes | None], password: bytes | None
) -> None:
    assert not matches4(parse4(text), columns, password)


def test_the_plugin_of_4_takes_an_empty_hash_for_what_bcrypt_refuses() -> None:
    assert matches4(parse4("salt,bcrypt"), [b"", b"no setting"], b"anything")


@pytest.mark.parametrize("text", TEXTS4)
def test_an_algorithm_of_4_is_one_of_5(text: str) -> None:
    algorithm = parse4(text)
    assert ",".join(algorithm.words) == text
    assert as_4(as_5(algorithm)) == algorithm


def test_pbkdf2_of_4_names_the_length() -> None:
    assert as_4(Pbkdf2("sha256", 1000)) == parse4("pbkdf2,sha256,1000,32")
    assert as_4(Bcrypt(12)) == parse4("bcrypt")


@pytest.mark.parametrize(
    "text",
    [
        *("", "SHA256", "sha256 ", "salt, sha256", "salt,salt", "salt", "sha256,md5", "scrypt"),
        *("salt,sha256,salt", "pbkdf2", "pbkdf2,sha256,1000", "pbkdf2,sha256,0,20"),
        *("pbkdf2,sha256,1000,0", "pbkdf2,sha3,1000,20", "pbkdf2,sha256,-1,20"),
        *("pbkdf2,sha256,\u0661,20", "pbkdf2,sha256,9999999999,20", "sha256\n"),
    ],
)
def test_any_other_text_is_no_algorithm_of_4(text: str) -> None:
    with pytest.raises(UsageError, match="password_hash of EMQX 4") as error:
        parse4(text)
    assert "sha256,salt" in str(error.value.fix)


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        said = ",".join(parse4(text).words)
    except UsageError as error:
        said = str(error)
    assert said.isprintable()


@pytest.mark.parametrize(
    ("algorithm", "salted", "slow"),
    [
        (Simple("sha512", "prefix"), True, False),
        (Simple("sha512", "disable"), False, False),
        (Bcrypt(), False, True),
        (Pbkdf2("sha256", 1), True, False),
        (Pbkdf2("sha256", 4096), True, True),
        (Pbkdf2("sha256", 100, 32 * 100), True, True),
        (parse4("sha256"), False, False),
        (parse4("salt,sha256"), True, False),
        (parse4("bcrypt"), False, True),
        (parse4("bcrypt,salt"), True, True),
        (parse4("pbkdf2,sha,4096,20"), True, True),
    ],
)
def test_which_need_a_salt_and_which_are_slow(
    algorithm: Algorithm | Algorithm4, salted: bool, slow: bool
) -> None:
    assert (needs_salt(algorithm), is_slow(algorithm)) == (salted, slow)


def test_new_salts_are_random_and_as_emqx_makes_them() -> None:
    salts = {new_salt(Simple()) for _ in range(20)} | {new_salt(Pbkdf2()) for _ in range(20)}
    assert len(salts) == 40
    assert all(len(bytes.fromhex(salt.decode())) == 16 for salt in salts)
    assert new_salt(Simple("sha", "disable")) == b""
    assert new_salt(Bcrypt(12)).startswith(b"$2a$12$")
    assert len({new_salt(CHEAP) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("name", "theirs"), [("md5", "md5"), ("sha", "sha1"), ("sha512", "sha512")]
)
def test_digests_are_those_of_hashlib(name: Digest, theirs: str) -> None:
    expected = hashlib.new(theirs, b"na7Cl\xffpublic").hexdigest().encode()
    assert make(Simple(name, "prefix"), b"\xffpublic", b"na7Cl") == expected
    assert make(Simple(name, "suffix"), b"na7Cl", b"\xffpublic") == expected
    assert make(Simple(name, "disable"), b"na7Cl\xffpublic", b"unused") == expected


@pytest.mark.e2e
@pytest.mark.parametrize("dialect", [EMQX_6, EMQX_4_4], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    ("name", "theirs"), [("sha", "SHA1"), ("sha224", "SHA224"), ("sha512", "SHA512")]
)
def test_pbkdf2_is_that_of_openssl(name: MacFun, theirs: str, dialect: Dialect) -> None:
    need("openssl")
    printed = openssl(
        "kdf", "-keylen", "70", "-kdfopt", f"digest:{theirs}", "-kdfopt", "pass:public",
        "-kdfopt", "salt:na7Cl", "-kdfopt", "iter:1000", "PBKDF2",
    )  # fmt: skip
    expected = printed.strip().replace(":", "").lower().encode()
    assert make(Pbkdf2(name, 1000, 70), b"public", b"na7Cl", dialect=dialect) == expected
