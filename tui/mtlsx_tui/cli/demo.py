"""``mtlsx demo``: a certificate authority, a broker, a store and a device, made and running within seconds."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx_tui.cli.headless import EndedError
from mtlsx_tui.cli.output import failed, require_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.demo.folder import Demo
    from mtlsx.demo.redis import RedisAddress


@click.command("demo")
@click.option(
    "--check",
    is_flag=True,
    help="Without a screen: connect, subscribe, publish, receive, be refused; print why.",
)
@click.option("--json", "as_json", is_flag=True, help="With --check: print one JSON object.")
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    help="Keep the files there, or use those that are there.  [a temporary one]",
)
@click.option(
    "--redis",
    "url",
    metavar="URL",
    help="redis://host:6379/0, with MTLSX_REDIS_PASSWORD.  [a store inside the broker]",
)
@click.option(
    "--dialect", type=click.Choice(get_args(Dialect)), help="Which EMQX to be.  [emqx6]"
)  # fmt: skip
def command(
    directory: str | None,
    url: str | None,
    dialect: Dialect | None,
    *,
    check: bool,
    as_json: bool,
) -> int:
    """Make a demo and open it: an authority, a broker with mutual TLS, and a device that is connected to it.

    The broker listens on this machine only and decides as EMQX does, with passwords and access rules in a store that
    it asks as EMQX asks Redis. Nothing stays behind, unless --dir is given.

    \b
    With --check it exits 0 where all went as it must, or as mtlsx conn does.
    """
    if as_json and not check:
        raise UsageError("--json goes with --check.")
    if not check:
        require_terminal("mtlsx demo --check does without one.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        with _demo(directory, dialect, url) as demo:
            if check:
                from mtlsx_tui.cli import demo_check

                return demo_check.run(demo, as_json=as_json)
            from mtlsx_tui.cli import demo_screen

            demo_screen.run(demo)
    except EndedError as error:
        return failed(error)
    if directory is None:
        click.echo("The demo's files are gone; mtlsx demo --dir DIR keeps them.")
    return 0


def _end(number: int, _frame: object) -> None:
    """End as after Ctrl+C: nothing stays behind."""
    sys.exit(128 + number)


@contextmanager
def _demo(directory: str | None, dialect: Dialect | None, url: str | None) -> Iterator[Demo]:
    """The demo, its store filled; what is not to be kept is gone afterwards."""
    redis = None if url is None else _address(url)
    if directory is not None:
        demo = _kept(Path(directory), dialect, redis)
        if url is not None:
            from mtlsx_tui.cli import demo_redis

            demo_redis.fill(url, demo.hashes, os.environ)
        yield demo
        return
    from mtlsx.demo.folder import make

    with tempfile.TemporaryDirectory(prefix="mtlsx-demo-") as temporary:
        demo = make(Path(temporary) / "demo", dialect or "emqx6", _free_port(), redis)
        if url is None:
            yield demo
            return
        from mtlsx_tui.cli import demo_redis

        with demo_redis.filled(url, demo.hashes, os.environ):
            yield demo


def _kept(directory: Path, dialect: Dialect | None, redis: RedisAddress | None) -> Demo:
    """The demo in ``directory``, made where there is none yet; one that is there must be the one that is meant."""
    from mtlsx.demo.folder import is_there, make, opened

    if not is_there(directory):
        return make(directory, dialect or "emqx6", _free_port(), redis)
    demo = opened(directory)
    meant = None if redis is None else ((redis.host, redis.port), redis.database)
    there = None if demo.redis.embedded else (demo.redis.servers[0], demo.redis.database)
    if dialect not in (None, demo.dialect) or (meant is not None and meant != there):
        raise UsageError(
            f"The demo in {directory} is of {demo.dialect} with {demo.store}.",
            fix="Leave --dialect and --redis out to use it, or name another directory.",
        )
    return demo


def _address(url: str) -> RedisAddress:
    from mtlsx.demo.redis import redis_address
    from mtlsx.secret import Secret
    from mtlsx_tui.cli.pki_redis import warn_of_password

    warn_of_password(url)
    password = os.environ.get("MTLSX_REDIS_PASSWORD")
    return redis_address(url, Secret(password) if password else None)


def _free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
