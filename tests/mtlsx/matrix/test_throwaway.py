"""The certificates that a server is tried with are wrong in the one way that their names say, as OpenSSL sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from mtlsx.certificates.load import load_bytes, public_key_matches
from mtlsx.errors import MaterialError
from mtlsx.matrix.candidate import Candidate, Kind, Signer
from mtlsx.matrix.throwaway import CLIENT_NAME, Authority, candidates, open_authority
from mtlsx.matrix.words import candidate_name
from mtlsx.pki.keys import KeyKind, generate, to_pem
from mtlsx.secret import Secret
from mtlsx.tls.verify import Verified, verify
from support.issued_pki import issue_device, make_intermediate, make_root
from support.made_pki import CLIENT, NOW, Made, make

CA = make("Device CA", ca=True)
DEVICE = make("dev-1", CA, usage=CLIENT)

UNKNOWN_ISSUER, SELF_SIGNED, SELF_SIGNED_IN_CHAIN = 20, 18, 19
BAD_SIGNATURE, NOT_YET_VALID, EXPIRED, WRONG_PURPOSE = 7, 9, 10, 26


def with_key(made: Made = CA) -> Authority:
    return Authority(made.certificate, made.key)


def made(
    authority: Authority | None = None,
    *,
    own: tuple[bytes, ...] = (DEVICE.der,),
    at_hand: tuple[bytes, ...] = (CA.der,),
) -> dict[Kind, Candidate]:
    return {each.kind: each for each in candidates(own, at_hand, authority, NOW)}


def verified(candidate: Candidate, anchor: bytes = CA.der) -> Verified:
    """What OpenSSL makes of it as a server that trusts ``anchor``."""
    assert candidate.certificates is not None
    own, *others = load_bytes(candidate.certificates, source="made").certificates
    return verify(own, anchors=[anchor], untrusted=others, purpose="sslclient")


def code(candidate: Candidate, anchor: bytes = CA.der) -> int | None:
    error = verified(candidate, anchor).error
    return None if error is None else error[0]


def test_with_the_cas_key_each_is_wrong_in_one_way() -> None:
    found = made(with_key())
    assert list(found) == list(Kind)
    assert code(found[Kind.SELF_SIGNED]) == SELF_SIGNED
    assert code(found[Kind.OTHER_CA]) == SELF_SIGNED_IN_CHAIN
    assert code(found[Kind.NAMESAKE_CA]) == BAD_SIGNATURE
    assert code(found[Kind.EXPIRED]) == EXPIRED
    assert code(found[Kind.NOT_YET_VALID]) == NOT_YET_VALID
    assert code(found[Kind.WRONG_USAGE]) == WRONG_PURPOSE
    signers = {found[kind].signer for kind in (Kind.EXPIRED, Kind.NOT_YET_VALID, Kind.WRONG_USAGE)}
    assert signers == {Signer.AUTHORITY}


def test_without_the_cas_key_those_are_of_another_ca_and_say_so() -> None:
    found = made()
    for kind in (Kind.EXPIRED, Kind.NOT_YET_VALID, Kind.WRONG_USAGE):
        assert code(found[kind]) in (SELF_SIGNED_IN_CHAIN, UNKNOWN_ISSUER)
        assert found[kind].is_of_another_ca_too
        assert "of another CA" in candidate_name(found[kind])
    assert code(found[Kind.NAMESAKE_CA]) == BAD_SIGNATURE


def test_a_namesake_of_an_issuer_that_is_not_at_hand() -> None:
    namesake = made(at_hand=())[Kind.NAMESAKE_CA]
    assert code(namesake) not in (None, EXPIRED)
    assert namesake.certificates is not None
    leaf = x509.load_pem_x509_certificate(namesake.certificates)
    assert leaf.issuer == CA.certificate.subject


def test_only_the_right_one_is_to_be_let_in() -> None:
    found = made(with_key())
    assert {kind for kind, each in found.items() if each.must_accept} == {Kind.RIGHT}
    assert found[Kind.RIGHT].certificates is None  # the one that the settings name
    assert found[Kind.NONE].certificates is None


def test_with_the_cas_key_alone_a_right_one_is_made() -> None:
    right = made(with_key(), own=())[Kind.RIGHT]
    assert code(right) is None
    assert Kind.RIGHT not in made(own=())


def test_none_is_the_devices_own() -> None:
    for candidate in made(with_key()).values():
        if candidate.certificates is not None and candidate.key is not None:
            own = load_bytes(candidate.certificates, source="made").certificates[0]
            name = x509.load_der_x509_certificate(own).subject.rfc4514_string()
            assert name == f"CN={CLIENT_NAME}"
            (key,) = load_bytes(candidate.key, source="made").keys
            assert key.der is not None
            assert public_key_matches(own, key.der)


def test_a_namesake_has_the_kind_of_key_of_ours(tmp_path: Path) -> None:
    root = make_root(tmp_path, key=KeyKind.RSA_2048)
    anchor = root.certificate.public_bytes(Encoding.DER)
    namesake = made(own=(), at_hand=(anchor,))[Kind.NAMESAKE_CA]
    assert isinstance(root.certificate.public_key(), rsa.RSAPublicKey)
    assert code(namesake, anchor) == BAD_SIGNATURE


def test_an_own_certificate_too_odd_to_copy_an_issuer_from() -> None:
    odd = DEVICE.der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020109"))
    assert Kind.NAMESAKE_CA not in made(own=(odd,))


def test_no_key_is_in_a_repr() -> None:
    for candidate in made(with_key()).values():
        assert "PRIVATE" not in repr(candidate)
    assert "key" not in repr(with_key())


# The CA's key


def test_the_ca_is_found_by_its_key(tmp_path: Path) -> None:
    _, key = CA.save(tmp_path, "ca")
    others = make("Other CA", ca=True).der
    found = open_authority(key, [others, DEVICE.der, CA.der], None, NOW)
    assert found.certificate == CA.certificate
    assert found.chain == ()


def test_an_intermediate_sends_itself_behind_what_it_signs(tmp_path: Path) -> None:
    plant = make("Plant CA", CA, ca=True)
    _, key = plant.save(tmp_path, "plant")
    found = open_authority(key, [CA.der, plant.der], None, NOW)
    assert found.chain == (plant.der,)
    right = made(found, own=())[Kind.RIGHT]
    assert code(right) is None
    assert code(made(found, own=())[Kind.EXPIRED]) == EXPIRED


def test_authorities_of_our_own_pki(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    plant = make_intermediate(tmp_path, root)
    issue_device(plant, "dev-1")
    certificates = [each.public_bytes(Encoding.DER) for each in (plant.certificate, *plant.issuers)]
    found = open_authority(str(plant.folder.path / "ca.key"), certificates, None, NOW)
    assert code(made(found, own=())[Kind.RIGHT], certificates[-1]) is None


def test_a_key_that_is_nobodys(tmp_path: Path) -> None:
    _, key = make("Other CA", ca=True).save(tmp_path, "other")
    with pytest.raises(MaterialError) as caught:
        open_authority(key, [CA.der], None, NOW)
    assert caught.value.verdict == "key-mismatch"


def test_an_encrypted_key(tmp_path: Path) -> None:
    secret = Secret("open sesame")
    path = tmp_path / "ca.key"
    key = generate(KeyKind.P256)
    path.write_bytes(to_pem(key, secret))
    with pytest.raises(MaterialError) as caught:
        open_authority(str(path), [CA.der], None, NOW)
    assert caught.value.verdict == "key-encrypted"
    with pytest.raises(MaterialError) as caught:
        open_authority(str(path), [CA.der], secret, NOW)
    assert caught.value.verdict == "key-mismatch"
