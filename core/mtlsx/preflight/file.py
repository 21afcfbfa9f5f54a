"""The pre-flight check of one certificate file, with its key and the CA it should lead to: ``mtlsx cert check``.

In: the file and what belongs to it. Out: findings in the order in which a person reads them: the file, its key,
the certificate itself, its chain, then what strict verifiers and brokers object to. Bad files are findings, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mtlsx.certificates.checks.authority import check_authority
from mtlsx.certificates.checks.chain import (
    Path,
    check_chain,
    check_order,
    find_path,
    is_authority,
    short_name,
)
from mtlsx.certificates.checks.dates import check_dates
from mtlsx.certificates.checks.finding import OWN, Finding, Level, Role, issuer
from mtlsx.certificates.checks.form import check_form
from mtlsx.certificates.checks.key_file import check_key_mode
from mtlsx.certificates.checks.strength import check_strength
from mtlsx.certificates.checks.strict import check_critical, check_strict
from mtlsx.certificates.checks.usage import Purpose, check_usage
from mtlsx.certificates.describe import CertificateDescription, describe
from mtlsx.certificates.load import STDIN, load_bytes, read_file
from mtlsx.errors import MaterialError
from mtlsx.identity.traps import traps
from mtlsx.preflight.authorities import check_expired, listed
from mtlsx.preflight.key import Key, check_key
from mtlsx.preflight.names import check_names
from mtlsx.preflight.openssl import check_with_openssl
from mtlsx.preflight.unusable import unusable
from mtlsx.tls.material import load_anchors

if TYPE_CHECKING:
    from mtlsx.secret import Secret

# Traps for which a broker refuses the device, or takes its name from elsewhere, with what helps; the others are
# surprises.
_WITH_A_CN = "Issue it with a CN: openssl req -subj /CN=…"
_PLAIN = "Issue it anew with plain values: names as UTF8String, keys on named curves."
REFUSED_BY_BROKERS = {
    "undecodable": _PLAIN,
    "unformattable": _PLAIN,
    "openssl-cannot-load": _PLAIN,
    "cn-holds-nul": _PLAIN,
    "invalid-cn": "Issue it with a CN of characters that can be seen.",
    "empty-subject": _WITH_A_CN,
    "no-cn": _WITH_A_CN,
    "empty-cn": _WITH_A_CN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be checked besides the file itself.

    ``key_file``: where its private key is, None where it may be in the same file; ``needs_key``: whether one
    must be there. ``passphrase`` opens the key and PKCS#12 archives. ``ca_file``: the CA certificates that the
    other side trusts, None where they are not known; ``at_hand``: others (DER) that may prove a gap. ``purpose``:
    None takes it from ``host``, the name or address that the certificate should be for (then a server), or else
    a client.
    """

    key_file: str | None = None
    needs_key: bool = False
    passphrase: Secret | None = None
    ca_file: str | None = None
    at_hand: tuple[bytes, ...] = ()
    purpose: Purpose | None = None
    host: str | None = None


def check_file(
    source: str, asked: Asked, now: datetime, data: bytes | None = None
) -> tuple[Finding, ...]:
    """Check the certificate file at ``source``; ``data`` is its content where that was read already.

    ``now`` is aware. Never raises for what is in the files, nor where they are missing.
    """
    try:
        content = read_file(source) if data is None else data
        held = load_bytes(content, source=source, passphrase=asked.passphrase)
    except MaterialError as error:
        return (unusable(error, "file"),)
    key, about_key = check_key(held, asked.key_file, asked.passphrase, required=asked.needs_key)
    if not held.certificates:
        return (
            *check_form(held, content),
            Finding(
                "not-a-certificate", Level.FAILURE, "format",
                f"{_name(source)} holds no certificate.",
                fix="Give the file that begins with BEGIN CERTIFICATE, a DER or a PKCS#12 file.",
            ),
        )  # fmt: skip
    anchors, about_ca = _anchors(asked)
    own = _own(held.certificates, key)
    return (
        *check_form(held, content),
        *about_key,
        *(_permissions(asked.key_file or source) if key else ()),
        *about_ca,
        *_certificate(held.certificates, own, asked, anchors, now, with_key=key is not None),
    )


def purpose_of(asked: Asked) -> Purpose:
    """What a certificate is checked for."""
    return asked.purpose or (Purpose.CLIENT if asked.host is None else Purpose.SERVER)


