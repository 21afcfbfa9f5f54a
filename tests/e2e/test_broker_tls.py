"""TLS of the broker's listeners against clients that nobody here wrote: openssl s_client, Python's ssl, websockets.

What a refused client is told must arrive each time, not most of the time.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from mtlsx.broker.events import HandshakeRefused, ListenerReloaded, ReloadFailed
from mtlsx.broker.links import Cause, Closed, LinkLimits
from mtlsx.broker.turns import Turns
from mtlsx.configuration.model import SslOptions
from mtlsx.tls.context import client_context
from mtlsx.tls.material import load_material
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.settings import TlsSettings, TlsVersion
from mtlsx.tls.stream import HandshakeError, TlsStream
from support.listening import WAIT, Echo, listening, loopback
from support.openssl_pki import DEVICE, Pair, Pki, openssl
from support.programs import need

pytestmark = pytest.mark.e2e

REPEATS = [2, pytest.param(10, marks=pytest.mark.slow)]
BOTH = pytest.mark.parametrize("version", list(TlsVersion))


def mutual(pki: Pki, **changes: object) -> SslOptions:
    given: dict[str, object] = {
        "certfile": str(pki.server.certificate), "keyfile": str(pki.server.key),
        "cacertfile": str(pki.ca.certificate), "verify": "verify_peer", "fail_if_no_peer_cert": True,
    }  # fmt: skip
    return SslOptions(**{**given, **changes})  # type: ignore[arg-type]  # by name, in tests only


@dataclass(frozen=True)
class Refusal:
    """One thing that is wrong with a client: who it is, what the listener is told, what each says then."""

    name: str
    shows: Callable[[Pki], Pair | None]
    alert: dict[TlsVersion, int]
    words: str | None
    options: Callable[[Pki], dict[str, object]] = lambda _: {}
    depth: int = 0

    def __str__(self) -> str:
        return self.name


def always(alert: int) -> dict[TlsVersion, int]:
    return dict.fromkeys(TlsVersion, alert)


REFUSALS = [
    Refusal("no certificate", lambda _: None, {TlsVersion.V1_2: 40, TlsVersion.V1_3: 116}, None),
    Refusal("unknown CA", lambda pki: pki.device_of_another_ca, always(48), "unable to get issuer cert locally"),
    Refusal("intermediate missing", lambda pki: pki.device_behind_the_intermediate, always(48),
            "unable to get issuer cert locally"),
    Refusal("expired", lambda pki: pki.device_expired, always(45), "cert has expired"),
    Refusal("not yet valid", lambda pki: pki.device_not_yet_valid, always(42), "cert not yet valid"),
    Refusal("self-signed", lambda pki: pki.device_self_signed, always(48), "depth zero self signed cert"),
    Refusal("another CA of that name", lambda pki: pki.device_of_the_namesake, always(51), "cert signature failure"),
    Refusal("wrong usage", lambda pki: pki.device_for_servers, always(43), "invalid purpose"),
    Refusal("revoked", lambda pki: pki.device_revoked, always(44), "cert revoked",
            lambda pki: {"crlfile": str(pki.crl)}),
    Refusal("no list of its issuer", lambda pki: pki.device_with_its_chain, always(48), "unable to get crl",
            lambda pki: {"crlfile": str(pki.crl)}),
    Refusal("chain too deep", lambda pki: pki.device_with_its_chain, always(48), "cert chain too long",
            lambda _: {"depth": 0}, depth=1),
]  # fmt: skip


async def s_client(port: int, pki: Pki, *arguments: str | Path, ca: bool = True) -> str:
    """What ``openssl s_client`` says until the server hangs up."""
    trust = ("-CAfile", pki.ca.certificate, "-verify_return_error") if ca else ()
    process = await asyncio.create_subprocess_exec(
        "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-ign_eof",
        *map(str, (*trust, *arguments)),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), WAIT)
    return said.decode(errors="replace")


def as_s_client(shown: Pair | None, version: TlsVersion) -> list[str | Path]:
    """The options of ``s_client``; it sends the chain that the file holds."""
    arguments: list[str | Path] = ["-tls1_2" if version is TlsVersion.V1_2 else "-tls1_3"]
    if shown is not None:
        arguments += [
            "-cert",
            shown.certificate,
            "-key",
            shown.key,
            "-cert_chain",
            shown.certificate,
        ]
    return arguments


def our_client(port: int, settings: TlsSettings) -> HandshakeRecord:
    """The record of a handshake by ``mtlsx.tls``, whether it went well or not."""
    material = load_material(settings)
    connected = socket.create_connection(("127.0.0.1", port), WAIT)
    stream = TlsStream(
        connected, client_context(settings, material), settings, "localhost",
        has_certificate=bool(material.chain),
    )  # fmt: skip
    with suppress(HandshakeError):
        stream.do_handshake()
    stream.close()
    assert stream.record is not None
    return stream.record


def as_ours(pki: Pki, shown: Pair | None, version: TlsVersion | None = None) -> TlsSettings:
    return TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(shown.certificate) if shown else None,
        key_file=str(shown.key) if shown else None,
        minimum_version=version or TlsVersion.V1_2,
        maximum_version=version or TlsVersion.V1_3,
    )


def python_context(pki: Pki, shown: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pki.ca.certificate))
    context.verify_flags &= ~getattr(
        ssl, "VERIFY_X509_STRICT", 0
    )  # the test's CA is as recipes make it
    if shown is not None:
        context.load_cert_chain(shown.certificate, shown.key)
    return context


@BOTH
@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
@pytest.mark.parametrize("repeats", REPEATS)
async def test_a_refused_client_is_told_why_each_time(
    pki: Pki, refusal: Refusal, version: TlsVersion, repeats: int
) -> None:
    need("openssl")
    shown = refusal.shows(pki)
    options = mutual(pki, **refusal.options(pki))
    async with listening(loopback("ssl", options)) as server:
        for _ in range(repeats):
            said = await s_client(server.port, pki, *as_s_client(shown, version))
            assert re.findall(r"SSL alert number (\d+)", said) == [str(refusal.alert[version])]
            _check_event(await server.event(HandshakeRefused), refusal, version)
            record = await asyncio.to_thread(our_client, server.port, as_ours(pki, shown, version))
            assert (record.ended, record.alert_received) == (
                Ended.ALERT_RECEIVED, refusal.alert[version],
            )  # fmt: skip
            _check_event(await server.event(HandshakeRefused), refusal, version)
        assert server.handler.links.empty()


def _check_event(event: HandshakeRefused, refusal: Refusal, version: TlsVersion) -> None:
    assert (event.listener, event.host) == ("ssl:test", "127.0.0.1")
    assert event.record.alert_sent == refusal.alert[version]
    assert event.alert is not None
    assert event.alert.endswith(f"({refusal.alert[version]})")
    if refusal.words is None:
        assert event.certificate is None
        assert event.record.error == "peer did not return a certificate"
        return
    assert event.certificate is not None
    assert (event.certificate.words, event.certificate.depth) == (refusal.words, refusal.depth)
    assert event.certificate.subject == f"CN={DEVICE if refusal.depth == 0 else 'Demo Plant CA'}"


async def test_the_event_names_the_certificate_as_openssl_does(pki: Pki) -> None:
    expired = pki.device_expired
    async with listening(loopback("ssl", mutual(pki))) as server:
        await asyncio.to_thread(our_client, server.port, as_ours(pki, expired))
        certificate = (await server.event(HandshakeRefused)).certificate
    assert certificate is not None
    serial = openssl("x509", "-in", expired.certificate, "-noout", "-serial").strip()
    assert serial.lower().removeprefix("serial=").lstrip("0") == certificate.serial
    assert certificate.issuer == "CN=Demo Device CA"
    assert certificate.not_before == "2020-01-01 00:00:00 UTC"
    assert certificate.not_after == "2021-01-01 00:00:00 UTC"


@BOTH
@pytest.mark.parametrize(
    "kind", ["device_rsa", "device_ec", "device_ed25519", "device_with_its_chain"]
)
async def test_right_certificates_get_through(pki: Pki, kind: str, version: TlsVersion) -> None:
    shown: Pair = getattr(pki, kind)
    async with listening(loopback("ssl", mutual(pki))) as server:
        record = await asyncio.to_thread(our_client, server.port, as_ours(pki, shown, version))
        assert (record.ended, record.version) == (Ended.AGREED, f"TLS {version}")
        link = await server.handler.link()
        assert link.peer.certificate == ssl.PEM_cert_to_DER_cert(
            openssl("x509", "-in", shown.certificate)
        )
        assert link.handshake is not None
        assert (link.handshake.version, link.handshake.server_name) == (
            f"TLS {version}",
            "localhost",
        )


async def test_the_certificate_request_names_the_cas(pki: Pki) -> None:
    async with listening(loopback("ssl", mutual(pki))) as server:
        said = await s_client(server.port, pki, "-tls1_3")
    assert "Acceptable client certificate CA names\nCN = Demo Device CA\n" in said


async def test_without_verify_peer_no_certificate_is_asked_for(pki: Pki) -> None:
    options = mutual(pki, verify="verify_none", fail_if_no_peer_cert=False)
    async with listening(loopback("ssl", options)) as server:
        record = await asyncio.to_thread(our_client, server.port, as_ours(pki, pki.device_expired))
        assert (record.ended, record.certificate_requested) == (Ended.AGREED, False)
        assert (await server.handler.link()).peer.certificate is None


async def test_a_certificate_may_be_left_out_where_it_is_not_required(pki: Pki) -> None:
    options = mutual(pki, fail_if_no_peer_cert=False)
    async with listening(loopback("ssl", options)) as server:
        without = await asyncio.to_thread(our_client, server.port, as_ours(pki, None))
        assert without.ended is Ended.AGREED
        assert (await server.handler.link()).peer.certificate is None
        wrong = await asyncio.to_thread(our_client, server.port, as_ours(pki, pki.device_expired))
        assert wrong.alert_received == 45


@pytest.mark.parametrize(
    ("listener", "client", "alert"), [("tlsv1.2", "-tls1_3", 70), ("tlsv1.3", "-tls1_2", 70)]
)
async def test_a_version_that_is_off_is_refused(
    pki: Pki, listener: str, client: str, alert: int
) -> None:
    async with listening(loopback("ssl", mutual(pki, versions=(listener,)))) as server:
        said = await s_client(server.port, pki, client)
        assert f"SSL alert number {alert}" in said
        event = await server.event(HandshakeRefused)
        assert (event.alert, event.certificate) == ("protocol_version (70)", None)


@BOTH
async def test_no_session_is_resumed(pki: Pki, tmp_path: Path, version: TlsVersion) -> None:
    """Else a client that was revoked meanwhile would come back unseen."""
    kept = tmp_path / "session"
    arguments = as_s_client(pki.device, version)
    async with listening(loopback("ssl", mutual(pki)), Greeter()) as server:
        first = await s_client(server.port, pki, *arguments, "-sess_out", kept)
        assert "New, TLSv" in first
        if kept.exists():  # TLS 1.2 without tickets leaves nothing to keep
            again = await s_client(server.port, pki, *arguments, "-sess_in", kept)
            assert "Reused" not in again
            assert "New, TLSv" in again


async def test_a_client_that_does_not_trust_us_is_an_event(pki: Pki) -> None:
    async with listening(loopback("ssl", mutual(pki))) as server:
        other = ("-CAfile", pki.other_ca.certificate, "-verify_return_error")
        await s_client(server.port, pki, *other, ca=False)
        event = await server.event(HandshakeRefused)
        assert event.record.ended is Ended.ALERT_RECEIVED
        assert (event.alert, event.certificate) == ("unknown_ca (48)", None)


class Greeter(Echo):
    """Says hello to each client, and goodbye."""

    def connected(self, link: object) -> None:
        super().connected(link)  # type: ignore[arg-type]  # as above
        link.write(b"hello")  # type: ignore[attr-defined]
        link.close()  # type: ignore[attr-defined]


@BOTH
async def test_goodbye_arrives_with_close_notify(pki: Pki, version: TlsVersion) -> None:
    async with listening(loopback("ssl", mutual(pki)), Greeter()) as server:
        said = await s_client(server.port, pki, *as_s_client(pki.device, version))
        assert "hello" in said
        assert "unexpected eof" not in said
        assert await server.handler.ending() == Closed(Cause.BY_US)


async def test_two_hundred_clients_at_once(pki: Pki) -> None:
    context = python_context(pki, pki.device_ec)

    async def client(number: int, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(b"%04d" % number)
        answer = await reader.readexactly(4)
        writer.close()
        await writer.wait_closed()
        return answer

    async with listening(loopback("ssl", mutual(pki))) as server:
        answers = await asyncio.gather(*(client(n, server.port) for n in range(200)))
        assert answers == [b"%04d" % n for n in range(200)]
        endings = [await server.handler.ending() for _ in range(200)]
        assert {ending.cause for ending in endings} == {Cause.BY_CLIENT}
        assert server.acceptor.connections == 0


class Held:
    """Turns that do not come until they are let go."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._steps: list[Callable[[], None]] = []
        self.waiting = asyncio.Event()

    def take(self, step: Callable[[], None]) -> None:
        self._steps.append(step)
        self.waiting.set()

    def let_go(self) -> Turns:
        for step in self._steps:
            self._turns.take(step)
        return self._turns


