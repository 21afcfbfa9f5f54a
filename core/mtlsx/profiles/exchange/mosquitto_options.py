"""An options file of mosquitto_pub and mosquitto_sub: one option a line, as on their command line (mosquitto_pub(1)).

In: the text of the file, and its name, which is the tools' own (``mosquitto_sub``) where they find it by themselves.
Out: one profile. As in the tools, the value is the rest of the line, and a line that begins with ``#`` says nothing;
TLS is used where a CA is named, and ``--insecure`` switches off the check of the name alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import PurePath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mtlsx.client.rules import check_subscription
from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Reconnect,
    Subscription,
    Transport,
    Will,
    WillProperties,
)
from mtlsx.errors import UsageError
from mtlsx.profiles.exchange.incoming import Batch, Incoming
from mtlsx.profiles.exchange.loose import Fields, Notes, one_line
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings, TlsVersion

KIND = "mosquitto options"

_NEVER = 0xFFFF_FFFF
_OPTION = re.compile(r"-[A-Za-z]\b|--[a-z]")
_SHORT = {
    "-A": "--bind-address", "-c": "--disable-clean-session", "-C": "--count", "-d": "--debug",
    "-D": "--property", "-E": "--exit-after-subscribe", "-f": "--file", "-F": "--format",
    "-h": "--host", "-i": "--id", "-I": "--id-prefix", "-k": "--keepalive", "-l": "--stdin-line",
    "-L": "--url", "-m": "--message", "-M": "--max-inflight", "-n": "--null-message",
    "-N": "--no-newline", "-p": "--port", "-P": "--pw", "-q": "--qos", "-r": "--retain",
    "-R": "--no-stale-retained", "-s": "--stdin-file", "-S": "--srv", "-t": "--topic",
    "-T": "--filter-out", "-u": "--username", "-U": "--unsubscribe", "-v": "--verbose",
    "-V": "--protocol-version", "-W": "--timeout", "-x": "--session-expiry-interval",
}  # fmt: skip
# Why an option of the tools has no place in a profile.
_NO_PLACE = {
    **dict.fromkeys(
        ("--file", "--stdin-line", "--message", "--null-message", "--retain", "--stdin-file",
         "--repeat", "--repeat-delay"),
        "is for publishing",
    ),
    **dict.fromkeys(
        ("--count", "--debug", "--exit-after-subscribe", "--format", "--no-newline", "--verbose",
         "--timeout", "--pretty", "--quiet", "--random-filter", "--watch", "--no-stale-retained",
         "--retained-only", "--remove-retained", "--filter-out", "--unsubscribe"),
        "is about what the tool prints and does",
    ),
    **dict.fromkeys(
        ("--bind-address", "--srv", "--unix", "--proxy", "--nodelay", "--max-inflight"),
        "is a way to connect that mtlsx does not have",
    ),
    **dict.fromkeys(
        ("--psk", "--psk-identity", "--tls-engine", "--tls-engine-kpass-sha1", "--capath"),
        "is a kind of TLS that mtlsx does not have",
    ),
}  # fmt: skip
_KNOWN = {
    "--host", "--port", "--id", "--id-prefix", "--username", "--pw", "--keepalive", "--url",
    "--disable-clean-session", "--session-expiry-interval", "--protocol-version", "--qos", "--topic",
    "--cafile", "--cert", "--key", "--keyform", "--ciphers", "--insecure", "--tls-alpn",
    "--tls-version", "--tls-use-os-certs", "--ws", "--will-topic", "--will-payload", "--will-qos",
    "--will-retain", "--property", "--retain-as-published", "--retain-handling",
}  # fmt: skip
_VERSIONS = {
    "mqttv31": MqttVersion.V3_1, "31": MqttVersion.V3_1,
    "mqttv311": MqttVersion.V3_1_1, "311": MqttVersion.V3_1_1,
    "mqttv5": MqttVersion.V5, "5": MqttVersion.V5,
}  # fmt: skip
_TLS_VERSIONS = {"tlsv1.2": TlsVersion.V1_2, "tlsv1.3": TlsVersion.V1_3}
_WITH_TLS = ("--cafile", "--capath", "--tls-use-os-certs", "--cert", "--key", "--psk")


class _Given(NamedTuple):
    """The options of a file by their long names, in order, and the notes about them."""

    values: dict[str, list[str]]
    notes: Notes

    def fields(self) -> Fields:
        """The last value of each, as the tools take it."""
        return Fields({name: values[-1] for name, values in self.values.items()}, self.notes)

    def has(self, name: str) -> bool:
        return name in self.values


def is_mosquitto_options(text: str) -> bool:
    """Whether the first line that says something is an option."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return _OPTION.match(next(lines, "")) is not None


