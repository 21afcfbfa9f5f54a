"""``mtlsx broker``: the local auth broker without a screen, its events as lines for people or as JSON."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtlsx.errors import MtlsxError, UsageError
from mtlsx_tui.cli import seeding
from mtlsx_tui.cli.broker_control import Control, obey
from mtlsx_tui.cli.broker_text import as_text
from mtlsx_tui.cli.line_printer import LinePrinter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from mtlsx.auth.stores.store import Reply
    from mtlsx.broker.broker import BrokerEvent
    from mtlsx.configuration.model import Configuration


@click.command("broker")
@click.option(
    "--config", "config", multiple=True, required=True, metavar="FILE",
    help="TOML, emqx.conf, or 4.x .conf files; repeatable.",
)  # fmt: skip
@click.option(
    "--seed", metavar="FILE",
    help="Commands as for redis-cli, for a configuration with the embedded store.",
)  # fmt: skip
@click.option(
    "--metrics",
    "metrics_at",
    metavar="HOST:PORT",
    help="Answer HTTP here with counts for Prometheus.",
)
@click.option("--json", "json_", is_flag=True, help="Print each event as one line of JSON.")
@click.option("--quiet", is_flag=True, help="Print no decisions over topics, only clients.")
@click.option(
    "--control", is_flag=True,
    help="Do what lines of JSON on standard input say, and answer each; with --json.",
)  # fmt: skip
def command(
    config: tuple[str, ...], seed: str | None, metrics_at: str | None, *,
    json_: bool, quiet: bool, control: bool,
) -> int:  # fmt: skip
    """Run a broker that decides as EMQX with this configuration would, and tell of each decision.

    SIGHUP loads the configuration, certificates and revocation lists anew. Ctrl+C and SIGTERM end it in good order.
    """
    from mtlsx.configuration.load import load

    def load_from(names: Sequence[str]) -> Configuration:
        return load([Path(name) for name in names])

    if control and not json_:
        raise UsageError("--control answers in JSON.", fix="Give --json too.")
    _raise_file_limit()
    commands = [] if seed is None else seeding.commands_in(seed)
    metrics_address = None if metrics_at is None else _address(metrics_at)
    with LinePrinter(
        sys.stdout.fileno(),
        left_out=_left_out_json if json_ else _left_out_text,
        on_gone=_stop_for_nobody_listens,
    ) as printer:
        say = _say_json(printer) if json_ else _say_text(printer, quiet=quiet)
        answer = _answer(printer) if control else None
        asyncio.run(_serve(load_from, config, commands, say, metrics_address, answer))
    return 0


def _raise_file_limit() -> None:
    """Let as many connections be open as the system lets us; each takes a file."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(
    load_from: Callable[[Sequence[str]], Configuration],
    files: Sequence[str],
    seed: list[list[bytes]],
    say: Callable[[BrokerEvent], None],
    metrics_address: tuple[str, int] | None,
    answer: Callable[[dict[str, Any]], None] | None,
) -> None:
    from mtlsx.auth.stores.opening import Stores
    from mtlsx.broker.broker import Broker
    from mtlsx.broker.metrics import Metrics

    configuration = load_from(files)
    for note in configuration.notes:
        click.echo(f"mtlsx: {note}", err=True)

    def hear(event: BrokerEvent) -> None:
        metrics.take(event)
        say(event)

    async def execute(words: list[bytes]) -> Reply:
        return await seeding.execute(stores, configuration.auth, words)

    async def reload(others: Sequence[str] | None = None) -> None:
        nonlocal files
        wanted = others or files
        await broker.reload(await asyncio.to_thread(load_from, wanted))
        files = wanted

    async with AsyncExitStack() as running:
        stores = await running.enter_async_context(aclosing(Stores()))
        for command in seed:
            await execute(command)
        broker = Broker(configuration, on_event=hear, open_store=stores)
        metrics = Metrics(broker)
        if metrics_address is not None:
            running.callback(metrics.serve(*metrics_address))
        running.push_async_callback(broker.stop)
        await broker.start()
        if answer is not None:
            await _first(_signals(reload), obey(Control(broker, metrics, execute, reload), answer))
        else:
            await _signals(reload)


def _stop_for_nobody_listens() -> None:
    """Whoever read what we print is gone: end in good order."""
    signal.raise_signal(signal.SIGTERM)


async def _signals(reload: Callable[[], Awaitable[None]]) -> None:
    """Do what signals say, until one says to stop."""
    loop = asyncio.get_running_loop()
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, signals.put_nowait, number)
    while await signals.get() is signal.SIGHUP:
        try:
            await reload()
        except MtlsxError as error:
            click.echo(f"mtlsx: nothing is loaded anew: {error}", err=True)


async def _first(*endings: Coroutine[Any, Any, None]) -> None:
    """Wait for the first of these; the others end with it."""
    tasks = [asyncio.ensure_future(ending) for ending in endings]
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for task in done:
        task.result()


def _say_json(printer: LinePrinter) -> Callable[[BrokerEvent], None]:
    from mtlsx.broker.event_json import as_json

    return lambda event: printer.say(_line(as_json(event)))


def _answer(printer: LinePrinter) -> Callable[[dict[str, Any]], None]:
    return lambda value: printer.say(_line(value), surely=True)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


def _left_out_json(count: int) -> str:
    return _line({"event": "events_left_out", "count": count})


def _say_text(printer: LinePrinter, *, quiet: bool) -> Callable[[BrokerEvent], None]:
    plain = not sys.stdout.isatty()

    def say(event: BrokerEvent) -> None:
        text = as_text(event, quiet=quiet)
        if text:
            printer.say(click.unstyle(text) if plain else text)

    return say


def _left_out_text(count: int) -> str:
    return f"{count:,} events are left out here: nobody read what was printed."


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--metrics {text} is no HOST:PORT.", fix="Give 127.0.0.1:9464, say.")
    return host.strip("[]") or "127.0.0.1", int(port)