async def test_whoever_waits_for_its_turn_is_not_late(pki: Pki) -> None:
    """The time for the handshake is the client's: that in which we are busy with others does not count."""
    limits = LinkLimits(handshake_timeout=2.0)
    async with listening(loopback("ssl", mutual(pki)), link_limits=limits) as server:
        held = Held(server.acceptor.turns)
        server.acceptor.turns = held  # type: ignore[assignment]  # for those who come now
        context = python_context(pki, pki.device_ec)
        patient = asyncio.create_task(
            asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        )
        await asyncio.wait_for(held.waiting.wait(), WAIT)
        _, silent = await asyncio.open_connection("127.0.0.1", server.port)
        assert (await server.event(HandshakeRefused)).record.ended is Ended.TIMEOUT
        assert not patient.done()
        server.acceptor.turns = held.let_go()
        _, writer = await asyncio.wait_for(patient, WAIT)
        assert (await server.handler.link()).peer.certificate is not None
        assert server.nothing_happened()
        for each in (silent, writer):
            each.close()
            with suppress(OSError):
                await each.wait_closed()


async def test_secure_websocket(pki: Pki) -> None:
    async with listening(loopback("wss", mutual(pki))) as server:
        uri = f"wss://localhost:{server.port}/mqtt"
        payload = bytes(range(256)) * 1000
        async with connect(
            uri, ssl=python_context(pki, pki.device), subprotocols=["mqtt"], max_size=None  # type: ignore[list-item]  # a str in disguise
        ) as client:  # fmt: skip
            await client.send(payload)
            answer = b""
            while len(answer) < len(payload):
                answer += await client.recv(decode=False)
        assert answer == payload
        assert (await server.handler.link()).peer.certificate is not None
        assert await server.handler.ending() == Closed(Cause.BY_CLIENT)


