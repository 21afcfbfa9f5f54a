"""The options file of MQTTX CLI (``--save-options``), JSON or YAML: one object of options for each of its commands.

In: the values of the file. Out: a profile for each command that makes one connection. Keys are MQTTX CLI's long
options in camelCase. What is for publishing, printing and load tests is no part of a profile, and noted.
"""

from __future__ import annotations

from typing import Any

from mtlsx.client.settings import (
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Reconnect,
    Subscription,
    Transport,
    Will,
)
from mtlsx.errors import UsageError
from mtlsx.profiles.exchange.incoming import Batch, Incoming
from mtlsx.profiles.exchange.loose import Fields, Notes, one_line
from mtlsx.profiles.exchange.mqttx import (
    NEVER,
    subscription,
    version_of,
    will_properties,
    with_tls,
)
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings

KIND = "MQTTX CLI"

_CONNECTING = ("conn", "pub", "sub")
_OTHERS = ("benchConn", "benchPub", "benchSub", "simulate")
_WILL = {
    "payloadFormatIndicator": "willPayloadFormatIndicator",
    "messageExpiryInterval": "willMessageExpiryInterval",
    "contentType": "willContentType",
    "responseTopic": "willResponseTopic",
    "correlationData": "willCorrelationData",
    "userProperties": "willUserProperties",
}
# How MQTTX CLI prints and where it keeps its options.
_ITS_OWN = {
    "debug", "verbose", "save", "config", "saveOptions", "loadOptions", "outputMode", "logFilepath",
}  # fmt: skip


def is_mqttx_cli(value: object) -> bool:
    """Whether values of a file look like options of MQTTX CLI."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            name in (*_CONNECTING, *_OTHERS) and isinstance(options, dict)
            for name, options in value.items()
        )
    )


def read_mqttx_cli(value: dict[str, dict[str, Any]]) -> Batch:
    """The profiles of an options file."""
    notes = Notes()
    found = []
    for name, options in value.items():
        if name in _OTHERS:
            notes.add(f"{name} is a load test, not one connection; left out.")
            continue
        try:
            found.append(_incoming(name, options))
        except UsageError as error:
            notes.add(f"{name} is left out: {error.summary}")
    return Batch(KIND, tuple(found), notes.all())


def _incoming(command: str, options: dict[str, Any]) -> Incoming:
    notes = Notes()
    fields = Fields(options, notes)
    version = version_of(fields)
    tls = _tls(fields)
    transport = _transport(fields, tls)
    clean = fields.flag("clean") is not False
    own_properties = "userProperties" if command == "conn" else "connUserProperties"
    connection = ConnectionSettings(
        host=fields.text("hostname", "host") or "localhost",
        port=fields.whole("port", minimum=1, maximum=65_535) or 1883,
        transport=transport,
        version=version,
        client_id=fields.text("clientId") or "",
        username=fields.text("username"),
        keepalive=fields.whole_or(30, "keepalive", maximum=65_535),
        clean_start=clean,
        session_expiry=_session_expiry(fields, clean=clean, version=version),
        properties=_connect_properties(fields, own_properties),
        path=fields.text("path") or "/mqtt",
        headers=fields.pairs("wsHeaders"),
        will=_will(fields),
        reconnect=_reconnect(fields),
        tls=tls,
    )
    password = fields.text("password")
    subscriptions = _subscriptions(fields) if command == "sub" else ()
    fields.tell_unread(_ITS_OWN)
    return Incoming(
        profile=Profile(
            name=f"mqttx {command}", connection=connection, subscriptions=subscriptions
        ),
        password=None if password is None else Secret(password),
        notes=notes.all(),
    )


def _transport(fields: Fields, tls: TlsSettings) -> Transport:
    text = fields.text("protocol") or "mqtt"
    if text not in set(Transport):
        raise UsageError(f'protocol "{one_line(text)}" is none that mtlsx speaks.')
    return with_tls(Transport(text), tls, fields)


def _tls(fields: Fields) -> TlsSettings:
    insecure = fields.flag("insecure") or False
    return TlsSettings(
        ca_file=fields.text("ca"),
        certificate_file=fields.text("cert"),
        key_file=fields.text("key"),
        alpn=fields.texts("alpn"),
        verify_chain=not insecure,
        verify_name=not insecure,
    )


def _session_expiry(fields: Fields, *, clean: bool, version: MqttVersion) -> int:
    given = fields.whole("sessionExpiryInterval")
    if given is None:
        return NEVER if not clean and version is MqttVersion.V5 else 0
    return given


def _connect_properties(fields: Fields, user_properties: str) -> ConnectProperties:
    if fields.whole("topicAliasMaximum", maximum=65_535):
        fields.leave_out("topicAliasMaximum", "is not offered by mtlsx")
    if fields.text("authenticationMethod"):
        fields.leave_out(
            "authenticationMethod", "is given, and mtlsx speaks no enhanced authentication"
        )
    return ConnectProperties(
        receive_maximum=fields.whole("rcvMax", "receiveMaximum", maximum=65_535) or None,
        maximum_packet_size=fields.whole("maximumPacketSize") or None,
        request_response_information=fields.flag("reqResponseInfo") or False,
        request_problem_information=fields.flag("reqProblemInfo") is not False,
        user_properties=fields.pairs(user_properties),
    )


def _will(fields: Fields) -> Will | None:
    topic = fields.text("willTopic")
    will = Will(
        topic=topic or "",
        payload=fields.octets("willMessage") or b"",
        qos=fields.whole("willQos", maximum=2) or 0,
        retain=fields.flag("willRetain") or False,
        properties=will_properties(fields, **_WILL),
    )
    return None if topic is None else will


def _reconnect(fields: Fields) -> Reconnect:
    """MQTTX CLI waits as long each time; 0 switches it off."""
    period = fields.seconds("reconnectPeriod", unit=0.001)
    limit = fields.whole("maximumReconnectTimes")
    period = 1.0 if period is None else period
    if period == 0 or limit == 0:
        return Reconnect(enabled=False)
    return Reconnect(
        initial_delay=period, maximum_delay=period, limit=10 if limit is None else limit
    )


def _subscriptions(fields: Fields) -> tuple[Subscription, ...]:
    """Each topic with the option at its place, the last one where there are fewer."""
    topics = fields.texts("topic")
    options = {
        name: Fields({str(at): value for at, value in enumerate(_listed(fields.raw(name)))}, Notes())
        for name in (
            "qos", "noLocal", "retainAsPublished", "retainHandling", "subscriptionIdentifier",
        )
    }  # fmt: skip
    user_properties = fields.pairs("userProperties")
    found = []
    for number, topic in enumerate(topics):
        at = [str(place) for place in range(number, -1, -1)]
        wanted = subscription(
            fields,
            topic_filter=topic,
            qos=options["qos"].whole(*at, maximum=2) or 0,
            no_local=options["noLocal"].flag(*at) or False,
            retain_as_published=options["retainAsPublished"].flag(*at) or False,
            retain_handling=options["retainHandling"].whole(*at, maximum=2) or 0,
            subscription_identifier=options["subscriptionIdentifier"].whole(
                *at, maximum=268_435_455
            )
            or None,
            user_properties=user_properties,
        )
        if wanted is not None:
            found.append(wanted)
    return tuple(found)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
