"""Keys from a real HTTP server and from files: rotation, servers that are down, slow or wrong, and limits."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mtlsx.auth.authentication.fetching import target
from mtlsx.auth.authentication.jwks import MOST_FAILURES, PAUSE, KeyCache, KeyLoader, key_loader
from mtlsx.auth.authentication.jwt import JwtAuthenticator
from mtlsx.auth.authentication.signing_keys import KeysError
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.settings import JwtAuthentication
from mtlsx.auth.trace import Outcome, StoreFailed, Trace, as_text
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import Connect
from support.key_server import KeyServer
from support.made_pki import SERVER, make
from support.ports import free_port
from support.tokens import jwks, signer

OLD, NEW, OTHER = signer("ES256", 1), signer("ES256", 2), signer("ES256", 3)
OLD_SET = jwks(OLD.jwk("old"))
NEW_SET = jwks(NEW.jwk("new"))
INTERVAL = 300.0
LIMIT = 4096


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def serve() -> Iterator[Callable[..., KeyServer]]:
    """Starts servers that end with the test."""
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(KeyServer(*arguments))


class Login:
    """An authenticator with keys at an endpoint."""

    def __init__(self, endpoint: str, load: KeyLoader | None = None) -> None:
        self.clock = Clock()
        self.trace: Trace = []
        settings = JwtAuthentication(endpoint=endpoint, refresh_interval=INTERVAL)
        self.authenticator = JwtAuthenticator(
            settings, load or key_loader(timeout=20.0, limit=LIMIT), self.clock
        )

    async def __call__(self, octets: bytes) -> Outcome:
        self.trace = []
        answer = await self.authenticator.authenticate(
            ClientInfo(b"dev-1"), Connect(password=octets), self.trace
        )
        return answer.outcome


@pytest.fixture
async def login() -> AsyncIterator[Callable[..., Login]]:
    """Makes authenticators that are closed after the test."""
    made: list[Login] = []

    def start(*arguments: object) -> Login:
        made.append(Login(*arguments))
        return made[-1]

    yield start
    for one in made:
        await one.authenticator.aclose()


async def happened(event: threading.Event) -> bool:
    """Wait for what another thread does."""
    return await asyncio.to_thread(event.wait, 30.0)


async def test_keys_are_fetched_once(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    outcomes = await asyncio.gather(*(device(OLD.sign({}, kid="old")) for _ in range(20)))
    assert set(outcomes) == {Outcome.OK}
    assert server.asked == 1
    assert f"a key of http://127.0.0.1:{server.port}/keys (kid old)" in as_text(device.trace)


async def test_a_key_that_was_rotated_in_is_found_by_its_kid(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    assert await device(OLD.sign({}, kid="old")) is Outcome.OK
    server.body = NEW_SET
    assert await device(NEW.sign({}, kid="new")) is Outcome.CRASH
    assert server.asked == 1, "not twice within ten seconds"
    device.clock.now += PAUSE
    assert await device(NEW.sign({}, kid="new")) is Outcome.OK
    assert await device(OLD.sign({}, kid="old")) is Outcome.CRASH
    assert server.asked == 2


async def test_unknown_kids_fetch_at_most_once_in_ten_seconds(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    await device(OLD.sign({}))
    device.clock.now += PAUSE
    forged = [OTHER.sign({}, kid=f"made up {number}") for number in range(20)]
    assert set(await asyncio.gather(*map(device, forged))) == {Outcome.CRASH}
    assert server.asked == 2
    assert 'none of them has its kid "made up 19"' in as_text(device.trace)


async def test_a_forged_token_with_a_known_kid_fetches_nothing(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    await device(OLD.sign({}))
    device.clock.now += PAUSE
    assert await device(OTHER.sign({}, kid="old")) is Outcome.CRASH
    assert await device(OTHER.sign({})) is Outcome.CRASH
    assert server.asked == 1


async def test_old_keys_serve_while_new_ones_are_fetched(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    await device(OLD.sign({}))
    server.body = jwks(OLD.jwk("old"), NEW.jwk("new"))
    server.open.clear()
    server.arrived.clear()
    device.clock.now += INTERVAL
    for _ in range(5):
        assert await device(OLD.sign({})) is Outcome.OK
    assert await happened(server.arrived)
    waiting = asyncio.create_task(device(NEW.sign({}, kid="new")))
    await asyncio.sleep(0)
    server.open.set()
    assert await waiting is Outcome.OK, "it waits for what is under way"
    assert server.asked == 2


async def test_old_keys_serve_while_the_server_is_down_but_not_for_ever(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    await device(OLD.sign({}))
    server.status = 503
    for failures in range(1, MOST_FAILURES + 1):
        device.clock.now += INTERVAL
        assert await device(OLD.sign({})) is Outcome.OK
        # A token with an unknown kid waits for what is under way.
        assert await device(OTHER.sign({}, kid="x")) is Outcome.CRASH
        assert server.asked == 1 + failures
    assert await device(OLD.sign({})) is Outcome.CRASH
    failed = [step for step in device.trace if isinstance(step, StoreFailed)]
    assert [step.error for step in failed] == [
        f"The keys at http://127.0.0.1:{server.port}/keys cannot be had: the server answers 503."
    ]
    server.status = 200
    assert await device(OLD.sign({})) is Outcome.CRASH, "not asked again at once"
    device.clock.now += PAUSE
    assert await device(OLD.sign({})) is Outcome.OK


async def test_unknown_kids_do_not_use_up_old_keys(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    await device(OLD.sign({}))
    server.status = 500
    for _ in range(2 * MOST_FAILURES):
        device.clock.now += PAUSE
        assert await device(OTHER.sign({}, kid="x")) is Outcome.CRASH
    assert server.asked == 1 + 2 * MOST_FAILURES
    assert await device(OLD.sign({})) is Outcome.OK


async def test_a_server_that_comes_up_late(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(b"")
    device = login(server.url)
    assert await device(OLD.sign({})) is Outcome.CRASH
    server.body = OLD_SET
    device.clock.now += PAUSE
    assert await device(OLD.sign({})) is Outcome.OK


async def test_a_clock_that_is_set_back_makes_it_ask_again(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    device = login(server.url)
    await device(OLD.sign({}))
    device.clock.now -= 1_000_000
    assert await device(OLD.sign({})) is Outcome.OK
    await device(OTHER.sign({}, kid="x"))
    assert server.asked == 2


async def test_a_login_that_is_cancelled_leaves_the_fetch_to_others(
    serve: Callable[..., KeyServer], login: Callable[..., Login]
) -> None:
    server = serve(OLD_SET)
    server.open.clear()
    device = login(server.url)
    first, second = (asyncio.create_task(device(OLD.sign({}))) for _ in range(2))
    assert await happened(server.arrived)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    server.open.set()
    assert await second is Outcome.OK
    assert server.asked == 1


async def test_a_slow_loader_is_given_up(login: Callable[..., Login]) -> None:
    started = asyncio.Event()

    async def never(_: str) -> bytes:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    cache = KeyCache("file:k", never, refresh_interval=INTERVAL, clock=Clock(), timeout=0.01)
    with pytest.raises(KeysError, match=r"there is no answer within 0\.01 seconds"):
        await cache.keys()
    assert started.is_set()


@pytest.mark.parametrize("drips", [False, True])
async def test_a_slow_server_is_given_up_and_holds_no_thread(
    serve: Callable[..., KeyServer], drips: bool
) -> None:
    server = serve(b"{" * LIMIT * 100)
    server.drips = drips
    server.open.clear()
    with pytest.raises(KeysError, match=r"there is no answer within 0\.2 seconds"):
        await key_loader(timeout=0.2, limit=LIMIT * 1000)(server.url)
    if drips:
        assert await happened(server.gone), "the connection is cut"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>garbage", "what was read is not JSON"),
        (b"[" * LIMIT, "what was read is not JSON"),
        (b'{"keys": "none"}', "what was read is no JWKS"),
        (b" " * (LIMIT + 1), "it is longer than 4096 octets"),
        (b"x" * 10_000_000, "it is longer than 4096 octets"),
    ],
)
async def test_answers_that_hold_no_keys(
    serve: Callable[..., KeyServer], login: Callable[..., Login], body: bytes, sentence: str
) -> None:
    server = serve(body)
    device = login(server.url)
    assert await device(OLD.sign({})) is Outcome.CRASH
    assert f"cannot be had: {sentence}" in as_text(device.trace)


async def fetched(url: str) -> str:
    try:
        return (await key_loader(timeout=20.0)(url)).decode()
    except KeysError as error:
        return str(error)


async def test_a_server_that_is_not_there() -> None:
    assert await fetched(f"http://127.0.0.1:{free_port()}/") == "connection refused"


async def test_a_server_that_does_not_speak_http() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"220 mail.example\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await fetched(f"http://127.0.0.1:{port}/") == "the answer is not HTTP"


async def test_redirections(serve: Callable[..., KeyServer]) -> None:
    server, first = serve(OLD_SET), serve(b"")
    first.status, first.location = 302, server.url
    assert await fetched(first.url) == OLD_SET.decode()
    first.location = "/keys"
    assert await fetched(first.url) == "it redirects too often"
    first.location = "file:///etc/passwd"
    assert await fetched(first.url) == "it redirects to what is no URL"


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server and of a client that trusts it."""
    authority = make("JWKS CA", ca=True)
    certificate, key = make("keys", authority, usage=SERVER, names=("127.0.0.1",)).save(
        tmp_path, "s"
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cadata=authority.pem.decode())
    # Python 3.13's default, but these certificates have no key identifiers.
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return server, client


