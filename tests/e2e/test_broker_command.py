"""``mtlsx broker`` as a process: what it prints, how signals reach it, and what it says where it cannot start."""

from __future__ import annotations

import asyncio
import fcntl
import json
import resource
import signal
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mtlsx.packets.control_packets import Connect, Disconnect, Publish
from support.cli import Cli
from support.raw_client import RawClient
from support.running_broker import broker_process

pytestmark = pytest.mark.e2e

NOT_AUTHORIZED, BAD_PASSWORD, SHUTTING_DOWN = 0x87, 0x86, 0x8B
FILES = 40  # for the broker to have open
PIPE = 4096  # octets; the least that a pipe holds

CONFIGURATION = """\
[listeners.tcp.default]
bind = "BIND"

[[authentication]]
mechanism = "password_based"
backend = "built_in_database"
user_id_type = "username"
password_hash_algorithm = { name = "plain", salt_position = "disable" }
users = [{ user_id = "u", password_hash = "right word" }]

[authorization]
no_match = "allow"

[[authorization.sources]]
type = "file"
rules = [{ permission = "deny", action = "all", topics = ["DENIED/#"] }]
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    return written(tmp_path)


def written(directory: Path, *, bind: str = "127.0.0.1:0", denied: str = "secret") -> Path:
    path = directory / "broker.toml"
    path.write_text(CONFIGURATION.replace("BIND", bind).replace("DENIED", denied))
    return path


def login(client_id: bytes, version: int = 5, password: bytes = b"right word") -> Connect:
    return Connect(version, client_id, username=b"u", password=password)


async def test_events_as_lines_of_json(cli: Cli, configuration: Path) -> None:
    with broker_process(cli, "--config", configuration) as broker:
        async with await RawClient.open(broker.address) as client:
            assert (await client.connect(login(b"w", password=b"wrong word"))).code == BAD_PASSWORD
        refused = broker.event("client_refused", client_id="w")
        assert (refused["username"], refused["code"]) == ("u", BAD_PASSWORD)
        assert [step["step"] for step in refused["trace"]][-1] == "decision"
        assert refused["trace"][-1]["code"] == BAD_PASSWORD
        async with await RawClient.open(broker.address) as client:
            assert (await client.connect(login(b"a"))).code == 0
            await client.publish(Publish(b"secret/x", b"", 1))
            await client.publish(Publish(b"open", b"", 1))
            client.send(Disconnect())
            assert await client.ended() == []
        assert broker.event("client_connected")["client_id"] == "a"
        denied = broker.event("decided", allowed=False)
        assert (denied["action"], denied["topic"], denied["code"]) == (
            "publish",
            "secret/x",
            NOT_AUTHORIZED,
        )
        gone = broker.event("client_disconnected", client_id="a")
        assert (gone["by"], gone["published"]) == ("client", 2)
        broker.tell(signal.SIGTERM)
        assert broker.result() == (0, "")
        for secret in ("right word", "wrong word"):
            assert secret not in str(broker.events)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_end_it_in_good_order(
    cli: Cli, configuration: Path, number: signal.Signals
) -> None:
    with broker_process(cli, "--config", configuration) as broker:
        async with (
            await RawClient.open(broker.address) as new,
            await RawClient.open(broker.address, version=4) as old,
        ):
            await new.connect(login(b"new"))
            await old.connect(login(b"old", 4))
            broker.tell(number)
            [disconnect] = await new.ended()
            assert isinstance(disconnect, Disconnect)
            assert disconnect.code == SHUTTING_DOWN
            assert await old.ended() == []
        assert broker.result() == (0, "")
        for client_id in ("new", "old"):
            gone = broker.event("client_disconnected", client_id=client_id)
            assert (gone["by"], gone["code"]) == ("broker", SHUTTING_DOWN)
        broker.event("listener_stopped", listener="tcp:default")


async def test_hangup_loads_the_files_anew(cli: Cli, configuration: Path) -> None:
    """And a file that cannot be loaded changes nothing."""
    with broker_process(cli, "--config", configuration) as broker:
        async with await RawClient.open(broker.address) as client:
            await client.connect(login(b"a"))
            assert await client.subscribe(b"secret/x", b"other/x") == (NOT_AUTHORIZED, 2)
            written(configuration.parent, denied="other")
            broker.tell(signal.SIGHUP)
            broker.event("listener_reloaded")
            assert await client.subscribe(b"secret/x", b"other/x") == (2, NOT_AUTHORIZED)
            written(configuration.parent, denied='"')
            broker.tell(signal.SIGHUP)
            assert broker.process.stderr is not None
            said = broker.process.stderr.readline()
            assert said.startswith(
                f"mtlsx: nothing is loaded anew: Configuration file {configuration}"
            )
            assert "line 16" in said
            assert await client.subscribe(b"secret/x", b"other/x") == (2, NOT_AUTHORIZED)


async def test_nobody_has_to_read_what_it_prints(cli: Cli, configuration: Path) -> None:
    """Clients are served while its output is a pipe that is full, and nothing is lost that fits into memory."""
    with cli.started("broker", "--json", "--config", configuration) as program:
        assert program.process.stdout is not None
        fcntl.fcntl(program.process.stdout, fcntl.F_SETPIPE_SZ, PIPE)
        started = json.loads(program.line())
        for number in range(100):
            async with await RawClient.open((started["host"], started["port"])) as client:
                connack = await client.connect(login(b"client %d" % number))
                assert connack.code == 0
                client.send(Disconnect())
                assert await client.ended() == []
        program.signal(signal.SIGTERM)
        done = program.result()
        assert (done.code, done.stderr) == (0, "")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        printed = [each["client_id"] for each in events if each["event"] == "client_connected"]
        assert printed == [f"client {number}" for number in range(100)]
        assert len(done.stdout) > 2 * PIPE


async def test_when_the_files_run_out_it_says_so_and_goes_on(cli: Cli, configuration: Path) -> None:
    """Those who are connected feel nothing; who waits comes in when others have gone."""
    with broker_process(cli, "--config", configuration) as broker:
        address = broker.address
        resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        async with AsyncExitStack() as stack:
            opening = [RawClient.open(address) for _ in range(FILES)]
            clients = [
                await stack.enter_async_context(one) for one in await asyncio.gather(*opening)
            ]
            coming = {
                asyncio.create_task(client.connect(login(b"client %d" % number))): client
                for number, client in enumerate(clients)
            }
            exhausted = await asyncio.to_thread(broker.event, "listener_exhausted")
            assert exhausted["listener"] == "tcp:default"
            assert "open files" in exhausted["reason"]
            assert 0 < exhausted["count"] < FILES
            waiting = set(coming)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    assert task.result().code == 0
                    assert await coming[task].until_quiet() == []
                    coming[task].send(Disconnect())
        broker.tell(signal.SIGTERM)
        assert broker.result() == (0, "")


def test_a_port_that_is_taken(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = cli.run("broker", "--config", written(tmp_path, bind=f"127.0.0.1:{port}"))
    assert done.code == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"mtlsx: Listener tcp:default cannot listen on 127.0.0.1, port {port}: the port is in use."
        " Stop the program that has it, or bind another port.\n"
    )


@pytest.mark.parametrize(
    ("bind", "exposed"), [("0.0.0.0:0", True), (":0", True), ("127.0.0.1:0", False), ("[::1]:0", False)]
)  # fmt: skip
def test_a_wide_bind_says_so(cli: Cli, tmp_path: Path, bind: str, exposed: bool) -> None:
    if "::1" in bind and not socket.has_ipv6:
        pytest.fail("this machine has no IPv6")
    with broker_process(cli, "--config", written(tmp_path, bind=bind)) as broker:
        told = broker.event("listener_started")["exposure"]
        if exposed:
            assert told.startswith(
                "Listener tcp:default listens on every address of this machine, port "
            )
            assert "other machines can reach it" in told
        else:
            assert told is None


def test_people_are_told_of_a_wide_bind_too(cli: Cli, tmp_path: Path) -> None:
    with cli.started("broker", "--config", written(tmp_path, bind="0.0.0.0:0")) as broker:
        assert broker.line().startswith("Listening: tcp:default on 0.0.0.0:")
        assert "other machines can reach it" in broker.line()
