"""``mtlsx bench pub``: publish from many devices, and say how fast the broker takes it."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from mtlsx.client.settings import Publication
from mtlsx.errors import UsageError
from mtlsx_tui.cli.bench_options import (
    BenchArguments,
    bench_options,
    milliseconds,
    plan_of,
)
from mtlsx_tui.cli.sections import SectionedCommand, option

MESSAGE = "Messages"
_DEFAULT = "Hello from mtlsx bench"


@click.command("pub", cls=SectionedCommand)
@option(
    MESSAGE, "-t", "--topic", metavar="TOPIC",
    help="Where to publish: %i is the device's number, %c its client id, %u its username.",
)  # fmt: skip
@option(MESSAGE, "-m", "--message", metavar="TEXT", help=f"The payload.  [{_DEFAULT}]")
@option(
    MESSAGE,
    "-S",
    "--payload-size",
    "size",
    type=int,
    metavar="BYTES",
    help="Or one of that many zeros.",
)
@option(
    MESSAGE,
    "--timestamp",
    is_flag=True,
    help="The payload begins with the time, which bench sub reads.",
)
@option(MESSAGE, "-q", "--qos", type=int, default=0, metavar="0|1|2", help="QoS.  [0]")
@option(MESSAGE, "-r", "--retain", is_flag=True, help="The broker keeps the last of each topic.")
@option(
    MESSAGE, "-im", "--message-interval", type=int, default=1000, metavar="MS",
    help="Time from a device's message to its next; 0 is as fast as the broker takes them.  [1000]",
)  # fmt: skip
@option(
    MESSAGE, "-L", "--limit", type=int, default=0, metavar="N",
    help="Messages of all devices together.  [0: until Ctrl+C or -W]",
)  # fmt: skip
@bench_options
def command(
    arguments: BenchArguments,
    topic: str | None,
    message: str | None,
    size: int | None,
    timestamp: bool,
    qos: int,
    retain: bool,
    message_interval: int,
    limit: int,
) -> int:
    """Publish from many devices, once each has had its answer to CONNECT.

    With QoS 1 and 2 the time to the acknowledgement is measured. The exit code is that of the failure that most
    devices had, 0 where none failed, 16 where messages were not acknowledged.
    """
    from mtlsx_tui.cli.bench_running import run_bench

    if topic is None:
        raise UsageError("No topic was given: name one with -t.")
    plan = replace(
        plan_of(arguments, "pub"),
        publication=Publication(topic, _payload(message, size), qos, retain),
        message_interval=milliseconds("-im", message_interval),
        timestamp=timestamp,
        limit=limit,
    )
    return run_bench(plan, as_json=arguments.as_json)


def _payload(message: str | None, size: int | None) -> bytes:
    if size is None:
        return os.fsencode(_DEFAULT if message is None else message)
    if message is not None:
        raise UsageError("-m and -S each give a payload; use one of them.")
    if not 0 <= size <= 268_435_455:
        raise UsageError(f"-S takes 0 to 268,435,455 bytes, not {size}.")
    return b"0" * size
