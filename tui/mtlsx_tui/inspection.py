"""From the files of a connection to what the broker will make of them.

Opens files and decrypts keys, and loads the certificate rooms: it is imported where it is needed, in a
worker.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.certificates.checks.finding import Level
from mtlsx.certificates.describe import describe
from mtlsx.certificates.load import load_file
from mtlsx.certificates.times import validity
from mtlsx.errors import MaterialError
from mtlsx.identity import emqx
from mtlsx.identity.mapping import resolve
from mtlsx.identity.otp_generations import GENERATIONS
from mtlsx.identity.traps import traps
from mtlsx.preflight.connection import check_settings
from mtlsx.tls.material import load_material
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.identity import Identity, Inspection, Remark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtlsx.certificates.checks.finding import Finding
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.identity.mapping import Mapping as IdentityMapping

_EMPTY_USERNAME = "The password goes out with an empty username: MQTT allows no password alone."
_UNCHECKED = "The server is not checked in full: anybody in between could pass for it."
_ABOUT_PASSPHRASE = {"key-encrypted", "passphrase-wrong"}
_REMARKABLE = {Level.FAILURE, Level.WARNING}


def inspect(settings: ConnectionSettings, mapping: IdentityMapping, *, now: float) -> Inspection:
    """Read the files of ``settings``; what is wrong with them comes back by field, nothing is raised.

    ``now``: seconds since the epoch.
    """
    if not settings.transport.uses_tls:
        return Inspection(note="No TLS: the broker sees no certificate, only what CONNECT says.")
    errors: dict[str, str] = {}
    _check_ca_file(settings.tls, errors)
    identity, note = None, "No client certificate: the broker sees only what CONNECT says."
    if settings.tls.certificate_file is not None:
        certificate = _certificate(settings.tls, errors)
        if certificate is not None:
            identity = _identity(certificate, settings, mapping, now)
        reasons = (errors[key] for key in ("certificate_file", "passphrase") if key in errors)
        note = "" if identity is not None else next(reasons, "")
    return Inspection(identity=identity, note=note, errors=errors)


def remarks(
    settings: ConnectionSettings, errors: Mapping[str, str], *, now: float
) -> dict[str, tuple[Remark, ...]]:
    """What else will go wrong with ``settings``, by field: all but notes, and but for what ``errors`` says already.

    It takes longer than ``inspect``: chains are verified. Nothing is raised.
    """
    if not settings.transport.uses_tls:
        return {}
    found: dict[str, tuple[Remark, ...]] = {}
    for finding in check_settings(settings.tls, settings.host, datetime.fromtimestamp(now, UTC)):
        key = _setting(finding, settings.tls)
        if key is None or finding.level not in _REMARKABLE:
            continue
        if errors.get(key, "").startswith(finding.what):
            continue
        text = finding.what if finding.fix is None else f"{finding.what} {finding.fix}"
        remark = Remark(text, failure=finding.level is Level.FAILURE)
        found[key] = (*found.get(key, ()), remark)
    return found


def _setting(finding: Finding, tls: TlsSettings) -> str | None:
    """The setting that a finding is about; None where it is none of the form's, or said there anyway."""
    if finding.id in _ABOUT_PASSPHRASE or finding.id == "passphrase-not-needed":
        return "passphrase"
    key_setting = "certificate_file" if tls.key_file is None else "key_file"
    if finding.id == "key-file-open-to-others":
        return key_setting
    match finding.topic:
        case "ca file":
            return "ca_file"
        case "crl file":
            return "crl_file"
        case "key":
            return key_setting
        case "server" | "strict":
            return None
    return "certificate_file"


def _check_ca_file(tls: TlsSettings, errors: dict[str, str]) -> None:
    if tls.ca_file is None:
        return
    try:
        load_material(TlsSettings(ca_file=tls.ca_file))
    except MaterialError as error:
        errors["ca_file"] = str(error)


def _certificate(tls: TlsSettings, errors: dict[str, str]) -> bytes | None:
    """The certificate that will be sent (DER), or the file's first where its key cannot be used."""
    assert tls.certificate_file is not None  # noqa: S101  (the caller looked)
    try:
        held = load_file(tls.certificate_file, passphrase=tls.passphrase)
    except MaterialError as error:
        wrong = error.verdict in _ABOUT_PASSPHRASE
        errors["passphrase" if wrong else "certificate_file"] = str(error)
        return _public_part(tls.certificate_file) if wrong else None
    if not held.certificates:
        errors["certificate_file"] = f"{tls.certificate_file} holds no certificate."
        return None
    try:
        return load_material(replace(tls, ca_file=None, crl_file=None)).chain[0]
    except MaterialError as error:
        wrong = error.verdict in _ABOUT_PASSPHRASE
        errors["passphrase" if wrong else "key_file"] = str(error)
        return held.certificates[0]


def _public_part(path: str) -> bytes | None:
    """The certificate of a file whose key does not open with the passphrase at hand."""
    try:
        return next(iter(load_file(path).certificates), None)
    except MaterialError:
        return None  # a PKCS#12 archive is closed as a whole


def _identity(
    certificate: bytes, settings: ConnectionSettings, mapping: IdentityMapping, now: float
) -> Identity:
    about = describe(certificate)
    seen = emqx.identify(certificate, GENERATIONS[mapping.dialect])
    mapped = resolve(seen, mapping, username=settings.username, client_id=settings.client_id)
    return Identity(
        cn=_text(seen.cn),
        dn=_text(seen.dn),
        md5=seen.md5,
        pem=seen.pem,
        username=mapped.username,
        username_from=mapped.username_from,
        client_id=mapped.client_id,
        client_id_from=mapped.client_id_from,
        redis=mapped.redis_text,
        validity=validity(about.not_before, about.not_after, datetime.fromtimestamp(now, UTC)),
        key="key unreadable" if about.public_key is None else str(about.public_key),
        refused=seen.refused,
        traps=(
            *(trap.sentence for trap in traps(certificate, mapping)),
            *([_EMPTY_USERNAME] if settings.sends_empty_username else []),
            *([] if settings.tls.verify_chain and settings.tls.verify_name else [_UNCHECKED]),
        ),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
