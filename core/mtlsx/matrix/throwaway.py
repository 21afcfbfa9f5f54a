"""Throw-away certificates, made on the spot: what a server must refuse, and with its CA's key the right one.

They are for a client ``CN=mtlsx-matrix``, never for the real device: a server that lets one in must not take it for that
device and disconnect it. What is wrong with each is one thing only, as far as that goes without the CA's key: then
those with wrong dates or usage are signed by a CA that nobody trusts, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mtlsx.certificates.algorithms import read_public_key
from mtlsx.certificates.chain import links
from mtlsx.certificates.checks.chain import find_path
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.keys import same_public_key
from mtlsx.certificates.load import read_file
from mtlsx.errors import MaterialError, UsageError
from mtlsx.matrix.candidate import Candidate, Kind, Signer
from mtlsx.pki.certify import Kind as Certified
from mtlsx.pki.certify import Wanted, certify, require_issuer
from mtlsx.pki.keys import KeyKind, generate, open_key, to_pem
from mtlsx.pki.names import parse_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate, Name

    from mtlsx.pki.keys import PrivateKey
    from mtlsx.secret import Secret

CLIENT_NAME = "mtlsx-matrix"
_DAY = timedelta(days=1)  # further from now than clocks differ
_MONTH = timedelta(days=30)
_KEY = KeyKind.P256


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA that issues for the server; its key signs, ``chain`` (DER) is sent behind what it signed."""

    certificate: Certificate
    key: PrivateKey = field(repr=False)
    chain: tuple[bytes, ...] = ()


def candidates(
    own: Sequence[bytes],
    at_hand: Sequence[bytes],
    authority: Authority | None,
    now: datetime,
) -> tuple[Candidate, ...]:
    """All whom the server is to be tried with, the right one last.

    ``own``: the chain of the client certificate that the settings name (DER), empty without one; ``at_hand``: other CA
    certificates (DER), among which its issuer may be. Without ``own`` and without ``authority`` there is no right one.
    ``now`` is aware.
    """
    made = _Maker(_issuer(own, at_hand, authority), authority, now)
    found = [Candidate(Kind.NONE, Signer.NOBODY), made.self_signed(), made.of_other_ca()]
    namesake = made.of_namesake()
    found += [namesake] if namesake else []
    found += [made.expired(), made.not_yet_valid(), made.of_wrong_usage()]
    if own:
        found.append(Candidate(Kind.RIGHT, Signer.UNKNOWN))
    elif authority is not None:
        found.append(made.right())
    return tuple(found)


def open_authority(
    key_file: str, certificates: Sequence[bytes], passphrase: Secret | None, now: datetime
) -> Authority:
    """The CA among ``certificates`` (DER) whose key ``key_file`` holds; ``now`` is aware.

    Raises ``MaterialError``: what reading the key raises, ``key-mismatch`` where none of them is its own; ``UsageError``
    for a kind of key that is not supported.
    """
    key = open_key(read_file(key_file), passphrase, source=key_file)
    public = _public(key)
    for at, certificate in enumerate(certificates):
        loaded = _loaded_ca(certificate)
        if loaded and same_public_key(parse_certificate(certificate).spki.raw, public):
            others = (*certificates[:at], *certificates[at + 1 :])
            return Authority(loaded, key, _sent_behind(certificate, others, now))
    raise MaterialError(
        "key-mismatch",
        f"The private key in {key_file} belongs to no CA certificate that was given.",
        fix="Give the certificate of the CA whose key it is with --matrix-ca.",
    )


