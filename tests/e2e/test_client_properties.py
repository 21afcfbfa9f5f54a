"""The client's MQTT 5 properties against real brokers: what a last will carried, and what an identifier brings back."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.events import Connected, Failed, Subscribed
from mtlsx.client.settings import (
    ConnectionSettings,
    ConnectProperties,
    Publication,
    PublishProperties,
    Reconnect,
    Subscription,
    Transport,
    Will,
    WillProperties,
)
from support.client import Client
from support.running_broker import broker_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.cli import Cli
    from support.mosquitto import Mosquitto

pytestmark = pytest.mark.e2e

CONFIGURATION = """
[listeners.tcp.default]
bind = "127.0.0.1:0"

[authorization]
no_match = "allow"
"""


@pytest.fixture(params=["mosquitto", "mtlsx"])
def plain(
    request: pytest.FixtureRequest,
    mosquitto: Callable[..., Mosquitto],
    cli: Cli,
    tmp_path: Path,
) -> Iterator[ConnectionSettings]:
    """A connection to a broker that lets everybody in."""
    settings = ConnectionSettings(
        host="127.0.0.1", port=1, transport=Transport.MQTT, reconnect=Reconnect(enabled=False)
    )
    if request.param == "mosquitto":
        yield replace(settings, port=mosquitto().open_port)
        return
    (tmp_path / "broker.toml").write_text(CONFIGURATION)
    with ExitStack() as stack:
        broker = stack.enter_context(broker_process(cli, "--config", tmp_path / "broker.toml"))
        yield replace(settings, port=broker.address[1])


def test_a_will_arrives_with_all_it_carries(plain: ConnectionSettings) -> None:
    will = Will(
        "gone/dev",
        b"bye",
        qos=1,
        properties=WillProperties(
            will_delay_interval=0,
            payload_format_indicator=1,
            message_expiry_interval=600,
            content_type="text/plain",
            response_topic="back/dev",
            correlation_data=b"\x00\xff",
            user_properties=(("a", "1"), ("a", "2")),
        ),
    )
    device = replace(plain, client_id="dev", will=will)
    with Client(plain) as observer:
        observer.event(Connected)
        observer.connection.subscribe([Subscription("gone/#", 1)])
        assert observer.event(Subscribed).codes == (1,)
        with Client(device) as first:
            first.event(Connected)
            with Client(replace(device, will=None)) as second:
                second.event(Connected)
                first.event(Failed)
        message = observer.message()
    assert (message.topic, message.payload, message.qos) == ("gone/dev", b"bye", 1)
    assert message.properties is not None
    assert replace(message.properties, message_expiry_interval=None) == PublishProperties(
        payload_format_indicator=1,
        content_type="text/plain",
        response_topic="back/dev",
        correlation_data=b"\x00\xff",
        user_properties=(("a", "1"), ("a", "2")),
    )
    assert message.properties.message_expiry_interval in range(1, 601)


def test_an_identifier_comes_back_on_what_its_filter_brings(plain: ConnectionSettings) -> None:
    with Client(plain) as client:
        client.event(Connected)
        client.connection.subscribe(
            [
                Subscription("a/#", subscription_identifier=7),
                Subscription("b/#", subscription_identifier=300_000),
                Subscription("c/#"),
            ]
        )
        for _ in range(3):
            client.event(Subscribed)
        identifiers = []
        for topic in ("a/1", "b/1", "c/1"):
            client.connection.publish(Publication(topic, b"x"))
            properties = client.message().properties
            identifiers.append(properties.subscription_identifiers if properties else ())
    assert identifiers == [(7,), (300_000,), ()]


def test_what_is_larger_than_we_take_is_not_sent(plain: ConnectionSettings) -> None:
    small = replace(plain, properties=ConnectProperties(maximum_packet_size=200))
    with Client(small) as client:
        client.event(Connected)
        client.connection.subscribe([Subscription("t")])
        client.event(Subscribed)
        for payload in (bytes(1000), b"small"):
            client.connection.publish(Publication("t", payload))
        assert client.message().payload == b"small"
