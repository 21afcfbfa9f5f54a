"""Options under headings: a help text that can be read although a connection has forty options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


class _Option(click.Option):
    def __init__(self, *declarations: Any, section: str, **attributes: Any) -> None:
        super().__init__(*declarations, **attributes)
        self.section = section


def option(
    section: str, *declarations: str, **attributes: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``click.option`` with the heading under which the help lists it."""
    return click.option(*declarations, cls=_Option, section=section, **attributes)


class SectionedCommand(click.Command):
    """A command whose help lists its options by section, sections in the order of their first option.

    Flags cannot be written together: with names like ``-rp`` and ``-se`` around, a command that lacks them
    would take ``-rp 1000`` as ``-r -p 1000``, a retained message to port 1000.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = {
            name: parameter
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            for name in parameter.opts
        }
        words = iter(args)
        for word in words:
            if word == "--":
                break
            if word in options:
                if not options[word].is_flag:
                    next(words, None)
            elif not word.startswith("--") and word[:2] in options and options[word[:2]].is_flag:
                raise click.NoSuchOption(word, ctx=ctx)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if isinstance(parameter, click.Option) and record is not None:
                sections.setdefault(getattr(parameter, "section", "Other"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records, col_max=28)