# ---------------------------------------------------------------------- reloading


async def test_a_reload_is_for_new_connections(pki: Pki, tmp_path: Path) -> None:
    crl = tmp_path / "ca.crl"
    crl.write_bytes(pki.ca.crl().read_bytes())
    device = pki.ca.issue("reload")
    options = mutual(pki, crlfile=str(crl))
    async with listening(loopback("ssl", options)) as server:
        context = python_context(pki, device)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        crl.write_bytes(pki.ca.crl(device.certificate).read_bytes())
        assert await server.acceptor.reload()
        await server.event(ListenerReloaded)

        refused = await asyncio.to_thread(our_client, server.port, as_ours(pki, device))
        assert refused.alert_received == 44
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        writer.close()
        await writer.wait_closed()


async def test_a_reload_that_fails_keeps_the_old(pki: Pki, tmp_path: Path) -> None:
    certificate = tmp_path / "server.crt"
    certificate.write_bytes(pki.server.certificate.read_bytes())
    async with listening(loopback("ssl", mutual(pki, certfile=str(certificate)))) as server:
        certificate.write_text("nothing of use")
        assert not await server.acceptor.reload()
        event = await server.event(ReloadFailed)
        assert event.listener == "ssl:test"
        assert str(certificate) in event.reason
        record = await asyncio.to_thread(our_client, server.port, as_ours(pki, pki.device))
        assert record.ended is Ended.AGREED


