"""A ``Configuration`` as files for a real Mosquitto 2: ``mosquitto.conf``, ``acl`` and ``passwords``.

What Mosquitto does otherwise stands at the top of ``mosquitto.conf``, a sentence each. Where it cannot do the same,
it gets what lets in less.

Source: Mosquitto 2.0 (mosquitto.conf(5), conf.c).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields

from mtlsx.auth.settings import (
    AuthSettings,
    BuiltInDatabase,
    FileSource,
    Identity,
    JwtAuthentication,
    RedisAuthentication,
    RedisAuthentication4,
    RedisSource,
    RedisSource4,
)
from mtlsx.configuration.emqx import Export
from mtlsx.configuration.model import GENERATION_4, Configuration, Listener, Mqtt, SslOptions
from mtlsx.configuration.mosquitto_acl import acl, is_line
from mtlsx.configuration.mosquitto_users import users
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import CertificatePart

CONF, ACL, PASSWORDS = "mosquitto.conf", "acl", "passwords"

_USERNAME_FROM: dict[CertificatePart, str] = {
    "cn": "use_identity_as_username true",
    "dn": "use_subject_as_username true",
}
_SHORTEST_KEEPALIVE = 10  # seconds, as mosquitto.conf(5) says
_HOUR = 3600
# Not its 0 for "no limit": with that, 2.0.11 drops the connection of whoever publishes what it may not.
_NO_LIMIT = 2**31 - 1
# EMQX's settings that have no counterpart; they are told of where they are not EMQX's defaults.
_ONLY_EMQX = (
    "idle_timeout", "max_topic_levels", "wildcard_subscription", "shared_subscription",
    "exclusive_subscription", "ignore_loop_deliver", "keepalive_multiplier", "max_awaiting_rel",
    "await_rel_timeout", "max_subscriptions", "message_expiry_interval",
)  # fmt: skip
_ONLY_EMQX_IDENTITY = ("clientid_override", "client_attrs_init", "max_clientid_len")


def mosquitto(configuration: Configuration, *, directory: str) -> Export:
    """The files of ``configuration``, to lie in ``directory``, an absolute path.

    Passwords are in them as hashes only. Raises UsageError for a path that no line of Mosquitto's can hold.
    """
    listeners = [listener for listener in configuration.listeners if listener.enable]
    settings = {listener.id: configuration.auth_for(listener) for listener in listeners}
    certified = [_takes_username(one, settings[one.id].identity) == "cn" for one in listeners]
    known = users(configuration.auth)
    rules = acl(
        configuration.auth,
        common_name_is_username=bool(certified) and all(certified),
        superusers=known.superusers,
    )
    blocks: list[str] = []
    notes: list[str] = []
    asks_for_passwords = False
    for listener in listeners:
        auth = settings[listener.id]
        lines = [*_listener(listener, configuration.mqtt), *_identity(listener, auth.identity)]
        lines += _admission(listener, auth, directory)
        asks_for_passwords |= lines[-1].startswith("password_file")
        if _has_rules(auth):
            lines.append(f"acl_file {_path(directory, ACL)}")
        blocks.append("\n".join(lines))
        notes += _listener_notes(listener, auth)
    notes += _auth_notes(configuration.auth)
    files: dict[str, str] = {}
    if _has_rules(configuration.auth):
        files[ACL] = rules.text
        notes += rules.notes
    if asks_for_passwords:
        files[PASSWORDS] = known.text
        notes += known.notes
    notes += _mqtt_notes(configuration.mqtt, configuration.auth.identity)
    notes.append(
        "A Mosquitto that root starts becomes the user mosquitto, who must be able to read these files (chown)."
    )
    told = tuple(dict.fromkeys(notes))
    head = ["# For Mosquitto 2. It does not do these as the configuration says:"]
    head += [f"# - {note}" for note in told]
    main = "\n".join(["per_listener_settings true", *_mqtt(configuration.mqtt)])
    conf = "\n\n".join(["\n".join(head), main, *blocks]) + "\n"
    return Export({CONF: conf, **files}, told)


def _listener(listener: Listener, mqtt: Mqtt) -> Iterator[str]:
    host, port = listener.bind
    yield f"# {listener.id}" if listener.id.isprintable() else f"# {listener.type}"
    yield f"listener {port} {host}".rstrip()
    if listener.type in ("ws", "wss"):
        yield "protocol websockets"
    if listener.max_connections is not None:
        yield f"max_connections {listener.max_connections}"
    if mqtt.max_qos_allowed < 2:
        yield f"max_qos {mqtt.max_qos_allowed}"
    yield f"max_topic_alias {mqtt.max_topic_alias}"
    if listener.ssl_options is not None:
        yield from _tls(listener.ssl_options)


def _tls(options: SslOptions) -> Iterator[str]:
    yield f"certfile {_path(options.certfile)}"
    yield f"keyfile {_path(options.keyfile)}"
    if options.cacertfile is not None:
        yield f"cafile {_path(options.cacertfile)}"
    if options.crlfile is not None:
        yield f"crlfile {_path(options.crlfile)}"
    yield f"tls_version {'tlsv1.2' if 'tlsv1.2' in options.versions else 'tlsv1.3'}"


def _identity(listener: Listener, identity: Identity) -> Iterator[str]:
    options = listener.ssl_options
    if options is None:
        return
    part = _takes_username(listener, identity)
    if part is not None or _demands_certificate(options):
        yield "require_certificate true"
    if part is not None:
        yield _USERNAME_FROM[part]
    if _username_is_client_id(listener, identity):
        yield "use_username_as_clientid true"


def _admission(listener: Listener, auth: AuthSettings, directory: str) -> Iterator[str]:
    if _lets_everybody_in(auth):
        yield "allow_anonymous true"
        return
    yield "allow_anonymous false"
    if _takes_username(listener, auth.identity) is None:
        yield f"password_file {_path(directory, PASSWORDS)}"


def _mqtt(mqtt: Mqtt) -> Iterator[str]:
    yield f"max_packet_size {mqtt.max_packet_size}"
    yield f"max_inflight_messages {mqtt.max_inflight}"
    yield f"max_queued_messages {mqtt.max_mqueue_len or _NO_LIMIT}"
    yield f"queue_qos0_messages {str(mqtt.mqueue_store_qos0).lower()}"
    yield f"retain_available {str(mqtt.retain_available).lower()}"
    yield f"persistent_client_expiration {max(math.ceil(mqtt.session_expiry_interval / _HOUR), 1)}h"
    if mqtt.server_keepalive is not None:
        yield f"max_keepalive {max(mqtt.server_keepalive, _SHORTEST_KEEPALIVE)}"


def _listener_notes(listener: Listener, auth: AuthSettings) -> Iterator[str]:
    name, options, identity = listener.id, listener.ssl_options, auth.identity
    if listener.type in ("ws", "wss"):
        yield f"{name}: Mosquitto must be built with websockets, and takes any path, not only {listener.websocket.mqtt_path}."
    part = _takes_username(listener, identity)
    if options is not None:
        yield from _tls_notes(name, options, mapped=part is not None)
        if _demands_certificate(options) or options.verify == "verify_peer":
            yield from _identity_notes(listener, identity)
    if part is not None and not _lets_everybody_in(auth):
        yield (
            f"{name}: Mosquitto asks for no password where the username comes from the certificate: it lets every"
            " certificate of cacertfile in that crlfile does not name."
        )
    if auth.allow_anonymous and auth.authentication and auth.dialect in GENERATION_4:
        yield f"{name}: allow_anonymous lets clients in that no authenticator knows; Mosquitto refuses them."


def _tls_notes(name: str, options: SslOptions, *, mapped: bool) -> Iterator[str]:
    if options.password is not None:
        yield f"{name}: Mosquitto asks for the passphrase of its key when it starts: decrypt the key for a service."
    if options.versions == ("tlsv1.2",):
        yield f"{name}: Mosquitto speaks TLS 1.3, too: its tls_version is the lowest."
    if options.depth != SslOptions("", "").depth:
        yield f"{name}: Mosquitto does not limit the depth of chains."
    if options.verify == "verify_peer" and not options.fail_if_no_peer_cert:
        yield (
            f"{name}: Mosquitto refuses clients without a certificate, since the username comes from there."
            if mapped
            else f"{name}: Mosquitto asks for no certificate unless it demands one, and so does not here."
        )


def _identity_notes(listener: Listener, identity: Identity) -> Iterator[str]:
    name, part = listener.id, identity.peer_cert_as_username
    if part == "cn":
        yield (
            f"{name}: Mosquitto refuses a certificate without a common name, and takes the first of several."
        )
    elif part == "dn":
        yield f"{name}: Mosquitto writes some subjects otherwise than EMQX; mtlsx cert identity shows both."
    elif part != "disabled":
        yield (
            f"{name}: Mosquitto cannot take the username from {part}: it believes the username in CONNECT, if the"
            " password is right."
        )
    if identity.peer_cert_as_clientid != "disabled" and not _username_is_client_id(
        listener, identity
    ):
        yield f"{name}: Mosquitto takes no client id from the certificate: it keeps the one in CONNECT."


def _auth_notes(auth: AuthSettings) -> Iterator[str]:
    for settings in auth.authentication:
        match settings:
            case RedisAuthentication(enable=True, cmd=cmd) | RedisAuthentication4(auth_cmd=cmd):
                yield f"Mosquitto asks no Redis for passwords: {_shown(cmd)}."
            case JwtAuthentication(enable=True):
                yield "Mosquitto reads no JWT, so neither passwords nor rules come from one."
            case BuiltInDatabase(enable=True, user_id_type="clientid"):
                yield "Mosquitto has no passwords by client id; that built-in database is left out."
    for source in auth.authorization.sources:
        match source:
            case RedisSource(enable=True, cmd=cmd) | RedisSource4(acl_cmd=cmd):
                yield f"Mosquitto asks no Redis for rules: {_shown(cmd)}."
    if auth.authorization.deny_action == "disconnect":
        yield "Mosquitto does not disconnect a client for what it may not do."


def _mqtt_notes(mqtt: Mqtt, identity: Identity) -> Iterator[str]:
    if mqtt.server_keepalive is not None:
        yield "server_keepalive is the longest keep alive in Mosquitto, 10 s at least, and only MQTT 5 clients are told."
    if mqtt.receive_maximum not in (None, mqtt.max_inflight):
        yield "Mosquitto announces max_inflight as its Receive Maximum."
    if mqtt.session_expiry_interval % _HOUR:
        yield "Mosquitto counts session_expiry_interval in hours, here rounded up."
    changed = [
        field.name
        for names, values in ((_ONLY_EMQX, mqtt), (_ONLY_EMQX_IDENTITY, identity))
        for field in fields(values)
        if field.name in names and getattr(values, field.name) != field.default
    ]
    if changed:
        yield f"Mosquitto has no such setting: {', '.join(changed)}."


def _takes_username(listener: Listener, identity: Identity) -> CertificatePart | None:
    """What Mosquitto can take the username of this listener's clients from; None: CONNECT."""
    part = identity.peer_cert_as_username
    options = listener.ssl_options
    verified = options is not None and options.verify == "verify_peer"
    return part if verified and part in _USERNAME_FROM else None


def _demands_certificate(options: SslOptions) -> bool:
    return options.verify == "verify_peer" and options.fail_if_no_peer_cert


def _username_is_client_id(listener: Listener, identity: Identity) -> bool:
    if identity.use_username_as_clientid:
        return True
    part = _takes_username(listener, identity)
    return part is not None and identity.peer_cert_as_clientid == part


def _lets_everybody_in(auth: AuthSettings) -> bool:
    if auth.enable_authn == "false":
        return True
    asked = [settings for settings in auth.authentication if settings.enable]
    return not asked and (auth.allow_anonymous or auth.dialect not in GENERATION_4)


def _has_rules(auth: AuthSettings) -> bool:
    """Whether there is anything that a client may not do."""
    sources = [source for source in auth.authorization.sources if source.enable]
    kept = any(isinstance(source, FileSource) for source in sources)
    return kept or auth.authorization.no_match == "deny"


def _path(*parts: str) -> str:
    path = "/".join(parts)
    if not is_line(path):
        raise UsageError(
            f"Mosquitto's configuration cannot hold the path {path!r}.",
            fix="Take one without control characters and without spaces at its ends.",
        )
    return path


def _shown(command: str) -> str:
    return command if command.isprintable() else repr(command)
