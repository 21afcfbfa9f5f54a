"""``mtlsx auth explain``: what a broker with this configuration would decide, and every step on the way."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtlsx.auth.rules import Action
from mtlsx.errors import MaterialError, UsageError
from mtlsx_tui.cli import given_secrets
from mtlsx_tui.cli.auth_explain_text import Explanation, as_json, as_text
from mtlsx_tui.cli.cert_files import load_all
from mtlsx_tui.cli.connection_options import ConnectionArguments
from mtlsx_tui.cli.output import print_text
from mtlsx_tui.cli.sections import SectionedCommand, option

if TYPE_CHECKING:
    from mtlsx.auth.connect import Peer
    from mtlsx.auth.settings import AuthSettings
    from mtlsx.auth.stores.opening import Stores
    from mtlsx.configuration.model import Listener
    from mtlsx.packets.control_packets import Connect

_VERSIONS = {"3.1": 3, "3.1.1": 4, "5": 5}
_CLIENT, _ACTION, _BROKER = "Client", "What it does then", "Broker"


@click.command("explain", cls=SectionedCommand)
@option(
    _BROKER,
    "--config",
    "config",
    multiple=True,
    required=True,
    metavar="FILE",
    help="The broker's configuration: TOML, emqx.conf, or 4.x .conf files; repeatable.",
)
@option(
    _BROKER,
    "--listener",
    metavar="TYPE:NAME",
    help="The listener that the client comes to.  [the first of its kind]",
)
@option(
    _BROKER,
    "--seed",
    metavar="FILE",
    help="Commands as for redis-cli, for a configuration with the embedded store.",
)
@option(
    _CLIENT, "--cert", metavar="FILE", help="Its certificate.  [none: plain TCP or one-way TLS]"
)
@option(
    _CLIENT,
    "--passphrase-file",
    metavar="FILE",
    help="Opens a PKCS#12 file. Also: MTLSX_PASSPHRASE.",
)
@option(_CLIENT, "-i", "--client-id", default="", help="Client id in CONNECT.  [empty]")
@option(_CLIENT, "-u", "--username", help="Username in CONNECT.  [none]")
@option(
    _CLIENT,
    "-P",
    "--password",
    help="Others on this machine can see it: prefer MTLSX_PASSWORD or the next two.",
)
@option(_CLIENT, "--password-file", metavar="FILE", help="Holds the password.")
@option(_CLIENT, "--ask-password", is_flag=True, help="Ask for the password.")
@option(
    _CLIENT,
    "-V",
    "--mqtt-version",
    type=click.Choice([*_VERSIONS]),
    default="5",
    help="MQTT version.  [5]",
)
@option(_CLIENT, "--no-clean", is_flag=True, help="Without clean start.")
@option(_CLIENT, "--peer", "peer_host", metavar="ADDRESS", help="Its address.  [127.0.0.1]")
@option(_ACTION, "--publish", "publishes", multiple=True, metavar="TOPIC", help="Repeatable.")
@option(_ACTION, "--subscribe", "subscribes", multiple=True, metavar="FILTER", help="Repeatable.")
@option(_ACTION, "-q", "--qos", type=click.IntRange(0, 2), default=0, help="QoS of both.  [0]")
@option(_ACTION, "-r", "--retain", is_flag=True, help="Publish retained.")
@option("Output", "--json", "json_", is_flag=True, help="Print one JSON object.")
def command(
    config: tuple[str, ...],
    listener: str | None,
    seed: str | None,
    cert: str | None,
    passphrase_file: str | None,
    publishes: tuple[str, ...],
    subscribes: tuple[str, ...],
    qos: int,
    *,
    retain: bool,
    json_: bool,
    **client: Any,
) -> int:
    """Ask the engine what EMQX with this configuration would decide, step by step.

    Redis is really asked, with the commands that EMQX would send; nothing is written. Exits 0 where all is
    allowed, 14 where the client is refused, 15 where it may not publish or subscribe.
    """
    from mtlsx.configuration.load import load

    configuration = load([Path(name) for name in config])
    certificate = None if cert is None else _certificate(cert, passphrase_file)
    chosen = _listener(configuration.listeners, listener, shows_certificate=certificate is not None)
    peer, remarks = _peer(chosen, certificate, client.pop("peer_host") or "127.0.0.1")
    topics = [("publish", topic) for topic in publishes] + [
        ("subscribe", topic_filter) for topic_filter in subscribes
    ]
    explanation = asyncio.run(
        _explain(
            configuration.auth if chosen is None else configuration.auth_for(chosen),
            None if seed is None else _commands(seed),
            _connect(client),
            peer,
            topics,
            Action("publish", qos, retain),
        )
    )
    if json_:
        click.echo(json.dumps(as_json(explanation), indent=2).replace("\x7f", "\\u007f"))
    else:
        print_text(lambda width: as_text(explanation, remarks, width))
    return explanation.exit_code


async def _explain(
    settings: AuthSettings,
    seed: list[list[bytes]] | None,
    connect: Connect,
    peer: Peer,
    topics: list[tuple[str, str]],
    action: Action,
) -> Explanation:
    from mtlsx.auth.engine import Engine
    from mtlsx.auth.stores.opening import Stores

    stores = Stores()
    async with aclosing(stores), Engine(settings, open_store=stores, diagnose=True) as engine:
        if seed is not None:
            await _load(stores, settings, seed)
        admission = await engine.connect(connect, peer)
        actions = []
        if admission.accepted and admission.client is not None:
            for kind, topic in topics:
                octets = topic.encode(errors="surrogateescape")
                if kind == "publish":
                    permission = await engine.publish(
                        admission.client, octets, qos=action.qos, retain=action.retain
                    )
                else:
                    permission = await engine.subscribe(admission.client, octets, qos=action.qos)
                actions.append((kind, topic, permission))
    return Explanation(connect.version, admission, tuple(actions))


async def _load(stores: Stores, settings: AuthSettings, commands: list[list[bytes]]) -> None:
    """Fill the embedded store, which every command of a dry run may; a real one is only asked."""
    from mtlsx.auth.settings import RedisServer
    from mtlsx.auth.stores.embedded import EmbeddedStore
    from mtlsx.auth.stores.store import StoreError

    used = [
        getattr(one, "redis", None)
        for one in (*settings.authentication, *settings.authorization.sources)
    ]
    if not any(isinstance(server, RedisServer) and server.embedded for server in used):
        raise UsageError(
            '--seed fills the embedded store, and the configuration has none (server = "embedded").',
            fix="A real Redis is filled with redis-cli.",
        )
    store = stores(RedisServer(embedded=True))
    assert isinstance(store, EmbeddedStore)  # noqa: S101  (what these settings open)
    try:
        await store.load(commands)
    except StoreError as error:
        raise UsageError(f"The embedded store cannot be filled: {error}") from error


def _certificate(file: str, passphrase_file: str | None) -> bytes:
    (loaded,) = load_all((file,), passphrase_file, keys=False)
    if isinstance(loaded, MaterialError):
        raise loaded
    if not loaded.certificates:
        raise MaterialError("not-a-certificate", f"{loaded.source} holds no certificate.")
    return loaded.certificates[0]


def _listener(
    listeners: tuple[Listener, ...], wanted: str | None, *, shows_certificate: bool
) -> Listener | None:
    """The listener that is meant; None where the configuration has none."""
    if wanted is not None:
        for listener in listeners:
            if listener.id == wanted:
                return listener
        there = ", ".join(listener.id for listener in listeners) or "none"
        raise UsageError(f"The configuration has no listener {wanted}; it has {there}.")
    secure = [listener for listener in listeners if listener.ssl_options is not None]
    first = secure if shows_certificate else [*listeners]
    return next(iter(first or listeners), None)


def _peer(
    listener: Listener | None, certificate: bytes | None, host: str
) -> tuple[Peer, tuple[str, ...]]:
    """Where the client comes from, and what the listener makes of its certificate, in sentences."""
    from mtlsx.auth.connect import Peer

    if listener is None:
        return Peer(certificate, host), ()
    options = listener.ssl_options
    remarks = []
    if certificate is not None and (options is None or options.verify == "verify_none"):
        certificate = None
        remarks.append(
            f"The listener {listener.id} asks for no certificate, so the client shows none."
        )
    elif certificate is None and options is not None and options.fail_if_no_peer_cert:
        remarks.append(
            f"The listener {listener.id} refuses a client without a certificate in TLS, before CONNECT;"
            " what follows is how it would go on."
        )
    return Peer(certificate, host, listener=listener.id, zone=listener.zone), tuple(remarks)


def _connect(client: dict[str, Any]) -> Connect:
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.packets.control_packets import Connect

    arguments = ConnectionArguments(
        username=client["username"],
        password=client["password"],
        password_file=client["password_file"],
        ask_password=client["ask_password"],
    )
    password = given_secrets.password(arguments, os.environ, ConnectionSettings(host="", port=0))
    username = client["username"]
    return Connect(
        version=_VERSIONS[client["mqtt_version"]],
        client_id=client["client_id"].encode(errors="surrogateescape"),
        clean_start=not client["no_clean"],
        username=None if username is None else username.encode(errors="surrogateescape"),
        password=None if password is None else password.reveal().encode(),
    )


def _commands(file: str) -> list[list[bytes]]:
    """The commands in a file as redis-cli takes them: one a line, ``#`` begins a comment line."""
    from mtlsx.identity.redis_commands import CommandError, split

    try:
        lines = Path(file).read_bytes().splitlines()
    except OSError as error:
        raise MaterialError(
            "file-unreadable", f"File {file} cannot be read: {(error.strerror or 'error').lower()}."
        ) from error
    commands = []
    for number, line in enumerate(lines, start=1):
        if line.lstrip()[:1] in (b"", b"#"):
            continue
        try:
            commands.append(split(line))
        except CommandError as error:
            raise UsageError(f"File {file}: line {number}: {error}") from error
    return commands
