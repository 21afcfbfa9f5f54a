"""What the main screen says about a profile and its session. Pure: values in, sentences out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from mtlsx.client.export import to_json_lines
from mtlsx_tui.sessions import Session, State
from mtlsx_tui.widgets.printable import decode_utf8
from mtlsx_tui.widgets.status import Status

if TYPE_CHECKING:
    from mtlsx.client.history import MessageHistory
    from mtlsx.client.message import Message
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.identity import Identity, Inspection

WELCOME = """\
[b]No profiles yet[/b]

A profile is one test device: the address of the broker, the CA that signed the broker's certificate, \
and the device's own certificate and key.

  [$text-primary b]n[/]   makes one, and shows what the broker will see
  [$text-primary b]o[/]   imports from MQTTX, MQTT Explorer and others
  [$text-primary b]k[/]   issues certificates: CA, servers, devices
  [$text-primary b]b[/]   runs a broker here, and shows whom it lets in
  [$text-primary b]?[/]   lists all keys
  [$text-primary b]q[/]   quits
"""

_DIALECTS = {"emqx6": "EMQX 6", "emqx5.0": "EMQX 5.0", "emqx4.4": "EMQX 4.4", "emqx4.2": "EMQX 4.2"}


def status(profile: Profile | None, session: Session | None, *, clock: float) -> Status:
    """The status line. ``clock``: ``time.monotonic``."""
    if profile is None:
        return Status()
    connection = profile.connection
    facts = []
    if session is not None and session.state is State.CONNECTED and session.handshake is not None:
        facts.append(session.handshake.version or "TLS")
    facts.append(f"MQTT {connection.version}")
    dialect = profile.mapping.dialect
    mapped = connection.transport.uses_tls and connection.tls.certificate_file is not None
    return Status(
        profile=profile.name,
        group=profile.group,
        state=session.state if session else State.DISCONNECTED,
        words=_state(session, clock),
        facts=tuple(facts),
        mapping=f"{_DIALECTS.get(dialect, dialect)} mapping" if mapped else None,
        alarm=alarm(connection),
    )


def alarm(connection: ConnectionSettings) -> str | None:
    """Which check of the server is off, where one is."""
    if not connection.transport.uses_tls:
        return None
    match connection.tls.verify_chain, connection.tls.verify_name:
        case False, False:
            return "SERVER NOT VERIFIED"
        case False, True:
            return "CHAIN NOT VERIFIED"
        case True, False:
            return "NAME NOT VERIFIED"
    return None


def note(profile: Profile, session: Session | None) -> str:
    """What to say where there are no messages."""
    where = address(profile.connection)
    state = session.state if session else State.DISCONNECTED
    if state is State.CONNECTING:
        return f"Connecting to {where} …"
    if state is State.CONNECTED and session is not None:
        if session.subscriptions:
            return "Subscribed. Nothing has come yet."
        return "Connected. s subscribes to a topic filter, p publishes a message."
    return f"Not connected. c connects to {where}."


def coming(session: Session, *, clock: float) -> str:
    """What follows a failure. ``clock``: ``time.monotonic``."""
    if session.state is State.CONNECTING:
        return f"Trying again now (attempt {session.attempt}) …"
    if session.state is State.WAITING:
        return f"Trying again in {_seconds_left(session, clock)} s. c gives up."
    if session.verdict is not None and session.verdict.definite:
        return (
            "Not tried again: the answer would be the same. e edits the profile, c connects again."
        )
    return "Not tried again. c connects again."


def address(connection: ConnectionSettings) -> str:
    """``mqtts://host:port``, with the path for websockets."""
    path = connection.path if connection.transport.uses_websocket else ""
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    return f"{connection.transport}://{host}:{connection.port}{path}"


def in_force(identity: Identity, session: Session | None) -> Identity:
    """``identity`` with the client id that the server assigned, while it is connected."""
    if session is None or session.state is not State.CONNECTED or session.facts is None:
        return identity
    if not session.facts.client_id_assigned:
        return identity
    return replace(identity, client_id=session.facts.client_id, client_id_from="the broker")


def values_to_copy(
    inspection: Inspection | None, message: Message | None
) -> tuple[tuple[str, str], ...]:
    """Names and texts that a person may want elsewhere: of the identity, and of a message."""
    values: list[tuple[str, str | None]] = []
    if inspection is not None and inspection.identity is not None:
        identity = inspection.identity
        values += [
            ("cn", identity.cn),
            ("dn", identity.dn),
            ("md5", identity.md5),
            ("username", identity.username),
            ("client id", identity.client_id),
            ("redis", identity.redis),
            ("pem", identity.pem),
        ]
    if message is not None:
        payload = decode_utf8(message.payload)
        values += [
            ("topic", message.topic),
            ("payload", message.payload.hex() if payload is None else payload),
            ("message", to_json_lines([message]).rstrip("\n")),
        ]
    return tuple((name, text) for name, text in values if text)


def unkept(history: MessageHistory | None) -> str | None:
    """What to say beside the messages where not all of them are kept on disk as a person asked; else None."""
    if history is None:
        return None
    if history.problem is not None:
        return "not kept on disk, the settings (,) say why"
    return f"{history.lost:,} not kept on disk" if history.lost else None


def _state(session: Session | None, clock: float) -> str:
    if session is None:
        return "not connected"
    if session.state is State.CONNECTING:
        return f"connecting, attempt {session.attempt}" if session.attempt > 1 else "connecting"
    if session.state is State.WAITING:
        return f"waiting, retry in {_seconds_left(session, clock)} s"
    return {
        State.CONNECTED: "connected",
        State.FAILED: "failed",
        State.DISCONNECTED: "not connected",
    }[session.state]


def _seconds_left(session: Session, clock: float) -> int:
    return max(0, math.ceil((session.retry_at or clock) - clock))
