"""A click group whose commands are imported only when one of them runs, so that ``--help`` stays light."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """A command that is not imported yet: the module under ``mtlsx_tui.cli`` that exports it as ``command``."""

    module: str
    help: str


class LateGroup(click.Group):
    """A group that knows its commands as a table of names and entries."""

    def __init__(self, *, entries: Mapping[str, Entry], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(f"mtlsx_tui.cli.{entry.module}").command
        assert isinstance(command, click.Command)  # noqa: S101  (each command module exports one)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self._entries.items()])
