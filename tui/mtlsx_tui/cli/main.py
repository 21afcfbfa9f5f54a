"""The entry point: finds the command, turns errors into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from mtlsx import __version__
from mtlsx.errors import MaterialError, MtlsxError
from mtlsx_tui.cli.late import Entry, LateGroup

USAGE = 2
MATERIAL = 10
INTERRUPTED = 130


class _Root(LateGroup):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has had enough: no error, though click would make it one. What is still
            # buffered goes nowhere, so that the interpreter does not complain at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0


COMMANDS = {
    "demo": Entry(
        "demo", "A broker, a store and a device on this machine, running within seconds."
    ),
    "cert": Entry("cert", "Certificates: what is in them, and what will go wrong with them."),
    "broker": Entry("broker", "A local broker that decides as EMQX does, and says why."),
    "auth": Entry("auth", "EMQX's decisions over clients, explained."),
    "probe": Entry("probe", "Connect stage by stage, and say who refused whom, and why."),
    "conn": Entry("conn", "Connect to a broker and say what it answered."),
    "pub": Entry("pub", "Publish messages."),
    "sub": Entry("sub", "Subscribe and print what arrives."),
    "bench": Entry("bench", "Many devices, each with its own certificate."),
    "pki": Entry("pki", "Issue, revoke and hand out certificates."),
    "profile": Entry("profile", "Saved connection profiles."),
    "export": Entry("export", "A configuration as files for a real broker."),
}


@click.group(cls=_Root, entries=COMMANDS, invoke_without_command=True)
@click.version_option(__version__, prog_name="mtlsx")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Test MQTT over mutual TLS. Without a command, mtlsx opens its terminal UI."""
    if ctx.invoked_subcommand is None:
        from mtlsx_tui.cli.output import require_terminal

        require_terminal("In scripts use a command; mtlsx --help lists them.")
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
