"""``mtlsx bench conn``: connect many devices, and say how fast that was and who was refused."""

from __future__ import annotations

from dataclasses import replace

import click

from mtlsx_tui.cli.bench_options import BENCH, BenchArguments, bench_options, plan_of
from mtlsx_tui.cli.sections import SectionedCommand, option


@click.command("conn", cls=SectionedCommand)
@bench_options
@option(BENCH, "--stay", is_flag=True, help="Stay connected until Ctrl+C, -W or the last loss.")
def command(arguments: BenchArguments, stay: bool) -> int:
    """Connect many devices, and disconnect them when each has had its answer.

    The exit code is that of the failure that most devices had, 0 where none failed.
    """
    from mtlsx_tui.cli.bench_running import run_bench

    plan = replace(plan_of(arguments, "conn"), stay=stay or arguments.wait is not None)
    return run_bench(plan, as_json=arguments.as_json)
