"""From the files that the settings name to what TLS needs: our chain, our key, trust anchors, CRLs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtlsx.certificates import der
from mtlsx.certificates.chain import chains, links
from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.load import load_file, public_key_matches
from mtlsx.errors import MaterialError

if TYPE_CHECKING:
    from mtlsx.certificates.load import Material
    from mtlsx.secret import Secret
    from mtlsx.tls.settings import ServerTlsSettings, TlsSettings

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
    if settings.certificate_file is not None:
        chain, key = _own_certificate(
            settings.certificate_file, settings.key_file, settings.passphrase, "client"
        )
    elif settings.key_file is None:
        chain, key = (), None
    else:
        raise MaterialError(
            "not-a-certificate",
            f"Key file {settings.key_file} was given without a certificate.",
            fix="Give the client certificate that belongs to it.",
        )
    return TlsMaterial(
        chain=chain,
        key=key,
        anchors=None if settings.ca_file is None else load_anchors(settings.ca_file, "server"),
        crls=() if settings.crl_file is None else _crls(settings.crl_file, "server"),
    )


def load_server_material(settings: ServerTlsSettings) -> TlsMaterial:
    """Load what the settings of a server name. There are never ``anchors`` of the system: None is none.

    A certificate that comes alone gets its intermediates from the CA file, as Erlang's TLS does it for EMQX.
    Raises ``MaterialError`` as ``load_material``.
    """
    chain, key = _own_certificate(
        settings.certificate_file, settings.key_file, settings.passphrase, "server"
    )
    anchors = None if settings.ca_file is None else load_anchors(settings.ca_file, "client")
    return TlsMaterial(
        chain=_with_intermediates(chain, anchors or ()),
        key=key,
        anchors=anchors,
        crls=() if settings.crl_file is None else _crls(settings.crl_file, "client"),
    )


def load_anchors(path: str, whose: str) -> tuple[bytes, ...]:
    """The trust anchors (DER) in a CA file; ``whose`` certificates they judge: ``"server"`` or ``"client"``.

    Raises ``MaterialError``: ``ca-file-has-no-ca``, and what ``load_file`` raises.
    """
    certificates = load_file(path).certificates
    if not any(map(_can_be_anchor, certificates)):
        what = "no CA certificate" if certificates else "no certificate"
        raise MaterialError(
            "ca-file-has-no-ca",
            f"CA file {path} holds {what}.",
            fix=_give_of_ca("certificate", whose),
        )
    return certificates


def _own_certificate(
    certificate_file: str, key_file: str | None, passphrase: Secret | None, whose: str
) -> tuple[tuple[bytes, ...], bytes]:
    held = load_file(certificate_file, passphrase=passphrase)
    if not held.certificates:
        raise MaterialError(
            "not-a-certificate",
            f"Certificate file {certificate_file} holds no certificate.",
            fix="Give the file that begins with BEGIN CERTIFICATE, a DER or a PKCS#12 file.",
        )
    if key_file is None:
        key = _first_key(held, held.source, passphrase, whose)
    else:
        key = _first_key(_key_material(key_file, passphrase), key_file, passphrase, whose)
    for at, certificate in enumerate(held.certificates):
        if public_key_matches(certificate, key):
            others = held.certificates[:at] + held.certificates[at + 1 :]
            return (certificate, *others), key
    raise MaterialError(
        "key-mismatch",
        f"The private key in {key_file or certificate_file} does not belong to the"
        f" certificate in {certificate_file}.",
        fix="Take the key that the certificate was made from.",
    )


def _key_material(key_file: str, passphrase: Secret | None) -> Material:
    try:
        return load_file(key_file, passphrase=passphrase)
    except MaterialError as error:
        if error.verdict == "not-a-certificate":
            raise MaterialError("not-a-key", error.summary, fix=error.fix) from error
        raise


def _first_key(material: Material, path: str, passphrase: Secret | None, whose: str) -> bytes:
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
        fix=f"Give the {whose} certificate's private key.",
    )


def _with_intermediates(chain: tuple[bytes, ...], at_hand: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if len(chain) > 1 or not at_hand:
        return chain
    everybody = (*chain, *at_hand)
    try:
        found = links(everybody)
    except DerError:
        return chain
    path = next(each for each in chains(found) if 0 in each)
    return tuple(everybody[at] for at in path if at == 0 or found[at].issuer != at)


def _crls(path: str, whose: str) -> tuple[bytes, ...]:
    crls = load_file(path).crls
    if not crls:
        raise MaterialError(
            "file-unreadable",
            f"CRL file {path} holds no certificate revocation list.",
            fix=_give_of_ca("list", whose),
        )
    return crls


def _give_of_ca(what: str, whose: str) -> str:
    issued = "client certificates" if whose == "client" else "the server's certificate"
    return f"Give the {what} of the CA that issued {issued}."


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
