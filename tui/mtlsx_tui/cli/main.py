"""The entry point: finds the command, turns errors into one sentence and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from mtlsx import __version__
from mtlsx.errors import MaterialError, MtlsxError

USAGE = 2
MATERIAL = 10
INTERRUPTED = 130


class _Entry(NamedTuple):
    module: str
    help: str


COMMANDS = {
    "cert": _Entry("cert", "Certificates: what is in a file, and what a broker makes of it."),
    "conn": _Entry("conn", "Connect to a broker and say what it answered."),
    "pub": _Entry("pub", "Publish messages."),
    "sub": _Entry("sub", "Subscribe and print what arrives."),
    "profile": _Entry("profile", "Saved connection profiles."),
}


class _LateGroup(click.Group):
    """A group whose commands are imported only when one of them runs."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has had enough: no error, though click would make it one. What is still
            # buffered goes nowhere, so that the interpreter does not complain at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(f"mtlsx_tui.cli.{entry.module}").command
        assert isinstance(command, click.Command)  # noqa: S101  (each command module exports one)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=_LateGroup, invoke_without_command=True)
@click.version_option(__version__, prog_name="mtlsx")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Test MQTT over mutual TLS. Without a command, mtlsx opens its terminal UI."""
    if ctx.invoked_subcommand is None:
        from mtlsx_tui.app import run

        run()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line with ``arguments`` (``sys.argv[1:]`` by default) and exit with its code."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = cli.main(arguments, prog_name="mtlsx", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except MtlsxError as error:
        click.echo(f"mtlsx: {error}", err=True)
        return MATERIAL if isinstance(error, MaterialError) else USAGE
    return code if isinstance(code, int) else 0
