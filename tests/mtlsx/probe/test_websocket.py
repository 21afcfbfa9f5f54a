"""The client's side of a websocket, against wsproto's server side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
)

from mtlsx.probe.websocket import ClientWebsocket, WebsocketRefusedError


def opened(*headers: tuple[str, str]) -> tuple[ClientWebsocket, WSConnection, Request]:
    """Both sides, with the request that the server has read."""
    client = ClientWebsocket("broker.example:8084", "/mqtt", headers)
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(client.outgoing())
    (request,) = server.events()
    assert isinstance(request, Request)
    return client, server, request


def said(server: WSConnection, data: bytes) -> list[Event]:
    server.receive_data(data)
    return list(server.events())


def test_it_asks_for_mqtt_and_sends_the_headers() -> None:
    client, server, request = opened(("X-Tenant", "plant"))

    assert (request.host, request.target, request.subprotocols) == (
        "broker.example:8084",
        "/mqtt",
        ["mqtt"],
    )
    assert (b"x-tenant", b"plant") in [
        (name.lower(), value) for name, value in request.extra_headers
    ]
    accept = AcceptConnection(subprotocol="mqtt", extra_headers=[(b"Server", b"Cowboy")])
    assert client.receive(server.send(accept)) == b""
    assert (client.upgraded, client.server_header) == (True, "Cowboy")


def test_frames_carry_mqtt_both_ways() -> None:
    client, server, _ = opened()
    client.receive(server.send(AcceptConnection(subprotocol="mqtt")))

    assert said(server, client.send(b"CONNECT")) == [BytesMessage(b"CONNECT")]
    two = server.send(BytesMessage(b"CON")) + server.send(BytesMessage(b"NACK"))
    assert client.receive(two[:3]) + client.receive(two[3:]) == b"CONNACK"


def test_pings_and_a_close_are_answered() -> None:
    client, server, _ = opened()
    client.receive(server.send(AcceptConnection(subprotocol="mqtt")))
    client.receive(server.send(Ping(b"?")))
    assert said(server, client.outgoing()) == [Pong(b"?")]

    client.receive(server.send(CloseConnection(1000)))
    assert client.at_end
    assert client.send(b"more") == b""
    assert said(server, client.outgoing()) == [CloseConnection(1000, "")]


def test_a_refusal_is_told_with_its_status_line() -> None:
    client, server, _ = opened()

    with pytest.raises(WebsocketRefusedError) as refused:
        client.receive(server.send(RejectConnection(403)))
    assert refused.value.status_line.startswith("HTTP/1.1 403")


@given(st.binary(max_size=200), st.booleans())
def test_any_answer_is_understood_or_refused(data: bytes, accepted: bool) -> None:
    client, server, _ = opened()
    if accepted:
        client.receive(server.send(AcceptConnection(subprotocol="mqtt")))
    try:
        client.receive(data)
        client.receive(b"")
    except WebsocketRefusedError as error:
        assert error.status_line == "" or error.status_line.startswith("HTTP/")  # noqa: PT017  (either is right)
