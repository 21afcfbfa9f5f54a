"""Options under headings, and words that look like several flags."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from mtlsx_tui.cli.sections import SectionedCommand, option


@click.command(cls=SectionedCommand)
@option("One", "-r", "--retain", is_flag=True, help="Keep it.")
@option("Two", "-p", "--port", type=int)
@option("One", "-m", "--message")
@option("Two", "-Wt", "--will-topic")
def command(**values: object) -> None:
    click.echo(" ".join(f"{name}={value}" for name, value in sorted(values.items())))


def test_help_lists_options_by_section() -> None:
    lines = CliRunner().invoke(command, ["--help"]).output.splitlines()
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == ["Usage: command [OPTIONS]", "One:", "Two:", "Other:"]
    assert [line.split()[0] for line in lines[lines.index("One:") + 1 :][:2]] == ["-r,", "-m,"]


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["-p1", "-mx"], "message=x port=1 retain=False will_topic=None"),
        (["-r", "-p", "1"], "message=None port=1 retain=True will_topic=None"),
        (["-m", "-rp"], "message=-rp port=None retain=False will_topic=None"),
        (["-Wt", "-r"], "message=None port=None retain=False will_topic=-r"),
        (["--message=-rp"], "message=-rp port=None retain=False will_topic=None"),
    ],
)
def test_values_may_stand_close_and_look_like_options(words: list[str], output: str) -> None:
    assert CliRunner().invoke(command, words).output.strip() == output


@pytest.mark.parametrize("words", [["-rp", "1000"], ["-rp1000"], ["-p", "1", "-rm"]])
def test_flags_do_not_stand_together(words: list[str]) -> None:
    run = CliRunner().invoke(command, words)
    assert run.exit_code == 2
    assert "No such option" in run.output
