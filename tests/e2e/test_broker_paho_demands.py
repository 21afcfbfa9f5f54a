"""What the Eclipse Paho interoperability tests ask of a server, asked of ``mtlsx broker`` with docs/examples/open.toml.

One process serves the whole module. Topics and client ids carry the name of their test, so that none sees another's.
Time passes by the broker's own clock: a client leaves a will with a delay, and its arrival is what is waited for.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mtlsx.packets.control_packets import (
    Connack,
    Connect,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscription,
    Unsuback,
    Unsubscribe,
    Will,
)
from mtlsx.packets.properties import (
    ConnectProperties,
    DisconnectProperties,
    PublishProperties,
    WillProperties,
)
from support.cli import Cli
from support.raw_client import RawClient
from support.running_broker import broker_process

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "open.toml"
ALL_VERSIONS = pytest.mark.parametrize("version", [3, 4, 5])
EVERY_QOS = (0, 1, 2)
SLACK = 1.0  # seconds; what the standard's and the Paho tests' own bounds allow

NOT_AUTHORIZED_TO_SUBSCRIBE = 0x80
NO_SUBSCRIPTION_EXISTED = 0x11
RECEIVE_MAXIMUM_EXCEEDED, TOPIC_ALIAS_INVALID, PACKET_TOO_LARGE = 0x93, 0x94, 0x95
DISCONNECT_WITH_WILL = 0x04


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Where the broker of this module listens."""
    directory = tmp_path_factory.mktemp("open")
    copy = directory / "open.toml"
    example = EXAMPLE.read_text()
    copy.write_text(example.replace('"127.0.0.1:1883"', '"127.0.0.1:0"'))
    assert copy.read_text() != example
    with broker_process(Cli(directory), "--config", copy) as broker:
        yield broker.address


class Place:
    """Clients and topics that are those of one test alone."""

    def __init__(self, address: tuple[str, int], name: str) -> None:
        self.address = address
        self._prefix = name.encode() + b"/"

    def topic(self, name: str) -> bytes:
        return self._prefix + name.encode()

    @asynccontextmanager
    async def client(
        self,
        name: str,
        version: int = 5,
        *,
        clean: bool = True,
        keep_alive: int = 0,
        will: Will | None = None,
        **properties: int,
    ) -> AsyncIterator[tuple[RawClient, Connack]]:
        """A client that was let in, and its CONNACK."""
        connect = Connect(
            version, self._prefix + name.encode(), clean, keep_alive, will=will,
            properties=ConnectProperties(**properties),
        )  # fmt: skip
        async with await RawClient.open(self.address, version=version) as client:
            connack = await client.connect(connect)
            assert connack.code == 0
            yield client, connack

    async def publish(self, *messages: Publish, version: int = 5) -> None:
        """Another client publishes, each message to its last acknowledgement."""
        async with self.client("publisher", version) as (client, _):
            for message in messages:
                await client.publish(message)

    async def let_time_pass(self, seconds: int) -> None:
        """Return when so much time has passed for the broker."""
        topic = self.topic("clock")
        async with self.client("watcher") as (watcher, _):
            await watcher.subscribe(topic)
            properties = WillProperties(will_delay_interval=seconds)
            async with self.client(
                "clock",
                will=Will(topic, properties=properties),
                session_expiry_interval=2 * seconds,
            ):
                pass
            await watcher.expect(Publish)


@pytest.fixture
def place(address: tuple[str, int], request: pytest.FixtureRequest) -> Place:
    return Place(address, request.node.name)


def each_qos(topic: bytes, *, retain: bool = False) -> list[Publish]:
    return [Publish(topic + b"/%d" % qos, b"qos %d" % qos, qos, retain) for qos in EVERY_QOS]


def told(messages: list[Publish]) -> list[tuple[bytes, bytes, int]]:
    return sorted((each.topic, each.payload, each.qos) for each in messages)


# ---------------------------------------------------------------------- all versions


