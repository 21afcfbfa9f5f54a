"""The same connection as mtlsx's own commands take it: ``mtlsx conn`` and ``mtlsx probe``.

Passphrases are asked for where they are needed, and the password is with ``--ask-password``, so that neither needs a
place on the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.client.settings import MqttVersion
from mtlsx.recipes.properties import flags
from mtlsx.recipes.recipe import Recipe, client_gaps, command, given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.recipes.recipe import Task
    from mtlsx.tls.settings import TlsSettings

_KEEPALIVE = 60  # seconds: what they take without being told


def mtlsx_conn(task: Task) -> Recipe:
    """``mtlsx conn``, which says what the broker answers."""
    return _recipe("conn", task.settings)


def mtlsx_pub(task: Task) -> Recipe:
    """``mtlsx pub``, which publishes ``task.message``."""
    what = ("-t", task.topic, "-q", str(task.qos), "-m", task.message)
    return _recipe("pub", task.settings, *what)


def mtlsx_probe(task: Task) -> Recipe:
    """``mtlsx probe``, which says at which stage a connection ends and why; it sends no MQTT."""
    settings = task.settings
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    words = ["mtlsx", "probe", f"{host}:{settings.port}", "-l", settings.transport.value]
    return Recipe("mtlsx probe", command(*words, *_tls_words(settings)))


def _recipe(action: str, settings: ConnectionSettings, *what: str) -> Recipe:
    words = [
        *("mtlsx", action, "-l", settings.transport.value, "-h", settings.host),
        *("-p", str(settings.port)),
        *_tls_words(settings),
        *_websocket_words(settings),
        *_client_words(settings),
        *flags(settings, conn=action == "conn"),
    ]
    return Recipe(f"mtlsx {action}", command(*words, *what), tuple(client_gaps("mtlsx", settings)))


def _tls_words(settings: ConnectionSettings) -> Iterator[str]:
    tls = settings.tls
    if not settings.transport.uses_tls:
        return
    yield from given("--ca", tls.ca_file)
    yield from given("--cert", tls.certificate_file)
    yield from given("--key", tls.key_file)
    yield from given("--sni", tls.sni)
    for protocol in tls.alpn:
        yield from ("--alpn", protocol)
    if tls.minimum_version is tls.maximum_version:
        yield from ("--tls-version", tls.minimum_version.value)
    yield from given("--ciphers", tls.ciphers)
    yield from given("--crl", tls.crl_file)
    yield from _unchecked(tls)


def _unchecked(tls: TlsSettings) -> Iterator[str]:
    match tls.verify_chain, tls.verify_name:
        case False, False:
            yield "--insecure"
        case False, True:
            yield "--insecure-chain"
        case True, False:
            yield "--insecure-name"


def _websocket_words(settings: ConnectionSettings) -> Iterator[str]:
    if settings.transport.uses_websocket:
        yield from given("--path", settings.path)
        for name, value in settings.headers:
            yield from ("-wh", f"{name}: {value}")


def _client_words(settings: ConnectionSettings) -> Iterator[str]:
    if settings.version is not MqttVersion.V5:
        yield from ("-V", settings.version.value)
    yield from ("-i", settings.client_id)
    if settings.username is not None:
        yield from ("-u", settings.username)
    if settings.password is not None:
        yield "--ask-password"
    if settings.keepalive != _KEEPALIVE:
        yield from ("-k", str(settings.keepalive))
    if not settings.clean_start:
        yield "--no-clean"
    if settings.version is MqttVersion.V5 and (settings.session_expiry or not settings.clean_start):
        yield from ("-se", str(settings.session_expiry))
    if (will := settings.will) is not None:
        yield from ("-Wt", will.topic, "-Wm", will.payload.decode(errors="replace"))
        yield from given("-Wq", will.qos or None)
        if will.retain:
            yield "-Wr"
