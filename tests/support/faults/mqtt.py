"""Faults of MQTT: the server is none, or refuses the login."""

from __future__ import annotations

from dataclasses import replace

from mtlsx.auth.passwords import Simple
from mtlsx.auth.settings import AuthSettings, BuiltInDatabase, BuiltInUser, Identity
from mtlsx.broker.bans import Ban
from mtlsx.broker.limits import Limits
from mtlsx.client.settings import ConnectionSettings, MqttVersion, Transport
from mtlsx.packets.control_packets import Connack, Disconnect
from mtlsx.packets.properties import ConnackProperties, DisconnectProperties
from mtlsx.secret import Secret
from support.faults.agreement import HTTP, SSH, after_the_hello
from support.faults.case import BOTH, SHORT, WRONG_SECRET, Ask, Scene, case
from support.faults.mqtt_script import Script, answering, scripted_port
from support.faults.our_broker import our_broker, our_versions
from support.faults.websocket import over_websocket
from support.openssl_pki import DEVICE, PASSPHRASE
from support.ports import mute_tls_port, serving, silent_port, talking_port
from support.running_broker import mutual_tls
from support.websocket_bridge import server_context

ELSEWHERE = "b2.example:8883"

# MQTT 5.0, section 3.2.2.2, with the words that must be there.
CODES_5 = {
    0x80: ("connack-refused", "Unspecified error"),
    0x81: ("connack-refused", "Malformed"),
    0x82: ("connack-refused", "Protocol Error"),
    0x83: ("connack-refused", "Implementation specific"),
    0x84: ("mqtt-version-unsupported", "(?i)version"),
    0x85: ("client-id-rejected", "(?i)client id"),
    0x86: ("bad-credentials", "(?i)bad user name or password"),
    0x87: ("not-authorized", "(?i)not authorized"),
    0x88: ("server-unavailable", "(?i)unavailable"),
    0x89: ("server-busy", "(?i)busy"),
    0x8A: ("banned", "(?i)banned"),
    0x8C: ("connack-refused", "(?i)authentication method"),
    0x90: ("connack-refused", "(?i)topic name"),
    0x95: ("connack-refused", "(?i)packet too large"),
    0x97: ("connack-refused", "(?i)quota"),
    0x99: ("connack-refused", "(?i)payload format"),
    0x9A: ("connack-refused", "(?i)retain"),
    0x9B: ("connack-refused", "(?i)QoS"),
    0x9C: ("use-another-server", ELSEWHERE),
    0x9D: ("use-another-server", ELSEWHERE),
    0x9F: ("server-busy", "(?i)rate"),
    0xBB: ("connack-refused", "(?i)0xBB"),
}
# MQTT 3.1.1, section 3.2.2.3.
CODES_3 = {
    1: ("mqtt-version-unsupported", "(?i)version"),
    2: ("client-id-rejected", "(?i)identifier|client id"),
    3: ("server-unavailable", "(?i)unavailable"),
    4: ("bad-credentials", "(?i)bad user name or password"),
    5: ("not-authorized", "(?i)not authorized"),
    6: ("connack-refused", "6"),
}


# Not MQTT


@case("not-mqtt closed-without-connack", "TLS", tls=BOTH, ask=Ask.CONNECT)
def plain_to_a_tls_port(scene: Scene) -> ConnectionSettings:
    return replace(scene.settings(scene.broker().port), transport=Transport.MQTT)


@case("not-mqtt", "SSH-2.0", ask=Ask.CONNECT)
def plain_to_a_port_that_says_something_else(scene: Scene) -> ConnectionSettings:
    port = scene.enter(talking_port(SSH))
    return replace(scene.settings(port), transport=Transport.MQTT)


@case("not-mqtt", "HTTP/1.1 400", ask=Ask.CONNECT)
def mqtt_to_a_web_server(scene: Scene) -> ConnectionSettings:
    return _scripted(scene, answering(HTTP))


@case("not-mqtt", "/nowhere", "404", tls=(None, *BOTH), ask=Ask.CONNECT)
def websocket_path_that_is_not_there(scene: Scene) -> ConnectionSettings:
    return replace(over_websocket(scene, scene.pki.device), path="/nowhere")


@case("not-mqtt", "SSH-2.0", ask=Ask.CONNECT)
def websocket_to_a_port_that_says_something_else(scene: Scene) -> ConnectionSettings:
    port = scene.enter(serving(after_the_hello(SSH)))
    return replace(scene.settings(port), transport=Transport.WS)


@case("not-mqtt connack-timeout", ask=Ask.CONNECT, repeated=False)
def websocket_to_a_port_that_says_something_else_and_waits(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.enter(talking_port(SSH)))
    return replace(settings, transport=Transport.WS, connect_timeout=SHORT)


@case("not-mqtt closed-without-connack", ask=Ask.CONNECT)
def connack_that_is_cut_off(scene: Scene) -> ConnectionSettings:
    return _scripted(scene, answering(b"\x20\x10\x00"))


# Silence


@case("connack-timeout", "CONNACK", ask=Ask.CONNECT, repeated=False, candidates="not-mqtt")
def silent_plain_server(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.enter(silent_port()))
    return replace(settings, transport=Transport.MQTT, connect_timeout=SHORT)


@case("connack-timeout", "(?i)websocket|upgrade|CONNACK", ask=Ask.CONNECT, repeated=False)
def silent_websocket_server(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.enter(silent_port()))
    return replace(settings, transport=Transport.WS, connect_timeout=SHORT)


@case("connack-timeout", "CONNACK", tls=BOTH, ask=Ask.CONNECT, repeated=False)
def server_that_falls_silent_after_the_handshake(scene: Scene) -> ConnectionSettings:
    context = server_context(scene.pki.server, client_ca=scene.pki.ca.certificate, tls=scene.tls)
    settings = scene.settings(scene.enter(mute_tls_port(context)), scene.pki.device)
    return replace(settings, connect_timeout=5 * SHORT)  # the handshake must be over by then


