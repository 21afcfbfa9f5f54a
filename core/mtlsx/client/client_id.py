"""The client id that a connection is started with, made of what the settings say."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from mtlsx.client.settings import ClientIdSuffix, MqttVersion

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings


def client_id_of(settings: ConnectionSettings) -> str:
    """The client id to ask with: with its suffix, made up where MQTT 3.1 needs one and there is none."""
    match settings.client_id_suffix:
        case ClientIdSuffix.TIME:
            suffix = str(time.time_ns() // 1_000_000)
        case ClientIdSuffix.RANDOM:
            suffix = secrets.token_hex(4)
        case ClientIdSuffix.NONE:
            suffix = ""
    client_id = "_".join(part for part in (settings.client_id, suffix) if part)
    if not client_id and settings.version is MqttVersion.V3_1:
        return f"mtlsx_{secrets.token_hex(4)}"  # 3.1 knows no empty client id
    return client_id
