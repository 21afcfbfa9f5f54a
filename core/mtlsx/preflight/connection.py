"""Pre-flight checks of a connection's own material: settings in, findings out, nothing sent anywhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mtlsx.certificates.checks.chain import find_path, missing_intermediate
from mtlsx.certificates.checks.dates import check_dates
from mtlsx.certificates.checks.finding import OWN, Finding
from mtlsx.certificates.checks.key_file import check_key_mode
from mtlsx.certificates.checks.strength import check_strength
from mtlsx.certificates.checks.usage import Purpose, check_usage
from mtlsx.certificates.describe import describe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mtlsx.tls.material import TlsMaterial
    from mtlsx.tls.settings import TlsSettings

MATERIAL_WARNINGS = (
    "own-cert-expired",
    "own-cert-not-yet-valid",
    "own-cert-wrong-usage",
    "own-cert-weak",
    "own-chain-incomplete",
    "key-file-open-to-others",
)
"""The ids of the stage ``material`` that warn and let the ladder go on (contract 4.4)."""


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


def _own(material: TlsMaterial, now: datetime) -> Iterator[Finding]:
    about = describe(material.chain[0])
    yield check_dates(about, now, OWN)
    yield check_usage(about, Purpose.CLIENT)
    yield from check_strength(about, OWN)
    gap = missing_intermediate(material.chain, find_path(material.chain, 0, material.anchors or ()))
    if gap is not None:
        yield gap


def _key_file(settings: TlsSettings) -> Iterator[Finding]:
    path = settings.key_file or settings.certificate_file
    try:
        yield check_key_mode(path or "", os.stat(path or "").st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return
