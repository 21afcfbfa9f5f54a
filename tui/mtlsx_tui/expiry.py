"""How long the certificate of each profile is still good for: read once, and again when its file changed.

Opens files and loads the certificate rooms: it is imported where it is needed, in a worker.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mtlsx.certificates.describe import describe
from mtlsx.certificates.load import load_file
from mtlsx.certificates.times import Moment, Validity, validity
from mtlsx.errors import MaterialError
from mtlsx.profiles.model import with_absolute_paths

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile


class _Read(NamedTuple):
    """What a file was like when it was read, and the period of the first certificate in it, if there is one."""

    changed: int
    size: int
    period: tuple[Moment, Moment] | None


class Expiries:
    """Reads the certificate files of profiles. Of two workers at once, one may read a file in vain."""

    def __init__(self) -> None:
        self._files: dict[str, _Read] = {}

    def read(
        self, profiles: Iterable[Profile], directory: Path, *, now: float
    ) -> dict[str, Validity]:
        """By profile, how its certificate stands at ``now`` (seconds since the epoch).

        ``directory``: where relative paths are from. A profile without TLS, without a certificate or with one that
        cannot be read (a closed PKCS#12 archive too) is left out.
        """
        at = datetime.fromtimestamp(now, UTC)
        found = {}
        for profile in profiles:
            connection = with_absolute_paths(profile.connection, directory)
            if connection.transport.uses_tls and connection.tls.certificate_file:
                period = self._period(connection.tls.certificate_file)
                if period is not None:
                    found[profile.name] = validity(*period, at)
        return found

    def _period(self, path: str) -> tuple[Moment, Moment] | None:
        try:
            state = Path(path).stat()
        except (OSError, ValueError):
            self._files.pop(path, None)
            return None
        known = self._files.get(path)
        if known is None or (known.changed, known.size) != (state.st_mtime_ns, state.st_size):
            known = _Read(state.st_mtime_ns, state.st_size, _period_in(path))
            self._files[path] = known
        return known.period


def _period_in(path: str) -> tuple[Moment, Moment] | None:
    try:
        certificates = load_file(path).certificates
    except MaterialError:
        return None
    if not certificates:
        return None
    about = describe(certificates[0])
    return about.not_before, about.not_after
