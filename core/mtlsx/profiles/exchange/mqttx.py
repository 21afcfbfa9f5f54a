"""Connections exported by MQTTX, as JSON or YAML, of any of its versions.

In: the values of the file (an array of connections and collections, or a single connection). Out: profiles, and
notes about what mtlsx has no place for. Traps of the format: ``protocol`` may be missing (then ``ssl`` decides),
``ca``, ``cert`` and ``key`` count only where ``certType`` is ``self``, ``reconnectPeriod`` is in milliseconds where
all other times are in seconds, no ``sessionExpiryInterval`` beside ``clean: false`` means for ever, and properties
that are in ``properties`` today stood beside it once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mtlsx.client.rules import check_subscription
from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Reconnect,
    Subscription,
    Transport,
    Will,
    WillProperties,
)
from mtlsx.errors import UsageError
from mtlsx.profiles.exchange.incoming import Batch, Incoming
from mtlsx.profiles.exchange.loose import Fields, Notes, one_line
from mtlsx.profiles.model import Profile
from mtlsx.schema import WrongError, colour
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings

NEVER = 0xFFFF_FFFF
"""The session expiry interval of a session that does not end (MQTT 5.0, section 3.1.2.11.2)."""

KIND = "MQTTX"

_VERSIONS = {
    "3": MqttVersion.V3_1,
    "3.1": MqttVersion.V3_1,
    "4": MqttVersion.V3_1_1,
    "3.1.1": MqttVersion.V3_1_1,
    "5": MqttVersion.V5,
    "5.0": MqttVersion.V5,
}
_WITH_TLS = {Transport.MQTT: Transport.MQTTS, Transport.WS: Transport.WSS}
# What MQTTX keeps for itself: its own identifiers, times, counts, and what is typed into its publish line.
_ITS_OWN = {"id", "createAt", "updateAt", "unreadMessageCount", "connectionId", "isCollection"}
_DEFAULT_COLOUR = "#34c388"


def is_mqttx(value: object) -> bool:
    """Whether values of a file look like an export of MQTTX."""
    items = value if isinstance(value, list) else [value]
    known = {"clientId", "host", "isCollection"}
    return bool(items) and all(isinstance(item, dict) and known & item.keys() for item in items)


def read_mqttx(value: Any) -> Batch:
    """The profiles of an export. What is no connection is noted."""
    items = value if isinstance(value, list) else [value]
    notes = Notes()
    found = []
    paths = _collections(items)
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            notes.add(f"Item {number} is not a connection; left out.")
        elif not item.get("isCollection"):
            try:
                found.append(_incoming(item, paths))
            except UsageError as error:
                notes.add(f"Item {number} is left out: {error.summary}")
    return Batch(KIND, tuple(found), notes.all())


def version_of(fields: Fields) -> MqttVersion:
    """The MQTT version of a connection, 5 where none is named. Raises UsageError."""
    text = fields.text("mqttVersion")
    if text is None:
        return MqttVersion.V5
    if text not in _VERSIONS:
        raise UsageError(f'MQTT version "{one_line(text)}" does not exist.')
    return _VERSIONS[text]


def with_tls(transport: Transport, tls: TlsSettings, fields: Fields) -> Transport:
    """The transport that MQTT.js takes: with a certificate and a key, always the one over TLS."""
    if transport.uses_tls or not (tls.certificate_file and tls.key_file):
        return transport
    secure = _WITH_TLS[transport]
    fields.note(f"protocol is {transport}, but there is a certificate: taken as {secure}.")
    return secure


def subscription(fields: Fields, **settings: Any) -> Subscription | None:
    """A subscription with MQTTX's defaults where nothing is said; None, with a note, for what MQTT forbids."""
    wanted = Subscription(**settings)
    try:
        check_subscription(wanted)
    except UsageError as error:
        fields.note(f"A subscription is left out: {error.summary}")
        return None
    return wanted


