"""A certificate authority that is kept in a folder: issue, revoke, list revocations, renew.

What it issued is an identity to brokers, so an identity that it has issued and not revoked is not issued
again unless the caller says so (``Admission``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from mtlsx.errors import MaterialError, MtlsxError, UsageError
from mtlsx.files import reason, write_file
from mtlsx.identity import emqx
from mtlsx.pki.certify import Kind, Wanted, certify, serial_text
from mtlsx.pki.crls import Reason, Revoked, make_crl
from mtlsx.pki.folder import Folder, Issued
from mtlsx.pki.index import Entry, Index, Revocation, crl_line, revoked_line
from mtlsx.pki.keys import KeyKind, generate, open_key, to_pem

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
    from cryptography.x509 import Certificate, CertificateRevocationList, GeneralName

    from mtlsx.pki.keys import PrivateKey
    from mtlsx.secret import Secret

IdentityPart: TypeAlias = Literal["cn", "dn", "md5"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Which certificates may be issued beside those that there are.

    ``identity``: what the broker takes as the identity, by EMQX's name; it is that of one live certificate only,
    unless ``duplicates``. An md5 is of the whole certificate, and so never twice. ``fleet``: the id of the fleet that
    is being issued; what of it is there already is passed over.
    """

    identity: IdentityPart = "cn"
    duplicates: bool = False
    fleet: str | None = None

    def admit(self, index: Index, entry: Entry) -> bool:
        """Whether to issue it; UsageError where the identity is that of a certificate which is not revoked."""
        if self.is_done(index, entry.dn):
            return False
        for other in self.conflicts(index, entry):
            value = entry.cn if self.identity == "cn" else entry.dn
            raise UsageError(
                f"{self.identity.upper()} {value} was already issued on {other.issued:%Y-%m-%d}"
                f" (serial {other.serial}) and is not revoked.",
                fix="Renew or revoke that certificate, or allow a duplicate.",
            )
        return True

    def is_done(self, index: Index, dn: str) -> bool:
        """Whether the device with this DN was issued as a part of the fleet."""
        return self.fleet is not None and any(
            other.fleet == self.fleet for other in index.live(dn=dn)
        )

    def conflicts(self, index: Index, entry: Entry) -> list[Entry]:
        """The live certificates that have the identity of ``entry`` and so stand in its way."""
        if self.duplicates or entry.kind is Kind.CA or self.identity == "md5":
            return []
        if self.identity == "dn":
            return index.live(dn=entry.dn)
        return [] if entry.cn is None else index.live(cn=entry.cn)


@dataclass(frozen=True, slots=True)
class Signer:
    """An authority's opened private key."""

    key: PrivateKey = field(repr=False)


