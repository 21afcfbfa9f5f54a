"""What is cast is, octet for octet, what certify makes of the same values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtlsx.identity import emqx
from mtlsx.pki import certify as certifying
from mtlsx.pki.certify import Kind, Wanted, certify
from mtlsx.pki.keys import KeyKind, generate
from mtlsx.pki.mould import Mould
from mtlsx.pki.names import parse_alternative_name, parse_subject, with_common_name
from mtlsx.secret import Secret
from support.issued_pki import make_root

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
# One authority for all examples: its signatures are the same for the same octets.
ISSUER_KEY = generate(KeyKind.ED25519)
ISSUER = certify(
    Wanted(kind=Kind.CA, subject=parse_subject("/CN=ca"), days=3000),
    ISSUER_KEY.public_key(), issuer=None, signing_key=ISSUER_KEY, now=NOW,
)  # fmt: skip


def wanted(cn: str, base: str = "/C=DE/O=Acme", names: tuple[str, ...] = ()) -> Wanted:
    return Wanted(
        kind=Kind.DEVICE, subject=with_common_name(parse_subject(base), cn), days=365,
        alternative_names=tuple(map(parse_alternative_name, names)),
    )  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in KeyKind if kind is not KeyKind.RSA_4096])
@pytest.mark.parametrize("base", ["", "/C=DE/O=Acme", "/O=a+OU=b"])
def test_the_same_octets(kind: KeyKind, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mould = Mould(wanted("sample", base), kind, issuer=ISSUER, signing_key=ISSUER_KEY, now=NOW)
    key = generate(kind)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for serial in (1 << 158, 0x7F, 0x80, (1 << 159) - 1):
        monkeypatch.setattr(certifying, "new_serial", lambda serial=serial: serial)
        made = certify(
            wanted("dev-1", base), key.public_key(), issuer=ISSUER, signing_key=ISSUER_KEY, now=NOW
        )
        assert mould.certificate("dev-1", spki, serial) == made.public_bytes(Encoding.DER)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64))
def test_the_names_are_those_that_emqx_reads(cn: str) -> None:
    mould = Mould(wanted("sample"), KeyKind.ED25519, issuer=ISSUER, signing_key=ISSUER_KEY, now=NOW)
    made = mould.cast(cn)
    certificate = x509.load_pem_x509_certificate(made.certificate)
    identity = emqx.identify(certificate.public_bytes(Encoding.DER))
    assert (identity.cn, identity.dn) == (cn.encode(), made.entry.dn.encode())
    assert certificate.public_bytes(Encoding.PEM) == made.certificate
    assert made.key is not None
    assert load_pem_private_key(made.key, None).public_key() == certificate.public_key()
    assert made.entry.until == certificate.not_valid_after_utc


@pytest.mark.parametrize("kind", [KeyKind.RSA_2048, KeyKind.P256, KeyKind.P384, KeyKind.ED25519])
def test_every_kind_of_authority_signs(tmp_path: Path, kind: KeyKind) -> None:
    root = make_root(tmp_path, key=kind)
    key = root.open(None).key
    mould = Mould(
        wanted("sample", names=("dev.example",)), KeyKind.P256, issuer=root.certificate, signing_key=key,
        now=datetime.now(UTC), passphrase=Secret("hush"), fleet="f",
    )  # fmt: skip
    made = mould.cast("dev-1")
    assert made.entry.fleet == "f"
    assert b"ENCRYPTED" in (made.key or b"")
    certificate = x509.load_pem_x509_certificate(made.certificate)
    certificate.verify_directly_issued_by(root.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["dev.example"]