def _incoming(item: dict[str, Any], paths: dict[str, str]) -> Incoming:
    notes = Notes()
    fields = Fields(item, notes)
    version = version_of(fields)
    tls = _tls(fields)
    transport = _transport(fields, tls)
    clean = fields.flag("clean")
    properties = fields.table("properties")
    connection = ConnectionSettings(
        host=fields.text("host") or "",
        port=fields.whole("port", minimum=1, maximum=65_535) or transport.default_port,
        transport=transport,
        version=version,
        client_id=fields.text("clientId") or "",
        client_id_suffix=ClientIdSuffix.TIME
        if fields.flag("clientIdWithTime")
        else ClientIdSuffix.NONE,
        username=fields.text("username"),
        keepalive=fields.whole_or(60, "keepalive", maximum=65_535),
        clean_start=clean is not False,
        session_expiry=_session_expiry(fields, properties, clean=clean, version=version),
        properties=_connect_properties(fields, properties),
        connect_timeout=fields.seconds("connectTimeout") or 10.0,
        path=_path(fields, transport),
        headers=fields.table("wsOptions").pairs("headers"),
        will=_will(fields.table("will")),
        reconnect=_reconnect(fields),
        tls=tls,
    )
    password = _password(fields)
    name = one_line(fields.text("name") or f"{connection.client_id}@{connection.host}")
    group = paths.get(str(fields.raw("parentId")))
    profile = Profile(
        name=name or "imported",
        group=(group and one_line(group)) or None,
        order=fields.whole("orderId"),
        connection=connection,
        subscriptions=_subscriptions(fields),
    )
    if messages := fields.raw("messages"):
        count = len(messages) if isinstance(messages, list) else 1
        fields.note(f"messages: {count} left behind; a profile has none.")
    fields.tell_unread(lambda field: field in _ITS_OWN or field.startswith("pushProps"))
    return Incoming(profile=profile, password=password, notes=notes.all())


def _collections(items: list[Any]) -> dict[str, str]:
    """The group that each collection stands for: its name, after those of the collections around it."""
    collections = {
        str(item.get("id")): item
        for item in items
        if isinstance(item, dict) and item.get("isCollection")
    }
    paths = {}
    for key in collections:
        names: list[str] = []
        seen = set()
        at: str | None = key
        while at in collections and at not in seen:
            seen.add(at)
            names.insert(0, str(collections[at].get("name") or "collection"))
            at = str(collections[at].get("parentId"))
        paths[key] = " / ".join(names)
    return paths


def _transport(fields: Fields, tls: TlsSettings) -> Transport:
    text = fields.text("protocol")
    uses_tls = fields.flag("ssl")
    if text is None:
        transport = Transport.MQTTS if uses_tls else Transport.MQTT
    elif text.rstrip(":/") in set(Transport):
        transport = Transport(text.rstrip(":/"))
    else:
        raise UsageError(f'protocol "{one_line(text)}" is none that mtlsx speaks.')
    return with_tls(transport, tls, fields)


def _tls(fields: Fields) -> TlsSettings:
    own = fields.text("certType") == "self"
    files = {name: fields.text(name) for name in ("ca", "cert", "key")}
    if not own:
        for name in (name for name, path in files.items() if path):
            fields.leave_out(name, "counts only where certType is self")
        files = dict.fromkeys(files)
    verify = fields.flag("rejectUnauthorized") is not False
    return TlsSettings(
        ca_file=files["ca"],
        certificate_file=files["cert"],
        key_file=files["key"],
        alpn=_alpn(fields),
        verify_chain=verify,
        verify_name=verify,
    )


def _alpn(fields: Fields) -> tuple[str, ...]:
    """MQTTX writes one text, with or without brackets."""
    texts = fields.texts("ALPNProtocols")
    words = "".join(character for character in ",".join(texts) if character not in "[] \"'")
    return tuple(word for word in words.split(",") if word)


def _path(fields: Fields, transport: Transport) -> str:
    path = fields.text("path")
    if path is None or not transport.uses_websocket:
        return "/mqtt"
    return path if path.startswith("/") else f"/{path}"


def _session_expiry(
    fields: Fields, properties: Fields, *, clean: bool | None, version: MqttVersion
) -> int:
    given = properties.whole("sessionExpiryInterval")
    older = fields.whole("sessionExpiryInterval")
    if given is None:
        given = older
    if given is None:
        return NEVER if clean is False and version is MqttVersion.V5 else 0
    return given


