"""The same connection as ``mosquitto_pub`` and ``mosquitto_sub`` take it.

Source of what they can: the manual pages of 2.0 and runs of 2.0.11. Their ``--insecure`` leaves out
the name check alone, without a CA they speak no TLS at all, and ``--tls-version`` is the oldest one allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.client.settings import MqttVersion
from mtlsx.recipes.files import as_pem
from mtlsx.recipes.properties import Property, connect_properties, text, will_properties
from mtlsx.recipes.recipe import PASSWORD, Recipe, client_gaps, command, given
from mtlsx.tls.settings import TlsVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.recipes.recipe import Task
    from mtlsx.tls.settings import TlsSettings

_VERSIONS = {MqttVersion.V3_1: "31", MqttVersion.V3_1_1: "311", MqttVersion.V5: "5"}
_SHORTEST_KEEPALIVE = 5  # seconds: it refuses less
_KEEPALIVE = 60  # seconds: what it takes without being told


def mosquitto_pub(task: Task) -> Recipe:
    """``mosquitto_pub``, which publishes ``task.message``."""
    return _recipe("mosquitto_pub", task, "-t", task.topic, "-q", str(task.qos), "-m", task.message)


def mosquitto_sub(task: Task) -> Recipe:
    """``mosquitto_sub``, which prints what comes, with its topic."""
    return _recipe("mosquitto_sub", task, "-t", task.topic_filter, "-q", str(task.qos), "-v")


def _recipe(name: str, task: Task, *what: str) -> Recipe:
    settings = task.settings
    if settings.transport.uses_websocket:
        return Recipe(name, "", (f"{name} 2.0 speaks no websockets.",))
    remarks: list[str] = []
    words = [name, "-h", settings.host, "-p", str(settings.port)]
    if settings.transport.uses_tls:
        prepared = as_pem(settings.tls, task.files)
        remarks += [f"first: {each}" for each in prepared.commands]
        remarks += _tls_gaps(name, prepared.tls)
        if prepared.files.key_is_encrypted:
            remarks.append(f"{name} asks for the key's passphrase.")
        words += _tls_words(prepared.tls)
    remarks += _gaps(name, settings)
    return Recipe(name, command(*words, *_client_words(settings), *what), tuple(remarks))


def _tls_words(tls: TlsSettings) -> list[str]:
    key = tls.key_file or tls.certificate_file
    return [
        *(["--cafile", tls.ca_file] if tls.ca_file else ["--tls-use-os-certs"]),
        *given("--cert", tls.certificate_file),
        *(given("--key", key) if tls.certificate_file else ()),
        *(["--tls-version", "tlsv1.3"] if tls.minimum_version is TlsVersion.V1_3 else []),
        *given("--tls-alpn", next(iter(tls.alpn), None)),
        *given("--ciphers", tls.ciphers),
        *([] if tls.verify_name else ["--insecure"]),
    ]


def _client_words(settings: ConnectionSettings) -> list[str]:
    username = "" if settings.sends_empty_username else settings.username
    words = ["-V", _VERSIONS[settings.version], *given("-i", settings.client_id)]
    if username is not None:
        words += ["-u", username]
    if settings.password is not None:
        words += ["-P", PASSWORD]
    if settings.keepalive not in {0, _KEEPALIVE}:
        words += ["-k", str(max(settings.keepalive, _SHORTEST_KEEPALIVE))]
    if not settings.clean_start:
        words.append("-c")
    if settings.version is MqttVersion.V5 and (settings.session_expiry or not settings.clean_start):
        words += ["-x", str(settings.session_expiry)]
    if (will := settings.will) is not None:
        words += ["--will-topic", will.topic]
        words += given("--will-payload", will.payload.decode(errors="replace"))
        words += given("--will-qos", will.qos or None)
        words += ["--will-retain"] if will.retain else []
    words += _properties("connect", connect_properties(settings))
    words += _properties("will", will_properties(settings))
    return words


def _properties(packet: str, properties: Iterable[Property]) -> Iterator[str]:
    for name, value in properties:
        yield from ("-D", packet, name)
        yield from value if isinstance(value, tuple) else (text(value),)


def _tls_gaps(name: str, tls: TlsSettings) -> Iterator[str]:
    if not tls.verify_chain:
        yield f"{name} checks who issued the server's certificate, always: here that check is off."
    if tls.sni is not None:
        yield f"{name} sends and checks the host's name; here it is {tls.sni}."
    if tls.maximum_version is TlsVersion.V1_2:
        yield f"{name} takes TLS 1.3 too where the server has it; here it ends with 1.2."
    if len(tls.alpn) > 1:
        yield f"{name} offers one ALPN protocol; here there are {', '.join(tls.alpn)}."
    if tls.crl_file is not None:
        yield f"{name} looks into no revocation list; here it is {tls.crl_file}."


def _gaps(name: str, settings: ConnectionSettings) -> Iterator[str]:
    if settings.keepalive < _SHORTEST_KEEPALIVE:
        yield f"{name} takes a keepalive from {_SHORTEST_KEEPALIVE} s on; here it is {settings.keepalive}."
    yield from client_gaps(name, settings)
