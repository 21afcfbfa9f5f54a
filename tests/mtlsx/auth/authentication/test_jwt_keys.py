"""Keys of tokens: which algorithms each may be used with, and that a token cannot choose another."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from mtlsx.auth.authentication.jwt import JwtAuthenticator
from mtlsx.auth.authentication.signing_keys import (
    HMAC,
    KeysError,
    jwks_keys,
    pem_key,
    secret_key,
)
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.settings import JwtAuthentication
from mtlsx.auth.trace import Outcome, Trace, as_text
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import Connect
from mtlsx.secret import Secret
from support.made_pki import make
from support.tokens import Signer, jwks, signed, signer

RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
ALGORITHMS = {
    "RS256": RSA,
    "ES256": {"ES256"},
    "ES384": {"ES384"},
    "ES512": {"ES512"},
    "EdDSA": {"EdDSA"},
    "Ed448": {"EdDSA"},
}


async def outcome(octets: bytes, document: bytes = b"", **settings: Any) -> tuple[Outcome, str]:
    async def load(_: str) -> bytes:
        return document

    trace: Trace = []
    authenticator = JwtAuthenticator(JwtAuthentication(**settings), load, lambda: 0.0)
    connect = Connect(password=octets)
    answer = await authenticator.authenticate(ClientInfo(b"dev-1"), connect, trace)
    return answer.outcome, as_text(trace)


@pytest.mark.parametrize("kind", ALGORITHMS)
async def test_public_keys(kind: str) -> None:
    key = signer(kind)
    assert pem_key(key.public_pem).algorithms == ALGORITHMS[kind]
    for algorithm in sorted(ALGORITHMS[kind]):
        octets = key.sign({}, algorithm=algorithm)
        assert (await outcome(octets, public_key=key.public_pem))[0] is Outcome.OK
        stranger = signer(kind, 1).sign({}, algorithm=algorithm)
        assert (await outcome(stranger, public_key=key.public_pem))[0] is Outcome.CRASH


async def test_the_key_of_a_certificate() -> None:
    made = make("issuer.example")
    octets = Signer(made.key, "ES256").sign({})
    assert (await outcome(octets, public_key=made.pem.decode()))[0] is Outcome.OK


@pytest.mark.parametrize("kind", ALGORITHMS)
async def test_keys_of_a_jwks(kind: str) -> None:
    key, other = signer(kind), signer("ES256", 7)
    document = jwks(other.jwk("other"), key.jwk("this"))
    told = await outcome(key.sign({}, kid="this"), document, endpoint="file:keys.json")
    assert told[0] is Outcome.OK
    assert "a key of file:keys.json (kid this)" in told[1]
    # EMQX does not look at the kid: any key that fits will do.
    told = await outcome(key.sign({}, kid="other"), document, endpoint="file:keys.json")
    assert told[0] is Outcome.OK


def hs256_with(secret: bytes) -> bytes:
    """A token as an attacker makes it, who takes the public key for the secret."""
    body = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT"}, {"is_superuser": True})
    )
    signature = hmac.new(secret, body, hashlib.sha256).digest()
    return body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")


def test_the_attack_would_work_with_hmac() -> None:
    assert signed({}, b"s" * 32, "HS256").count(b".") == hs256_with(b"x").count(b".") == 2


@pytest.mark.parametrize("kind", ALGORITHMS)
async def test_a_public_key_is_no_secret(kind: str) -> None:
    key = signer(kind)
    der = key.public_pem.encode()
    for secret in (der, der.strip(), json.dumps(key.jwk()).encode()):
        octets = hs256_with(secret)
        told = await outcome(octets, public_key=key.public_pem)
        assert told[0] is Outcome.CRASH
        assert "The token is signed with HS256, and only ES256, " in told[1]
        assert (await outcome(octets, jwks(key.jwk()), endpoint="file:k"))[0] is Outcome.CRASH


async def test_a_secret_in_a_jwks_signs_nothing() -> None:
    secret = {"kty": "oct", "k": base64.urlsafe_b64encode(b"s" * 32).decode(), "kid": "s"}
    document = jwks(secret, signer().jwk())
    told = await outcome(hs256_with(b"s" * 32), document, endpoint="file:k")
    assert told[0] is Outcome.CRASH
    told = await outcome(signed({}, b"s" * 32, "HS256"), secret=Secret("s" * 32))
    assert told[0] is Outcome.OK


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS257", "ES256K", 7, None])
async def test_no_algorithm_and_others_count_for_nothing(algorithm: object) -> None:
    header = {"typ": "JWT"} if algorithm is None else {"alg": algorithm}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    key = signer()
    for tail in (b".e30.", b".e30.AAAA", b".e30." + key.sign({}).rpartition(b".")[2]):
        for settings in ({"secret": Secret("s" * 32)}, {"public_key": key.public_pem}):
            assert (await outcome(head + tail, **settings))[0] is Outcome.CRASH


async def test_a_key_is_not_used_with_the_algorithm_of_another_kind() -> None:
    rsa, ec = signer("RS256"), signer("ES384")
    told = await outcome(rsa.sign({}), public_key=ec.public_pem)
    assert told == (
        Outcome.CRASH,
        "✘ The token is not signed with the public key, which is not for RS256.",
    )
    told = await outcome(signer("ES256").sign({}), public_key=ec.public_pem)
    assert "which is not for ES256" in told[1]
    told = await outcome(ec.sign({}), secret=Secret("s" * 32))
    assert "The token is signed with ES384, and only HS256, HS384, HS512 count." in told[1]


async def test_headers_that_must_be_understood_are_not_passed_over() -> None:
    key = signer()
    for headers in ({"crit": ["x"], "x": 1}, {"b64": False}):
        octets = signed({}, key.private, "ES256", headers)
        assert (await outcome(octets, public_key=key.public_pem))[0] is Outcome.CRASH


def test_a_key_shows_no_secret() -> None:
    key = secret_key(Secret("s3cr3t"), base64_encoded=False)
    assert key.algorithms == HMAC
    assert "s3cr3t" not in repr(key)


@pytest.mark.parametrize(
    ("pem", "sentence"),
    [
        (signer().private_pem, "is a private key. Give the public one"),
        (signer("ES256K").public_pem, "is of a kind that signs no tokens"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "is no public key"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "is no public key"),
        ("", "is no public key"),
    ],
)
def test_pem_that_is_no_public_key(pem: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as wrong:
        pem_key(pem)
    assert "PRIVATE KEY" not in str(wrong.value)


def test_a_public_key_as_secret_is_refused() -> None:
    with pytest.raises(UsageError, match="is a PEM text"):
        secret_key(Secret(signer().public_pem), base64_encoded=False)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100000, "not JSON"),
        (b"[]", "no JWKS"),
        (b'{"keys": {}}', "no JWKS"),
        (json.dumps(signer().jwk()).encode(), "no JWKS"),
        (b'{"keys": []}', "no public key that signs tokens"),
        (b'{"keys": [1, null, {"kty": ["RSA"]}, {"kty": "RSA"}]}', "no public key"),
        (jwks({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), "no public key"),
        (jwks({"kty": "RSA", "n": "!", "e": "AQAB"}), "no public key"),
        (jwks({"kty": "OKP", "crv": "X25519", "x": "AA"}), "no public key"),
        (jwks(signer("ES256K").jwk()), "no public key"),
    ],
)
def test_documents_without_keys(document: bytes, sentence: str) -> None:
    with pytest.raises(KeysError, match=sentence):
        jwks_keys(document)


def test_private_parts_of_a_jwks_are_left_alone() -> None:
    key = signer("RS256")
    (found,) = jwks_keys(jwks(key.jwk(private=True), {"kty": "unknown"}))
    assert hasattr(found.material, "verify")
    assert not hasattr(found.material, "sign")
