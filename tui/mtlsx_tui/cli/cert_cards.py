"""Descriptions of certificates, requests, CRLs and keys as card titles and rows: values in, words out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mtlsx.certificates import oids
from mtlsx.certificates.algorithms import PublicKey, SignatureAlgorithm
from mtlsx.certificates.describe import CertificateDescription, role
from mtlsx.certificates.describe_crl import CrlDescription, RevokedCertificate
from mtlsx.certificates.describe_request import RequestDescription
from mtlsx.certificates.extension_facts import ExtensionFacts
from mtlsx.certificates.names import Name, common_names, format_name
from mtlsx.certificates.times import (
    NEAR,
    NEAR_NEXT_UPDATE,
    Moment,
    ValidityState,
    validity,
    validity_text,
)
from mtlsx_tui.cli.cards import Row

UNREADABLE = "(cannot be read)"

_LONGEST_NAME = 120
_LONGEST_SERIAL = 16  # hex digits in a title
_COLOURS = {
    ValidityState.VALID: "green",
    ValidityState.ENDING: "yellow",
    ValidityState.EXPIRED: "red",
    ValidityState.NOT_YET_VALID: "red",
    ValidityState.UNKNOWN: "yellow",
}


def short_name(name: Name | None) -> str:
    """A name in a few words: its common names, else all of it, cut where it is longer than a name should be."""
    if name is None:
        return UNREADABLE
    text = ", ".join(common_names(name)) or format_name(name)
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


def certificate_title(about: CertificateDescription) -> str:
    """``X.509 v3 TLS client certificate (EC P-256) [serial 1039]``."""
    serial = f"{about.serial:X}"
    if len(serial) > _LONGEST_SERIAL:
        serial = f"{serial[:4]}…{serial[-4:]}"
    return f"X.509 v{about.version} {role(about)} ({_key(about.public_key)}) [serial {serial}]"


def certificate_rows(
    about: CertificateDescription, signed_by: Row, now: datetime
) -> Iterator[Row | None]:
    """The rows of a certificate; ``signed_by`` is the caller's, who knows the other certificates."""
    yield Row("Subject", (short_name(about.subject),))
    yield from _alternative_names(about.extensions)
    yield Row("Issuer", (short_name(about.issuer),))
    yield from _validity_rows(about.not_before, about.not_after, now)
    yield None
    yield _name_row("Subject DN", about.subject)
    yield _name_row("Issuer DN", about.issuer)
    yield signed_by
    yield Row("Public key", (_key(about.public_key),))
    yield Row("Signature", (_signature(about.signature_algorithm),))
    yield from _extension_rows(about.extensions)
    yield Row("Serial", (_serial(about.serial),))
    yield Row("SHA-256", (about.sha256,))
    yield Row("SHA-1", (about.sha1,))
    yield Row("MD5", (about.md5,))
    yield from _oddity_rows(about.oddities)


def request_rows(about: RequestDescription) -> Iterator[Row | None]:
    """The rows of a certificate request; the extensions are those it asks for."""
    yield Row("Subject", (short_name(about.subject),))
    yield from _alternative_names(about.extensions)
    yield None
    yield _name_row("Subject DN", about.subject)
    yield Row("Public key", (_key(about.public_key),))
    yield Row("Signature", (_signature(about.signature_algorithm),))
    yield from _extension_rows(about.extensions)
    yield Row("SHA-256", (about.sha256,))
    yield from _oddity_rows(about.oddities)


def crl_rows(about: CrlDescription, now: datetime) -> Iterator[Row | None]:
    """The rows of a revocation list with the entries that were read."""
    yield Row("Issuer", (short_name(about.issuer),))
    if about.next_update is None:
        yield Row(
            "Validity", ("no next update is promised", f"issued {about.this_update}"), "yellow"
        )
    else:
        yield from _validity_rows(about.this_update, about.next_update, now, near=NEAR_NEXT_UPDATE)
    yield None
    yield _name_row("Issuer DN", about.issuer)
    yield Row("Signature", (_signature(about.signature_algorithm),))
    if about.number is not None:
        yield Row("CRL number", (f"{about.number:X}",))
    if about.authority_key_identifier is not None:
        yield Row("AKI", (about.authority_key_identifier.hex(),))
    yield Row("SHA-256", (about.sha256,))
    yield _revoked_row(about)
    yield from _oddity_rows(about.oddities)


