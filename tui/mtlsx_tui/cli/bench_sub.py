"""``mtlsx bench sub``: subscribe with many devices, and count what arrives."""

from __future__ import annotations

from dataclasses import replace

import click

from mtlsx.client.settings import Subscription
from mtlsx.errors import UsageError
from mtlsx_tui.cli.bench_options import BenchArguments, bench_options, plan_of
from mtlsx_tui.cli.sections import SectionedCommand, option

MESSAGE = "Messages"


@click.command("sub", cls=SectionedCommand)
@option(
    MESSAGE, "-t", "--topic", "topics", multiple=True, metavar="TOPIC",
    help="Topic filter: %i is the device's number, %c its client id, %u its username; repeatable.",
)  # fmt: skip
@option(MESSAGE, "-q", "--qos", type=int, default=0, metavar="0|1|2", help="QoS.  [0]")
@option(
    MESSAGE, "-L", "--limit", type=int, default=0, metavar="N",
    help="End after N messages, of all devices together.  [0: until Ctrl+C or -W]",
)  # fmt: skip
@bench_options
def command(arguments: BenchArguments, topics: tuple[str, ...], qos: int, limit: int) -> int:
    """Subscribe with many devices, and count what arrives.

    Messages of bench pub --timestamp tell how long they were on their way, if both clocks agree. The exit code is
    that of the failure that most devices had, 0 where none failed.
    """
    from mtlsx_tui.cli.bench_running import run_bench

    if not topics:
        raise UsageError("No topic was given: name one with -t.")
    plan = replace(
        plan_of(arguments, "sub"),
        subscriptions=tuple(Subscription(topic, qos) for topic in topics),
        limit=limit,
    )
    return run_bench(plan, as_json=arguments.as_json)
