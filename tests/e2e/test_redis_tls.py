"""TLS between the store and Redis: own authorities, client certificates, names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mtlsx.auth.settings import RedisServer as Settings
from mtlsx.auth.settings import RedisTls
from mtlsx.auth.stores.redis import RedisStore
from mtlsx.auth.stores.store import Reply, StoreError
from support.openssl_pki import Pki
from support.ports import talking_port
from support.redis_servers import RedisServer

pytestmark = pytest.mark.e2e

StartRedis = Callable[..., RedisServer]

GRACE = 30.0  # seconds; beyond every timeout here, so that a hang fails


async def ping(settings: Settings) -> Reply:
    store = RedisStore(settings)
    try:
        async with asyncio.timeout(GRACE):
            return await store.execute((b"PING",))
    finally:
        await store.aclose()


async def refusal(settings: Settings) -> str:
    with pytest.raises(StoreError) as caught:
        await ping(settings)
    return str(caught.value)


@pytest.fixture
def server(pki: Pki, start_redis: StartRedis) -> RedisServer:
    """One that requires a client certificate."""
    return start_redis(server=pki.server, client_ca=pki.ca.certificate)


def tls(pki: Pki, **changes: Any) -> RedisTls:
    """The right settings, with ``changes``."""
    given = {
        "cacertfile": str(pki.ca.certificate),
        "certfile": str(pki.device.certificate),
        "keyfile": str(pki.device.key),
        "verify": "verify_peer",
    }
    return RedisTls(**{**given, **changes})


async def test_a_client_certificate(pki: Pki, server: RedisServer) -> None:
    assert await ping(server.settings(ssl=tls(pki))) == b"PONG"


async def test_commands_after_a_restart(pki: Pki, server: RedisServer) -> None:
    store = RedisStore(server.settings(ssl=tls(pki)))
    await asyncio.gather(*(store.execute((b"PING",)) for _ in range(4)))
    server.kill()
    with pytest.raises(StoreError, match="refuses connections"):
        await store.execute((b"PING",))
    server.restart()
    assert await store.execute((b"PING",)) == b"PONG"
    await store.aclose()


async def test_without_a_client_certificate(pki: Pki, server: RedisServer) -> None:
    said = await refusal(server.settings(ssl=tls(pki, certfile=None, keyfile=None)))
    assert "wants a client certificate: set certfile and keyfile" in said


async def test_a_client_certificate_of_another_authority(pki: Pki, server: RedisServer) -> None:
    other = pki.device_of_another_ca
    chosen = tls(pki, certfile=str(other.certificate), keyfile=str(other.key))
    said = await refusal(server.settings(ssl=chosen))
    assert "our client certificate" in said


async def test_a_client_certificate_that_has_expired(pki: Pki, server: RedisServer) -> None:
    old = pki.device_expired
    chosen = tls(pki, certfile=str(old.certificate), keyfile=str(old.key))
    assert "has expired" in await refusal(server.settings(ssl=chosen))


async def test_a_server_of_another_authority(pki: Pki, server: RedisServer) -> None:
    chosen = tls(pki, cacertfile=str(pki.other_ca.certificate))
    said = await refusal(server.settings(ssl=chosen))
    assert "shows a certificate that is not accepted" in said
    assert "correct cacertfile" in said


async def test_verify_none_accepts_it(pki: Pki, server: RedisServer) -> None:
    chosen = tls(pki, cacertfile=str(pki.other_ca.certificate), verify="verify_none")
    assert await ping(server.settings(ssl=chosen)) == b"PONG"


@pytest.mark.parametrize(
    ("name", "accepted"),
    [(None, False), ("broker.example", True), ("localhost", False), ("disable", True)],
)
async def test_the_name_that_is_verified(
    pki: Pki, start_redis: StartRedis, name: str | None, accepted: bool
) -> None:
    server = start_redis(server=pki.server_of_another_name, client_ca=pki.ca.certificate)
    settings = server.settings(ssl=tls(pki, server_name_indication=name))
    if accepted:
        assert await ping(settings) == b"PONG"
    else:
        said = await refusal(settings)
        assert "server_name_indication" in said


async def test_the_system_s_authorities_do_not_know_ours(pki: Pki, server: RedisServer) -> None:
    said = await refusal(server.settings(ssl=tls(pki, cacertfile=None)))
    assert "is not accepted" in said


async def test_tls_where_none_is_spoken(pki: Pki, redis_db: RedisServer) -> None:
    # Redis takes the handshake for the beginning of a line, and waits for its end.
    said = await refusal(redis_db.settings(ssl=tls(pki), timeout=0.5))
    assert "took no connection within 0.5 s" in said
    assert "at ssl" in said


async def test_tls_where_another_protocol_is_spoken(pki: Pki) -> None:
    with talking_port(b"220 mail.example ESMTP\r\n") as port:
        said = await refusal(Settings(servers=(("127.0.0.1", port),), ssl=tls(pki)))
    assert "does not speak TLS at this port" in said


async def test_no_tls_where_it_is_spoken(server: RedisServer) -> None:
    said = await refusal(server.settings(ssl=None))
    assert "wants TLS" in said or "protocol" in said


async def test_paused(pki: Pki, server: RedisServer) -> None:
    server.pause()
    said = await refusal(server.settings(ssl=tls(pki), timeout=0.3))
    assert "took no connection within 0.3 s" in said
    server.resume()
    assert await ping(server.settings(ssl=tls(pki))) == b"PONG"


async def test_files_that_cannot_be_used(pki: Pki, server: RedisServer, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("no PEM\n")
    for changes in [
        {"cacertfile": str(nothing)},
        {"certfile": str(nothing)},
        {"keyfile": str(nothing)},
        {"cacertfile": str(no_pem)},
        {"certfile": str(no_pem)},
        {"keyfile": str(pki.encrypted_pkcs8_key)},
        {"keyfile": str(pki.server.key)},
    ]:
        said = await refusal(server.settings(ssl=tls(pki, **changes)))
        assert "The TLS files for redis" in said
        assert "look at cacertfile, certfile and keyfile" in said
