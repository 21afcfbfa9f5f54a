"""The entry point: what it does with errors and without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mtlsx

if TYPE_CHECKING:
    from conftest import Program


def test_without_a_terminal_it_says_what_to_use_instead(program: Program) -> None:
    run = program()
    assert (run.code, run.stdout) == (2, b"")
    assert run.stderr == (
        "mtlsx: The terminal UI needs a terminal, and there is none."
        " In scripts use a command; mtlsx --help lists them.\n"
    )


def test_the_version(program: Program) -> None:
    assert program("--version").stdout.decode() == f"mtlsx, version {mtlsx.__version__}\n"


def test_an_unknown_command_is_wrong_usage(program: Program) -> None:
    run = program("connect")
    assert run.code == 2
    assert "No such command 'connect'" in run.stderr