def request_title(about: RequestDescription) -> str:
    """``Certificate request (EC P-256)``."""
    return f"Certificate request ({_key(about.public_key)})"


def private_key_title(key: PublicKey | None, *, encrypted: bool) -> str:
    """``Private key (EC P-256), encrypted``; ``key`` is None while it is closed."""
    kind = f" ({key})" if key else ""
    return f"Private key{kind}, {'encrypted' if encrypted else 'not encrypted'}"


def public_key_title(key: PublicKey | None) -> str:
    """``Public key (EC P-256)``."""
    return f"Public key ({_key(key)})"


def _validity_rows(
    begins: Moment, ends: Moment, now: datetime, *, near: timedelta = NEAR
) -> Iterator[Row]:
    state = validity(begins, ends, now, near=near)
    yield Row("Validity", (validity_text(state),), _COLOURS[state.state])
    yield Row("", (f"{begins} to {ends}",))


def _alternative_names(about: ExtensionFacts) -> Iterator[Row]:
    if about.alternative_names:
        yield Row("Alt. names", tuple(map(str, about.alternative_names)))


def _name_row(label: str, name: Name | None) -> Row:
    return Row(label, (UNREADABLE if name is None else format_name(name),))


def _extension_rows(about: ExtensionFacts) -> Iterator[Row]:
    constraints = about.basic_constraints
    subject_key = about.subject_key_identifier
    authority = about.authority_key_identifier
    lines = (
        ("Key usage", oids.KEY_USAGE, _listed(about.key_usage)),
        ("Ext. usage", oids.EXTENDED_KEY_USAGE, _listed(about.key_purposes)),
        (
            "Constraints",
            oids.BASIC_CONSTRAINTS,
            constraints and _constraints(constraints.ca, constraints.path_length),
        ),
        ("SKI", oids.SUBJECT_KEY_IDENTIFIER, subject_key and subject_key.hex()),
        (
            "AKI",
            oids.AUTHORITY_KEY_IDENTIFIER,
            authority and _authority(authority.key, authority.serial),
        ),
    )
    for label, oid, line in lines:
        if line:
            yield Row(label, (line + _criticality(oid, about),))
    for label, addresses in (
        ("CRL", about.crl_addresses),
        ("OCSP", about.ocsp_addresses),
        ("CA issuers", about.issuer_addresses),
    ):
        if addresses:
            yield Row(label, addresses)
    if about.others:
        names = (
            oids.EXTENSIONS.get(each.oid, each.oid) + _criticality(each.oid, about)
            for each in about.others
        )
        yield Row("Others", (", ".join(names),))


def _criticality(oid: str, about: ExtensionFacts) -> str:
    return " (critical)" if oid in about.critical else ""


def _listed(names: tuple[str, ...] | None) -> str | None:
    return None if names is None else ", ".join(names) or "(none)"


def _constraints(ca: bool, path_length: int | None) -> str:
    if not ca:
        return "not a CA"
    if path_length is None:
        return "CA"
    return (
        f"CA, at most {_count(path_length, 'CA')} below it" if path_length else "CA, no CA below it"
    )


def _authority(key: bytes | None, serial: int | None) -> str:
    if key is not None:
        return key.hex()
    return "(empty)" if serial is None else f"serial {serial:X} of the issuer"


def _revoked_row(about: CrlDescription) -> Row:
    more = about.count - len(about.entries)
    lines = [_count(about.count, "certificate")]
    lines += map(_revoked, about.entries)
    if more:
        lines.append(f"… and {more} more")
    return Row("Revoked", tuple(lines))


def _revoked(entry: RevokedCertificate) -> str:
    reason = f"  {entry.reason}" if entry.reason else ""
    return f"{entry.serial:X}  {entry.revoked_at}{reason}"


def _oddity_rows(oddities: tuple[str, ...]) -> Iterator[Row]:
    if oddities:
        yield Row("Odd", oddities, "yellow")


def _key(key: PublicKey | None) -> str:
    return UNREADABLE if key is None else str(key)


def _signature(algorithm: SignatureAlgorithm | None) -> str:
    return UNREADABLE if algorithm is None else str(algorithm)


def _serial(serial: int) -> str:
    # Revocation lists and openssl speak hex; some consoles show small numbers in decimal.
    return f"{serial:X} (decimal {serial})" if 9 < serial < 2**64 else f"{serial:X}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