async def test_https(
    serve: Callable[..., KeyServer], tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server = serve(OLD_SET, tls[0])
    assert await key_loader(timeout=20.0, context=tls[1])(server.url) == OLD_SET
    assert "the certificate of the server is not trusted" in await fetched(server.url)
    plain = serve(b"{}")
    server.status, server.location = 302, plain.url
    with pytest.raises(KeysError, match="redirects from https to what is not encrypted"):
        await key_loader(timeout=20.0, context=tls[1])(server.url)
    assert plain.asked == 0


async def test_files(tmp_path: Path, login: Callable[..., Login]) -> None:
    path = tmp_path / "the keys.json"
    path.write_bytes(OLD_SET)
    for endpoint in (f"file:{path}", f"file://{str(path).replace(' ', '%20')}"):
        device = login(endpoint)
        assert await device(OLD.sign({}, kid="old")) is Outcome.OK
    path.write_bytes(NEW_SET)
    device.clock.now += PAUSE
    assert await device(NEW.sign({}, kid="new")) is Outcome.OK


async def test_files_that_hold_nothing(tmp_path: Path) -> None:
    assert await fetched(f"file:{tmp_path}/none") == "no such file or directory"
    assert await fetched(f"file:{tmp_path}") == "it is no regular file"
    os.mkfifo(tmp_path / "fifo")
    assert await fetched(f"file:{tmp_path}/fifo") == "it is no regular file"
    (tmp_path / "huge").write_bytes(b"x" * 2_000_000)
    assert await fetched(f"file:{tmp_path}/huge") == "it is longer than 1048576 octets"


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("https://id.example/keys?token=s3cret", "https://id.example/keys"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("file:keys.json", "file:keys.json"),
        ("file:///a%20b", "file:/a b"),
    ],
)
def test_what_traces_call_an_endpoint(endpoint: str, name: str) -> None:
    assert target(endpoint).name == name


@pytest.mark.parametrize(
    "endpoint",
    [
        "", "keys.json", "ftp://a/b", "http://", "http://a:port/", "http://a b/", "http://ä/", "file:",
        "http://me:s3cret@a/", "https://[::1/", "http://a\r\nX: y/", "me:s3cret@a",
    ],
)  # fmt: skip
def test_endpoints_that_cannot_be_meant(endpoint: str) -> None:
    with pytest.raises(UsageError) as wrong:
        target(endpoint)
    assert "s3cret" not in str(wrong.value)
