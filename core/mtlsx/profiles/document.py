"""A profile as a TOML document that people read and write, with the field names of the settings.

A small one::

    name = "dev-346a"
    group = "factory"
    subscriptions = [
        { topic_filter = "factory/#", qos = 1 },
    ]

    [connection]
    host = "broker.example"
    port = 8883
    transport = "mqtts"
    version = "5"

    [connection.tls]
    ca_file = "ca.pem"
    certificate_file = "dev-346a.pem"
    key_file = "dev-346a.key"

Relative file paths are taken from the directory of the document. Secrets have no key here.
"""

from __future__ import annotations

from typing import get_args

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
from mtlsx.identity.mapping import CertificatePart, Dialect, Mapping
from mtlsx.payloads.formats import PayloadFormat
from mtlsx.profiles.model import Profile
from mtlsx.schema import (
    Key,
    Table,
    boolean,
    choice,
    colour,
    integer,
    label,
    member,
    nested,
    pairs,
    payload,
    payload_value,
    seconds,
    tables,
    text,
    texts,
)
from mtlsx.tls.settings import TlsSettings, TlsVersion

_QOS = integer(0, 2)
_UINT16 = 0xFFFF
_UINT32 = 0xFFFF_FFFF
_INTERVAL = integer(0, _UINT32)
_LONGEST = 86_400.0  # seconds: a day, for every wait

_TLS = Table(
    TlsSettings,
    Key("ca_file", text),
    Key("certificate_file", text),
    Key("key_file", text),
    Key("alpn", texts, list),
    Key("sni", text),
    Key("verify_chain", boolean),
    Key("verify_name", boolean),
    Key("minimum_version", **member(TlsVersion)),
    Key("maximum_version", **member(TlsVersion)),
    Key("ciphers", text),
    Key("crl_file", text),
)
_USER_PROPERTIES = Key("user_properties", pairs, lambda items: [list(item) for item in items])
_WILL_PROPERTIES = Table(
    WillProperties,
    Key("will_delay_interval", _INTERVAL),
    Key("payload_format_indicator", integer(0, 1)),
    Key("message_expiry_interval", _INTERVAL),
    Key("content_type", text),
    Key("response_topic", text),
    Key("correlation_data", payload, payload_value),
    _USER_PROPERTIES,
)
_WILL = Table(
    Will,
    Key("topic", text),
    Key("payload", payload, payload_value),
    Key("qos", _QOS),
    Key("retain", boolean),
    Key("properties", **nested(_WILL_PROPERTIES)),
)
_CONNECT_PROPERTIES = Table(
    ConnectProperties,
    Key("receive_maximum", integer(1, _UINT16)),
    Key("maximum_packet_size", integer(1, _UINT32)),
    Key("request_response_information", boolean),
    Key("request_problem_information", boolean),
    _USER_PROPERTIES,
)
_RECONNECT = Table(
    Reconnect,
    Key("enabled", boolean),
    Key("initial_delay", seconds(0, _LONGEST)),
    Key("maximum_delay", seconds(0, _LONGEST)),
    Key("limit", integer(0, _UINT32)),
)
_CONNECTION = Table(
    ConnectionSettings,
    Key("host", text),
    Key("port", integer(1, _UINT16)),
    Key("transport", **member(Transport), always=True),
    Key("version", **member(MqttVersion), always=True),
    Key("client_id", text),
    Key("client_id_suffix", **member(ClientIdSuffix)),
    Key("username", text),
    Key("keepalive", integer(0, _UINT16)),
    Key("clean_start", boolean),
    Key("session_expiry", _INTERVAL),
    Key("properties", **nested(_CONNECT_PROPERTIES)),
    Key("connect_timeout", seconds(0.001, _LONGEST)),
    Key("path", text),
    Key("headers", pairs, lambda items: [list(item) for item in items]),
    Key("will", **nested(_WILL)),
    Key("reconnect", **nested(_RECONNECT)),
    Key("tls", **nested(_TLS)),
)
_SUBSCRIPTION = Table(
    Subscription,
    Key("topic_filter", text),
    Key("qos", _QOS, always=True),
    Key("no_local", boolean),
    Key("retain_as_published", boolean),
    Key("retain_handling", integer(0, 2)),
    Key("subscription_identifier", integer(1, 268_435_455)),
    _USER_PROPERTIES,
    Key("alias", label),
    Key("colour", colour),
    Key("enabled", boolean),
)
_CERTIFICATE_PARTS = get_args(CertificatePart)
_MAPPING = Table(
    Mapping,
    Key("peer_cert_as_username", choice(_CERTIFICATE_PARTS)),
    Key("peer_cert_as_clientid", choice(_CERTIFICATE_PARTS)),
    Key("use_username_as_clientid", boolean),
    Key("command", text),
    Key("dialect", choice(get_args(Dialect))),
)
_PROFILE = Table(
    Profile,
    Key("name", label),
    Key("group", label),
    Key("colour", colour),
    Key("order", integer(0, _UINT32)),
    Key("view_format", **member(PayloadFormat)),
    Key("publish_format", **member(PayloadFormat)),
    Key("connection", **nested(_CONNECTION)),
    Key("subscriptions", **tables(_SUBSCRIPTION)),
    Key("mapping", **nested(_MAPPING)),
)


def parse(data: bytes, *, source: str) -> Profile:
    """The profile that a document holds; ``source`` names it in errors ("Profile file /x/dev.toml").

    Raises UsageError: not UTF-8, not TOML (with the line), unknown keys, wrong values, missing ones.
    """
    return _PROFILE.parse(data, source=source)


def dump(profile: Profile) -> bytes:
    """The document of a profile. Raises UsageError where ``parse`` would not give it back."""
    import tomli_w

    source = f'Profile "{profile.name}"'
    try:
        data = tomli_w.dumps(_PROFILE.write(profile), multiline_strings=False).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{source} holds text that is not Unicode.") from error
    if parse(data, source=source) != profile:
        raise UsageError(f"{source} cannot be written as TOML without loss.")
    return data
