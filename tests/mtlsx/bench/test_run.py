"""Servers that do not behave: every device ends in the verdict that a single connection would get."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.bench.plan import Plan
from mtlsx.bench.run import Bench
from mtlsx.bench.tally import Tally
from mtlsx.client.settings import ConnectionSettings, Publication, Subscription, Transport
from mtlsx.errors import MaterialError
from mtlsx.packets.control_packets import (
    MQTT_5,
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Puback,
    Publish,
    Pubrec,
    Suback,
    Subscribe,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import ConnackProperties
from mtlsx.probe.verdicts import KINDS
from mtlsx.tls.settings import TlsSettings
from support.made_pki import SERVER, make
from support.ports import LOOPBACK, closed_port, mute_tls_port, silent_port, talking_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEVICES = 5
PACKETS = [
    b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x02", b"\x40\x03\x00\x01\x10", b"\x50\x02\x00\x01",
    b"\x62\x02\x00\x01", b"\x70\x02\x00\x01", b"\xd0\x00", b"\xe0\x02\x8e\x00", b"\x34\x07\x00\x01t\x00\x05\x00x",
]  # fmt: skip
PLAIN = Transport.MQTT


def plan(port: int, transport: Transport = PLAIN, timeout: float = 10.0, **more: Any) -> Plan:
    connection = ConnectionSettings(
        host=LOOPBACK, port=port, transport=transport, client_id="d%i", connect_timeout=timeout,
        tls=TlsSettings(verify_chain=False, verify_name=False),
    )  # fmt: skip
    return Plan(
        **{"kind": "conn", "connection": connection, "count": DEVICES, "interval": 0.0, **more}
    )


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A packet of a server's with some bytes changed."""
    packet = bytearray(draw(st.sampled_from(PACKETS)))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 255)), max_size=2)):
        packet[at % len(packet)] = byte
    return bytes(packet)


async def tally_of(wanted: Plan) -> Tally:
    bench = Bench(wanted)
    await bench.run()
    return bench.tally


def failures(tally: Tally) -> dict[str, int]:
    return {verdict: failure.devices for verdict, failure in tally.failures.items()}


class Server:
    """A plain MQTT server in this loop; ``answer`` says what comes back for a packet, b"" is the end."""

    def __init__(self, answer: Callable[[ControlPacket], list[ControlPacket | bytes]]) -> None:
        self._answer = answer
        self.heard: list[ControlPacket] = []

    async def run(self, **more: Any) -> Tally:
        """What a bench counts against it."""
        server = await asyncio.start_server(self.serve, LOOPBACK, 0)
        async with server:
            return await tally_of(plan(server.sockets[0].getsockname()[1], **more))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = Decoder()
        while data := await reader.read(65536):
            for packet in decoder.feed(data):
                self.heard.append(packet)
                for each in self._answer(packet):
                    if each == b"":
                        writer.close()
                        return
                    writer.write(each if isinstance(each, bytes) else encode(each, MQTT_5))
        writer.close()


def welcoming(
    *then: tuple[type, Callable[[Any], list[ControlPacket | bytes]]],
    connack: Connack = Connack(False, 0),  # noqa: B008  (a value)
) -> Callable[[ControlPacket], list[ControlPacket | bytes]]:
    def answer(packet: ControlPacket) -> list[ControlPacket | bytes]:
        if isinstance(packet, Connect):
            return [connack]
        return next((say(packet) for kind, say in then if isinstance(packet, kind)), [])

    return answer


async def test_nobody_listens() -> None:
    with closed_port() as port:
        tally = await tally_of(plan(port))
    assert failures(tally) == {"tcp-refused": DEVICES}
    assert (tally.answered, tally.connected, tally.exit_code) == (DEVICES, 0, 11)


async def test_a_name_without_an_address_is_asked_for_once() -> None:
    wanted = plan(1883)
    tally = await tally_of(
        replace(wanted, connection=replace(wanted.connection, host="nosuch.invalid"))
    )
    assert failures(tally) == {"dns-not-found": DEVICES}
    assert tally.exit_code == 11


async def test_a_server_that_says_nothing() -> None:
    with silent_port() as port:
        assert failures(await tally_of(plan(port, timeout=2.0))) == {"connack-timeout": DEVICES}
        tally = await tally_of(plan(port, Transport.MQTTS, timeout=2.0))
    assert failures(tally) == {"tls-timeout": DEVICES}
    assert tally.online == 0


async def test_a_server_that_speaks_something_else() -> None:
    with talking_port(b"SSH-2.0-OpenSSH_9.6\r\n") as port:
        assert failures(await tally_of(plan(port))) == {"not-mqtt": DEVICES}
        assert failures(await tally_of(plan(port, Transport.MQTTS))) == {"not-tls": DEVICES}


