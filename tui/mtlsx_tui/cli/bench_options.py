"""The options that ``bench conn``, ``pub`` and ``sub`` share, with the names that MQTTX CLI has for them.

``bench_options`` puts them on a command, which then gets them, and those of the connections, as one
``BenchArguments``; ``plan_of`` makes the plan that they have in common.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mtlsx.bench.plan import Kind, Plan
from mtlsx.errors import UsageError
from mtlsx_tui.cli.connection_options import connections_options
from mtlsx_tui.cli.connection_settings import (
    connection_settings,
    dialect_of,
    saved_profile,
    seconds,
)
from mtlsx_tui.cli.sections import option

if TYPE_CHECKING:
    from mtlsx_tui.cli.connection_options import ConnectionArguments

BENCH = "Bench"
OUTPUT = "Output"


@dataclass(frozen=True, slots=True)
class BenchArguments:
    """What was given on the command line; times in milliseconds, but ``wait`` in seconds."""

    connection: ConnectionArguments
    count: int
    first: int
    interval: int
    wait: float | None
    as_json: bool


def bench_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a bench, as its first argument, a ``BenchArguments``."""

    @functools.wraps(function)
    def with_arguments(
        connection: ConnectionArguments,
        *,
        count: int,
        first: int,
        interval: int,
        wait: float | None,
        as_json: bool,
        **others: Any,
    ) -> Any:
        return function(BenchArguments(connection, count, first, interval, wait, as_json), **others)

    decorated = connections_options(with_arguments)
    for each in reversed(_OPTIONS):
        decorated = each(decorated)
    return decorated


def plan_of(arguments: BenchArguments, kind: Kind) -> Plan:
    """The plan, as far as all benches have it. Raises UsageError and MaterialError."""
    given = arguments.connection
    if given.client_id is None and given.profile is None:
        given = replace(given, client_id=f"mtlsx_{secrets.token_hex(4)}_%i")
    saved = saved_profile(given.profile, os.environ)
    return Plan(
        kind=kind,
        connection=connection_settings(given, os.environ, saved),
        count=arguments.count,
        first=arguments.first,
        interval=milliseconds("-i", arguments.interval),
        duration=seconds("-W", arguments.wait),
        dialect=dialect_of(saved),
    )


def milliseconds(option: str, value: int) -> float:
    """A time in seconds, given with ``option`` in milliseconds. Raises UsageError where it is below 0."""
    if value < 0:
        raise UsageError(f"{option} takes milliseconds, 0 or more.")
    return value / 1000


_OPTIONS = (
    option(BENCH, "-c", "--count", type=int, default=1000, metavar="N", help="Devices.  [1000]"),
    option(
        BENCH, "-n", "--startnumber", "first", type=int, default=1, metavar="N",
        help="The number of the first: %i in --cert, --key, -I, -u and topics is a device's number.  [1]",
    ),
    option(
        BENCH, "-i", "--interval", type=int, default=10, metavar="MS",
        help="Time from one device's start to the next one's.  [10]",
    ),
    option(
        BENCH, "-W", "--wait", type=float, metavar="SECONDS",
        help="End after that time, counted from when every device has had its answer.",
    ),
    option(OUTPUT, "--json", "as_json", is_flag=True, help="Print the result as one JSON object."),
)  # fmt: skip
