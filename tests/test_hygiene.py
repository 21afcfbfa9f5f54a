"""The rules of the house that no linter knows: what an import may bring along, what a module must have."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

import mtlsx

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for room in ("core", "tui") for path in (ROOT / room).rglob("*.py"))
SHIPPED = sorted(
    path
    for room in ("core", "tui")
    for path in (ROOT / room).rglob("*")
    if path.suffix in {".py", ".tcss", ".toml", ".json"}
)

HEAVY = frozenset(
    {
        "redis",
        "paho",
        "OpenSSL",
        "cryptography",
        "keyring",
        "bcrypt",
        "jwt",
        "cbor2",
        "msgpack",
        "yaml",
    }
)
TERMINAL = frozenset({"textual", "rich"})


def loaded_by(statements: str, of: Collection[str]) -> set[str]:
    """The top-level packages among ``of`` that a fresh interpreter has loaded after ``statements``."""
    program = (
        f"import sys\nsys.path[:0] = {[str(ROOT / 'core'), str(ROOT / 'tui')]!r}\n"
        f"try:\n    {statements}\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('LOADED', *({set(of)!r} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "statements",
    [
        "import mtlsx",
        "import mtlsx.errors, mtlsx.secret",
        "import mtlsx_tui.cli.main",
        "from mtlsx_tui.cli.main import main; main(['--version'])",
        "from mtlsx_tui.cli.main import main; main(['--help'])",
    ],
)
def test_starting_is_light(statements: str) -> None:
    assert loaded_by(statements, HEAVY | TERMINAL) == set()


def test_importing_the_app_loads_textual_and_nothing_for_certificates_or_mqtt() -> None:
    assert loaded_by("import mtlsx_tui.app", HEAVY | {"textual"}) == {"textual"}


def test_importing_the_app_leaves_the_rules_of_identity_until_there_is_a_certificate() -> None:
    assert loaded_by("import mtlsx_tui.app", {"mtlsx.identity.emqx"}) == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_module_starts_with_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path in MODULES if path.name in drawers] == []


def test_nothing_unfinished_and_no_path_of_a_developers_machine_is_shipped() -> None:
    unwanted = re.compile(r"\b(?:TODO|FIXME|XXX)\b|NotImplementedError|/(?:home|root|work|Users)/")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SHIPPED
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if unwanted.search(line)
    ]
    assert found == []


def test_the_changelog_tells_of_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(mtlsx.__version__)}\]", changelog, re.MULTILINE)
