"""The same connection as a Python program with paho-mqtt 2, which subscribes, publishes once and prints what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.client.settings import ClientIdSuffix, MqttVersion
from mtlsx.recipes.files import as_pem
from mtlsx.recipes.properties import connect_properties, will_properties
from mtlsx.recipes.recipe import PASSPHRASE, PASSWORD, Recipe
from mtlsx.tls.settings import TlsVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.recipes.files import Files
    from mtlsx.recipes.properties import Property
    from mtlsx.recipes.recipe import Task
    from mtlsx.tls.settings import TlsSettings

_NAME = "paho (Python)"
_KEEPALIVE = 60  # seconds: what it takes without being told
_PROTOCOLS = {
    MqttVersion.V3_1: "MQTTv31",
    MqttVersion.V3_1_1: "MQTTv311",
    MqttVersion.V5: "MQTTv5",
}
_CALLBACKS = """\
def connected(client, userdata, flags, reason_code, properties):
    print("connected:", reason_code)
    if reason_code.is_failure:
        client.disconnect()
    else:
        client.subscribe(TOPIC, qos={qos})


def subscribed(client, userdata, mid, reason_codes, properties):
    print("subscribed:", *reason_codes)
    client.publish(TOPIC, {message!r}, qos={qos})


def received(client, userdata, message):
    print("received:", message.topic, message.payload)
    client.disconnect()
"""


def paho(task: Task, *, beside: bool = False) -> Recipe:
    """A whole program; it publishes to ``task.topic``, and reads that too.

    ``beside``: relative paths are taken from the directory of the program, not from that in which it is run.
    """
    settings = task.settings
    prepared = as_pem(settings.tls, task.files)
    remarks = ["pip install paho-mqtt"]
    if settings.client_id_suffix is not ClientIdSuffix.NONE:
        remarks.append("Here each connection adds a new suffix to the client id.")
    setup: list[str] = []
    if settings.transport.uses_tls:
        remarks += [f"first: {each}" for each in prepared.commands]
        remarks += _tls_gaps(settings)
        setup += _context(prepared.tls, prepared.files, beside=beside)
    if settings.transport.uses_websocket:
        setup.append(f"client.ws_set_options(path={settings.path!r}, headers={dict(settings.headers)!r})")  # fmt: skip
    setup += _session(settings)
    needs_properties = any("Properties(" in line for line in setup)
    lines = [
        *(["import ssl"] if settings.transport.uses_tls else []),
        *(["from pathlib import Path"] if beside else []),
        "",
        "import paho.mqtt.client as mqtt",
        *(["from paho.mqtt.packettypes import PacketTypes"] if needs_properties else []),
        *(["from paho.mqtt.properties import Properties"] if needs_properties else []),
        "",
        f"HOST, PORT, TOPIC = {settings.host!r}, {settings.port}, {task.topic!r}",
        *(["HERE = Path(__file__).parent"] if beside else []),
        "",
        "",
        *_CALLBACKS.format(qos=task.qos, message=task.message).splitlines(),
        "",
        "",
        _client(settings),
        *setup,
        "client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, received",
        _connect(settings),
        "client.loop_forever()",
    ]
    return Recipe(_NAME, "\n".join(lines).lstrip("\n") + "\n", tuple(remarks))


def _client(settings: ConnectionSettings) -> str:
    arguments = [
        "mqtt.CallbackAPIVersion.VERSION2",
        f"client_id={settings.client_id!r}",
        f"protocol=mqtt.{_PROTOCOLS[settings.version]}",
    ]
    if settings.version is not MqttVersion.V5 and not settings.clean_start:
        arguments.append("clean_session=False")
    if settings.transport.uses_websocket:
        arguments.append('transport="websockets"')
    return f"client = mqtt.Client({', '.join(arguments)})"


def _context(tls: TlsSettings, files: Files, *, beside: bool) -> Iterator[str]:
    def file(path: str) -> str:
        return f"HERE / {path!r}" if beside else repr(path)

    yield f"context = ssl.create_default_context({'cafile=' + file(tls.ca_file) if tls.ca_file else ''})"
    yield "context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as before Python 3.13: many CAs are not that strict"
    if tls.certificate_file is not None:
        key = [file(tls.key_file)] if tls.key_file else []
        passphrase = [f"password={PASSPHRASE!r}"] if files.key_is_encrypted else []
        yield f"context.load_cert_chain({', '.join([file(tls.certificate_file), *key, *passphrase])})"
    if not (tls.verify_name and tls.verify_chain):
        yield "context.check_hostname = False"
    if not tls.verify_chain:
        yield "context.verify_mode = ssl.CERT_NONE"
    if tls.minimum_version is not TlsVersion.V1_2:
        yield f"context.minimum_version = ssl.TLSVersion.{_version(tls.minimum_version)}"
    if tls.maximum_version is not TlsVersion.V1_3:
        yield f"context.maximum_version = ssl.TLSVersion.{_version(tls.maximum_version)}"
    if tls.alpn:
        yield f"context.set_alpn_protocols({list(tls.alpn)!r})"
    if tls.ciphers is not None:
        yield f"context.set_ciphers({tls.ciphers!r})"
    if tls.crl_file is not None:
        yield f"context.load_verify_locations({file(tls.crl_file)})"
        yield "context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF"
    yield "client.tls_set_context(context)"


def _version(version: TlsVersion) -> str:
    return f"TLSv{version.replace('.', '_')}"


def _session(settings: ConnectionSettings) -> Iterator[str]:
    if settings.username is not None or settings.password is not None:
        password = f", {PASSWORD!r}" if settings.password is not None else ""
        yield f"client.username_pw_set({settings.username or ''!r}{password})"
    if (will := settings.will) is not None:
        made = [*will_properties(settings)]
        yield from _properties("will_properties", "WILLMESSAGE", made)
        more = ", properties=will_properties" if made else ""
        yield f"client.will_set({will.topic!r}, {will.payload!r}, qos={will.qos}, retain={will.retain}{more})"
    yield from _properties("properties", "CONNECT", _of_connect(settings))


def _of_connect(settings: ConnectionSettings) -> list[Property]:
    expires = settings.version is MqttVersion.V5 and settings.session_expiry
    expiry: list[Property] = (
        [("session-expiry-interval", settings.session_expiry)] if expires else []
    )
    return [*expiry, *connect_properties(settings)]


def _properties(variable: str, packet: str, properties: Sequence[Property]) -> Iterator[str]:
    """``variable`` with these properties, if there are any; paho calls them "ReceiveMaximum"."""
    if not properties:
        return
    yield f"{variable} = Properties(PacketTypes.{packet})"
    for name, value in properties:
        yield f"{variable}.{name.title().replace('-', '')} = {value!r}"


def _connect(settings: ConnectionSettings) -> str:
    arguments = ["HOST", "PORT"]
    if settings.keepalive != _KEEPALIVE:
        arguments.append(f"keepalive={settings.keepalive}")
    if settings.version is MqttVersion.V5 and not settings.clean_start:
        arguments.append("clean_start=False")
    if _of_connect(settings):
        arguments.append("properties=properties")
    return f"client.connect({', '.join(arguments)})"


def _tls_gaps(settings: ConnectionSettings) -> Iterator[str]:
    tls = settings.tls
    if tls.verify_name and not tls.verify_chain:
        yield "Python's ssl cannot check the name alone: with the chain, that check is off too."
    if tls.sni is not None and tls.sni != settings.host:
        yield f"paho sends and checks the host's name; here it is {tls.sni}."
