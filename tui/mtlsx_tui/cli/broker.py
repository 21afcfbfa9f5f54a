"""``mtlsx broker``: the local auth broker without a screen, its events as lines for people or as JSON."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mtlsx.errors import MtlsxError
from mtlsx_tui.cli import seeding
from mtlsx_tui.cli.broker_text import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.broker.broker import Broker, BrokerEvent
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
@click.option("--json", "json_", is_flag=True, help="Print each event as one line of JSON.")
@click.option("--quiet", is_flag=True, help="Print no decisions over topics, only clients.")
def command(config: tuple[str, ...], seed: str | None, *, json_: bool, quiet: bool) -> int:
    """Run a broker that decides as EMQX with this configuration would, and tell of each decision.

    SIGHUP loads the configuration, certificates and revocation lists anew. Ctrl+C and SIGTERM end it in good order.
    """
    from mtlsx.configuration.load import load

    def load_again() -> Configuration:
        return load([Path(name) for name in config])

    commands = None if seed is None else seeding.commands_in(seed)
    say = _say_json if json_ else _say_text(quiet=quiet)
    asyncio.run(_serve(load_again, commands, say))
    return 0


async def _serve(
    load_again: Callable[[], Configuration],
    seed: list[list[bytes]] | None,
    say: Callable[[BrokerEvent], None],
) -> None:
    from mtlsx.auth.stores.opening import Stores
    from mtlsx.broker.broker import Broker

    configuration = load_again()
    for note in configuration.notes:
        click.echo(f"mtlsx: {note}", err=True)
    async with aclosing(Stores()) as stores:
        if seed is not None:
            await seeding.fill(stores, configuration.auth, seed)
        broker = Broker(configuration, on_event=say, open_store=stores)
        await broker.start()
        try:
            await _until_told_to_stop(broker, load_again)
        finally:
            await broker.stop()


async def _until_told_to_stop(broker: Broker, load_again: Callable[[], Configuration]) -> None:
    loop = asyncio.get_running_loop()
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, signals.put_nowait, number)
    while await signals.get() is signal.SIGHUP:
        try:
            await broker.reload(await asyncio.to_thread(load_again))
        except MtlsxError as error:
            click.echo(f"mtlsx: nothing is loaded anew: {error}", err=True)


def _say_json(event: BrokerEvent) -> None:
    from mtlsx.broker.event_json import as_json

    click.echo(json.dumps(as_json(event)).replace("\x7f", "\\u007f"))


def _say_text(*, quiet: bool) -> Callable[[BrokerEvent], None]:
    def say(event: BrokerEvent) -> None:
        text = as_text(event, quiet=quiet)
        if text:
            click.echo(text)

    return say
