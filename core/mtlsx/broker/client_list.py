"""The clients of a broker as plain values: who is connected, as whom, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtlsx.identity.report import text_as_json

if TYPE_CHECKING:
    from mtlsx.broker.broker import Broker


def as_json(broker: Broker, now: float) -> list[dict[str, Any]]:
    """Those that were let in, first come first; ``connected_for`` is in seconds, ``now`` the loop's clock."""
    return [
        {
            "client_id": text_as_json(client.info.client_id),
            "username": text_as_json(client.info.username),
            "common_name": text_as_json(client.info.cert_common_name),
            "subject": text_as_json(client.info.cert_subject),
            "version": client.conversation.version,
            "listener": client.link.peer.listener,
            "host": client.link.peer.host,
            "port": client.link.peer.port,
            "is_superuser": client.info.is_superuser,
            "connected_for": round(now - client.accepted_at, 3),
            "published": client.published,
            "subscriptions": _subscriptions(broker, client.link.id),
        }
        for client in list(broker.clients.values())
        if client.info is not None
    ]


def _subscriptions(broker: Broker, link: int) -> list[Any]:
    session = broker.hub.session_of(link)
    return [] if session is None else [text_as_json(one.text) for one in session.subscriptions]
