"""The broker as a child process: what it is told on standard input, and what it says."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.packets.control_packets import (
    Connect,
    Disconnect,
    Publish,
    Suback,
    Subscribe,
    Subscription,
)
from mtlsx.packets.encode import encode
from mtlsx_tui.local_broker import LocalBroker
from support.cli import Cli
from support.ports import free_port
from support.raw_client import WAIT, RawClient

pytestmark = pytest.mark.e2e

SETTINGS = """
[listeners.tcp.default]
bind = "127.0.0.1:0"

[[authentication]]
mechanism = "password_based"
backend = "redis"
server = "embedded"
cmd = "HMGET mqtt_user:${username} password_hash"
password_hash_algorithm = { name = "plain" }

[authorization]
no_match = "deny"

[[authorization.sources]]
type = "redis"
server = "embedded"
cmd = "HGETALL mqtt_acl:${username}"
"""
SEED = """# who may come, and what they may do
HSET mqtt_user:anna password_hash "one secret"
HSET mqtt_acl:anna t/# all
"""


class Running:
    """A child, with its events in the order in which they came."""

    def __init__(self, directory: Path, settings: str) -> None:
        self.file = directory / "broker.toml"
        self.file.write_text(settings)
        seed = directory / "seed"
        seed.write_text(SEED)
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.broker = LocalBroker(
            [self.file],
            seed=seed,
            on_event=self.events.put_nowait,
            on_end=self.ended.put_nowait,
        )

    async def event(self, kind: str) -> dict[str, Any]:
        """The next event of this kind."""
        async with asyncio.timeout(WAIT):
            while (event := await self.events.get())["event"] != kind:
                pass
        return event

    @asynccontextmanager
    async def client(self, password: bytes = b"one secret") -> AsyncIterator[tuple[RawClient, int]]:
        """A client called anna, and the code of its CONNACK."""
        address = self.broker.addresses["tcp:default"]
        async with await RawClient.open(address) as client:
            connack = await client.connect(Connect(5, b"c1", username=b"anna", password=password))
            yield client, connack.code


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(tmp_path, SETTINGS)
    await running.broker.start()
    yield running
    await running.broker.stop()


async def test_events_tell_of_a_client_from_connect_to_the_end(running: Running) -> None:
    async with running.client() as (client, code):
        assert code == 0
        client.send(Subscribe(1, (Subscription(b"t/1"), Subscription(b"other"))))
        client.send(Publish(b"other", b"x"), Publish(b"t/1", b"x"))
        connected = await running.event("client_connected")
        assert (connected["client_id"], connected["username"]) == ("c1", "anna")
        subscribed = await running.event("client_subscribed")
        assert subscribed["codes"] == [0, 0x87]
        denied = await running.event("decided")
        assert (denied["action"], denied["topic"], denied["allowed"]) == ("publish", "other", False)
        assert denied["trace"][-1]["step"] == "decision"
        client.send(Disconnect())
        gone = await running.event("client_disconnected")
        assert (gone["by"], gone["published"]) == ("client", 2)


async def test_a_refusal_comes_with_its_trace_and_without_the_password(running: Running) -> None:
    async with running.client(b"another secret") as (_, code):
        assert code == 0x86
    refused = await running.event("client_refused")
    assert refused["reason"] == "bad_username_or_password"
    assert "secret" not in json.dumps(refused)


async def test_clients_are_listed_and_kicked(running: Running) -> None:
    async with running.client() as (client, _):
        client.send(Subscribe(1, (Subscription(b"$share/g/t/1"),)))
        await running.event("client_subscribed")
        (listed,) = await running.broker.ask("clients")
        assert listed["client_id"] == "c1"
        assert listed["subscriptions"] == ["$share/g/t/1"]
        assert await running.broker.ask("kick", client_id="c1") is True
        *_, last = await client.ended()
        assert last == Disconnect(0x98, last.properties)  # type: ignore[union-attr]
    await running.event("client_disconnected")
    assert await running.broker.ask("clients") == []
    assert await running.broker.ask("kick", client_id="c1") is False


async def test_a_ban_holds_until_it_is_lifted(running: Running) -> None:
    await running.broker.ask("ban", by="username", who={"hex": b"anna".hex()})
    async with running.client() as (_, code):
        assert code == 0x8A
    assert await running.broker.ask("unban", by="username", who="anna") is True
    async with running.client() as (_, code):
        assert code == 0


async def test_the_embedded_store_is_changed(running: Running) -> None:
    command = ["HSET", "mqtt_user:anna", "password_hash", "a new one"]
    assert await running.broker.ask("execute", command=command) == 0
    async with running.client() as (_, code):
        assert code == 0x86
    async with running.client(b"a new one") as (_, code):
        assert code == 0
    with pytest.raises(UsageError, match="does not take this: embedded store wants another"):
        await running.broker.ask("execute", command=["HSET"])


async def test_rules_are_loaded_anew_for_who_is_connected(running: Running) -> None:
    async with running.client() as (client, _):
        running.file.write_text(SETTINGS.replace('no_match = "deny"', 'no_match = "allow"'))
        await running.broker.ask("reload")
        client.send(Subscribe(1, (Subscription(b"other"),)))
        assert (await running.event("client_subscribed"))["codes"] == [0]
        running.file.write_text("no settings = [")
        with pytest.raises(UsageError, match="is not TOML"):
            await running.broker.ask("reload")
        assert isinstance((await client.until_quiet())[0], Suback)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"do": "dance"}, 'A broker cannot do "dance"'),
        ({"do": "kick"}, 'A broker cannot do "kick", or something that it needs is not there.'),
        ({"do": "kick", "client_id": 7}, "neither a string nor octets in hex: 7"),
        ({"do": "kick", "client_id": {"hex": "zz"}}, "neither a string nor octets in hex"),
        ({"do": "ban", "by": "shoe", "who": "x"}, 'A broker cannot do "ban"'),
        ({"do": "ban", "by": "clientid", "who": "x", "seconds": -1}, "no number above 0: -1"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    running: Running, request_: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as raised:
        await running.broker.ask(**request_)
    assert sentence in str(raised.value)


async def test_metrics_count(running: Running) -> None:
    async with running.client(), running.client(b"wrong"):
        pass
    await running.event("client_refused")
    text = await running.broker.ask("metrics")
    assert 'mtlsx_clients_connected_total{listener="tcp:default"} 1.0' in text
    assert 'mtlsx_clients_refused_total{reason="bad_username_or_password"} 1.0' in text


async def test_start_says_why_it_cannot(tmp_path: Path) -> None:
    running = Running(tmp_path, "nonsense = [")
    with pytest.raises(MtlsxError, match=r"broker\.toml is not TOML"):
        await running.broker.start()
    assert not running.broker.is_running
    assert running.ended.empty()


async def test_an_end_that_nobody_asked_for_is_told(running: Running) -> None:
    process = running.broker._process
    assert process is not None
    process.kill()
    async with asyncio.timeout(WAIT):
        assert "ended" in await running.ended.get()
    with pytest.raises(UsageError, match="not running"):
        await running.broker.ask("clients")


async def test_it_ends_with_the_input_of_its_parent(running: Running) -> None:
    process = running.broker._process
    assert process is not None
    assert process.stdin is not None
    async with running.client() as (client, _):
        process.stdin.close()
        assert isinstance((await client.ended())[-1], Disconnect)
    async with asyncio.timeout(WAIT):
        assert await process.wait() == 0


def test_metrics_are_served_over_http(tmp_path: Path) -> None:
    (tmp_path / "broker.toml").write_text(SETTINGS)
    port = free_port()
    arguments = ["broker", "--config", tmp_path / "broker.toml", "--metrics", f"127.0.0.1:{port}"]
    with Cli(tmp_path).started(*arguments) as broker:
        assert broker.line().startswith("Listening: tcp:default on 127.0.0.1:")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT) as answer:
            assert b"mtlsx_connections 0.0" in answer.read()


def test_a_reader_who_leaves_ends_the_broker_in_good_order(tmp_path: Path) -> None:
    (tmp_path / "broker.toml").write_text(SETTINGS)
    with Cli(tmp_path).started("broker", "--config", tmp_path / "broker.toml") as broker:
        port = int(broker.line().rpartition(":")[2])
        broker.close_output()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), WAIT) as client:
            client.sendall(encode(Connect(5, b"c1"), 5))
            while client.recv(1024):
                pass
        result = broker.result()
    assert (result.code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--metrics", "9464"], "--metrics 9464 is no HOST:PORT. Give 127.0.0.1:9464, say."),
        (["--control"], "--control answers in JSON. Give --json too."),
        (["--seed", "nowhere"], "File nowhere cannot be read: no such file or directory."),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "broker.toml").write_text(SETTINGS)
    result = Cli(tmp_path).run("broker", "--config", tmp_path / "broker.toml", *arguments)
    assert result.code != 0
    assert result.stderr == f"mtlsx: {sentence}\n"
