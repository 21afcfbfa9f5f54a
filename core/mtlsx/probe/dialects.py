"""What brokers mean by a CONNACK code, or by hanging up without one: a table, each habit with its source.

The codes are few and each broker has its own use for them. Vectors are those of ``tests/vectors``; files are the
broker's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtlsx.probe.brokers import Broker, Maker

HANGS_UP = -1
"""In place of a code: the broker closed the connection without CONNACK."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What a broker means. ``codes``: of CONNACK, in 3.1.1 and 5.0, or ``HANGS_UP``; ``generations``: of EMQX,
    empty: all. ``password``: where it counts whether one was sent. ``meaning`` follows "…: "; ``fix`` is a sentence.
    """

    maker: Maker
    codes: frozenset[int]
    meaning: str
    fix: str
    source: str
    generations: frozenset[str] = frozenset()
    password: bool | None = None


def _habit(
    maker: Maker, codes: set[int], meaning: str, fix: str, source: str,
    generations: tuple[str, ...] = (), *, password: bool | None = None,
) -> Habit:  # fmt: skip
    return Habit(maker, frozenset(codes), meaning, fix, source, frozenset(generations), password)


_STORE = (
    "Compare the key that the broker asks for with the store (mtlsx cert identity shows it), and look whether the store"
    " is up."
)

HABITS: tuple[Habit, ...] = (
    _habit(Maker.EMQX, {5, 0x87},
           "EMQX 4 says so for a wrong, missing or empty password and, without allow_anonymous, for a key that Redis does"
           " not hold or a Redis that is down",
           _STORE,
           "EMQX 4.2.9 and 4.4.19 (vectors emqx-observed)", ("4",)),
    _habit(Maker.EMQX, {5, 0x87},
           "in EMQX 5.0 no authenticator knew the client: its key is not in Redis, or Redis is down",
           _STORE,
           "EMQX 5.0.26 (vectors emqx-observed)", ("5.0",)),
    _habit(Maker.EMQX, {5, 0x87},
           "no password was sent, and then no Redis authenticator of EMQX 6 accepts the client: a certificate alone is never"
           " enough",
           "Send the password that the store holds for this client.",
           "EMQX 6.3: password absent is ignored, all ignored is not_authorized (vectors authn_flow)",
           ("6",), password=False),
    _habit(Maker.EMQX, {5, 0x87},
           "in EMQX no authenticator accepted the client: its key is not in Redis, Redis is down, or in EMQX 6 no password"
           " was sent",
           _STORE,
           "EMQX 6.3: all ignored is not_authorized (vectors authn_flow, connack)"),
    _habit(Maker.EMQX, {4, 0x86},
           "in EMQX 5.0 the password differs from the stored one, or none was sent",
           "Compare the stored password, its algorithm and its salt (mtlsx auth hash makes one).",
           "EMQX 5.0.26 (vectors emqx-observed)", ("5.0",)),
    _habit(Maker.EMQX, {4, 0x86},
           "EMQX found the client in its store, and the password differs; 5.0 says so too where none was sent",
           "Compare the stored password, its algorithm and its salt (mtlsx auth hash makes one).",
           "EMQX 6.3: a mismatch is bad_username_or_password (vectors authn_flow, hashing); EMQX 5.0.26 (emqx-observed)"),
    _habit(Maker.EMQX, {2, 0x85},
           "EMQX judges the client id in CONNECT before it maps the certificate: an empty one needs a clean start, and in"
           " MQTT 3.1 is never taken",
           "Send a client id, or a clean start.",
           "EMQX 6.3 packet check; 4.2 to 5.0 (vectors emqx-observed)"),
    _habit(Maker.EMQX, {HANGS_UP},
           "EMQX does this for a certificate whose CN is not UTF-8 or holds control characters, and for"
           " peer_cert_as_clientid = crt with an empty client id",
           "Look at the certificate's CN (mtlsx cert identity says what EMQX refuses).",
           "EMQX 6.0.3, 6.1.2, 6.2.1 (vectors conn-badcert); 4.4 and 5.0 (vectors emqx-observed)"),
    _habit(Maker.MOSQUITTO, {5, 0x87},
           "Mosquitto says so for an unknown user, a wrong password, or clientid_prefixes that the client id does not meet",
           "Check username and password against its password_file or plugin.",
           "Mosquitto 2.0.11 (observed); src/handle_connect.c: check_clientid_prefixes"),
    _habit(Maker.MOSQUITTO, {4, 0x86},
           "Mosquitto with use_identity_as_username says so for a certificate without a CN that it can use",
           "Issue the certificate with one CN in UTF-8 and without control characters.",
           "src/handle_connect.c: set_username_from_cert_identity"),
    _habit(Maker.MOSQUITTO, {HANGS_UP},
           "Mosquitto does this on MQTT 3.1.1 for a password without a username, and where global_max_clients is reached",
           "Send an empty username beside the password, or look into its log.",
           "src/handle_connect.c: read_and_verify_client_credentials_from_packet, connect__on_authorised"),
    _habit(Maker.RABBITMQ, {4, 0x86},
           "RabbitMQ says so for a wrong password, for a username without a password or the reverse, and for no"
           " credentials where ssl_cert_login is off or gives no name",
           "Send both username and password, or neither and set ssl_cert_login = true.",
           "rabbit_mqtt_processor.erl: check_credentials"),
    _habit(Maker.RABBITMQ, {5, 0x87},
           "RabbitMQ knows the user, but it may not use the virtual host, or only from localhost, or has too many connections",
           "Give the user permissions on the virtual host (rabbitmqctl set_permissions).",
           "rabbit_mqtt_processor.erl: check_vhost_access, check_user_loopback"),
    _habit(Maker.RABBITMQ, {2, 0x85},
           "RabbitMQ refuses an empty client id without a clean start, and with ssl_cert_client_id_from one that is not the"
           " certificate's",
           "Send the client id that the certificate names.",
           "rabbit_mqtt_processor.erl: ensure_client_id, extract_client_id_from_certificate"),
    _habit(Maker.AWS_IOT, {HANGS_UP},
           "AWS IoT does this where the policy attached to the certificate does not allow iot:Connect for this client id",
           "Allow iot:Connect on arn:aws:iot:REGION:ACCOUNT:client/CLIENT-ID in the certificate's policy, and see that the"
           " certificate is registered and active.",
           "AWS IoT developer guide, \"Diagnosing connectivity issues\"; aws-iot-device-sdk-cpp-v2 issue 137,"
           " aws-iot-device-sdk-js-v2 issue 101"),
)  # fmt: skip


def habit(broker: Broker, code: int, *, password: bool | None = None) -> Habit | None:
    """What ``broker`` means by ``code`` (of CONNACK, or ``HANGS_UP``); None where it means no more than it says.

    ``password``: whether CONNECT held one, None where that is not known.
    """
    for each in HABITS:
        if (
            each.maker is broker.maker
            and code in each.codes
            and (not each.generations or broker.generation in each.generations)
            and each.password in (None, password)
        ):
            return each
    return None