async def test_a_reload_takes_the_new_server_certificate(pki: Pki, tmp_path: Path) -> None:
    certificate = tmp_path / "server.crt"
    certificate.write_bytes(pki.server.certificate.read_bytes())
    async with listening(loopback("ssl", mutual(pki, certfile=str(certificate)))) as server:
        renewed = pki.server_with_its_name_in_the_cn_only  # the same key
        certificate.write_bytes(renewed.certificate.read_bytes())
        assert await server.acceptor.reload()
        record = await asyncio.to_thread(our_client, server.port, as_ours(pki, pki.device))
        wanted = ssl.PEM_cert_to_DER_cert(openssl("x509", "-in", renewed.certificate))
        assert record.server_chain[0] == wanted


async def test_who_was_revoked_while_shaking_hands_does_not_get_in(
    pki: Pki, tmp_path: Path
) -> None:
    crl = tmp_path / "ca.crl"
    crl.write_bytes(pki.ca.crl().read_bytes())
    device = pki.ca.issue("slow")
    async with listening(loopback("ssl", mutual(pki, crlfile=str(crl)))) as server:
        outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = python_context(pki, device).wrap_bio(
            incoming, outgoing, server_hostname="localhost"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        writer.write(outgoing.read())
        while not _agreed(client, incoming, await reader.read(65536)):
            pass
        crl.write_bytes(pki.ca.crl(device.certificate).read_bytes())
        assert await server.acceptor.reload()
        writer.write(outgoing.read())
        event = await server.event(HandshakeRefused)
        assert event.certificate is not None
        assert event.certificate.words == "cert revoked"
        while await reader.read(65536):
            pass
        writer.close()
        await writer.wait_closed()
        assert server.handler.links.empty()


def _agreed(client: ssl.SSLObject, incoming: ssl.MemoryBIO, data: bytes) -> bool:
    assert data
    incoming.write(data)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