def _certificate(
    certificates: Sequence[bytes],
    own: int,
    asked: Asked,
    anchors: Sequence[bytes] | None,
    now: datetime,
    *,
    with_key: bool,
) -> Iterator[Finding]:
    purpose = purpose_of(asked)
    path = find_path(certificates, own, (*(anchors or ()), *asked.at_hand), now)
    roles = _roles(path)
    about = path.about[0]
    is_ca = (
        asked.purpose is None and asked.host is None and _is_for_signing(about, with_key=with_key)
    )
    found = [check_dates(about, now, OWN)]
    found += _authority(about) if is_ca else (check_usage(about, purpose),)
    found += check_critical(about, OWN)
    found += check_strength(about, OWN)
    if purpose is Purpose.SERVER:
        found += check_names(path.certificates[0], about, asked.host)
    found += _bundle(certificates, now) if is_ca else check_order(certificates, own, path)
    found += check_chain(certificates, path, anchors)
    found += _issuers(path, roles, purpose, now)
    found += check_strict(path.about, roles)
    if not is_ca:
        found += check_with_openssl(path, anchors, purpose, now, found)
    yield from found
    if not any(each.topic == "strict" for each in found):
        yield _nothing_strict(path)
    if purpose is Purpose.CLIENT and not is_ca:
        yield from _brokers(path.certificates[0])


def _is_for_signing(about: CertificateDescription, *, with_key: bool) -> bool:
    """Whether a certificate is a CA's and not one to show: openssl req -x509 makes devices' with CA:TRUE too."""
    usages = about.extensions.key_usage
    if not is_authority(about):
        return False
    return not with_key if usages is None else "digitalSignature" not in usages


def _authority(about: CertificateDescription) -> tuple[Finding, ...]:
    return tuple(check_authority(about, 0, Purpose.CLIENT, OWN)) or (
        Finding(
            "own-cert-is-ca", Level.OK, "usage",
            "It is a CA certificate and may sign others.",
        ),
    )  # fmt: skip


def _bundle(certificates: Sequence[bytes], now: datetime) -> Iterator[Finding]:
    """A file of CA certificates needs no order; the list is about the first of them."""
    if len(certificates) == 1:
        return
    yield Finding(
        "ca-bundle", Level.NOTE, "chain",
        f"The file holds {len(certificates)} certificates: {listed(certificates)}.",
        "This list is about the first.",
    )  # fmt: skip
    expired = check_expired(certificates, now, "chain")
    if expired is not None:
        yield expired


def _issuers(
    path: Path, roles: Sequence[Role], purpose: Purpose, now: datetime
) -> Iterator[Finding]:
    """What is wrong with the certificates above; where nothing is, one line for all of them."""
    faults: list[Finding] = []
    for below, (about, role) in enumerate(zip(path.about[1:], roles[1:], strict=True)):
        found = (
            check_dates(about, now, role),
            *check_strength(about, role),
            *check_authority(about, below, purpose, role),
            *check_critical(about, role),
        )
        faults += (each for each in found if each.level is not Level.OK)
    yield from faults
    if not faults and len(path.about) > 1:
        names = " and ".join(f'"{short_name(about.subject)}"' for about in path.about[1:])
        yield Finding(
            "issuers-fit", Level.OK, "issuers", f"{names}: in date, strong and allowed to sign."
        )


def _roles(path: Path) -> list[Role]:
    return [OWN, *(issuer(short_name(about.subject)) for about in path.about[1:])]


def _nothing_strict(path: Path) -> Finding:
    so_far = "" if path.complete else ", as far as the chain is here"
    return Finding(
        "strict-accepts", Level.OK, "strict", f"Strict verifiers have no objection{so_far}."
    )


def _brokers(certificate: bytes) -> Iterator[Finding]:
    found = traps(certificate)
    serious = [trap for trap in found if trap.id in REFUSED_BY_BROKERS]
    for trap in serious:
        fix = REFUSED_BY_BROKERS[trap.id]
        yield Finding(trap.id, Level.WARNING, "brokers", trap.sentence, fix=fix)
    more = len(found) - len(serious)
    if more:
        yield Finding(
            "broker-surprises", Level.NOTE, "brokers",
            f"{more} more {'thing' if more == 1 else 'things'} about its name may surprise.",
            fix="mtlsx cert identity FILE tells.",
        )  # fmt: skip
    if not found:
        yield Finding(
            "brokers-agree", Level.OK, "brokers", "EMQX, Mosquitto and RabbitMQ can use its name."
        )


def _own(certificates: Sequence[bytes], key: Key | None) -> int:
    """Which of the certificates is ours: the key's; without one the first that is no CA's."""
    if key is not None and key.certificate is not None:
        return key.certificate
    abouts = map(describe, certificates)
    return next((at for at, about in enumerate(abouts) if not is_authority(about)), 0)


def _anchors(asked: Asked) -> tuple[tuple[bytes, ...] | None, tuple[Finding, ...]]:
    if asked.ca_file is None:
        return None, ()
    try:
        return load_anchors(asked.ca_file, str(purpose_of(asked))), ()
    except MaterialError as error:
        return None, (unusable(error, "ca file"),)


def _permissions(path: str) -> Iterator[Finding]:
    if path == STDIN:
        return
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  (Path() refuses what open() takes)
    except (OSError, ValueError):
        return
    yield check_key_mode(path, mode)


def _name(source: str) -> str:
    return "Standard input" if source == STDIN else f"File {source}"
