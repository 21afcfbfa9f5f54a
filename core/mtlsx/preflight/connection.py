"""Pre-flight checks of a connection's own material: settings in, findings out, nothing sent anywhere."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mtlsx.certificates.checks.chain import find_path, missing_intermediate
from mtlsx.certificates.checks.dates import check_dates
from mtlsx.certificates.checks.finding import OWN, Finding, Level
from mtlsx.certificates.checks.key_file import check_key_mode
from mtlsx.certificates.checks.strength import check_strength
from mtlsx.certificates.checks.usage import Purpose, check_usage
from mtlsx.certificates.describe import describe
from mtlsx.errors import MaterialError
from mtlsx.preflight.authorities import check_expired, listed
from mtlsx.preflight.file import Asked, check_file
from mtlsx.preflight.unusable import unusable
from mtlsx.tls.material import load_material
from mtlsx.tls.settings import TlsSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mtlsx.tls.material import TlsMaterial

MATERIAL_WARNINGS = (
    "own-cert-expired",
    "own-cert-not-yet-valid",
    "own-cert-wrong-usage",
    "own-cert-weak",
    "own-chain-incomplete",
    "key-file-open-to-others",
)
"""The ids of the stage ``material`` that warn and let the ladder go on (contract 4.4)."""


def check_settings(settings: TlsSettings, host: str, now: datetime) -> tuple[Finding, ...]:
    """All that can be said of a connection's TLS settings before it connects to ``host``; ``now`` is aware.

    What would keep it from connecting is a FAILURE. Never raises for what is in the files, nor where they are
    missing. The same as ``mtlsx cert check`` says of the client certificate; the CA file is the server's there, so
    it proves gaps in our chain, but not that the server trusts it.
    """
    try:
        anchors = load_material(TlsSettings(ca_file=settings.ca_file)).anchors
        about_ca = tuple(_server_authorities(anchors, now))
    except MaterialError as error:
        anchors, about_ca = None, (unusable(error, "ca file"),)
    return (
        *about_ca,
        *_revocation(settings),
        *_client_certificate(settings, anchors or (), now),
        *_server_checks(settings, host),
    )


def material_warnings(
    settings: TlsSettings, material: TlsMaterial, now: datetime
) -> tuple[Finding, ...]:
    """What is wrong with a client's own certificate and its key file, as far as contract 4.4 names it.

    ``material`` is what ``load_material`` made of ``settings``; ``now`` is aware. Each id comes once. Never
    raises: a key file that cannot be looked at is passed over.
    """
    if not material.chain:
        return ()
    found = (*_own(material, now), *_key_file(settings))
    by_id = {each.id: each for each in reversed(found)}
    return tuple(by_id[name] for name in MATERIAL_WARNINGS if name in by_id)


def _server_authorities(anchors: tuple[bytes, ...] | None, now: datetime) -> Iterator[Finding]:
    if anchors is None:
        yield Finding(
            "ca-of-the-system", Level.NOTE, "ca file",
            "No CA file is given: the system's trust store judges the server.",
        )  # fmt: skip
        return
    expired = check_expired(anchors, now, "ca file")
    yield expired or Finding(
        "ca-file-fits", Level.OK, "ca file", f"The server must lead to {listed(anchors)}."
    )


def _revocation(settings: TlsSettings) -> Iterator[Finding]:
    try:
        load_material(TlsSettings(crl_file=settings.crl_file))
    except MaterialError as error:
        yield unusable(error, "crl file")


def _client_certificate(
    settings: TlsSettings, at_hand: tuple[bytes, ...], now: datetime
) -> Iterator[Finding]:
    if settings.certificate_file is not None:
        asked = Asked(
            key_file=settings.key_file,
            needs_key=True,
            passphrase=settings.passphrase,
            at_hand=at_hand,
        )
        found = check_file(settings.certificate_file, asked, now)
        yield from (each for each in found if each.id != "chain-not-checked")
        return
    try:
        load_material(replace(settings, ca_file=None, crl_file=None))
    except MaterialError as error:
        yield unusable(error, "key")
    else:
        yield Finding(
            "no-client-certificate", Level.NOTE, "certificate",
            "No client certificate is given: the server will not know us by one.",
        )  # fmt: skip


def _server_checks(settings: TlsSettings, host: str) -> Iterator[Finding]:
    from mtlsx.tls.names import is_ip_address

    off = [
        what
        for what, on in (
            ("who issued it", settings.verify_chain),
            ("for whom it is", settings.verify_name),
        )
        if not on
    ]
    if off:
        yield Finding(
            "verification-off", Level.WARNING, "server",
            f"Of the server's certificate it is not checked {' nor '.join(off)}.",
            "Anybody between here and the server can pass for it, and read the password.",
            "Switch the check on.",
        )  # fmt: skip
    if settings.sni is None and host and is_ip_address(host):
        yield Finding(
            "no-server-name", Level.NOTE, "server",
            f"To an address no server name (SNI) is sent; the certificate must name IP:{host}.",
        )  # fmt: skip


def _own(material: TlsMaterial, now: datetime) -> Iterator[Finding]:
    about = describe(material.chain[0])
    yield check_dates(about, now, OWN)
    yield check_usage(about, Purpose.CLIENT)
    yield from check_strength(about, OWN)
    path = find_path(material.chain, 0, material.anchors or (), now)
    gap = missing_intermediate(material.chain, path)
    if gap is not None:
        yield gap


def _key_file(settings: TlsSettings) -> Iterator[Finding]:
    path = settings.key_file or settings.certificate_file
    try:
        yield check_key_mode(path or "", os.stat(path or "").st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return
