"""What running EMQX brokers did, asked of a running broker of ours: over TLS, with a real Redis, MONITOR looking on."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.broker.broker import Broker, BrokerEvent
from mtlsx.broker.client_events import ClientConnected
from mtlsx.configuration.model import Configuration, Listener, SslOptions
from mtlsx.packets.control_packets import (
    Connack,
    ControlPacket,
    Pingreq,
    Publish,
    Subscribe,
    Subscription,
)
from mtlsx.packets.encode import encode
from support import observed
from support.raw_client import RawClient

if TYPE_CHECKING:
    from support.redis_servers import Monitor, RedisServer

pytestmark = pytest.mark.e2e


async def test_observed_through_the_broker(
    observed_vector: dict[str, Any], redis_db: RedisServer
) -> None:
    redis_db.load(observed.redis(observed_vector["path"].parent))
    events: list[BrokerEvent] = []
    broker = Broker(_configuration(observed_vector, redis_db), on_event=events.append)
    await broker.start()
    try:
        with redis_db.monitor() as monitor:
            client = await _connected(broker, observed_vector)
            if client is None:
                assert observed_vector["observed"]["connack"] is None
                return
            async with client:
                await _check(client, monitor, observed_vector, events)
    finally:
        await broker.stop()


async def _check(
    client: RawClient, monitor: Monitor, vector: dict[str, Any], events: list[BrokerEvent]
) -> None:
    expected = vector["observed"]
    client.send_bytes(_connect(vector["client"]))
    connack = await client.next()
    assert connack is None or isinstance(connack, Connack)
    assert (None if connack is None else connack.code) == expected["connack"]
    commands = observed.commands(expected["redis"])
    known = next((event for event in events if isinstance(event, ClientConnected)), None)
    if known is None:
        assert _fresh(monitor, 0) == commands
        return
    if _is_made_by_the_broker(vector):
        made = observed.octets(expected["clientid"]) or b""
        commands = [
            tuple(word.replace(made, known.client_id) for word in words) for words in commands
        ]
    else:
        assert known.client_id == observed.octets(expected["clientid"])
    assert known.username == observed.octets(expected["username"])
    assert known.common_name == observed.octets(expected["cn"])
    assert known.subject == observed.octets(expected["dn"])
    assert known.is_superuser is expected["is_superuser"]
    assert _fresh(monitor, 0) == commands
    await _check_acts(client, monitor, expected["acts"])


def _is_made_by_the_broker(vector: dict[str, Any]) -> bool:
    config = vector["config"]
    mapped = (config["peer_cert_as_clientid"] or "disabled") != "disabled"
    return not (
        vector["client"]["clientid"] or mapped or config["use_username_as_clientid"] == "true"
    )


def _connect(client: dict[str, Any]) -> bytes:
    """The CONNECT, with any protocol level: that of none is written over that of MQTT 3.1.1."""
    level = client["protocol"]
    if level in (3, 4, 5):
        return encode(observed.connect(client), level)
    data = encode(observed.connect({**client, "protocol": 4}), 4)
    return data.replace(b"MQTT\x04", b"MQTT" + bytes([level]))


def _configuration(vector: dict[str, Any], redis: RedisServer) -> Configuration:
    config = vector["config"]
    certificates: Path = vector["path"].parent / "certificates"
    auth = observed.settings(vector, redis.settings())
    if vector["client"]["plain_tcp"]:
        return Configuration((Listener("tcp", "default", ("127.0.0.1", 0)),), auth=auth)
    options = SslOptions(
        certfile=str(certificates / "server.pem"),
        keyfile=str(certificates / "server.key"),
        cacertfile=str(certificates / "ca.pem"),
        verify=config["verify"],
        fail_if_no_peer_cert=config["fail_if_no_peer_cert"] == "true",
    )
    return Configuration(
        (Listener("ssl", "default", ("127.0.0.1", 0), ssl_options=options),), auth=auth
    )


async def _connected(broker: Broker, vector: dict[str, Any]) -> RawClient | None:
    """The client, once TLS stands; None where its side already knows that it will not."""
    (address,) = broker.addresses.values()
    client = vector["client"]
    context = None
    if not client["plain_tcp"]:
        certificates = vector["path"].parent / "certificates"
        context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        if client["certificate"] is not None:
            name = certificates / client["certificate"]
            context.load_cert_chain(f"{name}.pem", f"{name}.key")
    with suppress(OSError):
        return await RawClient.open(address, version=min(client["protocol"], 5), tls=context)
    return None


async def _check_acts(client: RawClient, monitor: Monitor, acts: list[dict[str, Any]]) -> None:
    packet_ids = iter(range(1, 100))
    seen = len(monitor.commands())
    for act in acts:
        client.send(_packet(act["act"], packet_ids))
        assert await _answers(client, act) == act["got"]
        assert _fresh(monitor, seen) == observed.commands(act["redis"])
        seen = len(monitor.commands())


def _packet(act: list[Any], packet_ids: Iterator[int]) -> ControlPacket:
    match act:
        case ["sub", filters]:
            names = filters if isinstance(filters, list) else [filters]
            wanted = tuple(Subscription(name.encode(), qos=1) for name in names)
            return Subscribe(next(packet_ids), wanted)
        case ["pub", topic, 0]:
            return Publish(topic.encode(), b"x")
        case ["pub", topic, qos]:
            return Publish(topic.encode(), b"x", qos, packet_id=next(packet_ids))
        case ["ping"]:
            return Pingreq()
    raise AssertionError(act)


async def _answers(client: RawClient, act: dict[str, Any]) -> list[dict[str, Any]]:
    """What came back, in the form of the vectors, without the messages that the client gets as a subscriber.

    Nothing is nothing before a PINGREQ is answered or the client is gone.
    """
    if not act["got"]:
        came = await client.until_quiet()
        return [_as_vector(packet) for packet in came if not isinstance(packet, Publish)]
    answers: list[dict[str, Any]] = []
    while len(answers) < len(act["got"]):
        packet = await client.next()
        if not isinstance(packet, Publish):
            answers.append(_as_vector(packet))
    return answers


def _as_vector(packet: ControlPacket | None) -> dict[str, Any]:
    if packet is None:
        return {"packet": "CLOSED"}
    told: dict[str, Any] = {"packet": type(packet).__name__.upper()}
    for name in ("code", "codes"):
        value = getattr(packet, name, None)
        if value is not None:
            told[name] = list(value) if isinstance(value, tuple) else value
    return told


def _fresh(monitor: Monitor, seen: int) -> list[tuple[bytes, ...]]:
    """What Redis was asked since ``seen`` commands, but for how connections introduce themselves."""
    return [words for words in monitor.commands()[seen:] if words[0] not in _OURS]


_OURS = {b"HELLO", b"AUTH", b"SELECT", b"CLIENT", b"PING"}