@ALL_VERSIONS
async def test_basic(place: Place, version: int) -> None:
    topic = place.topic("TopicA")
    async with place.client("a", version) as (client, _):
        assert await client.subscribe(topic) == (2,)
        await place.publish(
            *(Publish(topic, b"qos %d" % qos, qos) for qos in EVERY_QOS), version=version
        )
        came = await client.take(3)
        assert told(came) == [(topic, b"qos %d" % qos, qos) for qos in EVERY_QOS]


@ALL_VERSIONS
async def test_a_second_connect_ends_the_connection(place: Place, version: int) -> None:
    async with place.client("a", version) as (client, _):
        client.send(Connect(version, b"again"))
        came = await client.ended()
        assert [type(packet) for packet in came] == ([Disconnect] if version == 5 else [])


async def test_another_protocol_name_is_not_let_in(place: Place) -> None:
    async with await RawClient.open(place.address, version=4) as client:
        client.send_bytes(bytes.fromhex("100d 0002 686a 04 02 0000 0001 61 00 00".replace(" ", "")))
        assert not any(
            isinstance(packet, Connack) and packet.code == 0 for packet in await client.ended()
        )


@ALL_VERSIONS
async def test_retained_messages(place: Place, version: int) -> None:
    topic = place.topic("TopicA")
    await place.publish(*each_qos(topic, retain=True), version=version)
    async with place.client("a", version) as (client, _):
        await client.subscribe(topic + b"/+")
        came = await client.take(3)
        assert told(came) == told(each_qos(topic))
        assert all(each.retain for each in came)
    cleared = [each._replace(payload=b"") for each in each_qos(topic, retain=True)]
    await place.publish(*cleared, version=version)
    async with place.client("a", version) as (client, _):
        await client.subscribe(topic + b"/+")
        assert await client.until_quiet() == []


@ALL_VERSIONS
async def test_messages_wait_for_who_is_away(place: Place, version: int) -> None:
    topic = place.topic("TopicA")
    expiry = {"session_expiry_interval": 100} if version == 5 else {}
    async with place.client("a", version, clean=False, **expiry) as (client, connack):
        assert not connack.session_present
        await client.subscribe(topic + b"/#")
        client.send(Disconnect())
        assert await client.ended() == []
    await place.publish(*each_qos(topic), version=version)
    async with place.client("a", version, clean=False, **expiry) as (client, connack):
        assert connack.session_present is (version > 3)  # MQTT 3.1 does not tell
        came = await client.take(2)
        rest = await client.until_quiet()
        came += [packet for packet in rest if isinstance(packet, Publish)]
        assert told([each for each in came if each.qos]) == told(each_qos(topic)[1:])


@ALL_VERSIONS
async def test_will(place: Place, version: int) -> None:
    topic = place.topic("Topic/C")
    will = Will(topic, b"client not disconnected", qos=1)
    async with place.client("b", version) as (watcher, _):
        await watcher.subscribe(topic)
        async with place.client("a", version, keep_alive=2, will=will):
            pass
        assert told(await watcher.take(1)) == [(topic, b"client not disconnected", 1)]
        async with place.client("a", version, will=will) as (client, _):
            client.send(Disconnect())
            await client.ended()
        assert await watcher.until_quiet() == []


@ALL_VERSIONS
async def test_overlapping_subscriptions_are_one_copy_with_the_highest_qos(
    place: Place, version: int
) -> None:
    topic = place.topic("TopicA")
    async with place.client("a", version) as (client, _):
        wanted = (Subscription(topic + b"/#", 2), Subscription(topic + b"/+", 1))
        assert await client.subscribe(*wanted) == (2, 1)
        await place.publish(Publish(topic + b"/C", b"overlapping", 2), version=version)
        assert told(await client.take(1)) == [(topic + b"/C", b"overlapping", 2)]
        assert await client.until_quiet() == []