def read_mosquitto_options(text: str, *, name: str) -> Batch:
    """The profile of an options file with the file name ``name``.

    Raises UsageError for what no profile can be made of: a URL or an MQTT version that does not exist.
    """
    given = _given(text)
    fields = given.fields()
    url = _url(given)
    uses_tls = url.scheme == "mqtts" if given.has("--url") else _uses_tls(given)
    version = _version(given)
    clean = not given.has("--disable-clean-session")
    properties, will_properties = _properties(given)
    host = url.host or fields.text("--host") or "localhost"
    connection = ConnectionSettings(
        host=host,
        port=url.port
        or fields.whole("--port", minimum=1, maximum=65_535)
        or (8883 if uses_tls else 1883),
        transport=_transport(given, uses_tls=uses_tls),
        version=version,
        client_id=fields.text("--id", "--id-prefix") or "",
        client_id_suffix=_suffix(given),
        username=url.username or fields.text("--username"),
        keepalive=fields.whole_or(60, "--keepalive", maximum=65_535),
        clean_start=clean,
        session_expiry=_session_expiry(given, clean=clean, version=version),
        properties=properties,
        will=_will(given, will_properties),
        reconnect=Reconnect(),
        tls=_tls(given) if uses_tls else TlsSettings(),
    )
    subscriptions = _subscriptions(given, [*given.values.get("--topic", []), *url.topics])
    password = url.password or fields.text("--pw")
    incoming = Incoming(
        profile=Profile(
            name=one_line(PurePath(name).stem) or host,
            connection=connection,
            subscriptions=subscriptions,
        ),
        password=None if password is None else Secret(password),
        notes=given.notes.all(),
    )
    return Batch(KIND, (incoming,))


def _given(text: str) -> _Given:
    values: dict[str, list[str]] = defaultdict(list)
    notes = Notes()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        option, _, value = line.strip().partition(" ")
        name = _SHORT.get(option, option)
        if name in _NO_PLACE:
            notes.add(f"Line {number}: {option} {_NO_PLACE[name]}; left out.")
        elif name not in _KNOWN:
            notes.add(f"Line {number}: {one_line(option, most=40)} is not known; left out.")
        if name in _KNOWN or name in _NO_PLACE:
            values[name].append(value.strip())
    return _Given(dict(values), notes)


class _Url(NamedTuple):
    """What ``-L`` says; None where it does not."""

    scheme: str = ""
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = None
    topics: tuple[str, ...] = ()


def _url(given: _Given) -> _Url:
    if not given.has("--url"):
        return _Url()
    try:
        parts = urlsplit(given.values["--url"][-1])
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        # Without the URL itself: it may hold a password.
        raise UsageError("The URL of -L is not mqtt://host/topic or mqtts://host/topic.")
    topic = unquote(parts.path.removeprefix("/"))
    return _Url(
        parts.scheme,
        parts.hostname,
        port or (8883 if parts.scheme == "mqtts" else 1883),
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
        (topic,) if topic else (),
    )


def _uses_tls(given: _Given) -> bool:
    """Mosquitto takes TLS with a CA, and with port 8883, where it then trusts the system's CAs."""
    if given.has("--cert") and not any(given.has(name) for name in _WITH_TLS[:3]):
        given.notes.add(
            "--cert stands there without a CA, and Mosquitto would use no TLS then; mtlsx does."
        )
    return (
        any(given.has(name) for name in _WITH_TLS) or given.values.get("--port", [""])[-1] == "8883"
    )


def _version(given: _Given) -> MqttVersion:
    default = "5" if given.has("--property") or given.has("--session-expiry-interval") else "311"
    text = given.values.get("--protocol-version", [default])[-1].lower()
    if text not in _VERSIONS:
        raise UsageError(f'MQTT version "{one_line(text, most=40)}" does not exist.')
    return _VERSIONS[text]


def _transport(given: _Given, *, uses_tls: bool) -> Transport:
    if given.has("--ws"):
        return Transport.WSS if uses_tls else Transport.WS
    return Transport.MQTTS if uses_tls else Transport.MQTT


def _suffix(given: _Given) -> ClientIdSuffix:
    if given.has("--id-prefix") and not given.has("--id"):
        given.notes.add("--id-prefix adds the number of the process there, and random digits here.")
        return ClientIdSuffix.RANDOM
    return ClientIdSuffix.NONE


