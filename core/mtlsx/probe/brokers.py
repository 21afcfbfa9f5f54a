"""Which broker it is, where it shows itself: what a connection shows anyway in, ``Broker`` or None out.

Nothing is guessed: most brokers say nothing of themselves in a refusal, and then nobody knows which it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import format_name
from mtlsx.certificates.strings import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.identity.mapping import Dialect
    from mtlsx.packets.control_packets import Connack


class Maker(StrEnum):
    """A broker by its name."""

    EMQX = "EMQX"
    MOSQUITTO = "Mosquitto"
    RABBITMQ = "RabbitMQ"
    AWS_IOT = "AWS IoT"


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that showed itself. ``generation``: of EMQX, "4", "5.0" or "6"; None: not known.

    ``because``: what showed it, for a sentence after "because".
    """

    maker: Maker
    generation: str | None
    because: str


_DIALECTS: dict[Dialect, str] = {"emqx6": "6", "emqx5.0": "5.0", "emqx4.4": "4", "emqx4.2": "4"}
_AWS_HOST = re.compile(r"(?:.+\.)?iot\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?", re.IGNORECASE)
# AWS IoT's own ALPN names (developer guide, "Device communication protocols").
_AWS_ALPN = frozenset({"x-amzn-mqtt-ca", "x-amzn-http-ca"})
# Mosquitto: auto_id_prefix "auto-" and a random UUID in capitals (clientid_gen, src/handle_connect.c).
_MOSQUITTO_ID = re.compile(rb"auto-[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}")
# RabbitMQ: 16 random octets in base64url (ensure_client_id, rabbit_mqtt_processor.erl).
_RABBITMQ_ID = re.compile(rb"[A-Za-z0-9_-]{22}")
# The certificates that EMQX is shipped with (apps/emqx/etc/certs) are issued by this name.
_EMQX_ISSUER = ("O=EMQ", "CN=RootCA")


def recognise(
    host: str,
    *,
    alpn: str | None = None,
    server_chain: Sequence[bytes] = (),
    connack: Connack | None = None,
    server_header: str | None = None,
    dialect: Dialect | None = None,
) -> Broker | None:
    """The broker behind a connection, or None where nothing shows it.

    ``alpn``: what was agreed; ``server_chain``: DER; ``server_header``: of the websocket upgrade; ``dialect``: what
    the person chose, which counts last: it may be the wrong one.
    """
    if _AWS_HOST.fullmatch(host):
        return Broker(Maker.AWS_IOT, None, f"the host is {printable(host)}")
    if alpn in _AWS_ALPN:
        return Broker(Maker.AWS_IOT, None, f"it speaks {alpn}")
    for maker in Maker:
        if server_header and maker.value.casefold() in server_header.casefold():
            return Broker(maker, None, f'its web server is "{printable(server_header[:40])}"')
    assigned = connack.properties.assigned_client_identifier if connack else None
    if assigned is not None and _MOSQUITTO_ID.fullmatch(assigned):
        return Broker(Maker.MOSQUITTO, None, "the client id that it assigned begins with auto-")
    if assigned is not None and _is_rabbitmq(connack, assigned):
        return Broker(
            Maker.RABBITMQ,
            None,
            "it assigns client ids and sets a maximum QoS of 1 as RabbitMQ does",
        )
    if any(map(_ships_with_emqx, server_chain)):
        return Broker(Maker.EMQX, None, "its certificate is the one that EMQX is shipped with")
    if dialect is not None:
        return Broker(Maker.EMQX, _DIALECTS[dialect], f"the profile says {dialect}")
    return None


def _is_rabbitmq(connack: Connack | None, assigned: bytes) -> bool:
    return (
        connack is not None
        and connack.properties.maximum_qos == 1
        and _RABBITMQ_ID.fullmatch(assigned) is not None
    )


def _ships_with_emqx(certificate: bytes) -> bool:
    try:
        issuer = format_name(parse_certificate(certificate).issuer)
    except DerError:
        return False
    return all(part in issuer.split(", ") for part in _EMQX_ISSUER)
