"""Where a client comes from, and the checks of its CONNECT packet itself.

EMQX looks at the packet before it looks at the certificate, so a client id that comes from a certificate does
not rescue an empty one in CONNECT.

Source: emqx_packet.erl (6.3), emqx_channel.erl; vectors ``emqx-auth`` (stratum ``conn-empty``) and
``emqx-observed`` (``obs-empty-cid-*``, ``obs-proto-*``).
"""

from __future__ import annotations

from typing import NamedTuple

from mtlsx.auth.reasons import Reason
from mtlsx.auth.settings import Identity
from mtlsx.packets.control_packets import MQTT_5, MQTT_31, MQTT_311, Connect


class Peer(NamedTuple):
    """Where a client comes from; a named tuple, because each decision takes one.

    ``certificate`` is the DER of its certificate; None where it showed none (plain TCP, one-way TLS). ``host`` is
    its IP address as text, ``listener`` has EMQX's form ``type:name``.
    """

    certificate: bytes | None = None
    host: str = "127.0.0.1"
    port: int = 0
    listener: str = "ssl:default"
    zone: str = "default"


def check(connect: Connect, settings: Identity) -> tuple[Reason, str] | None:
    """Why EMQX refuses the packet itself, as a reason and a sentence; None where it does not."""
    if connect.version not in (MQTT_31, MQTT_311, MQTT_5):
        return (
            Reason.UNSUPPORTED_PROTOCOL_VERSION,
            f"Protocol level {connect.version} is not MQTT 3.1, 3.1.1 or 5.0.",
        )
    if not connect.client_id and connect.version == MQTT_31:
        return Reason.CLIENT_IDENTIFIER_NOT_VALID, "MQTT 3.1 does not allow an empty client id."
    if not connect.client_id and _needs_clean_start(connect, settings):
        return (
            Reason.CLIENT_IDENTIFIER_NOT_VALID,
            "An empty client id needs a clean start, even where the certificate gives another.",
        )
    octets, most = len(connect.client_id), settings.max_clientid_len
    if octets > most:
        return (
            Reason.CLIENT_IDENTIFIER_NOT_VALID,
            f"The client id has {octets} octets; max_clientid_len is {most}.",
        )
    return None


def _needs_clean_start(connect: Connect, settings: Identity) -> bool:
    """Whether a clean start is missing; MQTT 3.1.1 leaves no choice there (MQTT-3.1.3-8)."""
    needed = connect.version < MQTT_5 or settings.empty_clientid_needs_clean_start
    return needed and not connect.clean_start
