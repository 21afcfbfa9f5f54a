"""Faults of TLS itself: it is not TLS, or nothing is agreed on, or it breaks off, for no certificate's sake."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mtlsx.client.settings import ConnectionSettings
from mtlsx.probe.verdicts import RefusedBy
from mtlsx.tls.settings import TlsVersion
from support.faults.case import BOTH, SHORT, Scene, case
from support.faults.openssl_server import OpensslServer
from support.faults.tls_script import Misbehaving, misbehaving_port
from support.faults.tls_servers import SERVERS
from support.ports import serving, silent_port, talking_port

OTHER = {"1.2": TlsVersion.V1_3, "1.3": TlsVersion.V1_2}
SSH = b"SSH-2.0-OpenSSH_9.2p1\r\n"
HTTP = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: a reset instead of a farewell

Script = Callable[[Misbehaving], None]


# Not TLS


@case("tls-closed not-tls", "TLS", "localhost:[0-9]+", candidates="not-tls")
def tls_to_a_plain_port(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().open_port, scene.pki.device)


@case("not-tls", "TLS", "SSH-2.0")
def tls_to_a_port_that_says_something_else(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.enter(talking_port(SSH)), scene.pki.device)


@case("not-tls", "TLS", "HTTP/1.1 400")
def tls_to_a_web_server(scene: Scene) -> ConnectionSettings:
    port = scene.enter(serving(after_the_hello(HTTP)))
    return scene.settings(port, scene.pki.device)


@case("not-tls", "TLS")
def tls_to_a_server_that_says_one_octet(scene: Scene) -> ConnectionSettings:
    port = scene.enter(serving(after_the_hello(b"?")))
    return scene.settings(port, scene.pki.device)


# Silence


@case("tls-timeout", "localhost:[0-9]+", candidates="not-tls", repeated=False)
def silent_server(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.enter(silent_port()), scene.pki.device)
    return replace(settings, connect_timeout=SHORT)


@case("tls-timeout", "localhost:[0-9]+", tls=BOTH, repeated=False)
def server_that_falls_silent_in_the_handshake(scene: Scene) -> ConnectionSettings:
    """Half of its first flight comes."""

    def stop_half_way(one: Misbehaving) -> None:
        one.hello()
        one.answer_some(0.5)
        one.wait_for_the_end()

    settings = scene.settings(_misbehaving(scene, stop_half_way), scene.pki.device)
    return replace(settings, connect_timeout=SHORT)


@case("tls-timeout", "localhost:[0-9]+", repeated=False)
def server_that_dribbles(scene: Scene) -> ConnectionSettings:
    """It sends an endless record, one octet after the other: each comes in time, the handshake does not."""

    def dribble(connected: socket.socket) -> None:
        connected.settimeout(SHORT / 20)
        with connected, contextlib.suppress(OSError):
            connected.sendall(b"\x16\x03\x03\x40\x00\x02")
            while True:
                connected.sendall(b"\0")
                with contextlib.suppress(TimeoutError):
                    if not connected.recv(65536):
                        break

    settings = scene.settings(scene.enter(serving(dribble)), scene.pki.device)
    return replace(settings, connect_timeout=SHORT)


# Hanging up


@case("tls-closed", "localhost:[0-9]+", candidates="not-tls")
def server_that_hangs_up_at_once(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.enter(serving(socket.socket.close)), scene.pki.device)


@case("tls-closed", "localhost:[0-9]+", candidates="not-tls")
def server_that_hangs_up_on_the_hello(scene: Scene) -> ConnectionSettings:
    port = scene.enter(serving(after_the_hello(b"")))
    return scene.settings(port, scene.pki.device)


@case("tls-closed", "localhost:[0-9]+", candidates="not-tls")
def server_that_resets_on_the_hello(scene: Scene) -> ConnectionSettings:
    def reset(connected: socket.socket) -> None:
        with connected:
            connected.recv(65536)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)

    return scene.settings(scene.enter(serving(reset)), scene.pki.device)


@case("tls-closed", "localhost:[0-9]+", tls=BOTH)
def server_that_hangs_up_in_the_handshake(scene: Scene) -> ConnectionSettings:
    def hang_up(one: Misbehaving) -> None:
        one.hello()
        one.answer_some(0.5)

    return scene.settings(_misbehaving(scene, hang_up), scene.pki.device)


# Versions and ciphers


def _another_version(make: str) -> None:
    @case("tls-version-mismatch", r"1\.2", r"1\.3", tls=BOTH, name=f"another_tls_version_on_{make}")
    def arrange(scene: Scene) -> ConnectionSettings:
        assert scene.tls is not None
        settings = scene.settings(SERVERS[make](scene.laboratory, scene.tls), scene.pki.device)
        other = OTHER[scene.tls]
        return _with(settings, minimum_version=other, maximum_version=other)


for _make in SERVERS:
    if _make != "gnutls":
        _another_version(_make)


@case("cipher-mismatch", candidates="tls-version-mismatch", tls=BOTH)
def another_tls_version_on_gnutls(scene: Scene) -> ConnectionSettings:
    """Its alert is handshake_failure, which does not tell a version from a cipher."""
    assert scene.tls is not None
    settings = scene.settings(SERVERS["gnutls"](scene.laboratory, scene.tls), scene.pki.device)
    other = OTHER[scene.tls]
    return _with(settings, minimum_version=other, maximum_version=other)


@case("tls-version-mismatch", "(?i)version|protocol", by=RefusedBy.US)
def server_that_picks_an_old_version(scene: Scene) -> ConnectionSettings:
    """TLS 1.0, whatever was offered."""
    hello = _server_hello(version=b"\x03\x01", cipher=b"\xc0\x2f")
    return scene.settings(scene.enter(serving(after_the_hello(hello))), scene.pki.device)


@case("cipher-mismatch", "(?i)cipher", candidates="tls-version-mismatch")
def no_cipher_in_common(scene: Scene) -> ConnectionSettings:
    port = _openssl(scene, "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384")
    return _with(
        scene.settings(port, scene.pki.device),
        ciphers="ECDHE-RSA-CHACHA20-POLY1305",
        maximum_version=TlsVersion.V1_2,
    )


@case("cipher-mismatch", candidates="tls-version-mismatch")
def no_cipher_in_common_on_tls_1_3(scene: Scene) -> ConnectionSettings:
    port = _openssl(scene, "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256")
    return scene.settings(port, scene.pki.device)


@case("cipher-mismatch", "(?i)cipher", by=RefusedBy.US)
def server_that_picks_a_cipher_that_was_not_offered(scene: Scene) -> ConnectionSettings:
    hello = _server_hello(version=b"\x03\x03", cipher=b"\x00\x05")  # RC4
    return scene.settings(scene.enter(serving(after_the_hello(hello))), scene.pki.device)


@case("cipher-mismatch", "insufficient_security")
def server_that_finds_our_ciphers_too_weak(scene: Scene) -> ConnectionSettings:
    return _alert_on_hello(scene, 71)


# Names


@case("alpn-mismatch", "mqtt", tls=BOTH)
def no_protocol_in_common(scene: Scene) -> ConnectionSettings:
    """ALPN (RFC 7301, section 3.2)."""
    port = _openssl(scene, "-alpn", "http/1.1")
    return _with(scene.settings(port, scene.pki.device), alpn=("mqtt",))


@case("sni-unrecognized", "localhost", tls=BOTH)
def server_of_another_name_only(scene: Scene) -> ConnectionSettings:
    """RFC 6066, section 3."""
    other = scene.pki.server_of_another_name
    files = ("-cert2", other.certificate, "-key2", other.key)
    port = _openssl(scene, "-servername", "broker.example", "-servername_fatal", *files)
    return scene.settings(port, scene.pki.device)


# Other alerts


@case("tls-alert", r"internal_error \(80\)")
def alert_on_the_hello(scene: Scene) -> ConnectionSettings:
    return _alert_on_hello(scene, 80)


@case("cipher-mismatch", r"handshake_failure \(40\)")
def alert_of_ssl_3(scene: Scene) -> ConnectionSettings:
    """Its record has the version of SSL 3, as old servers send it."""
    alert = b"\x15\x03\x00\x00\x02\x02\x28"
    return scene.settings(scene.enter(serving(after_the_hello(alert))), scene.pki.device)


@case("tls-alert", by=RefusedBy.US, tls=BOTH)
def server_that_sends_a_damaged_handshake(scene: Scene) -> ConnectionSettings:
    def damage(one: Misbehaving) -> None:
        one.hello()
        one.answer(spoiled=True)

    return scene.settings(_misbehaving(scene, damage), scene.pki.device)


def _alert_on_hello(scene: Scene, number: int) -> ConnectionSettings:
    def refuse(one: Misbehaving) -> None:
        one.hello()
        one.alert(number)

    return scene.settings(_misbehaving(scene, refuse), scene.pki.device)


def after_the_hello(answer: bytes) -> Callable[[socket.socket], None]:
    """Serve one connection: wait for the client's first bytes, answer so, and hang up."""

    def serve(connected: socket.socket) -> None:
        with connected, contextlib.suppress(OSError):
            connected.recv(65536)
            connected.sendall(answer)
            connected.shutdown(socket.SHUT_WR)
            while connected.recv(65536):
                pass

    return serve


def _server_hello(*, version: bytes, cipher: bytes) -> bytes:
    """A record with a ServerHello (RFC 5246, section 7.4.1.3) without session and extensions."""
    body = version + bytes(range(32)) + b"\0" + cipher + b"\0"
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16" + version + len(message).to_bytes(2, "big") + message


def _misbehaving(scene: Scene, script: Script) -> int:
    return scene.enter(misbehaving_port(scene.pki.server, script, tls=scene.tls))


def _openssl(scene: Scene, *options: str | Path) -> int:
    key = ("s_server", scene.tls, *map(str, options))
    server = scene.pki.server
    return scene.laboratory.keep(key, lambda: OpensslServer(server, *options, tls=scene.tls)).port


def _with(settings: ConnectionSettings, **tls: Any) -> ConnectionSettings:
    return replace(settings, tls=replace(settings.tls, **tls))
