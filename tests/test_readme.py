"""The README says what is there: its commands parse, its options, exit codes, files and pictures exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from mtlsx.probe.verdicts import KINDS
from mtlsx_tui.cli import main
from mtlsx_tui.settings import FILE_NAME, Settings, load_settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^mtlsx (.+)$", "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)), re.MULTILINE
)


def commands(command: click.Command) -> Iterator[click.Command]:
    """``command`` and all below it."""
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_understood(example: str) -> None:
    arguments = shlex.split(example, comments=True)
    command: click.Command | None = main.cli
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), arguments.pop(0))
    assert command is not None
    command.make_context("mtlsx", arguments)  # raises UsageError for what it does not know


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


def test_each_option_exists() -> None:
    known = {
        name
        for command in commands(main.cli)
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    named = set(re.findall(r"`(--?[a-zA-Z][a-z-]*)\b", README))
    assert named - known - {"--help"} == set()


def test_the_table_of_exit_codes_is_whole() -> None:
    table = README.partition("### Exit codes")[2].partition("##")[0]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert codes == {0, main.USAGE, main.INTERRUPTED} | {kind.exit_code for kind in KINDS.values()}


def test_the_settings_file_shown_holds_the_defaults(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / FILE_NAME).write_text(shown)
    assert set(tomllib.loads(shown)) == {field.name for field in fields(Settings)}
    assert load_settings(tmp_path) == Settings()


def test_each_picture_and_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_each_benchmark_is_named_and_exists() -> None:
    named = set(re.findall(r"`python benchmarks/(\w+\.py)`", README))
    there = {
        path.name
        for path in (ROOT / "benchmarks").glob("*.py")
        if "__main__" in path.read_text(encoding="utf-8")
    }
    assert named == there