@ALL_VERSIONS
async def test_keep_alive_ends_a_silent_client_and_sends_its_will(
    place: Place, version: int
) -> None:
    topic = place.topic("/TopicA")
    async with place.client("b", version) as (watcher, _):
        await watcher.subscribe(topic)
        begun = time.monotonic()
        async with place.client("a", version, keep_alive=1, will=Will(topic, b"expiry")) as (
            client,
            _,
        ):
            assert told(await watcher.take(1)) == [(topic, b"expiry", 0)]
            assert 1.5 <= time.monotonic() - begun < 1.5 + SLACK
            came = await client.ended()
            if version == 5:
                assert [packet.code for packet in came if isinstance(packet, Disconnect)] == [0x8D]
            else:
                assert came == []


@ALL_VERSIONS
async def test_what_was_not_acknowledged_is_sent_again(place: Place, version: int) -> None:
    topic = place.topic("TopicA")
    expiry = {"session_expiry_interval": 100} if version == 5 else {}
    async with place.client("b", version, clean=False, **expiry) as (client, _):
        await client.subscribe(topic + b"/#")
        await place.publish(*each_qos(topic)[1:], version=version)
        first = [await client.expect(Publish), await client.expect(Publish)]
        assert not any(each.dup for each in first)
        client.send(Disconnect())
        await client.ended()
    async with place.client("b", version, clean=False, **expiry) as (client, connack):
        assert connack.session_present is (version > 3)
        assert await client.take(2) == [each._replace(dup=True) for each in first]


@ALL_VERSIONS
async def test_a_received_message_of_qos_2_is_released_again(place: Place, version: int) -> None:
    topic = place.topic("TopicA")
    expiry = {"session_expiry_interval": 100} if version == 5 else {}
    async with place.client("b", version, clean=False, **expiry) as (client, _):
        await client.subscribe(topic)
        await place.publish(Publish(topic, b"once", 2), version=version)
        message = await client.expect(Publish)
        client.send(Pubrec(message.packet_id))
        assert await client.expect(Pubrel) == Pubrel(message.packet_id)
    async with place.client("b", version, clean=False, **expiry) as (client, _):
        assert await client.expect(Pubrel) == Pubrel(message.packet_id)
        client.send(Pubcomp(message.packet_id))
        assert await client.until_quiet() == []


@ALL_VERSIONS
async def test_wildcards_do_not_match_dollar_topics(place: Place, version: int) -> None:
    topic = b"$" + place.topic("TopicA")
    async with place.client("b", version) as (client, _):
        await client.subscribe(b"#", b"+/TopicA", qos=1)
        await client.until_quiet()
        await place.publish(Publish(topic, b"", 1), version=version)
        came = [packet for packet in await client.until_quiet() if isinstance(packet, Publish)]
        assert [each for each in came if each.topic == topic] == []
        await client.subscribe(topic)
        await place.publish(Publish(topic, b"", 1), version=version)
        assert told(await client.take(1)) == [(topic, b"", 1)]


@ALL_VERSIONS
async def test_a_subscription_that_is_not_allowed(place: Place, version: int) -> None:
    async with place.client("a", version) as (client, _):
        codes = await client.subscribe(place.topic("x"), b"test/nosubscribe", qos=1)
        assert codes == (1, NOT_AUTHORIZED_TO_SUBSCRIBE)


@pytest.mark.parametrize(
    ("version", "clean", "code"), [(4, True, 0), (4, False, 2), (5, True, 0), (5, False, 0)]
)
async def test_zero_length_client_id(place: Place, version: int, clean: bool, code: int) -> None:
    """The example says so for the last of them; EMQX refuses it (emqx_packet.erl, check_client_id)."""
    async with await RawClient.open(place.address, version=version) as client:
        connack = await client.connect(Connect(version, b"", clean))
        assert (connack.code, connack.session_present) == (code, False)
        if code:
            assert await client.ended() == []


# ---------------------------------------------------------------------- MQTT 5


