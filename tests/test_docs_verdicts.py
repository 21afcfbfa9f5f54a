"""The page of the verdicts is the one that the table makes."""

from __future__ import annotations

import runpy
from pathlib import Path

from mtlsx.probe.rules import RULES
from mtlsx.probe.verdicts import KINDS

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_is_up_to_date() -> None:
    made = runpy.run_path(str(DOCS / "make_verdicts.py"))["page"]()
    assert (DOCS / "verdicts.md").read_text(encoding="utf-8") == made, (
        "run: python docs/make_verdicts.py"
    )


def test_the_page_is_whole() -> None:
    page = (DOCS / "verdicts.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for name in KINDS:
        assert any(line.startswith(f"| `{name}` |") for line in rows)
    for group in RULES:
        assert f"### {group.heading}\n" in page
    assert "{" not in page
