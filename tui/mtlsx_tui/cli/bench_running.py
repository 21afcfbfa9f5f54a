"""Runs a plan for a command: the limit of open files, a progress line, Ctrl+C, the result, the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator

import click

from mtlsx.bench.descriptors import make_room
from mtlsx.bench.plan import Plan
from mtlsx.bench.run import Bench
from mtlsx_tui.cli.bench_report import progress, report_json, report_text
from mtlsx_tui.cli.headless import notice

INTERRUPTED = 130
_REFRESH = 0.25  # seconds
_CLEAR_LINE = "\r\x1b[K"


def run_bench(plan: Plan, *, as_json: bool) -> int:
    """Run ``plan``, print what came of it, and return the exit code. Raises UsageError and MaterialError."""
    bench = Bench(plan)
    raised = make_room(plan.count)
    if raised is not None:
        notice(raised)
    asyncio.run(_run(bench))
    code = INTERRUPTED if bench.stopped else bench.tally.exit_code
    if as_json:
        click.echo(json.dumps(report_json(bench, code), ensure_ascii=False))
    else:
        click.echo(report_text(bench))
    return code


async def _run(bench: Bench) -> None:
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # the second Ctrl+C does not wait for goodbyes
        bench.stop()

    if sys.platform != "win32":  # its loop takes no signals; Ctrl+C then ends it without a result
        loop.add_signal_handler(signal.SIGINT, interrupted)
    async with _progress_line(bench):
        await bench.run()


@contextlib.asynccontextmanager
async def _progress_line(bench: Bench) -> AsyncIterator[None]:
    """Keep one line on stderr up to date, where that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    showing = asyncio.create_task(_show(bench))
    try:
        yield
    finally:
        showing.cancel()
        sys.stderr.write(_CLEAR_LINE)
        sys.stderr.flush()


async def _show(bench: Bench) -> None:
    while True:
        sys.stderr.write(_CLEAR_LINE + progress(bench))
        sys.stderr.flush()
        await asyncio.sleep(_REFRESH)
