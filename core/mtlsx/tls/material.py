"""From the files that the settings name to what TLS needs: our chain, our key, trust anchors, CRLs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.load import load_file, public_key_matches
from mtlsx.errors import MaterialError

if TYPE_CHECKING:
    from mtlsx.certificates.load import Material
    from mtlsx.secret import Secret
    from mtlsx.tls.settings import TlsSettings

_BASIC_CONSTRAINTS = "2.5.29.19"


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """Loaded key material; all members are DER bytes.

    ``chain``: our certificate first, then the others of its file in their order, empty for one-way TLS;
    ``key``: its private key in PKCS#8, unencrypted; ``anchors``: None for the system's trust store.
    """

    chain: tuple[bytes, ...] = ()
    key: bytes | None = field(default=None, repr=False)
    anchors: tuple[bytes, ...] | None = None
    crls: tuple[bytes, ...] = ()


def load_material(settings: TlsSettings) -> TlsMaterial:
    """Load what ``settings`` names.

    Raises ``MaterialError`` with the id and the sentence for the first thing that cannot be used.
    """
    chain, key = _own_certificate(settings)
    return TlsMaterial(
        chain=chain,
        key=key,
        anchors=None if settings.ca_file is None else _anchors(settings.ca_file),
        crls=() if settings.crl_file is None else _crls(settings.crl_file),
    )


def _own_certificate(settings: TlsSettings) -> tuple[tuple[bytes, ...], bytes | None]:
    if settings.certificate_file is None:
        if settings.key_file is not None:
            raise MaterialError(
                "not-a-certificate",
                f"Key file {settings.key_file} was given without a certificate.",
                fix="Give the client certificate that belongs to it.",
            )
        return (), None
    held = load_file(settings.certificate_file, passphrase=settings.passphrase)
    if not held.certificates:
        raise MaterialError(
            "not-a-certificate",
            f"Certificate file {settings.certificate_file} holds no certificate.",
            fix="Give the file that begins with BEGIN CERTIFICATE, a DER or a PKCS#12 file.",
        )
    key = _own_key(settings, held)
    for at, certificate in enumerate(held.certificates):
        if public_key_matches(certificate, key):
            others = held.certificates[:at] + held.certificates[at + 1 :]
            return (certificate, *others), key
    raise MaterialError(
        "key-mismatch",
        f"The private key in {settings.key_file or settings.certificate_file} does not belong to the"
        f" certificate in {settings.certificate_file}.",
        fix="Take the key that the certificate was made from.",
    )


def _own_key(settings: TlsSettings, held: Material) -> bytes:
    if settings.key_file is None:
        return _first_key(held, held.source, settings.passphrase)
    try:
        material = load_file(settings.key_file, passphrase=settings.passphrase)
    except MaterialError as error:
        if error.verdict == "not-a-certificate":
            raise MaterialError("not-a-key", error.summary, fix=error.fix) from error
        raise
    return _first_key(material, settings.key_file, settings.passphrase)


def _first_key(material: Material, path: str, passphrase: Secret | None) -> bytes:
    for item in material.keys:
        if item.der is not None:
            return item.der
    if material.keys and passphrase is None:
        raise MaterialError(
            "key-encrypted",
            f"The private key in {path} is encrypted, and no passphrase was given.",
            fix="Give its passphrase.",
        )
    raise MaterialError(
        "not-a-key",
        f"{path} holds no private key.",
        fix="Give the client certificate's private key.",
    )


def _anchors(path: str) -> tuple[bytes, ...]:
    certificates = load_file(path).certificates
    if not any(map(_can_be_anchor, certificates)):
        what = "no CA certificate" if certificates else "no certificate"
        raise MaterialError(
            "ca-file-has-no-ca",
            f"CA file {path} holds {what}.",
            fix="Give the certificate of the CA that issued the server's certificate.",
        )
    return certificates


def _can_be_anchor(certificate: bytes) -> bool:
    """Whether OpenSSL could end a chain here: a CA certificate, or a self-issued one, whatever it claims."""
    try:
        fields = parse_certificate(certificate)
        if fields.issuer_element.raw == fields.subject_element.raw:
            return True
        return any(
            extension.oid == _BASIC_CONSTRAINTS
            and any(part.tag == der.BOOLEAN for part in der.read_whole(extension.value).children())
            for extension in fields.extensions
        )
    except DerError:
        return False


def _crls(path: str) -> tuple[bytes, ...]:
    crls = load_file(path).crls
    if not crls:
        raise MaterialError(
            "file-unreadable",
            f"CRL file {path} holds no certificate revocation list.",
            fix="Give the list of the CA that issued the server's certificate.",
        )
    return crls
