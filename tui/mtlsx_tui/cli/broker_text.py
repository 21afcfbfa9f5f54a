"""What ``mtlsx broker`` prints for people: a line an event, and below a refusal the steps that led to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mtlsx.auth import trace
from mtlsx.auth.trace import text_of
from mtlsx.broker.client_events import (
    ClientConnected,
    ClientDisconnected,
    ClientRefused,
    ClientSubscribed,
    ClientUnsubscribed,
    Decided,
    SessionEnded,
)
from mtlsx.broker.events import (
    ConnectionRefused,
    HandshakeRefused,
    ListenerExhausted,
    ListenerReloaded,
    ListenerStarted,
    ListenerStopped,
    ReloadFailed,
    UpgradeRefused,
)
from mtlsx.packets.reason_codes import FAILURE

if TYPE_CHECKING:
    from mtlsx.broker.broker import BrokerEvent

_VERSIONS = {3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5"}


def as_text(event: BrokerEvent, *, quiet: bool = False) -> str:
    """One event; empty where ``quiet`` leaves it out."""
    match event:
        case ListenerStarted():
            warning = (
                f"\n  {click.style('⚠', fg='yellow')} {event.exposure}" if event.exposure else ""
            )
            return f"Listening: {event.listener} on {event.host}:{event.port}{warning}"
        case ListenerStopped():
            return f"Stopped: {event.listener}"
        case ListenerReloaded():
            return f"Loaded anew: certificates and revocation lists of {event.listener}"
        case ReloadFailed():
            return _bad(f"{event.listener} goes on with what it had: {event.reason}")
        case HandshakeRefused():
            return _handshake(event)
        case UpgradeRefused():
            return _bad(f"{event.host} is no websocket client for MQTT: {event.reason}")
        case ConnectionRefused():
            return _bad(f"{event.host} is closed unheard: {event.limit} is {event.count}")
        case ListenerExhausted():
            return _bad(
                f"{event.listener} takes nobody more for now, with {event.count:,} connected: {event.reason}"
            )
        case _:
            return _client(event, quiet=quiet)


def _client(event: BrokerEvent, *, quiet: bool) -> str:
    match event:
        case ClientConnected():
            name = "" if event.username is None else f", username {text_of(event.username)}"
            version = _VERSIONS.get(event.version, f"level {event.version}")
            return f"{_good('Connected')}: {text_of(event.client_id)}{name}, {version} from {event.host}"
        case ClientRefused():
            code = "closed without CONNACK" if event.code is None else f"CONNACK {event.code}"
            who = text_of(event.client_id or b"")
            return "\n".join(
                [_bad(f"Refused: {who} from {event.host}, {code}"), _steps(event.trace)]
            )
        case ClientDisconnected():
            code = "" if event.code is None else f" (0x{event.code:02X})"
            return f"Gone: {text_of(event.client_id)}, by the {event.by}{code}: {event.reason}"
        case Decided() if not event.allowed:
            line = _bad(f"Denied: {text_of(event.client_id)} {event.action} {text_of(event.topic)}")
            return "\n".join([line, _steps(event.trace)])
        case ClientSubscribed() if not quiet and min(event.codes) < FAILURE:
            granted = zip(event.topic_filters, event.codes, strict=True)
            filters = " ".join(text_of(name) for name, code in granted if code < FAILURE)
            return f"Subscribed: {text_of(event.client_id)} {filters}"
        case ClientUnsubscribed() if not quiet:
            filters = " ".join(map(text_of, event.topic_filters))
            return f"Unsubscribed: {text_of(event.client_id)} {filters}"
        case SessionEnded() if not quiet:
            return f"Session over: {text_of(event.client_id)}"
    return ""


def _handshake(event: HandshakeRefused) -> str:
    told = f", told {event.alert}" if event.alert else ""
    line = _bad(f"TLS refused: {event.host}{told}")
    certificate = event.certificate
    if certificate is None:
        return line
    return (
        f"{line}\n  {certificate.subject}, issued by {certificate.issuer}, serial {certificate.serial},"
        f" valid {certificate.not_before} to {certificate.not_after}: {certificate.words}"
    )


def _steps(steps: trace.Trace | tuple[trace.Step, ...]) -> str:
    return "\n".join(f"  {line}" for line in trace.as_text(steps).splitlines())


def _good(text: str) -> str:
    return click.style(text, fg="green")


def _bad(text: str) -> str:
    return click.style(text, fg="red")