@pytest.mark.parametrize("clean", [True, False])
async def test_zero_length_client_id_is_given_one(place: Place, clean: bool) -> None:
    async with await RawClient.open(place.address) as client:
        connect = Connect(clean_start=clean, properties=ConnectProperties(60))
        connack = await client.connect(connect)
        given = connack.properties.assigned_client_identifier
        assert connack.code == 0
        assert given
    async with await RawClient.open(place.address) as client:
        again = await client.connect(Connect(5, given, clean_start=False))
        assert again.session_present
        assert again.properties.assigned_client_identifier is None


async def test_suback_tells_the_granted_qos_or_why_not(place: Place) -> None:
    async with place.client("a") as (client, _):
        wanted = [Subscription(place.topic(str(qos)), qos) for qos in EVERY_QOS]
        codes = await client.subscribe(*wanted, Subscription(b"test/nosubscribe", 2))
        assert codes == (0, 1, 2, NOT_AUTHORIZED_TO_SUBSCRIBE)


async def test_overlapping_subscriptions_bring_all_identifiers(place: Place) -> None:
    topic = place.topic("TopicA")
    async with place.client("a") as (a, _), place.client("b") as (b, _):
        await a.subscribe(topic, identifier=456789)
        await b.subscribe(topic, identifier=2, qos=1)
        await b.subscribe(topic + b"/#", identifier=3)
        await place.publish(Publish(topic, b"sub identifier test", 2))
        [at_a], [at_b] = await a.take(1), await b.take(1)
        assert at_a.properties.subscription_identifiers == (456789,)
        assert sorted(at_b.properties.subscription_identifiers) == [2, 3]
        assert at_b.qos == 2
        assert await a.until_quiet() == await b.until_quiet() == []


async def test_no_local(place: Place) -> None:
    topic = place.topic("TopicA")
    async with place.client("a") as (a, _), place.client("b") as (b, _):
        for client in (a, b):
            await client.subscribe(Subscription(topic, 2, no_local=True))
        await a.publish(Publish(topic, b"noLocal test", 1))
        assert await a.until_quiet() == []
        assert told(await b.take(1)) == [(topic, b"noLocal test", 1)]


@pytest.mark.parametrize("as_published", [False, True])
async def test_retain_as_published(place: Place, as_published: bool) -> None:
    topic = place.topic("TopicA")
    async with place.client("a") as (client, _):
        await client.subscribe(Subscription(topic, 1, retain_as_published=as_published))
        await place.publish(Publish(topic, b"no", 1), Publish(topic, b"yes", 1, retain=True))
        came = await client.take(2)
        assert [(each.payload, each.retain) for each in came] == [
            (b"no", False),
            (b"yes", as_published),
        ]


@pytest.mark.parametrize(("handling", "first", "again"), [(0, 3, 3), (1, 3, 0), (2, 0, 0)])
async def test_retain_handling(place: Place, handling: int, first: int, again: int) -> None:
    topic = place.topic("TopicA")
    await place.publish(*each_qos(topic, retain=True))
    async with place.client("a") as (client, _):
        for count in (first, again):
            await client.subscribe(Subscription(topic + b"/+", 2, retain_handling=handling))
            assert len(await client.take(count)) == count
            assert await client.until_quiet() == []


async def test_publications_expire_with_the_time_that_is_left(place: Place) -> None:
    """Those that wait for a client that is away, and those that are retained."""
    topic, kept = place.topic("TopicA"), place.topic("kept")
    async with place.client("b", session_expiry_interval=99999) as (client, _):
        await client.subscribe(topic)
        client.send(Disconnect())
        await client.ended()
    short = PublishProperties(message_expiry_interval=1)
    long = PublishProperties(message_expiry_interval=60)
    await place.publish(
        *(Publish(topic, b"expires", qos, properties=short) for qos in (1, 2)),
        *(Publish(topic, b"stays", qos, properties=long) for qos in (1, 2)),
        Publish(kept + b"/1", b"expires", retain=True, properties=short),
        Publish(kept + b"/2", b"stays", retain=True, properties=long),
    )
    await place.let_time_pass(2)
    async with place.client("b", clean=False) as (client, connack):
        assert connack.session_present
        came = await client.take(2)
        await client.subscribe(kept + b"/+")
        came += await client.take(1)
        assert [each.payload for each in came] == [b"stays"] * 3
        assert all(0 < (each.properties.message_expiry_interval or 0) <= 58 for each in came)
        assert await client.until_quiet() == []


