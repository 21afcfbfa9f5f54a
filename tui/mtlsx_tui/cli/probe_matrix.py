"""``mtlsx probe --matrix``: does a broker refuse whom it must? Its options, and what it does."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtlsx.errors import MaterialError, UsageError
from mtlsx.files import reason, write_file
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.output import print_text, verdict_as_json
from mtlsx_tui.cli.probe_matrix_text import matrix_text
from mtlsx_tui.cli.sections import option

if TYPE_CHECKING:
    from mtlsx.matrix.candidate import Candidate
    from mtlsx.matrix.judge import Try
    from mtlsx.matrix.run import Matrix
    from mtlsx.matrix.throwaway import Authority
    from mtlsx.probe.target import Target
    from mtlsx.secret import Secret

Function = Callable[..., Any]

MATRIX = "Matrix"
_READABLE = 0o644
_OPTIONS = (
    option(
        MATRIX, "--matrix", is_flag=True,
        help="Try the broker with certificates that it must refuse, and with the right one.",
    ),
    option(
        MATRIX, "--matrix-ca-key", "matrix_ca_key", metavar="FILE",
        help="The private key of the CA that issues for the broker: then the expired, the not yet valid and the one"
        " with the wrong usage are its own.",
    ),
    option(
        MATRIX, "--matrix-ca", "matrix_ca", metavar="FILE",
        help="That CA's certificate, with those above it.  [--ca, or behind --cert]",
    ),
    option(
        MATRIX, "--matrix-ca-passphrase-file", "matrix_ca_passphrase_file", metavar="FILE",
        help="The passphrase of that key; else a question.",
    ),
    option(MATRIX, "--junit", metavar="FILE", help="Also write the matrix as JUnit XML."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MatrixArguments:
    """The options of the matrix as they were typed."""

    matrix: bool
    matrix_ca_key: str | None
    matrix_ca: str | None
    matrix_ca_passphrase_file: str | None
    junit: str | None


def matrix_options(function: Function) -> Function:
    """Give a command the options of the matrix, as its argument ``matrix``, a ``MatrixArguments``."""
    names = [field.name for field in dataclasses.fields(MatrixArguments)]

    @functools.wraps(function)
    def with_arguments(*positional: Any, **values: Any) -> Any:
        given = MatrixArguments(**{name: values.pop(name) for name in names})
        _require_matrix(given)
        return function(*positional, matrix=given, **values)

    for each in reversed(_OPTIONS):
        with_arguments = each(with_arguments)
    return with_arguments


def try_all(targets: Sequence[Target], arguments: MatrixArguments, *, as_json: bool) -> int:
    """Run the matrix against each of ``targets``, print it, write it; the exit code.

    Raises UsageError and MaterialError for what cannot be tried at all.
    """
    from mtlsx.matrix.run import run_matrix
    from mtlsx.probe.probe import probe

    made = [(target, _candidates(target, arguments)) for target in targets]
    matrices = []
    for number, (target, candidates) in enumerate(made):
        matrix = run_matrix(target, candidates, probe)
        matrices.append(matrix)
        if not as_json:
            print_text(partial(_text, matrix, first=number == 0))
    if as_json:
        objects = [_as_json(each) for each in matrices]
        click.echo(json.dumps(objects if len(objects) > 1 else objects[0], ensure_ascii=False))
    if arguments.junit is not None:
        _write_junit(matrices, Path(arguments.junit))
    return max(each.exit_code for each in matrices)


def _require_matrix(given: MatrixArguments) -> None:
    for flag, value in (
        ("--matrix-ca-key", given.matrix_ca_key),
        ("--matrix-ca", given.matrix_ca),
        ("--matrix-ca-passphrase-file", given.matrix_ca_passphrase_file),
        ("--junit", given.junit),
    ):
        if value is not None and not given.matrix:
            raise UsageError(f"{flag} goes with --matrix.")
    if given.matrix_ca is not None and given.matrix_ca_key is None:
        raise UsageError("--matrix-ca goes with the CA's key: give it with --matrix-ca-key.")


def _candidates(target: Target, arguments: MatrixArguments) -> tuple[Candidate, ...]:
    from mtlsx.matrix.throwaway import candidates
    from mtlsx.tls.material import load_material

    if target.tls is None:
        return ()
    material = load_material(target.tls)
    at_hand = material.anchors or ()
    now = datetime.now(UTC)
    authority = _authority(arguments, (*material.chain[1:], *at_hand), now)
    return candidates(material.chain, at_hand, authority, now)


def _authority(
    arguments: MatrixArguments, at_hand: Sequence[bytes], now: datetime
) -> Authority | None:
    if arguments.matrix_ca_key is None:
        return None
    from mtlsx.certificates.load import load_file
    from mtlsx.matrix.throwaway import open_authority

    given = load_file(arguments.matrix_ca).certificates if arguments.matrix_ca else ()
    certificates = (*given, *at_hand)
    try:
        return open_authority(arguments.matrix_ca_key, certificates, _passphrase(arguments), now)
    except MaterialError as error:
        if error.verdict != "key-encrypted" or not sys.stdin.isatty():
            raise
    from mtlsx_tui.cli.cert_files import ask_passphrase

    asked = ask_passphrase(f"Passphrase of {arguments.matrix_ca_key}")
    return open_authority(arguments.matrix_ca_key, certificates, asked, now)


def _passphrase(arguments: MatrixArguments) -> Secret | None:
    from mtlsx_tui.cli.given_secrets import secret_in_file

    file = arguments.matrix_ca_passphrase_file
    return None if file is None else secret_in_file("Passphrase", file)


def _text(matrix: Matrix, width: int | None, *, first: bool) -> str:
    text = matrix_text(matrix, width)
    return text if first else f"\n{text}"


def _as_json(matrix: Matrix) -> dict[str, Any]:
    return {
        "target": str(matrix.target),
        "ok": matrix.exit_code == 0,
        "stopped": None if matrix.stopped is None else verdict_as_json(matrix.stopped),
        "tries": [_try(each) for each in matrix.tries],
    }


def _try(each: Try) -> dict[str, Any]:
    return {
        "as": each.candidate.kind,
        "signed_by": each.candidate.signer,
        "tls_version": each.version,
        "must": "accept" if each.candidate.must_accept else "refuse",
        "outcome": each.outcome,
        "ok": each.right,
        "how": each.how,
        "why": each.why,
        "fix": each.fix,
        "verdict": each.verdict.id,
    }


def _write_junit(matrices: Sequence[Matrix], path: Path) -> None:
    from mtlsx.matrix.junit import as_junit

    try:
        # A report is of the last run, as every test runner's is.
        write_file(path, as_junit(matrices), _READABLE)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {reason(error)}.") from error
    notice(f"The matrix is in {path}, as JUnit XML.")
