"""What the commands print: messages as bytes or JSON lines, failures as one line and an exit code."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from mtlsx.errors import UsageError
from mtlsx_tui.cli.headless import EndedError, notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.client.message import Message
    from mtlsx.probe.verdicts import Verdict


def failed(error: EndedError) -> int:
    """Say on stderr why a command ended; its exit code."""
    notice(str(error))
    return error.exit_code


def require_terminal(fix: str) -> None:
    """Raise UsageError, with ``fix``, where no person at a terminal could see a screen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The terminal UI needs a terminal, and there is none.", fix=fix)


def print_text(text_of: Callable[[int | None], str]) -> None:
    """Print what ``text_of`` makes for the terminal's width, in colour; piped: whole lines, no colour."""
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    click.echo(text_of(width), color=terminal and not os.environ.get("NO_COLOR"))


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict with the keys that ``mtlsx probe --json`` has for it."""
    return {
        "verdict": verdict.id,
        "stage": str(verdict.stage),
        "refused_by": str(verdict.refused_by),
        "summary": verdict.summary,
        "fix": verdict.fix,
        "candidates": list(verdict.candidates),
    }


def message_line(message: Message, *, with_topic: bool, text: str | None, newline: bool) -> bytes:
    """The payload and a newline; before it the topic and a space, as mosquitto_sub -v.

    ``text``: what to print in place of the payload.
    """
    payload = message.payload if text is None else text.encode()
    before = message.topic.encode() + b" " if with_topic else b""
    return b"%b%b%b" % (before, payload, b"\n" if newline else b"")


def message_json(
    message: Message, text: str | None = None, text_format: str | None = None
) -> bytes:
    """A message as one line of JSON; ``text``: its payload in ``text_format``, which is then named beside it."""
    from mtlsx.client.export import as_json

    content = as_json(message)
    if text is not None:
        content.pop("payload_b64", None)
        content |= {"payload": text, "format": text_format}
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"