class Authority:
    """The authority whose folder is ``path``. Its index is as of the last ``refresh`` or change."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.folder = Folder(path)

    @property
    def index(self) -> Index:
        """What it issued and revoked."""
        return self.folder.index

    @cached_property
    def certificate(self) -> Certificate:
        """Its own certificate. Raises MaterialError where the file holds none."""
        return self._certificates("ca.crt")[0]

    @cached_property
    def issuers(self) -> tuple[Certificate, ...]:
        """The authorities above it, the root last; none for a root."""
        return self._certificates("issuers.crt")

    @property
    def root(self) -> Certificate:
        """The trust anchor: itself, or the last of those above it."""
        return (self.certificate, *self.issuers)[-1]

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """What a device sends behind its own certificate: all authorities but the root."""
        return (self.certificate, *self.issuers)[:-1]

    def open(self, passphrase: Secret | None) -> Signer:
        """Its private key. Raises MaterialError: ``file-missing``, ``key-encrypted``, ``passphrase-wrong`` …"""
        path = self.folder.path / "ca.key"
        return Signer(open_key(_read(path), passphrase, source=str(path)))

    @property
    def key_is_encrypted(self) -> bool:
        """Whether its private key needs a passphrase."""
        return b"ENCRYPTED" in _read(self.folder.path / "ca.key")

    def issue(
        self,
        signer: Signer,
        wanted: Wanted,
        key: KeyKind | CertificatePublicKeyTypes,
        *,
        admission: Admission,
        passphrase: Secret | None = None,
        renews: str | None = None,
    ) -> Issued:
        """Make one certificate, as ``make`` does, and issue it.

        Raises UsageError for an identity that is taken and for what ``certify`` refuses.
        """
        made = self.make(signer, wanted, key, passphrase=passphrase, renews=renews)
        self.folder.commit([made], admission.admit)
        return made

    def make(
        self,
        signer: Signer,
        wanted: Wanted,
        key: KeyKind | CertificatePublicKeyTypes,
        *,
        passphrase: Secret | None = None,
        renews: str | None = None,
    ) -> Issued:
        """Make a certificate for ``folder.commit``, which issues it.

        ``key``: the kind of a new key, which ``passphrase`` encrypts, or a public key whose owner keeps the other
        half. Raises UsageError for what ``certify`` refuses.
        """
        private = generate(key) if isinstance(key, KeyKind) else None
        public = private.public_key() if private is not None else key
        now = datetime.now(UTC)
        certificate = certify(
            wanted, public, issuer=self.certificate, signing_key=signer.key, now=now  # type: ignore[arg-type]  # a KeyKind was generated
        )  # fmt: skip
        return issued(
            certificate, wanted.kind, now,
            key=None if private is None else to_pem(private, passphrase), renews=renews,
        )  # fmt: skip

    def renew(
        self,
        signer: Signer,
        entry: Entry,
        key: KeyKind | None,
        *,
        days: int,
        passphrase: Secret | None = None,
    ) -> Issued:
        """Issue a certificate that takes the place of ``entry``: same names, a new key or (None) the same.

        The old one stays valid until it ends or is revoked, so that devices can change over. With the same key,
        its file goes over as it is. Raises UsageError for one that is revoked or is a CA.
        """
        if entry.serial in self.index.revoked:
            raise UsageError(
                f"Certificate {entry.serial} is revoked.", fix="Issue a new one instead."
            )
        if entry.kind is Kind.CA:
            raise UsageError(
                f"Certificate {entry.serial} is that of an authority.",
                fix="An authority is renewed by its name: mtlsx pki renew --itself --ca NAME.",
            )
        old = self.issued_certificate(entry.serial)
        wanted = Wanted(
            kind=entry.kind, subject=old.subject, alternative_names=names_of(old), days=days
        )
        if key is not None:
            return self.issue(
                signer, wanted, key, admission=Admission(duplicates=True),
                passphrase=passphrase, renews=entry.serial,
            )  # fmt: skip
        now = datetime.now(UTC)
        certificate = certify(
            wanted, old.public_key(), issuer=self.certificate, signing_key=signer.key, now=now
        )
        path = self.folder.key_path(entry.serial)
        made = issued(
            certificate, entry.kind, now, key=None if path is None else _read(path), renews=entry.serial
        )  # fmt: skip
        self.folder.commit([made], Admission(duplicates=True).admit)
        return made

    def revoke(self, serials: Sequence[str], why: Reason, *, since: datetime | None = None) -> None:
        """Revoke these certificates, all or none. Brokers learn it from the next revocation list only.

        Raises UsageError for one that was not issued here or is revoked already.
        """
        revocation = Revocation(since or datetime.now(UTC), why)

        def lines(index: Index) -> str:
            for serial in serials:
                if serial not in index.entries:
                    raise UsageError(f"{self.name} has issued no certificate {serial}.")
                if serial in index.revoked:
                    raise UsageError(
                        f"Certificate {serial} was already revoked on"
                        f" {index.revoked[serial].since:%Y-%m-%d} ({index.revoked[serial].reason})."
                    )
            return "".join(revoked_line(serial, revocation) for serial in dict.fromkeys(serials))

        self.folder.append(lines)

    def write_crl(self, signer: Signer, *, days: int) -> CertificateRevocationList:
        """Make the next revocation list, good for ``days``, and keep it as ``ca.crl`` (PEM)."""
        from cryptography.hazmat.primitives.serialization import Encoding

        if days < 1:
            raise UsageError("A revocation list is good for 1 day at least.")
        made: list[CertificateRevocationList] = []
        now = datetime.now(UTC).replace(microsecond=0)

        def line(index: Index) -> str:
            number = index.crl_number + 1
            crl = make_crl(
                (
                    Revoked(int(serial, 16), each.since, each.reason)
                    for serial, each in index.revoked.items()
                ),
                number=number, issuer=self.certificate, signing_key=signer.key, now=now, days=days,
            )  # fmt: skip
            made.append(crl)
            return crl_line(number, now, crl.next_update_utc or now)

        def write() -> None:
            # After its line: no two lists have the same number.
            data = made[0].public_bytes(Encoding.PEM)
            write_file(self.folder.path / "ca.crl", data, 0o644)

        self.folder.append(line, then=write)
        return made[0]

    def find(self, text: str) -> Entry:
        """The certificate with this serial number, or the newest live one with this CN or DN.

        Raises UsageError where there is none, or only revoked ones.
        """
        if entry := self.index.entries.get(text.upper().replace(":", "").removeprefix("0X")):
            return entry
        if found := self.index.live(cn=text) or self.index.live(dn=text):
            return found[-1]
        if any(text in (entry.cn, entry.dn) for entry in self.index.entries.values()):
            raise UsageError(
                f"Every certificate of {self.name} for {text} is revoked or that of an authority.",
                fix="Give the serial number of the one that is meant.",
            )
        raise UsageError(f"{self.name} has issued no certificate for {text}.")

    def issued_certificate(self, serial: str) -> Certificate:
        """A certificate that it issued. Raises MaterialError where the file is damaged."""
        return parse_certificates(
            self.folder.certificate(serial), f"{self.folder.path}/certs/{serial}.crt"
        )[0]

    def _certificates(self, name: str) -> tuple[Certificate, ...]:
        path = self.folder.path / name
        data = _read(path)
        return parse_certificates(data, str(path)) if data else ()


def issued(
    certificate: Certificate, kind: Kind, now: datetime, *, key: bytes | None, renews: str | None = None
) -> Issued:  # fmt: skip
    """A certificate and its key (PEM) with their entry; the names in it are those that EMQX reads."""
    from cryptography.hazmat.primitives.serialization import Encoding

    now = now.replace(microsecond=0)  # as the index tells it
    identity = emqx.identify(certificate.public_bytes(Encoding.DER))
    entry = Entry(
        serial_text(certificate.serial_number), now, kind, certificate.not_valid_after_utc,
        _text(identity.cn), _text(identity.dn) or "", renews=renews,
    )  # fmt: skip
    return Issued(entry, certificate.public_bytes(Encoding.PEM), key)


def names_of(certificate: Certificate) -> tuple[GeneralName, ...]:
    """Its subject alternative names."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(found.value)


def parse_certificates(data: bytes, source: str) -> tuple[Certificate, ...]:
    """The certificates of a PEM text, which ``source`` names. Raises MaterialError ``not-a-certificate``."""
    from cryptography import x509

    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise MaterialError(
            "not-a-certificate", f"File {source} holds no certificate: {error}."
        ) from error


def require_not_revoked(index: Index, entry: Entry) -> bool:
    """True; UsageError where what ``entry`` renews is revoked."""
    if entry.renews in index.revoked:
        raise UsageError(f"Certificate {entry.renews} is revoked.", fix="Issue a new one instead.")
    return True


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode(errors="backslashreplace")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MaterialError("file-missing", f"File {path} does not exist.") from error
    except OSError as error:
        raise MtlsxError(f"{path} cannot be read: {reason(error)}.") from error