async def test_tls_and_then_silence(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make("localhost", usage=SERVER).save(tmp_path, "server"))
    with mute_tls_port(context) as port:
        tally = await tally_of(plan(port, Transport.MQTTS, timeout=3.0))
    assert failures(tally) == {"connack-timeout": DEVICES}
    assert tally.latencies["handshake"].summary() is not None


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ([b""], "closed-without-connack"),
        ([Connack(False, 0x86)], "bad-credentials"),
        ([Connack(False, 0x8A)], "banned"),
        ([Disconnect(0x8B), b""], "connack-refused"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "not-mqtt"),
        ([b"\x20\x03\x00"], "connack-timeout"),
        ([b"\x20\x03\x00\x00\x05"], "not-mqtt"),
    ],
)
async def test_connect_is_refused(answer: list[ControlPacket | bytes], verdict: str) -> None:
    server = Server(lambda _: answer)
    assert failures(await server.run(timeout=2.0)) == {verdict: DEVICES}


async def test_a_connection_that_is_lost_is_counted() -> None:
    taken_over = Server(
        lambda packet: (
            [Connack(False, 0), Disconnect(0x8E), b""] if isinstance(packet, Connect) else []
        )
    )
    tally = await taken_over.run(kind="sub", subscriptions=(Subscription("a"),))
    assert failures(tally) == {"session-taken-over": DEVICES}
    assert (tally.connected, tally.online, tally.exit_code) == (DEVICES, 0, 16)


async def test_garbage_after_connack_ends_the_connection() -> None:
    server = Server(welcoming((Subscribe, lambda _: [b"\x90\x01\x00"])))
    tally = await server.run(kind="sub", subscriptions=(Subscription("a"),))
    assert failures(tally) == {"connection-lost": DEVICES}


async def test_a_refused_subscription_is_counted() -> None:
    server = Server(welcoming((Subscribe, lambda packet: [Suback(packet.packet_id, (0x87, 0))])))
    tally = await server.run(
        kind="sub", subscriptions=(Subscription("a/%i"), Subscription("b")), duration=0.01
    )
    assert failures(tally) == {"subscribe-denied": DEVICES}
    assert (tally.subscribed, tally.exit_code) == (DEVICES, 15)


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        ([Suback(1, (0x87,)), b""], "subscribe-denied", "refused the subscription"),
        ([Disconnect(0x87), b""], "subscribe-denied", "refused the subscription"),
        ([b""], "connection-lost", 'on SUBSCRIBE for "a"'),
    ],
)
async def test_a_server_that_hangs_up_on_subscribe(
    answer: list[ControlPacket | bytes], verdict: str, words: str
) -> None:
    server = Server(welcoming((Subscribe, lambda _: answer)))
    tally = await server.run(kind="sub", subscriptions=(Subscription("a"),))
    assert failures(tally) == {verdict: DEVICES}
    assert words in tally.failures[verdict].summary
    assert tally.online == 0


@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        ([Disconnect(0x87), b""], "publish-denied", 'refused the message to "t"'),
        ([b""], "connection-lost", 'on PUBLISH for "t"'),
    ],
)
async def test_a_server_that_hangs_up_on_publish(
    answer: list[ControlPacket | bytes], verdict: str, words: str, qos: int
) -> None:
    server = Server(welcoming((Publish, lambda _: answer)))
    tally = await server.run(kind="pub", publication=Publication("t", b"x", qos), limit=DEVICES)
    assert failures(tally) == {verdict: DEVICES}
    assert words in tally.failures[verdict].summary


async def test_a_server_that_hangs_up_later_did_not_do_it_for_what_it_denied() -> None:
    def goodbye(packet: Publish) -> list[ControlPacket | bytes]:
        return [Puback(packet.packet_id), b""]

    server = Server(
        welcoming(
            (Subscribe, lambda packet: [Suback(packet.packet_id, (0x87,))]), (Publish, goodbye)
        )
    )
    tally = await server.run(
        kind="pub", subscriptions=(Subscription("a"),), publication=Publication("t", b"x", 1),
        limit=DEVICES,
    )  # fmt: skip
    assert failures(tally) == {"subscribe-denied": DEVICES, "connection-lost": DEVICES}


