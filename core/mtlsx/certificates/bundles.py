"""What PKCS#7 and PKCS#12 files carry.

PKCS#7 (``.p7b``) is read here as plain structure, so certificates that strict parsers refuse come out too.
PKCS#12 (``.p12``, ``.pfx``) is opened by ``cryptography``, which is imported for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.keys import to_pkcs8
from mtlsx.errors import MaterialError
from mtlsx.secret import Secret

_CERTIFICATES = 0xA0
_CRLS = 0xA1


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened PKCS#12 archive.

    ``certificates`` (DER) in its order, the key's own first; ``key`` in PKCS#8 DER, or None; ``encrypted`` where
    it did not open without a passphrase.
    """

    certificates: tuple[bytes, ...]
    key: bytes | None = field(repr=False)
    encrypted: bool


def elements_of_pkcs7(bundle: Tlv) -> tuple[Tlv, ...]:
    """The certificates and CRLs in a PKCS#7 SignedData (RFC 2315, section 9.1), as elements.

    Raises ``DerError`` where ``bundle`` is another kind of PKCS#7.
    """
    content = bundle.children()[1].children()
    if len(content) != 1:
        raise DerError("no signed data in it")
    signed = der.expect(content[0], der.SEQUENCE, "signed data").children()
    return tuple(
        element
        for part in signed
        if part.tag in (_CERTIFICATES, _CRLS)
        for element in part.children()
    )


def open_pkcs12(encoded: bytes, passphrase: Secret | None, *, where: str) -> Archive:
    """Open a PKCS#12 archive; one without protection, or with an empty passphrase, opens without any.

    ``where`` (``"File x.p12"``) begins the messages. Raises ``MaterialError``: ``key-encrypted`` where it needs
    a passphrase, ``passphrase-wrong``, ``file-unreadable`` where its encryption is not supported.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    encrypted = False
    try:
        try:
            opened = pkcs12.load_pkcs12(encoded, None)
        except ValueError:
            if passphrase is None:
                raise
            opened = pkcs12.load_pkcs12(encoded, passphrase.reveal().encode())
            encrypted = True
    except UnsupportedAlgorithm as error:
        raise MaterialError(
            "file-unreadable",
            f"{where} is a PKCS#12 archive with an encryption that is not supported.",
        ) from error
    except ValueError as error:
        if passphrase is None:
            raise MaterialError(
                "key-encrypted",
                f"{where} is a PKCS#12 archive with a passphrase, and none was given.",
                fix="Give its passphrase.",
            ) from error
        raise MaterialError(
            "passphrase-wrong", f"{where}: the passphrase does not open the PKCS#12 archive."
        ) from error
    own = [opened.cert] if opened.cert else []
    return Archive(
        tuple(
            entry.certificate.public_bytes(Encoding.DER)
            for entry in [*own, *opened.additional_certs]
        ),
        to_pkcs8(opened.key) if opened.key else None,
        encrypted,
    )
