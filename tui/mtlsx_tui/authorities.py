"""What the PKI screen shows: the authorities of a workbench and what each issued, read once, as plain values.

Reading loads what reads certificates, so it happens in a worker, never while the application starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError

if TYPE_CHECKING:
    from mtlsx.pki.authority import Authority
    from mtlsx.pki.certify import Kind
    from mtlsx.pki.standing import Standing
    from mtlsx.pki.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate that was issued. ``days``: whole days until it ends, negative once it has."""

    serial: str
    name: str
    cn: str | None
    dn: str
    kind: Kind
    standing: Standing
    issued: datetime
    until: datetime
    days: int
    has_key: bool
    about: str


@dataclass(frozen=True, slots=True)
class View:
    """One authority.

    ``signer``: who signs its certificate, itself or another; None where that one is not here. ``crl``: words about
    its revocation list; ``encrypted``: whether its key needs a passphrase.
    """

    name: str
    serial: str
    signer: str | None
    subject: str
    is_root: bool
    days: int
    until: datetime
    encrypted: bool
    crl: str
    folder: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """All authorities, or why they cannot be read."""

    views: tuple[View, ...] = ()
    error: str | None = None


def survey(workbench: Workbench, now: float) -> Survey:
    """Read them all. ``now``: seconds since the epoch."""
    moment = datetime.fromtimestamp(now, UTC)
    try:
        authorities = workbench.authorities()
        return Survey(tuple(_view(each, authorities, moment) for each in authorities))
    except MtlsxError as error:
        return Survey(error=str(error))


def _view(authority: Authority, authorities: list[Authority], now: datetime) -> View:
    from mtlsx.certificates.names import format_name, parse_name
    from mtlsx.pki.certify import serial_text
    from mtlsx.pki.standing import days_left

    certificate = authority.certificate
    signed_by = (certificate, *authority.issuers)[:2][-1]
    until = certificate.not_valid_after_utc
    return View(
        name=authority.name,
        serial=serial_text(certificate.serial_number),
        signer=next((each.name for each in authorities if each.certificate == signed_by), None),
        subject=format_name(parse_name(certificate.subject.public_bytes())),
        is_root=not authority.issuers,
        days=days_left(until, now),
        until=until,
        encrypted=authority.key_is_encrypted,
        crl=_about_crl(authority, now),
        folder=str(authority.folder.path),
        rows=_rows(authority, now),
    )


def _rows(authority: Authority, now: datetime) -> tuple[Row, ...]:
    """What it issued, the newest first; its own certificate is not among them."""
    from mtlsx.pki.certify import serial_text
    from mtlsx.pki.standing import days_left, standing

    index = authority.index
    renewed = index.renewed()
    own = serial_text(authority.certificate.serial_number)
    keys = {path.stem for path in (authority.folder.path / "keys").iterdir()}
    rows = []
    for entry in reversed(index.entries.values()):
        if entry.serial == own:
            continue
        revocation = index.revoked.get(entry.serial)
        about = f"renews {entry.renews}" if entry.renews else ""
        if revocation is not None:
            about = f"revoked on {revocation.since:%Y-%m-%d}: {revocation.reason}"
        rows.append(
            Row(
                serial=entry.serial,
                name=entry.cn or entry.dn or entry.serial,
                cn=entry.cn,
                dn=entry.dn,
                kind=entry.kind,
                standing=standing(index, entry, now, renewed=renewed),
                issued=entry.issued,
                until=entry.until,
                days=days_left(entry.until, now),
                has_key=entry.serial in keys,
                about=about,
            )
        )
    return tuple(rows)


def _about_crl(authority: Authority, now: datetime) -> str:
    from cryptography.x509 import load_pem_x509_crl

    from mtlsx.pki.standing import days_left

    path = authority.folder.path / "ca.crl"
    try:
        crl = load_pem_x509_crl(path.read_bytes())
    except FileNotFoundError:
        return "no revocation list yet"
    except (OSError, ValueError):
        return "its revocation list cannot be read"
    listed = f"{len(crl):,} revoked"
    if crl.next_update_utc is None:
        return listed
    days = days_left(crl.next_update_utc, now)
    return f"{listed}, list {'good for' if days >= 0 else 'over since'} {abs(days):,} days"