async def test_no_more_is_in_flight_than_the_server_takes() -> None:
    waiting: list[Publish] = []

    def hoard(packet: Publish) -> list[ControlPacket | bytes]:
        waiting.append(packet)
        if len(waiting) < 3:
            return []
        answers: list[ControlPacket | bytes] = [Puback(each.packet_id) for each in waiting]
        waiting.clear()
        return answers

    connack = Connack(False, 0, ConnackProperties(receive_maximum=3))
    server = Server(welcoming((Publish, hoard), connack=connack))
    publication = Publication("t", b"x", 1)
    tally = await server.run(
        kind="pub", count=1, publication=publication, message_interval=0.0, limit=30
    )
    # With a fourth on its way, the server would have answered three and kept one.
    assert (tally.sent, tally.acknowledged, tally.unanswered) == (30, 30, 0)
    assert waiting == []
    assert tally.exit_code == 0


@pytest.mark.parametrize("qos", [1, 2])
async def test_messages_that_nobody_acknowledges(qos: int) -> None:
    tally = await Server(welcoming()).run(
        kind="pub", timeout=2.0, publication=Publication("t", b"x", qos), limit=DEVICES,
        message_interval=0.0,
    )  # fmt: skip
    assert (tally.sent, tally.acknowledged, tally.unanswered) == (DEVICES, 0, DEVICES)
    assert (failures(tally), tally.exit_code) == ({}, 16)


async def test_a_message_that_is_refused_does_not_stop_the_others() -> None:
    def refuse_odd(packet: Publish) -> list[ControlPacket | bytes]:
        code = 0x97 if packet.packet_id % 2 else 0
        return [Pubrec(packet.packet_id, code)]

    server = Server(welcoming((Publish, refuse_odd)))
    tally = await server.run(
        kind="pub", count=1, timeout=2.0, publication=Publication("t", b"x", 2), limit=4,
        message_interval=0.0,
    )  # fmt: skip
    assert (tally.refused, tally.unanswered) == (2, 2)  # the others got no PUBCOMP
    assert tally.failures["publish-denied"].times == 2


async def test_a_file_that_is_missing_is_one_devices_failure(tmp_path: Path) -> None:
    make("d", ca=True).save(tmp_path, "d3")
    wanted = plan(1, Transport.MQTTS)
    tls = TlsSettings(certificate_file=f"{tmp_path}/d%i.pem", key_file=f"{tmp_path}/d%i.key")
    with closed_port() as port:
        connection = replace(wanted.connection, tls=tls, port=port)
        tally = await tally_of(replace(wanted, connection=connection))
    assert failures(tally) == {"file-missing": DEVICES - 1, "tcp-refused": 1}
    assert tally.exit_code == 10


async def test_a_ca_file_that_is_missing_is_everybodys(tmp_path: Path) -> None:
    wanted = plan(1, Transport.MQTTS)
    connection = replace(wanted.connection, tls=TlsSettings(ca_file=str(tmp_path / "no")))
    with pytest.raises(MaterialError, match="no"):
        await tally_of(replace(wanted, connection=connection))


async def test_stop_ends_it_with_what_was_counted() -> None:
    all_at_work = asyncio.Event()

    def subscribed(packet: Subscribe) -> list[ControlPacket | bytes]:
        if [type(each) for each in server.heard].count(Subscribe) == DEVICES:
            all_at_work.set()
        return [Suback(packet.packet_id, (0,))]

    server = Server(welcoming((Subscribe, subscribed)))
    listening = await asyncio.start_server(server.serve, LOOPBACK, 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        bench = Bench(plan(port, kind="sub", subscriptions=(Subscription("a"),)))
        running = asyncio.create_task(bench.run())
        await all_at_work.wait()
        bench.stop()
        await running
    assert (bench.tally.connected, bench.tally.online) == (DEVICES, 0)
    assert bench.stopped
    assert [type(packet) for packet in server.heard].count(Disconnect) == DEVICES


CONNACK = b"\x20\x03\x00\x00\x00"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.binary(max_size=12) | damaged(), max_size=4),
    st.sampled_from(["conn", "pub", "sub"]),
    st.booleans(),
)
def test_whatever_a_server_sends_the_bench_ends_with_a_count(
    answers: list[bytes], kind: str, welcomes: bool
) -> None:
    said = iter([*([CONNACK] if welcomes else []), *answers])
    server = Server(lambda _: [next(said, b"") or b"\xd0\x00"])
    tally = asyncio.run(
        server.run(
            kind=kind, count=1, timeout=0.05, message_interval=0.0, limit=3, duration=0.02,
            publication=Publication("t", b"x", 2) if kind == "pub" else None,
            subscriptions=(Subscription("t"),) if kind == "sub" else (),
        )
    )  # fmt: skip
    assert (tally.answered, tally.online) == (1, 0)
    assert tally.connected or tally.failures
    assert set(tally.failures) <= set(KINDS)
