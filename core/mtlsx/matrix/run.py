"""Tries one server with all candidates, one after the other, at each TLS version; what it did comes out.

The probe is given by the caller, so that everything here can be tested without a network. Certificates are written
into a directory that only its owner can read and that is gone afterwards: TLS settings name files.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import UsageError
from mtlsx.matrix.candidate import Candidate, Kind
from mtlsx.matrix.judge import HOPELESS_STAGES, Outcome, Try, judge
from mtlsx.tls.settings import TlsSettings, TlsVersion

if TYPE_CHECKING:
    from mtlsx.probe.report import Report
    from mtlsx.probe.target import Target
    from mtlsx.probe.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Matrix:
    """What came of it.

    ``stopped``: the verdict for which nothing can be said, as where there is no server; then ``tries`` holds what came
    before it.
    """

    target: Target
    tries: tuple[Try, ...]
    stopped: Verdict | None = None

    @property
    def exit_code(self) -> int:
        """0 where it is proven that the server does what it must, at each TLS version that it speaks.

        12 where it lets in whom it must refuse, 13 or 14 where it refuses the right one; where that cannot be said, the
        code of the verdict for which it cannot.
        """
        if self.stopped is not None:
            return self.stopped.exit_code
        wrong = [each for each in self.tries if each.right is False]
        if wrong:
            refused = (each.verdict.exit_code for each in wrong if each.candidate.must_accept)
            return max(refused, default=_LETS_IN)
        unsaid = [each for each in self.tries if each.right is None]
        if len(unsaid) < len(self.tries):
            # The versions that it does not speak prove nothing, and nobody comes in there.
            unsaid = [each for each in unsaid if each.outcome is not Outcome.NOT_SPOKEN]
        return max((each.verdict.exit_code for each in unsaid), default=0)


_LETS_IN = 12  # as where we refuse a certificate of the server: it is not to be trusted


def run_matrix(
    target: Target, candidates: Sequence[Candidate], probe: Callable[[Target], Report]
) -> Matrix:
    """Try ``target``, whose own settings are the right ones, with each of ``candidates``.

    Raises ``UsageError`` for a target without TLS, and what ``probe`` raises.
    """
    tls = target.tls
    if tls is None:
        raise UsageError(
            f"The matrix is about certificates, and {target} is to be reached without TLS.",
            fix="Use mqtts or wss.",
        )
    tries: list[Try] = []
    with tempfile.TemporaryDirectory(prefix="mtlsx-matrix-") as directory:
        for candidate, version, one in _targets(target, tls, candidates, Path(directory)):
            report = probe(one)
            if report.verdict.stage in HOPELESS_STAGES and report.verdict.exit_code:
                return Matrix(target, tuple(tries), report.verdict)
            tries.append(judge(candidate, version, report))
    return Matrix(target, tuple(tries))


def versions_of(tls: TlsSettings) -> tuple[TlsVersion, ...]:
    """The TLS versions that the settings allow, the older first."""
    return tuple(
        version for version in TlsVersion if tls.minimum_version <= version <= tls.maximum_version
    )


def _targets(
    target: Target, tls: TlsSettings, candidates: Sequence[Candidate], directory: Path
) -> Iterator[tuple[Candidate, TlsVersion, Target]]:
    for candidate in candidates:
        shown = _shown(candidate, tls, directory)
        for version in versions_of(tls):
            only = replace(shown, minimum_version=version, maximum_version=version)
            yield candidate, version, replace(_as_somebody_else(target, candidate), tls=only)


def _shown(candidate: Candidate, tls: TlsSettings, directory: Path) -> TlsSettings:
    """The settings with the certificate of ``candidate``, which is written into ``directory``."""
    if candidate.kind is Kind.RIGHT and candidate.certificates is None:
        return tls
    bare = replace(tls, certificate_file=None, key_file=None, passphrase=None)
    if candidate.certificates is None or candidate.key is None:
        return bare
    certificate, key = (directory / f"{candidate.kind}.{ending}" for ending in ("crt", "key"))
    certificate.write_bytes(candidate.certificates)
    key.touch(mode=0o600)
    key.write_bytes(candidate.key)
    return replace(bare, certificate_file=str(certificate), key_file=str(key))


def _as_somebody_else(target: Target, candidate: Candidate) -> Target:
    """Only the right one connects with the device's client id, and publishes."""
    if candidate.must_accept or target.connect is None:
        return target
    client_id = f"mtlsx_{secrets.token_hex(4)}".encode()
    return replace(target, connect=replace(target.connect, client_id=client_id), topic=None)
