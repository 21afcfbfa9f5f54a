"""Every refusal that a person meets: who stands on the other side, what to connect with, what mtlsx must say.

``CASES`` is used twice, on the client (``e2e/test_client_refusals.py``) and on the program
(``e2e/test_cli_refusals.py``), so the two cannot tell different stories.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mtlsx.client.settings import ConnectionSettings, MqttVersion, Reconnect, Transport
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.mosquitto import Mosquitto
from support.openssl_pki import DEVICE, PASSPHRASE, Pair, Pki
from support.ports import closed_port, mute_tls_port, silent_port, talking_port
from support.websocket_bridge import WebsocketBridge, server_context

WRONG_SECRET = "Wrong-and-secret-4711"
SHORT = 2.0  # seconds; a connect timeout for those who never answer


@dataclass(frozen=True)
class Scene:
    """What a case may use. ``tls``: the version that the server is pinned to, None for any."""

    pki: Pki
    mosquitto: Callable[..., Mosquitto]
    directory: Path
    stack: ExitStack
    tls: str | None

    def broker(self, **settings: object) -> Mosquitto:
        """Mosquitto with mutual TLS, but for what ``settings`` say."""
        usual = {"server": self.pki.server, "client_ca": self.pki.ca.certificate, "tls": self.tls}
        return self.mosquitto(**{**usual, **settings})

    def file(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        return path

    def settings(
        self, port: int, device: Pair | None = None, *, ca: Path | None = None
    ) -> ConnectionSettings:
        """Connect to localhost as ``device``, with the right CA file unless told otherwise.

        A password and a passphrase always come along, whether needed or not: none may ever be shown.
        """
        tls = TlsSettings(
            ca_file=str(ca or self.pki.ca.certificate),
            certificate_file=str(device.certificate) if device else None,
            key_file=str(device.key) if device else None,
            passphrase=Secret(PASSPHRASE),
        )
        return ConnectionSettings(
            host="localhost",
            port=port,
            password=Secret(PASSPHRASE),
            tls=tls,
            reconnect=Reconnect(enabled=False),
        )


Arrange = Callable[[Scene], ConnectionSettings]


@dataclass(frozen=True)
class Case:
    """``verdicts``: the ids allowed; ``words``: regular expressions that the sentence must match, each."""

    name: str
    verdicts: tuple[str, ...]
    words: tuple[str, ...]
    tls: str | None
    arrange: Arrange

    def __str__(self) -> str:
        return self.name if self.tls is None else f"{self.name}-{self.tls}"


CASES: list[Case] = []


def case(
    verdicts: str, *words: str, tls: tuple[str | None, ...] = (None,)
) -> Callable[[Arrange], Arrange]:
    """Register a case, once for each TLS version in ``tls``."""

    def register(arrange: Arrange) -> Arrange:
        CASES.extend(
            Case(arrange.__name__, tuple(verdicts.split()), words, version, arrange)
            for version in tls
        )
        return arrange

    return register


def says_why(case: Case, sentence: str) -> bool:
    """Whether a person who reads ``sentence`` learns the cause; shows what is missing where not."""
    missing = [words for words in case.words if not re.search(words, sentence)]
    assert not missing, f"{missing} not in: {sentence}"
    return True


def keeps_secrets(text: str) -> bool:
    """Whether ``text`` is free of the passwords and passphrases that the cases use."""
    return WRONG_SECRET not in text and PASSPHRASE not in text


BOTH = ("1.2", "1.3")


# The server refuses our certificate


@case("client-cert-required", "(?i)certificate", tls=BOTH)
def no_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port)


@case("client-cert-unknown-ca", "Other CA", tls=BOTH)
def certificate_of_another_ca(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_of_another_ca)


@case("client-cert-unknown-ca client-cert-rejected", "Demo Device CA", tls=BOTH)
def certificate_of_a_ca_of_the_same_name(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_of_the_namesake)


@case("client-cert-expired", "expired", "2021", tls=BOTH)
def expired_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_expired)


@case("client-cert-not-yet-valid", "(?i)valid", "2045", tls=BOTH)
def certificate_not_yet_valid(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_not_yet_valid)


@case("client-cert-wrong-usage", "clientAuth", tls=BOTH)
def certificate_for_servers_only(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_for_servers)


@case("client-cert-self-signed", "(?i)self-signed", tls=BOTH)
def self_signed_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_self_signed)


@case("client-cert-unknown-ca client-cert-missing-intermediate", "Demo Plant CA", tls=BOTH)
def certificate_without_its_intermediate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_behind_the_intermediate)


@case("client-cert-revoked", "revoked", tls=BOTH)
def revoked_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(crl=scene.pki.crl).port, scene.pki.device_revoked)


@case("client-cert-required", "(?i)certificate", tls=BOTH)
def no_certificate_over_websocket(scene: Scene) -> ConnectionSettings:
    return _over_websocket(scene, None)


@case("client-cert-unknown-ca", "Other CA", tls=BOTH)
def certificate_of_another_ca_over_websocket(scene: Scene) -> ConnectionSettings:
    return _over_websocket(scene, scene.pki.device_of_another_ca)


def _over_websocket(scene: Scene, device: Pair | None) -> ConnectionSettings:
    """wss where the case has a TLS version, ws where not."""
    context = scene.tls and server_context(
        scene.pki.server, client_ca=scene.pki.ca.certificate, tls=scene.tls
    )
    bridge = WebsocketBridge(scene.mosquitto().open_port, context=context or None)
    settings = scene.settings(scene.stack.enter_context(bridge).port, device)
    return replace(settings, transport=Transport.WSS if context else Transport.WS)


# We refuse the server


@case("server-name-mismatch", "localhost", r"broker\.example", tls=BOTH)
def wrong_host_name(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_of_another_name)
    return scene.settings(broker.port, scene.pki.device)


@case("server-name-mismatch", r"127\.0\.0\.1")
def address_that_is_not_in_the_certificate(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_of_another_name)
    return replace(scene.settings(broker.port, scene.pki.device), host="127.0.0.1")


@case("server-name-mismatch", "localhost", "(?i)subject alternative name|common name|CN")
def host_name_in_the_cn_only(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_with_its_name_in_the_cn_only)
    return scene.settings(broker.port, scene.pki.device)


@case("server-unknown-ca", "Demo Device CA", tls=BOTH)
def wrong_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device, ca=scene.pki.other_ca.certificate)


@case("server-unknown-ca", "Demo Device CA", "another key")
def ca_file_of_the_same_name(scene: Scene) -> ConnectionSettings:
    return scene.settings(
        scene.broker().port, scene.pki.device, ca=scene.pki.namesake_ca.certificate
    )


@case("server-unknown-ca", "Demo Device CA")
def no_ca_file_but_the_systems(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.broker().port, scene.pki.device)
    return replace(settings, tls=replace(settings.tls, ca_file=None))


@case("server-unknown-ca server-missing-intermediate", "Demo Plant CA")
def server_without_its_intermediate(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_behind_the_intermediate)
    return scene.settings(broker.port, scene.pki.device)


@case("server-expired", "expired", "2021", tls=BOTH)
def expired_server_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(server=scene.pki.server_expired).port, scene.pki.device)


@case("server-not-yet-valid", "(?i)valid", "2045")
def server_certificate_not_yet_valid(scene: Scene) -> ConnectionSettings:
    return scene.settings(
        scene.broker(server=scene.pki.server_not_yet_valid).port, scene.pki.device
    )


@case("server-self-signed", "(?i)self-signed")
def self_signed_server_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(server=scene.pki.server_self_signed).port, scene.pki.device)


@case("server-unknown-ca", "Demo Device CA", tls=BOTH)
def wrong_ca_file_over_websocket(scene: Scene) -> ConnectionSettings:
    settings = _over_websocket(scene, scene.pki.device)
    tls = replace(settings.tls, ca_file=str(scene.pki.other_ca.certificate))
    return replace(settings, tls=tls)


@case("server-wrong-usage", "serverAuth")
def server_certificate_for_clients_only(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(server=scene.pki.server_for_clients).port, scene.pki.device)


@case("server-revoked", "revoked")
def revoked_server_certificate(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_revoked)
    settings = scene.settings(broker.port, scene.pki.device)
    return replace(settings, tls=replace(settings.tls, crl_file=str(scene.pki.crl)))


# Local material


@case("key-mismatch", r"device\.crt", r"server\.key")
def key_that_does_not_match(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_mismatched)


@case("passphrase-wrong", "(?i)passphrase", r"pkcs8\.key")
def wrong_passphrase(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_pkcs8_key, WRONG_SECRET)


@case("passphrase-wrong", "(?i)passphrase", r"traditional\.key")
def wrong_passphrase_for_a_traditional_key(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_traditional_key, WRONG_SECRET)


@case("key-encrypted", "(?i)passphrase", r"pkcs8\.key")
def no_passphrase(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_pkcs8_key, None)


@case("key-encrypted", "(?i)passphrase", r"traditional\.key")
def no_passphrase_for_a_traditional_key(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_traditional_key, None)


@case("passphrase-wrong", "(?i)passphrase", r"device\.p12")
def wrong_passphrase_for_pkcs12(scene: Scene) -> ConnectionSettings:
    return _with_pkcs12(scene, WRONG_SECRET)


@case("key-encrypted passphrase-wrong", "(?i)passphrase", r"device\.p12")
def no_passphrase_for_pkcs12(scene: Scene) -> ConnectionSettings:
    return _with_pkcs12(scene, None)


@case("file-missing", r"nowhere\.key")
def missing_key_file(scene: Scene) -> ConnectionSettings:
    missing = Pair(scene.pki.device.certificate, scene.directory / "nowhere.key")
    return scene.settings(scene.broker().port, missing)


@case("file-missing", r"nowhere\.crt")
def missing_certificate_file(scene: Scene) -> ConnectionSettings:
    missing = Pair(scene.directory / "nowhere.crt", scene.pki.device.key)
    return scene.settings(scene.broker().port, missing)


@case("file-missing", r"nowhere\.pem")
def missing_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device, ca=scene.directory / "nowhere.pem")


@case("not-a-certificate", r"notes\.txt")
def text_for_a_certificate(scene: Scene) -> ConnectionSettings:
    text = Pair(scene.file("notes.txt", "remember the milk\n"), scene.pki.device.key)
    return scene.settings(scene.broker().port, text)


@case("not-a-key", r"notes\.txt")
def text_for_a_key(scene: Scene) -> ConnectionSettings:
    text = Pair(scene.pki.device.certificate, scene.file("notes.txt", "remember the milk\n"))
    return scene.settings(scene.broker().port, text)


@case("ca-file-has-no-ca", r"device-ec\.crt", "CA")
def ca_file_without_a_ca(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device, ca=scene.pki.device_ec.certificate)


@case("ca-file-has-no-ca", r"device\.key", "CA")
def key_for_a_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device, ca=scene.pki.device.key)


def _with_passphrase(scene: Scene, key: Path, passphrase: str | None) -> ConnectionSettings:
    settings = scene.settings(scene.broker().port, Pair(scene.pki.device.certificate, key))
    secret = None if passphrase is None else Secret(passphrase)
    return replace(settings, tls=replace(settings.tls, passphrase=secret))


def _with_pkcs12(scene: Scene, passphrase: str | None) -> ConnectionSettings:
    settings = scene.settings(scene.broker().port)
    secret = None if passphrase is None else Secret(passphrase)
    tls = replace(settings.tls, certificate_file=str(scene.pki.pkcs12), passphrase=secret)
    return replace(settings, tls=tls)


# The network, and servers that do not speak what we speak


@case("tcp-refused", "localhost:[0-9]+", "(?i)refused")
def closed(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.stack.enter_context(closed_port()), scene.pki.device)


@case("dns-not-found", r"nosuch\.invalid")
def unknown_host(scene: Scene) -> ConnectionSettings:
    return replace(scene.settings(8883, scene.pki.device), host="nosuch.invalid")


@case("tls-closed not-tls", "TLS", "localhost:[0-9]+")
def tls_to_a_plain_port(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().open_port, scene.pki.device)


@case("not-tls", "TLS", "SSH-2.0")
def tls_to_a_port_that_says_something_else(scene: Scene) -> ConnectionSettings:
    port = scene.stack.enter_context(talking_port(b"SSH-2.0-OpenSSH_9.2p1\r\n"))
    return scene.settings(port, scene.pki.device)


@case("not-mqtt closed-without-connack", "TLS", tls=BOTH)
def plain_to_a_tls_port(scene: Scene) -> ConnectionSettings:
    return replace(scene.settings(scene.broker().port), transport=Transport.MQTT)


@case("not-mqtt", "SSH-2.0")
def plain_to_a_port_that_says_something_else(scene: Scene) -> ConnectionSettings:
    port = scene.stack.enter_context(talking_port(b"SSH-2.0-OpenSSH_9.2p1\r\n"))
    return replace(scene.settings(port), transport=Transport.MQTT)


@case("not-mqtt", "/nowhere", "404", tls=(None, *BOTH))
def websocket_path_that_is_not_there(scene: Scene) -> ConnectionSettings:
    return replace(_over_websocket(scene, scene.pki.device), path="/nowhere")


@case("tls-timeout", "localhost:[0-9]+")
def silent_server(scene: Scene) -> ConnectionSettings:
    port = scene.stack.enter_context(silent_port())
    return replace(scene.settings(port, scene.pki.device), connect_timeout=SHORT)


@case("connack-timeout", "CONNACK")
def silent_plain_server(scene: Scene) -> ConnectionSettings:
    port = scene.stack.enter_context(silent_port())
    return replace(scene.settings(port), transport=Transport.MQTT, connect_timeout=SHORT)


@case("connack-timeout", "(?i)websocket|upgrade|CONNACK")
def silent_websocket_server(scene: Scene) -> ConnectionSettings:
    port = scene.stack.enter_context(silent_port())
    return replace(scene.settings(port), transport=Transport.WS, connect_timeout=SHORT)


@case("connack-timeout", "CONNACK", tls=BOTH)
def server_that_falls_silent_after_the_handshake(scene: Scene) -> ConnectionSettings:
    context = server_context(scene.pki.server, client_ca=scene.pki.ca.certificate, tls=scene.tls)
    port = scene.stack.enter_context(mute_tls_port(context))
    return replace(scene.settings(port, scene.pki.device), connect_timeout=SHORT)


@case("tls-version-mismatch", r"1\.2", r"1\.3", tls=BOTH)
def another_tls_version(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.broker().port, scene.pki.device)
    other = TlsVersion.V1_3 if scene.tls == "1.2" else TlsVersion.V1_2
    tls = replace(settings.tls, minimum_version=other, maximum_version=other)
    return replace(settings, tls=tls)


# MQTT


@case("not-authorized bad-credentials", r"Not authorized \(5\)", "Check username and password")
def wrong_password_on_3_1_1(scene: Scene) -> ConnectionSettings:
    return replace(_with_password(scene), version=MqttVersion.V3_1_1)


@case("not-authorized bad-credentials", r"Not authorized \(0x87\)", "Check username and password")
def wrong_password_on_5(scene: Scene) -> ConnectionSettings:
    return replace(_with_password(scene), version=MqttVersion.V5)


@case("bad-credentials", "(?i)user ?name", "CN")
def certificate_without_cn(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_without_cn)


def _with_password(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(client_ca=None, users={DEVICE: PASSPHRASE})
    return replace(scene.settings(broker.port), username=DEVICE, password=Secret(WRONG_SECRET))
