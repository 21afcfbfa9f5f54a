"""The table ``[mqtt]``: what the broker keeps to, and who a client is."""

from __future__ import annotations

from typing import Any, get_args

from mtlsx.auth.expressions.parse import parse
from mtlsx.auth.settings import ClientAttribute, Identity
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.configuration.model import Mqtt
from mtlsx.configuration.values import (
    duration,
    duration_value,
    number,
    or_word,
    size,
    size_value,
)
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import CertificatePart
from mtlsx.schema import Key, Table, WrongError, boolean, choice, integer, shared, tables, text

_UINT16 = 0xFFFF
_UINT32 = 0xFFFF_FFFF
_LARGEST_PACKET = (
    268_435_460  # MQTT 5.0, section 2.1.4: the longest remaining length and its header
)
_MILLISECONDS = duration(0, _UINT32, number="ms")

CERTIFICATE_PARTS = get_args(CertificatePart)

_MQTT = Table(
    Mqtt,
    Key("idle_timeout", **or_word("infinity", _MILLISECONDS, duration_value)),
    Key("max_packet_size", size(1, _LARGEST_PACKET), size_value),
    Key("max_topic_levels", integer(1, _UINT16)),
    Key("max_topic_alias", integer(0, _UINT16)),
    Key("max_qos_allowed", integer(0, 2)),
    Key("retain_available", boolean),
    Key("wildcard_subscription", boolean),
    Key("shared_subscription", boolean),
    Key("exclusive_subscription", boolean),
    Key("ignore_loop_deliver", boolean),
    Key("server_keepalive", **or_word("disabled", integer(1, _UINT16))),
    Key("keepalive_multiplier", number(0.1, 1000)),
    Key("max_inflight", integer(1, _UINT16)),
    Key(Ours("receive_maximum"), integer(1, _UINT16)),
    Key("max_awaiting_rel", **or_word("infinity", integer(0, _UINT32))),
    Key("await_rel_timeout", _MILLISECONDS, duration_value),
    Key("max_subscriptions", **or_word("infinity", integer(1, _UINT32))),
    Key("max_mqueue_len", **or_word("infinity", integer(0, _UINT32))),
    Key("mqueue_store_qos0", boolean),
    Key("session_expiry_interval", _MILLISECONDS, duration_value),
    Key("message_expiry_interval", **or_word("infinity", _MILLISECONDS, duration_value)),
)


def _expression(value: object, path: str) -> str:
    expression = text(value, path)
    try:
        parse(expression)
    except UsageError as error:
        raise WrongError(f"{path}: {error}") from error
    return expression


def _override(value: object, path: str) -> str:
    return "" if value in ("", "disabled") else _expression(value, path)


_ATTRIBUTE = Table(ClientAttribute, Key("expression", _expression), Key("set_as_attr", text))
_IDENTITY = Table(
    Identity,
    Key("peer_cert_as_username", choice(CERTIFICATE_PARTS), always=True),
    Key("peer_cert_as_clientid", choice(CERTIFICATE_PARTS), always=True),
    Key("use_username_as_clientid", boolean, always=True),
    Key("max_clientid_len", integer(23, _UINT16)),
    Key(Ours("empty_clientid_needs_clean_start"), boolean),
    Key("clientid_override", _override),
    Key("client_attrs_init", **tables(_ATTRIBUTE)),
)
NAMES = (*_MQTT.names, *_IDENTITY.names)
"""The names of all settings in the table."""


def read(value: object, path: str) -> tuple[Mqtt, Identity]:
    """Both halves of the table. Raises WrongError."""
    mqtt, identity = shared(value, path, _MQTT, _IDENTITY)
    return _MQTT.read(mqtt, path), _IDENTITY.read(identity, path)


def write(mqtt: Mqtt, identity: Identity) -> dict[str, Any]:
    """What ``read`` gives back."""
    return {**_IDENTITY.write(identity), **_MQTT.write(mqtt)}
