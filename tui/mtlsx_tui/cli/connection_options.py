"""The options that ``conn``, ``pub`` and ``sub`` share, with the names that MQTTX CLI and mosquitto use.

``connection_options`` puts them on a command, which then gets them as one ``ConnectionArguments``.
``reconnect_options`` are for the commands that stay, ``connections_options`` for those with many connections.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from mtlsx_tui.cli.sections import option

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]
    _Options = tuple[Callable[[Function], Function], ...]

BROKER = "Broker"
TLS = "TLS (giving any of these means mqtts and port 8883)"
CLIENT = "Client"
CONNECT_PROPERTIES = "CONNECT properties (MQTT 5)"
WILL = "Last will; from -Wd on MQTT 5"
RECONNECT = "Reconnecting"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionArguments:
    """What was given on the command line; None, or an empty tuple, is what was not."""

    hostname: str | None = None
    port: int | None = None
    protocol: str | None = None
    profile: str | None = None
    path: str | None = None
    ws_headers: tuple[str, ...] = ()
    connect_timeout: float | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    passphrase_file: str | None = None
    sni: str | None = None
    alpn: tuple[str, ...] = ()
    tls_version: str | None = None
    ciphers: str | None = None
    crl: str | None = None
    insecure: bool = False
    insecure_name: bool = False
    insecure_chain: bool = False
    mqtt_version: str | None = None
    client_id: str | None = None
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    password_file: str | None = None
    ask_password: bool = False
    keepalive: int | None = None
    no_clean: bool = False
    session_expiry_interval: int | None = None
    will_topic: str | None = None
    will_message: str | None = None
    will_qos: int | None = None
    will_retain: bool = False
    will_delay_interval: int | None = None
    will_payload_format_indicator: bool = False
    will_message_expiry_interval: int | None = None
    will_content_type: str | None = None
    will_response_topic: str | None = None
    will_correlation_data: str | None = None
    will_user_properties: tuple[str, ...] = ()
    rcv_max: int | None = None
    maximum_packet_size: int | None = None
    req_response_info: bool = False
    no_req_problem_info: bool = False
    conn_user_properties: tuple[str, ...] = ()
    reconnect_period: int | None = None
    maximum_reconnect_times: int | None = None


_ADDRESS: _Options = (
    option(BROKER, "-h", "--hostname", help="Name or address.  [localhost]"),
    option(BROKER, "-p", "--port", type=int, help="Port.  [1883, 8883, 8083 or 8084, by protocol]"),
    option(BROKER, "-l", "--protocol", metavar="mqtt|mqtts|ws|wss", help="How MQTT is carried.  [mqtt]"),
)  # fmt: skip
_WEBSOCKET: _Options = (
    option(BROKER, "--path", help="Path of a websocket.  [/mqtt]"),
    option(
        BROKER, "-wh", "--ws-headers", multiple=True, metavar="'NAME: VALUE'",
        help="HTTP header of a websocket; repeatable.",
    ),
)  # fmt: skip
_TRUST: _Options = (
    option(
        BROKER, "--connect-timeout", type=float, metavar="SECONDS",
        help="How long to wait for the connection, and for each answer after it.  [10]",
    ),
    option(BROKER, "--profile", metavar="NAME", help="Start from a saved profile."),
    option(TLS, "--ca", metavar="FILE", help="Trusted CAs.  [the system's]"),
    option(TLS, "--cert", metavar="FILE", help="Client certificate: PEM, DER or PKCS#12."),
    option(TLS, "--key", metavar="FILE", help="Its private key.  [in the certificate's file]"),
    option(
        TLS, "--passphrase-file", metavar="FILE",
        help="Holds the key's passphrase. Also: MTLSX_PASSPHRASE; else you are asked.",
    ),
    option(TLS, "--sni", metavar="NAME", help="Server name to send and to check.  [the host]"),
    option(TLS, "--alpn", multiple=True, metavar="PROTOCOL", help="Offer it; repeatable."),
    option(TLS, "--tls-version", metavar="1.2|1.3", help="Only this version."),
    option(TLS, "--ciphers", metavar="LIST", help="OpenSSL cipher list, for TLS 1.2."),
    option(TLS, "--crl", metavar="FILE", help="Check the server against these CRLs."),
    option(TLS, "--insecure", is_flag=True, help="Do not check the server at all."),
    option(TLS, "--insecure-name", is_flag=True, help="Do not check the server's name."),
    option(TLS, "--insecure-chain", is_flag=True, help="Do not check who issued its certificate."),
    option(CLIENT, "-V", "--mqtt-version", metavar="3.1|3.1.1|5", help="Version.  [5]"),
)  # fmt: skip
_CLIENT_ID: _Options = (
    option(CLIENT, "-i", "--client-id", help="Empty: the broker chooses.  [mtlsx_ and 8 digits]"),
)  # fmt: skip
_CLIENT: _Options = (
    option(CLIENT, "-u", "--username", help="Username.  [none]"),
    option(
        CLIENT, "-P", "--password",
        help="Others on this machine can see it: prefer MTLSX_PASSWORD or the next two.",
    ),
    option(CLIENT, "--password-file", metavar="FILE", help="Holds the password."),
    option(CLIENT, "--ask-password", is_flag=True, help="Ask for the password."),
    option(CLIENT, "-k", "--keepalive", type=int, metavar="SECONDS", help="Keep alive; 0 is off.  [60]"),
    option(CLIENT, "--no-clean", is_flag=True, help="Continue the session of this client id."),
    option(
        CLIENT, "-se", "--session-expiry-interval", type=int, metavar="SECONDS",
        help="How long the broker keeps the session (MQTT 5).  [0; with --no-clean: for ever]",
    ),
)  # fmt: skip
_WILL: _Options = (
    option(WILL, "-Wt", "--will-topic", metavar="TOPIC", help="Where the broker publishes it."),
    option(WILL, "-Wm", "--will-message", metavar="TEXT", help="Its payload.  [empty]"),
    option(WILL, "-Wq", "--will-qos", type=int, metavar="0|1|2", help="Its QoS.  [0]"),
    option(WILL, "-Wr", "--will-retain", is_flag=True, help="The broker keeps it."),
    option(
        WILL, "-Wd", "--will-delay-interval", type=int, metavar="SECONDS",
        help="How long the broker waits for us to come back.  [0]",
    ),
    option(WILL, "-Wpf", "--will-payload-format-indicator", is_flag=True, help="The payload is UTF-8."),
    option(
        WILL, "-We", "--will-message-expiry-interval", type=int, metavar="SECONDS",
        help="How long it is worth delivering.",
    ),
    option(WILL, "-Wct", "--will-content-type", metavar="TEXT", help="Its content type."),
    option(WILL, "-Wrt", "--will-response-topic", metavar="TOPIC", help="Where to answer it."),
    option(WILL, "-Wcd", "--will-correlation-data", metavar="TEXT", help="What to answer with."),
    option(
        WILL, "-Wup", "--will-user-properties", multiple=True, metavar="'NAME: VALUE'",
        help="User property; repeatable.",
    ),
)  # fmt: skip
_PROPERTIES: _Options = (
    option(
        CONNECT_PROPERTIES, "--rcv-max", type=int, metavar="N",
        help="How many messages of QoS 1 and 2 may wait for our answer.  [65535]",
    ),
    option(
        CONNECT_PROPERTIES, "--maximum-packet-size", type=int, metavar="BYTES",
        help="The broker sends us nothing larger.  [no limit]",
    ),
    option(
        CONNECT_PROPERTIES, "--req-response-info", is_flag=True,
        help="Ask for response information in CONNACK.",
    ),
    option(
        CONNECT_PROPERTIES, "--no-req-problem-info", is_flag=True,
        help="Ask for no reason strings but in CONNACK, PUBLISH and DISCONNECT.",
    ),
)  # fmt: skip
_USER_PROPERTIES: _Options = (
    option(
        CONNECT_PROPERTIES, "-Cup", "--conn-user-properties", multiple=True,
        metavar="'NAME: VALUE'", help="User property of CONNECT; repeatable.",
    ),
)  # fmt: skip
_ONLY_USER_PROPERTIES: _Options = (
    option(
        CONNECT_PROPERTIES, "-up", "--user-properties", "-Cup", "--conn-user-properties",
        "conn_user_properties", multiple=True, metavar="'NAME: VALUE'",
        help="User property; repeatable.",
    ),
)  # fmt: skip
_CONNECTION = (*_ADDRESS, *_WEBSOCKET, *_TRUST, *_CLIENT_ID, *_CLIENT, *_WILL, *_PROPERTIES)
_CLIENT_IDS: _Options = (
    option(
        CLIENT, "-I", "--client-id",
        help="%i is the device's number, %04i with zeros in front.  [mtlsx_, 8 digits and _%i]",
    ),
)  # fmt: skip

_RECONNECT_OPTIONS: _Options = (
    option(
        RECONNECT, "-rp", "--reconnect-period", type=int, metavar="MS",
        help="After a loss, connect again, first after MS milliseconds, then after twice that, up"
        " to 30 s.  [a loss ends the command with exit code 16]",
    ),
    option(
        RECONNECT, "--maximum-reconnect-times", type=int, metavar="N",
        help="Give up after N attempts in a row.  [10 with -rp]",
    ),
)  # fmt: skip


def connection_options(function: Function) -> Function:
    """Give a command the options of a connection, as its first argument, a ``ConnectionArguments``."""
    return _decorated(_with_arguments(function), (*_CONNECTION, *_USER_PROPERTIES))


def bare_connection_options(function: Function) -> Function:
    """The same for a command that sends nothing but CONNECT: ``-up`` is a user property of that, as in MQTTX CLI."""
    return _decorated(_with_arguments(function), (*_CONNECTION, *_ONLY_USER_PROPERTIES))


def connections_options(function: Function) -> Function:
    """The same for a command with many connections: ``-I`` is their client id, and ``-i`` is left for other use."""
    return _decorated(_with_arguments(function), (*_ADDRESS, *_TRUST, *_CLIENT_IDS, *_CLIENT))


def reconnect_options(function: Function) -> Function:
    """Give a command the options for connecting again; goes below ``connection_options``."""
    return _decorated(function, _RECONNECT_OPTIONS)


def _with_arguments(function: Function) -> Function:
    names = [field.name for field in dataclasses.fields(ConnectionArguments)]

    @functools.wraps(function)
    def with_arguments(**values: Any) -> Any:
        given = {name: values.pop(name) for name in names if name in values}
        return function(ConnectionArguments(**given), **values)

    return with_arguments


def _decorated(function: Function, options: _Options) -> Function:
    for each in reversed(options):
        function = each(function)
    return function
