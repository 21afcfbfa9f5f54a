"""Profiles as a file that MQTTX imports: a JSON array of its connections, without secrets.

MQTTX skips an item without an ``id``, silently, and refuses one with certificates of its own but without a CA.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from mtlsx.client.settings import ClientIdSuffix, MqttVersion, Reconnect, Subscription, Will
from mtlsx.identity.mapping import Mapping
from mtlsx.profiles.exchange.bundle import Exported
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings

_VERSIONS = {MqttVersion.V3_1: "3.1", MqttVersion.V3_1_1: "3.1.1", MqttVersion.V5: "5.0"}
_COLOUR = "#34c388"


def write_mqttx(
    profiles: Sequence[Profile], *, new_id: Callable[[], str] = lambda: str(uuid.uuid4())
) -> Exported:
    """The export of ``profiles``, whose file paths are absolute; ``new_id`` gives a UUID for each of them."""
    notes: list[str] = []
    items = []
    for profile in profiles:
        items.append(_connection(profile, new_id()))
        notes += [f'"{profile.name}": {sentence}' for sentence in _lost(profile)]
    text = json.dumps(items, indent=2, ensure_ascii=False)
    return Exported(text.encode() + b"\n", tuple(notes))


def _connection(profile: Profile, identifier: str) -> dict[str, Any]:
    connection, tls = profile.connection, profile.connection.tls
    uses_tls = connection.transport.uses_tls
    own = bool(uses_tls and (tls.ca_file or tls.certificate_file or tls.key_file))
    reconnect = connection.reconnect
    return {
        "id": identifier,
        "clientId": connection.client_id,
        "name": profile.name,
        "clean": connection.clean_start,
        "protocol": connection.transport.value,
        "host": connection.host,
        "port": connection.port,
        "keepalive": connection.keepalive,
        "connectTimeout": _short(connection.connect_timeout),
        "reconnect": reconnect.enabled,
        "reconnectPeriod": round(reconnect.initial_delay * 1000),
        "username": connection.username or "",
        "password": "",
        "path": connection.path,
        "certType": ("self" if own else "server") if uses_tls else "",
        "ssl": uses_tls,
        "mqttVersion": _VERSIONS[connection.version],
        "unreadMessageCount": 0,
        "clientIdWithTime": connection.client_id_suffix is ClientIdSuffix.TIME,
        "parentId": None,
        "orderId": profile.order or 0,
        "rejectUnauthorized": tls.verify_chain and tls.verify_name,
        "ALPNProtocols": ",".join(tls.alpn),
        "ca": (tls.ca_file or "") if own else "",
        "cert": (tls.certificate_file or "") if own else "",
        "key": _key(tls) if own else "",
        "isCollection": False,
        "will": _will(connection.will),
        "subscriptions": [_subscription(each, identifier) for each in profile.subscriptions],
        "properties": {
            "sessionExpiryInterval": connection.session_expiry,
            "receiveMaximum": connection.properties.receive_maximum,
            "maximumPacketSize": connection.properties.maximum_packet_size,
            "topicAliasMaximum": None,
            "requestResponseInformation": connection.properties.request_response_information,
            "requestProblemInformation": connection.properties.request_problem_information,
            "userProperties": _user_properties(connection.properties.user_properties),
            "authenticationMethod": None,
            "authenticationData": None,
        },
        "messages": [],
    }


def _short(number: float) -> float:
    """Without a fraction where there is none."""
    return int(number) if number == int(number) else number


def _key(tls: TlsSettings) -> str:
    """MQTTX wants a key; without a file of its own it is in the certificate's."""
    return tls.key_file or tls.certificate_file or ""


def _will(will: Will | None) -> dict[str, Any]:
    will = will or Will(topic="")
    properties = will.properties
    indicator = properties.payload_format_indicator
    correlation = properties.correlation_data
    return {
        "lastWillTopic": will.topic,
        "lastWillPayload": will.payload.decode(errors="replace"),
        "lastWillQos": will.qos,
        "lastWillRetain": will.retain,
        "properties": {
            "willDelayInterval": properties.will_delay_interval,
            "payloadFormatIndicator": None if indicator is None else bool(indicator),
            "messageExpiryInterval": properties.message_expiry_interval,
            "contentType": properties.content_type or "",
            "responseTopic": properties.response_topic or "",
            "correlationData": None
            if correlation is None
            else correlation.decode(errors="replace"),
            "userProperties": _user_properties(properties.user_properties),
        },
    }


def _subscription(subscription: Subscription, connection: str) -> dict[str, Any]:
    properties = _user_properties(subscription.user_properties)
    return {
        "topic": subscription.topic_filter,
        "qos": subscription.qos,
        "disabled": not subscription.enabled,
        "alias": subscription.alias or "",
        "retain": False,
        "nl": subscription.no_local,
        "rap": subscription.retain_as_published,
        "rh": subscription.retain_handling,
        "subscriptionIdentifier": subscription.subscription_identifier,
        "userProperties": None if properties is None else json.dumps(properties),
        "color": subscription.colour or _COLOUR,
        "connectionId": connection,
    }


def _user_properties(pairs: tuple[tuple[str, str], ...]) -> dict[str, str | list[str]] | None:
    """An object of texts, or of arrays where a name stands several times."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {
        name: values[0] if len(values) == 1 else values for name, values in found.items()
    } or None


def _lost(profile: Profile) -> list[str]:
    """What MQTTX has no place for, or takes otherwise."""
    connection, tls = profile.connection, profile.connection.tls
    plain = TlsSettings()
    will = connection.will
    said = [
        (profile.group is not None, "the group is left out."),
        (profile.mapping != Mapping(), "the broker's mapping is left out."),
        (bool(connection.headers), "the websocket headers are left out."),
        (
            connection.client_id_suffix is ClientIdSuffix.RANDOM,
            "the client id is fixed: MQTTX adds no random digits.",
        ),
        (
            tls.verify_chain != tls.verify_name,
            "MQTTX checks chain and name of the server together: both are off there.",
        ),
        (tls.sni is not None, "the server name (SNI) is left out."),
        (tls.crl_file is not None, "the revocation list is left out."),
        (tls.ciphers is not None, "the ciphers are left out."),
        (
            (tls.minimum_version, tls.maximum_version)
            != (plain.minimum_version, plain.maximum_version),
            "the TLS versions are left out.",
        ),
        (
            tls.certificate_file is not None and tls.ca_file is None,
            "MQTTX refuses a certificate without a CA file: name one there.",
        ),
        (
            connection.reconnect
            not in (Reconnect(enabled=connection.reconnect.enabled), _steady(connection.reconnect)),
            "MQTTX waits as long before each new attempt, and counts them for all connections.",
        ),
        (
            will is not None and not _is_text(will.payload, will.properties.correlation_data),
            "the last will holds bytes that are no text, which MQTTX cannot have.",
        ),
    ]
    return [sentence for is_so, sentence in said if is_so]


def _steady(reconnect: Reconnect) -> Reconnect:
    delay = reconnect.initial_delay
    return Reconnect(reconnect.enabled, delay, delay)


def _is_text(*values: bytes | None) -> bool:
    try:
        for value in values:
            (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True