class _Maker:
    """Makes the candidates: one key for all that we show, one CA that nobody trusts, one that only has a trusted name."""

    def __init__(
        self,
        issuer: tuple[Name, Certificate | None] | None,
        authority: Authority | None,
        now: datetime,
    ) -> None:
        self._issuer = issuer
        self._authority = authority
        self._now = now.replace(microsecond=0)
        self._key = generate(_KEY)
        self._ca_key = generate(_KEY)
        self._ca = self._authority_named(parse_subject("/CN=mtlsx throw-away CA"), self._ca_key)

    def self_signed(self) -> Candidate:
        certificate = certify(
            self._wanted(Certified.DEVICE), self._key.public_key(),
            issuer=None, signing_key=self._key, now=self._now,
        )  # fmt: skip
        return self._candidate(Kind.SELF_SIGNED, Signer.ITSELF, certificate)

    def of_other_ca(self) -> Candidate:
        wanted = self._wanted(Certified.DEVICE)
        return self._candidate(Kind.OTHER_CA, Signer.THROW_AWAY, self._thrown(wanted), self._ca)

    def of_namesake(self) -> Candidate | None:
        """Of a CA that has the name of ours; where ours is at hand, with its key identifier and its kind of key, too,
        so that only the signature tells them apart."""
        if self._issuer is None:
            return None
        name, ours = self._issuer
        key = generate(_KEY if ours is None else _kind_like(ours))
        namesake = self._authority_named(name, key)
        certificate = certify(
            self._wanted(Certified.DEVICE), self._key.public_key(),
            issuer=ours or namesake, signing_key=key, now=self._now,
        )  # fmt: skip
        return self._candidate(Kind.NAMESAKE_CA, Signer.THROW_AWAY, certificate, namesake)

    def expired(self) -> Candidate:
        period = self._now - _MONTH, self._now - _DAY
        return self._signed(Kind.EXPIRED, self._wanted(Certified.DEVICE, period))

    def not_yet_valid(self) -> Candidate:
        period = self._now + _DAY, self._now + _MONTH
        return self._signed(Kind.NOT_YET_VALID, self._wanted(Certified.DEVICE, period))

    def of_wrong_usage(self) -> Candidate:
        return self._signed(Kind.WRONG_USAGE, self._wanted(Certified.SERVER))

    def right(self) -> Candidate:
        return self._signed(Kind.RIGHT, self._wanted(Certified.DEVICE))

    def _signed(self, kind: Kind, wanted: Wanted) -> Candidate:
        """Signed by the authority, where its key is there."""
        if self._authority is None:
            return self._candidate(kind, Signer.THROW_AWAY, self._thrown(wanted), self._ca)
        certificate = certify(
            wanted, self._key.public_key(), issuer=self._authority.certificate,
            signing_key=self._authority.key, now=self._now,
        )  # fmt: skip
        behind = filter(None, map(_loaded, self._authority.chain))
        return self._candidate(kind, Signer.AUTHORITY, certificate, *behind)

    def _thrown(self, wanted: Wanted) -> Certificate:
        return certify(
            wanted, self._key.public_key(), issuer=self._ca, signing_key=self._ca_key, now=self._now
        )

    def _authority_named(self, name: Name, key: PrivateKey) -> Certificate:
        wanted = Wanted(kind=Certified.CA, subject=name, days=1, period=self._good_period())
        return certify(wanted, key.public_key(), issuer=None, signing_key=key, now=self._now)

    def _wanted(self, kind: Certified, period: tuple[datetime, datetime] | None = None) -> Wanted:
        subject = parse_subject(f"/CN={CLIENT_NAME}")
        return Wanted(kind=kind, subject=subject, days=1, period=period or self._good_period())

    def _good_period(self) -> tuple[datetime, datetime]:
        return self._now - _DAY, self._now + _DAY

    def _candidate(self, kind: Kind, signer: Signer, *chain: Certificate) -> Candidate:
        from cryptography.hazmat.primitives.serialization import Encoding

        pem = b"".join(each.public_bytes(Encoding.PEM) for each in chain)
        return Candidate(kind, signer, pem, to_pem(self._key))


def _issuer(
    own: Sequence[bytes], at_hand: Sequence[bytes], authority: Authority | None
) -> tuple[Name, Certificate | None] | None:
    """The name of the CA that issues for the server, and its certificate where that is at hand and a CA's."""
    if authority is not None:
        return authority.certificate.subject, authority.certificate
    if not own:
        found = next(filter(None, map(_loaded_ca, at_hand)), None)
        return None if found is None else (found.subject, found)
    certificate = _loaded(own[0])
    if certificate is None:
        return None
    everybody = (*own, *at_hand)
    at = links(everybody)[0].issuer
    return certificate.issuer, _loaded_ca(everybody[at]) if at else None


def _kind_like(authority: Certificate) -> KeyKind:
    """A kind of key whose signatures look like those of ``authority``."""
    about = read_public_key(parse_certificate(_der(authority)).spki)
    return _KINDS.get(about.algorithm if about.curve is None else about.curve, _KEY)


_KINDS = {"RSA": KeyKind.RSA_2048, "P-384": KeyKind.P384, "Ed25519": KeyKind.ED25519}


def _loaded_ca(certificate: bytes) -> Certificate | None:
    loaded = _loaded(certificate)
    try:
        if loaded is not None:
            require_issuer(loaded, Certified.DEVICE)
    except UsageError:
        return None
    return loaded


def _loaded(certificate: bytes) -> Certificate | None:
    """None for one that is too odd to be issued from."""
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        return load_der_x509_certificate(certificate)
    except (ValueError, InvalidVersion):
        return None


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _public(key: PrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sent_behind(certificate: bytes, others: Sequence[bytes], now: datetime) -> tuple[bytes, ...]:
    """The CA's certificate and those above it, but for the root: what a device sends behind its own."""
    path = find_path((certificate,), 0, others, now)
    return path.certificates[:-1] if path.complete else path.certificates