PROPERTIES = PublishProperties(
    payload_format_indicator=1,
    content_type=b"My name",
    response_topic=b"answers/here",
    correlation_data=b"334\0\xff",
    user_properties=((b"c", b"3"), (b"a", b"2"), (b"c", b"1")),
)


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("qos", EVERY_QOS)
async def test_properties_are_passed_on_unaltered(place: Place, qos: int, retain: bool) -> None:
    topic = place.topic("TopicA")
    message = Publish(topic, b"text", qos, retain, properties=PROPERTIES)
    async with place.client("a") as (client, _):
        if retain:
            await place.publish(message)
        await client.subscribe(topic)
        if not retain:
            await place.publish(message)
        [came] = await client.take(1)
        assert came._replace(packet_id=0) == message


async def test_will_has_its_properties(place: Place) -> None:
    topic = place.topic("will")
    about = WillProperties(
        payload_format_indicator=1, message_expiry_interval=60, content_type=b"My name",
        response_topic=b"r", correlation_data=b"334", user_properties=((b"a", b"2"), (b"c", b"3")),
    )  # fmt: skip
    async with place.client("b") as (watcher, _):
        await watcher.subscribe(topic)
        async with place.client("a", will=Will(topic, b"gone", 2, properties=about)) as (client, _):
            client.send(Disconnect(DISCONNECT_WITH_WILL))
            await client.ended()
        [came] = await watcher.take(1)
        assert came.properties == PublishProperties(
            payload_format_indicator=1, message_expiry_interval=60, content_type=b"My name",
            response_topic=b"r", correlation_data=b"334", user_properties=((b"a", b"2"), (b"c", b"3")),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("delay", "expiry", "expected"), [(2, 4, 2), (4, 0, 0), (4, 1, 1), (0, 4, 0)]
)
async def test_will_delay(place: Place, delay: int, expiry: int, expected: int) -> None:
    """The delay or the end of the session, whichever comes first, within a second."""
    topic = place.topic("TopicA")
    will = Will(topic, b"will message", properties=WillProperties(will_delay_interval=delay))
    async with place.client("b") as (watcher, _):
        await watcher.subscribe(topic)
        async with place.client("a", will=will, session_expiry_interval=expiry):
            begun = time.monotonic()
        assert told(await watcher.take(1)) == [(topic, b"will message", 0)]
        assert expected <= time.monotonic() - begun < expected + SLACK


async def test_whoever_comes_back_within_the_delay_leaves_no_will(place: Place) -> None:
    topic = place.topic("TopicA")
    will = Will(topic, b"gone", properties=WillProperties(will_delay_interval=1))
    async with place.client("b") as (watcher, _):
        await watcher.subscribe(topic)
        async with place.client("a", will=will, session_expiry_interval=60):
            pass
        async with place.client("a", clean=False, session_expiry_interval=60) as (_, connack):
            assert connack.session_present
            await place.let_time_pass(2)
            assert await watcher.until_quiet() == []


async def test_session_expiry(place: Place) -> None:
    async def stays(expiry: int, at_the_end: int | None, seconds: int) -> bool:
        async with place.client("a", session_expiry_interval=expiry) as (client, _):
            client.send(Disconnect(properties=DisconnectProperties(at_the_end)))
            await client.ended()
        if seconds:
            await place.let_time_pass(seconds)
        async with place.client("a", clean=False) as (_, connack):
            return connack.session_present

    assert not await stays(0, None, 0)
    assert await stays(60, None, 1)
    assert not await stays(1, None, 2)
    assert await stays(1, 60, 2)
    assert not await stays(60, 0, 0)


