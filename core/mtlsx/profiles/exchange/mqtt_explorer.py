"""The settings of MQTT Explorer (``settings.json``): its connections, with the certificates that they hold as base64.

In: the values of the file. Out: profiles with files, which have no place on disk yet.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from mtlsx.client.settings import ConnectionSettings, MqttVersion, Subscription, Transport
from mtlsx.errors import UsageError
from mtlsx.profiles.exchange.incoming import Batch, CarriedFile, FileSetting, Incoming
from mtlsx.profiles.exchange.loose import Fields, Notes, one_line
from mtlsx.profiles.exchange.mqttx import subscription
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings

KIND = "MQTT Explorer"

_CONNECTIONS = "ConnectionManager_connections"
_LARGEST = 1024 * 1024  # bytes of one certificate or key
_FILES: tuple[tuple[str, FileSetting, str], ...] = (
    ("selfSignedCertificate", "ca_file", "ca.pem"),
    ("clientCertificate", "certificate_file", "client.pem"),
    ("clientKey", "key_file", "client.key"),
)
_TRANSPORTS = {
    ("mqtt", False): Transport.MQTT,
    ("mqtt", True): Transport.MQTTS,
    ("ws", False): Transport.WS,
    ("ws", True): Transport.WSS,
}
_ITS_OWN = {"id", "configVersion", "type"}


def is_mqtt_explorer(value: object) -> bool:
    """Whether values of a file look like settings of MQTT Explorer."""
    return isinstance(value, dict) and isinstance(value.get(_CONNECTIONS), dict)


def read_mqtt_explorer(value: dict[str, Any]) -> Batch:
    """The profiles of a settings file."""
    notes = Notes()
    found = []
    for key, item in value[_CONNECTIONS].items():
        place = f"Connection {one_line(str(key))} is left out"
        if not isinstance(item, dict):
            notes.add(f"{place}: it is not an object.")
            continue
        try:
            found.append(_incoming(item))
        except UsageError as error:
            notes.add(f"{place}: {error.summary}")
    return Batch(KIND, tuple(found), notes.all())


def _incoming(item: dict[str, Any]) -> Incoming:
    notes = Notes()
    fields = Fields(item, notes)
    protocol = fields.text("protocol") or "mqtt"
    encryption = fields.flag("encryption", "tls") or False
    transport = _TRANSPORTS.get((protocol.rstrip(":/"), encryption))
    if transport is None:
        raise UsageError(f'protocol "{one_line(protocol)}" is none that mtlsx speaks.')
    files = tuple(_files(fields))
    verify = fields.flag("certValidation") is not False
    connection = ConnectionSettings(
        host=fields.text("host") or "",
        port=fields.whole("port", minimum=1, maximum=65_535) or transport.default_port,
        transport=transport,
        version=MqttVersion.V3_1_1,
        client_id=fields.text("clientId") or "",
        username=fields.text("username"),
        path=_path(fields, transport),
        tls=TlsSettings(verify_chain=verify, verify_name=verify),
    )
    name = one_line(fields.text("name") or connection.host) or "imported"
    password = fields.text("password")
    subscriptions = _subscriptions(fields)
    fields.tell_unread(_ITS_OWN)
    return Incoming(
        profile=Profile(name=name, connection=connection, subscriptions=subscriptions),
        password=None if password is None else Secret(password),
        files=files,
        notes=notes.all(),
    )


def _files(fields: Fields) -> list[CarriedFile]:
    found = []
    for name, setting, file_name in _FILES:
        held = fields.table(name)
        encoded = held.text("data")
        held.text("name")  # of the file it was read from
        if encoded is None:
            continue
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            held.leave_out("data", "is not base64")
            continue
        if len(data) > _LARGEST:
            held.leave_out("data", "is too large")
        else:
            found.append(CarriedFile(setting, file_name, data))
    return found


def _path(fields: Fields, transport: Transport) -> str:
    path = fields.text("basePath")
    if path is None or not transport.uses_websocket:
        return "/mqtt"
    return path if path.startswith("/") else f"/{path}"


def _subscriptions(fields: Fields) -> tuple[Subscription, ...]:
    """Topics with a QoS; in older settings, topics alone."""
    found = []
    for item in _listed(fields.raw("subscriptions")):
        each = Fields(item if isinstance(item, dict) else {"topic": item}, Notes())
        qos = each.whole("qos", maximum=2)
        wanted = subscription(fields, topic_filter=each.text("topic") or "", qos=qos or 0)
        if wanted is not None:
            found.append(wanted)
    return tuple(found)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
