"""A fleet issued by mtlsx, connected all at once by mutual TLS: each is its own identity and has its own topic alone."""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from mtlsx.auth.passwords import Simple
from mtlsx.auth.rules import Rule
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    FileSource,
    Identity,
    RedisAuthentication,
    RedisServer,
)
from mtlsx.broker.client_events import ClientConnected, ClientRefused
from mtlsx.broker.events import HandshakeRefused
from mtlsx.configuration.model import Listener, SslOptions
from mtlsx.packets.control_packets import Connect, Puback, Publish
from mtlsx.pki.authority import Admission, Authority
from mtlsx.pki.devices import numbered
from mtlsx.pki.fleet import Fleet, issue
from mtlsx.pki.keys import KeyKind
from support.issued_pki import issue_server, make_root
from support.raw_client import RawClient
from support.running_broker import Running, running

pytestmark = pytest.mark.e2e

NOT_AUTHORIZED = 0x87
LONG = 90.0  # seconds; for what a busy machine does with a thousand at once
AUTH = AuthSettings(
    identity=Identity(peer_cert_as_username="cn", peer_cert_as_clientid="cn"),
    authentication=(
        RedisAuthentication(
            RedisServer(embedded=True),
            "HMGET mqtt_user:${username} password_hash",
            Simple("plain", "disable"),
        ),
    ),
    authorization=Authorization(
        "deny", sources=(FileSource((Rule("allow", "all", (b"devices/${username}/up",)),)),)
    ),
)


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.slow)])
async def test_a_fleet_at_once(tmp_path: Path, count: int) -> None:
    authority, names = _fleet(tmp_path, count)
    seed = [["HSET", f"mqtt_user:{name}", "password_hash", f"of {name}"] for name in names]
    with _files(2 * count + 200):
        async with (
            running(_listener(authority), auth=AUTH, seed=seed) as broker,
            _connected(broker, authority, names) as clients,
        ):
            infos = [client.info for client in broker.broker.clients.values()]
            assert {
                (info.client_id, info.username, info.cert_common_name) for info in infos if info
            } == {(name.encode(),) * 3 for name in names}
            await asyncio.gather(
                *(
                    _keeps_to_its_own(client, name, names[position - 1])
                    for position, (name, client) in enumerate(zip(names, clients, strict=True))
                )
            )
            assert len(broker.seen(ClientConnected)) == count
            assert broker.seen(ClientRefused) == []
            assert broker.seen(HandshakeRefused) == []


async def test_a_device_cannot_log_in_as_another(tmp_path: Path) -> None:
    """Not by what it says in CONNECT, and not with its own password where the certificate is another's."""
    authority, (first, second) = _fleet(tmp_path, 2)
    seed = [
        ["HSET", f"mqtt_user:{name}", "password_hash", f"of {name}"] for name in (first, second)
    ]
    async with running(_listener(authority), auth=AUTH, seed=seed) as broker:
        for password, code in ((first, 0), (second, 0x86)):
            context = _context(authority, first)
            async with await RawClient.open(broker.address, tls=context) as client:
                claim = Connect(
                    5, second.encode(), username=second.encode(), password=f"of {password}".encode()
                )
                assert (await client.connect(claim)).code == code
        [connected] = broker.seen(ClientConnected)
        assert connected.username == connected.client_id == first.encode()


async def _keeps_to_its_own(client: RawClient, name: str, other: str) -> None:
    """What it may, and what it may not with the topic of another device."""
    own, others = f"devices/{name}/up".encode(), f"devices/{other}/up".encode()
    assert await client.subscribe(own, others, b"#", qos=1) == (1, NOT_AUTHORIZED, NOT_AUTHORIZED)
    client.send(Publish(others, b"from a stranger", 1, packet_id=1))
    assert (await client.expect(Puback)).code == NOT_AUTHORIZED
    client.send(Publish(own, name.encode(), 1, packet_id=2))
    packets = [await client.next(), await client.next()]
    [message] = [packet for packet in packets if isinstance(packet, Publish)]
    assert (message.topic, message.payload) == (own, name.encode())
    client.send(Puback(message.packet_id))
    assert await client.until_quiet() == []


def _fleet(directory: Path, count: int) -> tuple[Authority, list[str]]:
    authority = make_root(directory / "pki")
    fleet = Fleet(
        devices=tuple(numbered("dev-%04i", 1, count)), base="/O=Acme", days=30, key=KeyKind.P256,
        admission=Admission(),
    ).identified(authority)  # fmt: skip
    assert issue(authority, authority.open(None), fleet, fleet.devices, cores=2) == count
    return authority, [device.cn for device in fleet.devices]


def _listener(authority: Authority) -> Listener:
    serial = issue_server(authority).entry.serial
    options = SslOptions(
        certfile=str(authority.folder.certificate_path(serial)),
        keyfile=str(authority.folder.key_path(serial)),
        cacertfile=str(authority.folder.path / "ca.crt"),
        verify="verify_peer",
        fail_if_no_peer_cert=True,
    )
    return Listener("ssl", "default", ("127.0.0.1", 0), ssl_options=options)


def _context(authority: Authority, name: str) -> ssl.SSLContext:
    serial = authority.find(name).serial
    context = ssl.create_default_context(cafile=str(authority.folder.path / "ca.crt"))
    key = authority.folder.key_path(serial)
    assert key is not None
    context.load_cert_chain(authority.folder.certificate_path(serial), key)
    return context


@asynccontextmanager
async def _connected(
    broker: Running, authority: Authority, names: list[str]
) -> AsyncIterator[list[RawClient]]:
    """All devices, connected at once and let in."""
    contexts = [_context(authority, name) for name in names]

    async def connected(name: str, context: ssl.SSLContext) -> RawClient:
        client = await RawClient.open(broker.address, tls=context, wait=LONG)
        connack = await client.connect(Connect(5, password=f"of {name}".encode()))
        assert (connack.code, connack.properties.assigned_client_identifier) == (0, name.encode())
        return client

    async with AsyncExitStack() as stack:
        clients = await asyncio.gather(*map(connected, names, contexts))
        for client in clients:
            await stack.enter_async_context(client)
        yield clients


@contextmanager
def _files(count: int) -> Iterator[None]:
    """Let so many files be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