@pytest.mark.parametrize(("asked", "told"), [(120, 60), (0, 60), (30, None), (60, None)])
async def test_server_keep_alive(place: Place, asked: int, told: int | None) -> None:
    async with place.client("a", keep_alive=asked) as (_, connack):
        assert connack.properties.server_keep_alive == told


async def test_topic_aliases_of_the_client(place: Place) -> None:
    topic = place.topic("TopicA")
    alias = PublishProperties(topic_alias=1)
    async with place.client("b") as (watcher, _):
        await watcher.subscribe(topic)
        async with place.client("a", session_expiry_interval=60) as (client, connack):
            assert (connack.properties.topic_alias_maximum or 0) >= 1
            await client.publish(Publish(topic, b"1", 1, properties=alias))
            await client.publish(Publish(b"", b"2", 1, properties=alias))
            came = await watcher.take(2)
            assert [(each.topic, each.payload) for each in came] == [(topic, b"1"), (topic, b"2")]
        async with place.client("a", clean=False) as (client, connack):
            assert connack.session_present
            client.send(Publish(b"", b"3", 1, packet_id=1, properties=alias))
            assert [type(packet) for packet in await client.ended()] == [Disconnect]
        assert await watcher.until_quiet() == []


async def test_topic_alias_0_is_invalid(place: Place) -> None:
    async with place.client("a") as (client, _):
        client.send_bytes(bytes.fromhex("30 0b 0001 78 03 23 0000") + b"text")
        [disconnect] = await client.ended()
        assert isinstance(disconnect, Disconnect)
        assert disconnect.code == TOPIC_ALIAS_INVALID


@pytest.mark.parametrize("maximum", [{}, {"topic_alias_maximum": 0}, {"topic_alias_maximum": 1}])
async def test_topic_aliases_of_the_server(place: Place, maximum: dict[str, int]) -> None:
    topics = (place.topic("TopicA"), place.topic("TopicB"))
    async with place.client("a", **maximum) as (client, _):
        await client.subscribe(*topics)
        messages = [Publish(topic, b"%d" % qos, qos) for topic in topics for qos in EVERY_QOS]
        await place.publish(*messages)
        came = await client.take(6)
    aliases = [each.properties.topic_alias for each in came]
    names = [each.topic for each in came]
    if not maximum.get("topic_alias_maximum"):
        assert aliases == [None] * 6
        assert names == [each.topic for each in messages]
        return
    assert aliases[:3] == [1, 1, 1]
    assert names[:3] == [topics[0], b"", b""]
    # One alias is all there is: the other topic is spelt out, or takes the alias over.
    current = topics[0]
    for name, alias in zip(names[3:], aliases[3:], strict=True):
        assert alias in (None, 1)
        current = name or current
        assert current == topics[1]