# Hanging up


@case("closed-without-connack", tls=BOTH, ask=Ask.CONNECT)
def server_that_hangs_up_on_connect(scene: Scene) -> ConnectionSettings:
    """As AWS IoT does it."""
    return _scripted(scene, answering())


@case("closed-without-connack", ask=Ask.CONNECT)
def plain_server_that_hangs_up_on_connect(scene: Scene) -> ConnectionSettings:
    port = scene.enter(scripted_port(answering()))
    return replace(scene.settings(port), transport=Transport.MQTT)


@case("connack-refused not-authorized", "(?i)DISCONNECT", ask=Ask.CONNECT)
def disconnect_instead_of_connack(scene: Scene) -> ConnectionSettings:
    return _scripted(scene, answering(Disconnect(0x87, DisconnectProperties())))


# Codes


def _code_5(code: int) -> None:
    verdict, words = CODES_5[code]
    moved = ELSEWHERE if verdict == "use-another-server" else None
    said = ConnackProperties(reason_string="because of tests", server_reference=moved)

    @case(verdict, words, "because of tests", ask=Ask.CONNECT, name=f"connack_0x{code:02x}")
    def arrange(scene: Scene) -> ConnectionSettings:
        return _scripted(scene, answering(Connack(False, code, said)))


def _code_3(code: int) -> None:
    verdict, words = CODES_3[code]

    @case(verdict, words, ask=Ask.CONNECT, name=f"connack_{code}_on_3_1_1")
    def arrange(scene: Scene) -> ConnectionSettings:
        settings = _scripted(scene, answering(bytes((0x20, 2, 0, code))))
        return replace(settings, version=MqttVersion.V3_1_1)


for _code in CODES_5:
    _code_5(_code)
for _code in CODES_3:
    _code_3(_code)


@case("mqtt-version-unsupported", "(?i)version", ask=Ask.CONNECT)
def code_of_3_1_1_for_mqtt_5(scene: Scene) -> ConnectionSettings:
    """From a server that does not know MQTT 5, and so not its CONNACK either."""
    return _scripted(scene, answering(b"\x20\x02\x00\x01"))


# Real brokers


@case("not-authorized bad-credentials", r"Not authorized \(5\)", ask=Ask.CONNECT)
def wrong_password_on_3_1_1(scene: Scene) -> ConnectionSettings:
    return replace(_with_password(scene), version=MqttVersion.V3_1_1)


@case("not-authorized bad-credentials", r"Not authorized \(0x87\)", ask=Ask.CONNECT)
def wrong_password_on_5(scene: Scene) -> ConnectionSettings:
    return replace(_with_password(scene), version=MqttVersion.V5)


@case("bad-credentials", "(?i)user ?name", "CN", ask=Ask.CONNECT)
def certificate_without_cn(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_without_cn)


@case("bad-credentials", tls=BOTH, ask=Ask.CONNECT)
def wrong_password_for_a_certificate_on_ours(scene: Scene) -> ConnectionSettings:
    return replace(_ours(scene), password=Secret(WRONG_SECRET))


@case("not-authorized", ask=Ask.CONNECT)
def certificate_that_no_user_belongs_to_on_ours(scene: Scene) -> ConnectionSettings:
    settings = _ours(scene, user="somebody-else")
    return replace(settings, password=Secret(PASSPHRASE))


@case("bad-credentials", "4", ask=Ask.CONNECT)
def wrong_password_for_a_certificate_on_ours_3_1_1(scene: Scene) -> ConnectionSettings:
    settings = replace(_ours(scene), version=MqttVersion.V3_1_1)
    return replace(settings, password=Secret(WRONG_SECRET))


@case("banned", "(?i)banned", ask=Ask.CONNECT)
def banned_device_on_ours(scene: Scene) -> ConnectionSettings:
    return _ours(scene, bans=(Ban("username", DEVICE.encode()),))


@case("connack-refused server-busy", "(?i)quota", ask=Ask.CONNECT)
def more_sessions_than_ours_takes(scene: Scene) -> ConnectionSettings:
    return _ours(scene, limits=Limits(max_sessions=0))


def _ours(
    scene: Scene,
    *,
    user: str = DEVICE,
    bans: tuple[Ban, ...] = (),
    limits: Limits | None = None,
) -> ConnectionSettings:
    """Our broker in EMQX's dialect: the CN is the username, and the password of ``user`` is PASSPHRASE."""
    users = BuiltInDatabase(
        (BuiltInUser(user, PASSPHRASE),), password_hash_algorithm=Simple("plain", "disable")
    )
    auth = AuthSettings(identity=Identity(peer_cert_as_username="cn"), authentication=(users,))
    listener = mutual_tls(scene.pki, **our_versions(scene.tls))
    broker = scene.laboratory.keep(
        ("our broker", scene.tls, user, bans, limits),
        lambda: our_broker(listener, auth=auth, bans=bans, limits=limits),
    )
    return scene.settings(broker.port, scene.pki.device)


def _with_password(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(client_ca=None, users={DEVICE: PASSPHRASE})
    settings = scene.settings(broker.port)
    return replace(settings, username=DEVICE, password=Secret(WRONG_SECRET))


def _scripted(scene: Scene, script: Script) -> ConnectionSettings:
    """A scripted server behind mutual TLS."""
    context = server_context(scene.pki.server, client_ca=scene.pki.ca.certificate, tls=scene.tls)
    port = scene.enter(scripted_port(script, context))
    return replace(scene.settings(port, scene.pki.device), client_id="laboratory")
