"""Certificates for many devices that differ in name and key only: cast from one that ``certify`` made.

Building each from its extensions costs four times what signing it does. So one certificate of the kind is taken
apart once; per device only the serial number, the common name, the key and its identifier are put in (RFC 5280,
section 4.1), and the result is signed. Octet for octet it is what ``certify`` would make.
"""

from __future__ import annotations

import binascii
import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from mtlsx.certificates import der, oids
from mtlsx.certificates.fields import parse_certificate
from mtlsx.identity import emqx
from mtlsx.identity.erlang_names import escape
from mtlsx.pki.certify import Wanted, certify, new_serial, serial_text
from mtlsx.pki.folder import Issued
from mtlsx.pki.index import Entry
from mtlsx.pki.keys import KeyKind, generate, generator, pem_writer, signature_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509 import Certificate

    from mtlsx.pki.keys import PrivateKey
    from mtlsx.secret import Secret

_SET = 0x31
_UTF8_STRING = 0x0C
_OID_COMMON_NAME = bytes.fromhex("0603550403")
_OID_SUBJECT_KEY_IDENTIFIER = bytes.fromhex("0603551d0e")
_LINE = 64  # characters of base64 in a line of PEM, RFC 7468


class Mould:
    """Casts certificates like the one for ``wanted``, whose subject ends in a common name and nothing else."""

    def __init__(
        self,
        wanted: Wanted,
        kind: KeyKind,
        *,
        issuer: Certificate,
        signing_key: PrivateKey,
        now: datetime,
        passphrase: Secret | None = None,
        fleet: str | None = None,
    ) -> None:
        """``kind`` of the devices' keys, which ``passphrase`` encrypts; the ``fleet`` that they belong to.

        Raises UsageError as ``certify`` does.
        """
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._new_key = generator(kind)
        self._key_pem = pem_writer(passphrase)
        self._spki_form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        self._kind = wanted.kind
        self._fleet = fleet
        self._sign = _signing(signing_key)
        self._now = now.replace(microsecond=0)
        sample = certify(
            wanted, generate(kind).public_key(), issuer=issuer, signing_key=signing_key, now=now
        )
        self._until = sample.not_valid_after_utc
        encoded = sample.public_bytes(Encoding.DER)
        body, self._algorithm = (each.raw for each in der.read_whole(encoded).children()[:2])
        parts = der.read_whole(body).children()
        self._version = parts[0].raw
        self._before_subject = b"".join(each.raw for each in parts[2:5])
        self._rdns = b"".join(each.raw for each in parts[5].children()[:-1])
        # Keys of one kind are encoded alike; the bits come last, behind the count of unused ones.
        spki = parts[6]
        self._bits_from = len(spki.raw) - len(spki.children()[1].value) + 1
        extensions = parts[7].children()[0].children()
        held = parse_certificate(encoded).extensions
        at = [each.oid for each in held].index(oids.SUBJECT_KEY_IDENTIFIER)
        self._extensions = (
            b"".join(each.raw for each in extensions[:at]),
            b"".join(each.raw for each in extensions[at + 1 :]),
        )
        # EMQX turns the order round, so the CN, which is last, comes first.
        dn = emqx.identify(encoded).dn or b""
        own = b"CN=" + escape(_common_name(wanted).encode())
        self._dn_rest = dn.removeprefix(own)

    def dn(self, cn: str) -> str:
        """The DN of the device ``cn`` as EMQX writes it."""
        return (b"CN=" + escape(cn.encode()) + self._dn_rest).decode()

    def cast(self, cn: str) -> Issued:
        """A certificate for the device ``cn`` and a new key."""
        key = self._new_key()
        serial = new_serial()
        certificate = self.certificate(cn, key.public_key().public_bytes(*self._spki_form), serial)
        entry = Entry(
            serial_text(serial), self._now, self._kind, self._until, cn, self.dn(cn), self._fleet
        )
        return Issued(entry, _pem(certificate), self._key_pem(key))

    def certificate(self, cn: str, spki: bytes, serial: int) -> bytes:
        """The certificate (DER) for a public key (SubjectPublicKeyInfo, DER)."""
        name = _tlv(der.SEQUENCE, _OID_COMMON_NAME + _tlv(_UTF8_STRING, cn.encode()))
        subject = _tlv(der.SEQUENCE, self._rdns + _tlv(_SET, name))
        before, behind = self._extensions
        extensions = _tlv(der.SEQUENCE, before + _key_identifier(spki[self._bits_from :]) + behind)
        body = _tlv(
            der.SEQUENCE,
            self._version
            + _tlv(der.INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
            + self._before_subject
            + subject
            + spki
            + _tlv(0xA3, extensions),
        )
        signature = _tlv(der.BIT_STRING, b"\0" + self._sign(body))
        return _tlv(der.SEQUENCE, body + self._algorithm + signature)


def _common_name(wanted: Wanted) -> str:
    return str(next(iter(wanted.subject.rdns[-1])).value)


def _signing(key: PrivateKey) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    hash_ = signature_hash(key)
    if hash_ is None:
        return key.sign  # type: ignore[return-value]  # Ed25519 has no hash
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda data: key.sign(data, padding.PKCS1v15(), hash_)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  (there are no other kinds)
    algorithm = ec.ECDSA(hash_)
    return lambda data: key.sign(data, algorithm)


def _key_identifier(bits: bytes) -> bytes:
    """The extension: the SHA-1 of the key's bits (RFC 5280, section 4.2.1.2, method 1)."""
    digest = hashlib.sha1(bits, usedforsecurity=False).digest()
    value = _tlv(der.OCTET_STRING, _tlv(der.OCTET_STRING, digest))
    return _tlv(der.SEQUENCE, _OID_SUBJECT_KEY_IDENTIFIER + value)


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _pem(certificate: bytes) -> bytes:
    text = binascii.b2a_base64(certificate, newline=False)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))
