"""What the ``mtlsx pki`` commands print of a certificate: lines for people, or one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlsx.certificates.strings import printable
from mtlsx.pki.certify import serial_text
from mtlsx.pki.standing import days_left, standing

if TYPE_CHECKING:
    from mtlsx.pki.authority import Authority
    from mtlsx.pki.index import Entry


def issued_lines(authority: Authority, entry: Entry, files: Sequence[Path] = ()) -> str:
    """What was issued, until when, and where it is."""
    name = printable(name_of(entry))
    until = f"valid until {entry.until:%Y-%m-%d} ({(entry.until - entry.issued).days:,} days)"
    lines = [f"Issued {name} by {authority.name}, {until}"]
    lines += [f"  {what:<12} {value}" for what, value in _facts(authority, entry)]
    lines += [f"  {'written':<12} {path}" for path in files]
    return "\n".join(lines)


def entry_json(authority: Authority, entry: Entry, files: Sequence[Path] = ()) -> dict[str, Any]:
    """One certificate as JSON."""
    certificate, key = places(authority, entry)
    revocation = authority.index.revoked.get(entry.serial)
    content: dict[str, Any] = {
        "ca": authority.name,
        "serial": entry.serial,
        "kind": str(entry.kind),
        "cn": entry.cn,
        "dn": entry.dn,
        "issued": _stamp(entry.issued),
        "not_after": _stamp(entry.until),
        "days_left": days_left(entry.until, datetime.now(UTC)),
        "state": str(standing(authority.index, entry, datetime.now(UTC))),
        "renews": entry.renews,
        "revoked": None
        if revocation is None
        else {"since": _stamp(revocation.since), "reason": str(revocation.reason)},
        "certificate": str(certificate),
        "key": None if key is None else str(key),
    }
    if files:
        content["files"] = list(map(str, files))
    return content


def authority_lines(authority: Authority) -> str:
    """An authority, until when it is good, and where its files are."""
    certificate = authority.certificate
    days = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days
    kind = "root authority" if not authority.issuers else "authority"
    folder = authority.folder.path
    key = "encrypted" if authority.key_is_encrypted else "not encrypted"
    return (
        f"{authority.name}: {kind} {printable(certificate.subject.rfc4514_string())},"
        f" valid until {certificate.not_valid_after_utc:%Y-%m-%d} ({days:,} days)\n"
        f"  {'certificate':<12} {folder / 'ca.crt'}\n"
        f"  {'key':<12} {folder / 'ca.key'} ({key})"
    )


def authority_json(authority: Authority) -> dict[str, Any]:
    """An authority as JSON."""
    certificate = authority.certificate
    crl = authority.folder.path / "ca.crl"
    return {
        "name": authority.name,
        "subject": certificate.subject.rfc4514_string(),
        "serial": serial_text(certificate.serial_number),
        "root": not authority.issuers,
        "not_after": _stamp(certificate.not_valid_after_utc),
        "days_left": days_left(certificate.not_valid_after_utc, datetime.now(UTC)),
        "certificate": str(authority.folder.path / "ca.crt"),
        "key": str(authority.folder.path / "ca.key"),
        "key_encrypted": authority.key_is_encrypted,
        "crl": str(crl) if crl.exists() else None,
    }


def name_of(entry: Entry) -> str:
    """What people call a certificate: its CN, else its DN, else its serial number."""
    return entry.cn or entry.dn or entry.serial


def places(authority: Authority, entry: Entry) -> tuple[Path, Path | None]:
    """Where the certificate is, and its key."""
    return authority.folder.certificate_path(entry.serial), authority.folder.key_path(entry.serial)


def _facts(authority: Authority, entry: Entry) -> list[tuple[str, str]]:
    certificate, key = places(authority, entry)
    return [
        ("serial", entry.serial),
        ("certificate", str(certificate)),
        ("key", "with its owner" if key is None else str(key)),
    ]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