def _session_expiry(given: _Given, *, clean: bool, version: MqttVersion) -> int:
    if version is not MqttVersion.V5:
        return 0
    text = given.values.get("--session-expiry-interval", [""])[-1]
    if text in {"-1", "∞"} or (not text and not clean):
        return _NEVER
    return given.fields().whole("--session-expiry-interval") or 0


def _tls(given: _Given) -> TlsSettings:
    fields = given.fields()
    minimum = TlsVersion.V1_2
    version = fields.text("--tls-version")
    if version is not None:
        if version in _TLS_VERSIONS:
            minimum = _TLS_VERSIONS[version]
        else:
            fields.leave_out("--tls-version", f"is {one_line(version)}, older than TLS 1.2")
    if fields.text("--keyform") not in {None, "pem"}:
        fields.leave_out("--keyform", "is none that mtlsx reads")
    alpn = fields.text("--tls-alpn")
    return TlsSettings(
        ca_file=fields.text("--cafile"),
        certificate_file=fields.text("--cert"),
        key_file=fields.text("--key"),
        alpn=(alpn,) if alpn else (),
        verify_name=not given.has("--insecure"),
        minimum_version=minimum,
        ciphers=fields.text("--ciphers"),
    )


def _will(given: _Given, properties: WillProperties) -> Will | None:
    fields = given.fields()
    topic = fields.text("--will-topic")
    payload, qos = fields.octets("--will-payload"), fields.whole("--will-qos", maximum=2)
    if topic is None:
        return None
    return Will(topic, payload or b"", qos or 0, given.has("--will-retain"), properties)


def _properties(given: _Given) -> tuple[ConnectProperties, WillProperties]:
    """The properties of CONNECT and of the last will that ``-D`` names."""
    connect, will = ConnectProperties(), WillProperties()
    for line in given.values.get("--property", []):
        command, _, rest = line.partition(" ")
        name, _, value = rest.strip().partition(" ")
        fields = Fields({name: value.strip()}, given.notes)
        match command.lower():
            case "connect":
                connect = _connect_property(connect, name, fields)
            case "will":
                will = _will_property(will, name, fields)
            case _:
                fields.note(f"-D {one_line(command, most=20)} {one_line(name, most=40)}: left out.")
    return connect, will


def _connect_property(now: ConnectProperties, name: str, fields: Fields) -> ConnectProperties:
    match name:
        case "receive-maximum":
            return replace(now, receive_maximum=fields.whole(name, minimum=1, maximum=65_535))
        case "maximum-packet-size":
            return replace(now, maximum_packet_size=fields.whole(name, minimum=1))
        case "request-response-information":
            return replace(now, request_response_information=fields.flag(name) or False)
        case "request-problem-information":
            return replace(now, request_problem_information=fields.flag(name) is not False)
        case "user-property":
            return replace(now, user_properties=(*now.user_properties, _pair(name, fields)))
        case _:
            fields.leave_out(f"-D connect {one_line(name, most=40)}", "has no place in a profile")
            return now


def _will_property(now: WillProperties, name: str, fields: Fields) -> WillProperties:
    match name:
        case "will-delay-interval":
            return replace(now, will_delay_interval=fields.whole(name))
        case "payload-format-indicator":
            return replace(now, payload_format_indicator=fields.whole(name, maximum=1))
        case "message-expiry-interval":
            return replace(now, message_expiry_interval=fields.whole(name))
        case "content-type":
            return replace(now, content_type=fields.text(name))
        case "response-topic":
            return replace(now, response_topic=fields.text(name))
        case "correlation-data":
            return replace(now, correlation_data=fields.octets(name))
        case "user-property":
            return replace(now, user_properties=(*now.user_properties, _pair(name, fields)))
        case _:
            fields.leave_out(f"-D will {one_line(name, most=40)}", "is not known")
            return now


def _pair(name: str, fields: Fields) -> tuple[str, str]:
    key, _, value = (fields.text(name) or "").partition(" ")
    return key, value.strip()


def _subscriptions(given: _Given, topics: list[str]) -> tuple[Subscription, ...]:
    fields = given.fields()
    qos = fields.whole("--qos", maximum=2) or 0
    handling = {"always": 0, "new": 1, "never": 2}.get(fields.text("--retain-handling") or "", 0)
    found = []
    for topic in topics:
        wanted = Subscription(
            topic,
            qos,
            retain_as_published=given.has("--retain-as-published"),
            retain_handling=handling,
        )
        try:
            check_subscription(wanted)
        except UsageError as error:
            fields.note(f"A subscription is left out: {error.summary}")
        else:
            found.append(wanted)
    return tuple(found)