async def test_nothing_larger_than_the_client_takes_is_sent(place: Place) -> None:
    topic = place.topic("T")
    size = 128
    async with place.client("a", maximum_packet_size=size) as (client, _):
        await client.subscribe(topic)
        await place.publish(
            Publish(topic, b"." * (size // 4), 1),
            Publish(topic, b"." * size, 0),
            Publish(topic, b"." * size, 2),
            Publish(topic, b"last", 1),
        )
        assert [each.payload for each in await client.take(2)] == [b"." * (size // 4), b"last"]
        assert await client.until_quiet() == []


async def test_a_packet_larger_than_the_server_takes(place: Place) -> None:
    async with place.client("a") as (client, connack):
        size = connack.properties.maximum_packet_size
        assert size is not None
        client.send(Publish(place.topic("x"), b"." * size))
        [disconnect] = await client.ended()
        assert isinstance(disconnect, Disconnect)
        assert disconnect.code == PACKET_TOO_LARGE


@pytest.mark.parametrize("qos", [1, 2])
async def test_flow_control_towards_the_client(place: Place, qos: int) -> None:
    topic = place.topic("TopicA")
    async with place.client("a", receive_maximum=2) as (client, _):
        await client.subscribe(topic)
        await place.publish(
            *(Publish(topic, b"%d" % n, qos) for n in range(4)), Publish(topic, b"0")
        )
        first, second = await client.expect(Publish), await client.expect(Publish)
        assert [first.payload, second.payload] == [b"0", b"1"]
        held = [
            each for each in await client.until_quiet() if isinstance(each, Publish) and each.qos
        ]
        assert held == []
        for message, following in ((first, b"2"), (second, b"3")):
            if qos == 1:
                client.send(Puback(message.packet_id))
            else:
                client.send(Pubrec(message.packet_id))
                await client.expect(Pubrel)
                client.send(Pubcomp(message.packet_id))
            assert (await client.expect(Publish)).payload == following


async def test_more_than_our_receive_maximum_is_the_end(place: Place) -> None:
    topic = place.topic("TopicA")
    async with place.client("a") as (client, connack):
        assert connack.properties.receive_maximum == 20
        client.send(*(Publish(topic, b"message", 2, packet_id=n) for n in range(1, 21)))
        for n in range(1, 21):
            assert (await client.expect(Pubrec)).packet_id == n
        assert await client.until_quiet() == []
        client.send(Publish(topic, b"message", 2, packet_id=21))
        [disconnect] = await client.ended()
        assert isinstance(disconnect, Disconnect)
        assert disconnect.code == RECEIVE_MAXIMUM_EXCEEDED


async def test_acknowledged_messages_count_no_more(place: Place) -> None:
    topic = place.topic("TopicA")
    async with place.client("a") as (client, _):
        for qos in (1, 2):
            for _n in range(25):
                await client.publish(Publish(topic, b"message", qos))
        assert await client.until_quiet() == []


async def test_shared_subscriptions(place: Place) -> None:
    shared, common = place.topic("x"), place.topic("TopicA")
    payloads = [b"%d" % n for n in range(20)]
    async with place.client("a") as (a, _), place.client("b") as (b, _):
        for client in (a, b):
            await client.subscribe(b"$share/sharename/" + shared, common)
        await place.publish(*(Publish(common, payload) for payload in payloads))
        for client in (a, b):
            assert [each.payload for each in await client.take(20)] == payloads
        await place.publish(*(Publish(shared, payload) for payload in payloads))
        at_each = [await client.until_quiet() for client in (a, b)]
        came = [
            packet.payload for each in at_each for packet in each if isinstance(packet, Publish)
        ]
        assert sorted(came) == sorted(payloads)
        assert all(at_each)


async def test_request_and_response(place: Place) -> None:
    topic = place.topic("TopicA")
    about = PublishProperties(response_topic=topic, correlation_data=b"334")
    async with place.client("a") as (requester, _), place.client("b") as (responder, _):
        for client in (requester, responder):
            await client.subscribe(Subscription(topic, 2, no_local=True))
        await requester.publish(Publish(topic, b"request", 1, properties=about))
        [request] = await responder.take(1)
        assert request.properties == about
        assert request.properties.response_topic is not None
        response = Publish(
            request.properties.response_topic, b"response", 1, properties=request.properties
        )
        await responder.publish(response)
        [answer] = await requester.take(1)
        assert (answer.payload, answer.properties.correlation_data) == (b"response", b"334")


async def test_unsubscribe(place: Place) -> None:
    topics = [place.topic(f"Topic{n}") for n in range(3)]
    async with place.client("b") as (client, _):
        await client.subscribe(*topics)
        client.send(Unsubscribe(7, (topics[0], place.topic("never"))))
        assert (await client.expect(Unsuback)).codes == (0, NO_SUBSCRIPTION_EXISTED)
        await place.publish(*(Publish(topic, b"", 1) for topic in topics))
        assert [each.topic for each in await client.take(2)] == topics[1:]
        assert await client.until_quiet() == []