def _connect_properties(fields: Fields, properties: Fields) -> ConnectProperties:
    """Today's ``properties``, else what stood beside it in older versions."""

    def whole(name: str, maximum: int) -> int | None:
        now = properties.whole(name, minimum=0, maximum=maximum)
        then = fields.whole(name, minimum=0, maximum=maximum)
        return (now if now is not None else then) or None

    def flag(name: str) -> bool | None:
        now, then = properties.flag(name), fields.flag(name)
        return now if now is not None else then

    if whole("topicAliasMaximum", 65_535):
        fields.leave_out("topicAliasMaximum", "is not offered by mtlsx")
    if method := properties.text("authenticationMethod") or fields.text("authenticationMethod"):
        fields.leave_out(
            "authenticationMethod",
            f"is {one_line(method)}, and mtlsx speaks no enhanced authentication",
        )
    properties.raw("authenticationData")  # secret, and nothing without its method
    made = ConnectProperties(
        receive_maximum=whole("receiveMaximum", 65_535),
        maximum_packet_size=whole("maximumPacketSize", NEVER),
        request_response_information=flag("requestResponseInformation") or False,
        request_problem_information=flag("requestProblemInformation") is not False,
        user_properties=properties.pairs("userProperties") or fields.pairs("userProperties"),
    )
    properties.tell_unread()
    return made


def _will(fields: Fields) -> Will | None:
    topic = fields.text("lastWillTopic")
    nested = fields.table("properties")
    will = Will(
        topic=topic or "",
        payload=fields.octets("lastWillPayload") or b"",
        qos=fields.whole("lastWillQos", maximum=2) or 0,
        retain=fields.flag("lastWillRetain") or False,
        properties=will_properties(nested),
    )
    nested.tell_unread()
    if topic is None and will.payload:
        fields.note("will: its payload is left out, for it has no topic.")
    fields.tell_unread(_ITS_OWN)
    return None if topic is None else will


def will_properties(fields: Fields, **names: str) -> WillProperties:
    """The properties of a last will; ``names`` are those of fields that are called otherwise."""

    def name(usual: str) -> str:
        return names.get(usual, usual)

    indicator = fields.flag(name("payloadFormatIndicator"))
    return WillProperties(
        will_delay_interval=fields.whole(name("willDelayInterval")),
        payload_format_indicator=None if indicator is None else int(indicator),
        message_expiry_interval=fields.whole(name("messageExpiryInterval")),
        content_type=fields.text(name("contentType")),
        response_topic=fields.text(name("responseTopic")),
        correlation_data=fields.octets(name("correlationData")),
        user_properties=fields.pairs(name("userProperties")),
    )


def _reconnect(fields: Fields) -> Reconnect:
    """MQTTX waits as long each time; how often it tries is one of its settings, not of a connection."""
    enabled = fields.flag("reconnect")
    period = fields.seconds("reconnectPeriod", unit=0.001)
    made = Reconnect(enabled=enabled is not False)
    if period is None:
        return made
    if period == 0:
        return replace(made, enabled=False)
    return replace(made, initial_delay=period, maximum_delay=period)


def _subscriptions(fields: Fields) -> tuple[Subscription, ...]:
    found = []
    for each in fields.tables("subscriptions"):
        alias = each.text("alias")
        wanted = subscription(
            fields,
            topic_filter=each.text("topic") or "",
            qos=each.whole("qos", maximum=2) or 0,
            no_local=each.flag("nl") or False,
            retain_as_published=each.flag("rap") or False,
            retain_handling=each.whole("rh", maximum=2) or 0,
            subscription_identifier=each.whole(
                "subscriptionIdentifier", minimum=0, maximum=268_435_455
            )
            or None,
            user_properties=each.pairs("userProperties"),
            alias=(one_line(alias) or None) if alias else None,
            colour=_colour(each),
            enabled=not each.flag("disabled"),
        )
        each.flag("retain")  # MQTTX writes it and has no use for it
        each.tell_unread(_ITS_OWN)
        if wanted is not None:
            found.append(wanted)
    return tuple(found)


def _colour(fields: Fields) -> str | None:
    text = fields.text("color")
    if text is None or text.lower() == _DEFAULT_COLOUR:
        return None
    try:
        return colour(text, "color")
    except WrongError:
        fields.leave_out("color", "is not #rrggbb")
        return None


def _password(fields: Fields) -> Secret | None:
    text = fields.text("password")
    return None if text is None else Secret(text)
