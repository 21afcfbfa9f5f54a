"""docs/checks.md lists every id that the pre-flight checks can give, with its level, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from mtlsx.certificates.checks.finding import OWN, Level, issuer
from mtlsx.preflight.file import REFUSED_BY_BROKERS
from mtlsx.preflight.unusable import FIXES

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "checks.md"
ROOMS = (ROOT / "core/mtlsx/certificates/checks", ROOT / "core/mtlsx/preflight")
LEVELS = {str(level) for level in Level}


def given_ids() -> Iterator[str]:
    """The ids in the calls that make findings and objections."""
    for path in (path for room in ROOMS for path in room.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
                "Finding",
                "_Objection",
            }:
                yield from ids_in(node.args[0])
    yield from ("own-cert-weak", "issuer-weak")  # made once, given twice: ``strength``
    yield from (*FIXES, "ca-file-has-no-ca")  # errors that loading raised: ``unusable``
    yield from REFUSED_BY_BROKERS


def ids_in(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant):
        yield str(argument.value)
    elif isinstance(argument, ast.JoinedStr):  # f"{prefix}-expired"
        rest = "".join(
            str(part.value) for part in argument.values if isinstance(part, ast.Constant)
        )
        yield from (f"{role.prefix}{rest}" for role in (OWN, issuer("a CA")))


def listed() -> dict[str, str]:
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| ([a-z, ]+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) == len(dict(rows)), "an id stands there twice"
    return dict(rows)


def test_the_document_lists_each_id_that_can_come() -> None:
    # Of a CA what is in order is one line for all: ``issuers-fit``.
    unsaid = {"issuer-in-date", "issuer-strong"}
    assert set(listed()) == set(given_ids()) - unsaid


def test_each_has_a_level_that_there_is() -> None:
    for levels in listed().values():
        assert set(levels.split(", ")) <= LEVELS
