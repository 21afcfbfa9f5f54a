"""Whom EMQX takes a client for when it decides, and what its placeholders stand for.

Source: emqx_types.erl (clientinfo), emqx_auth_template.erl (6.3); the placeholders are in vectors
``emqx-auth/template.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from mtlsx.packets.control_packets import MQTT_5

if TYPE_CHECKING:
    from mtlsx.auth.rules import ClientAcl


NO_ATTRIBUTES: Final[Mapping[str, bytes]] = MappingProxyType({})


class ClientInfo(NamedTuple):
    """A client as authentication and authorization see it; a named tuple, because each decision makes one.

    All names are octets as they came, UTF-8 as a rule (``crt`` mapped to a username is not); None is undefined.
    ``cert_pem`` is the base64 of the DER without armour. ``peer_host`` is an IP address as text, ``listener``
    has the form ``type:name``. ``client_attrs`` are EMQX's client attributes. ``acl`` are the rules that the
    client's token carried; ``expires_at`` is when the token expires, in seconds since the epoch.
    """

    client_id: bytes
    username: bytes | None = None
    version: int = MQTT_5
    cert_common_name: bytes | None = None
    cert_subject: bytes | None = None
    cert_pem: bytes | None = None
    peer_host: str = "127.0.0.1"
    peer_port: int = 0
    zone: str = "default"
    listener: str = "ssl:default"
    client_attrs: Mapping[str, bytes] = NO_ATTRIBUTES
    is_superuser: bool = False
    acl: ClientAcl | None = None
    expires_at: float | None = None
