"""What the local broker told, kept for the screen: its clients now, and its last decisions. Pure: events in, values out.

Events are those of ``mtlsx.broker.event_json``, clients those of ``mtlsx.broker.client_list``. Octets in them are text, or
``{"hex": …}`` where they are none; ``text_of`` shows either.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from mtlsx.packets.reason_codes import reason_code_text, return_code_text

Octets: TypeAlias = "str | Mapping[str, str]"
Event: TypeAlias = Mapping[str, Any]
Rung: TypeAlias = tuple[str, str]
"""A step of a ladder: its mark, and a sentence."""

GOOD, BAD, NOTE = "✔", "✘", "·"
"""The marks of decisions and steps; ``mtlsx.auth.trace`` has the same, and is loaded with the first ladder."""
MOST_DECISIONS: Final = 1000
_VERSIONS: Final = {3: "3.1", 4: "3.1.1", 5: "5"}


@dataclass(frozen=True, slots=True)
class Client:
    """A client that is connected. ``since``: seconds since the epoch."""

    client_id: Octets
    username: Octets | None
    common_name: Octets | None
    version: str
    host: str
    port: int
    since: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that the broker decided, or that it refused to hear.

    ``at``: seconds since the epoch; ``mark``: good, bad, or a note; ``what``: ``CONNECT``, ``SUBSCRIBE`` … ``TLS``;
    ``detail``: the topic, or the answer; ``said``: what became of it, in a few words.
    """

    number: int
    at: float
    mark: str
    what: str
    said: str
    detail: str
    host: str | None = None
    port: int | None = None
    client_id: Octets | None = None
    username: Octets | None = None
    trace: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    facts: tuple[Rung, ...] = ()

    @property
    def ladder(self) -> tuple[Rung, ...]:
        """The steps that led to it."""
        from mtlsx.auth.trace import mark_of

        return (*self.facts, *((str(mark_of(step)), str(step["text"])) for step in self.trace))


class BrokerLog:
    """Takes events as they come. ``changes`` counts what can be seen; ``comings`` the clients that came or went."""

    def __init__(self, most: int = MOST_DECISIONS) -> None:
        self._decisions: deque[Decision] = deque(maxlen=most)
        self._clients: dict[str, Client] = {}
        self._numbers = itertools.count(1)
        self.changes = 0
        self.comings = 0

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The newest first."""
        return tuple(reversed(self._decisions))

    @property
    def clients(self) -> tuple[Client, ...]:
        """Those that are connected, first come first."""
        return tuple(self._clients.values())

    def take(self, event: Event, at: float) -> None:
        """One event, which came at ``at``."""
        match event["event"]:
            case "client_connected":
                self._client(_client(event, at))
            case "client_disconnected":
                self._gone(event)
        # The number and the time come first in a decision.
        found = _decision(event)
        if found is not None:
            self._decisions.append(Decision(next(self._numbers), at, **found))
            self.changes += 1

    def found(self, clients: Iterable[Mapping[str, Any]], at: float) -> None:
        """The clients are these, at ``at``; those that were not known came before anybody listened."""
        former = self._clients
        self._clients = {}
        for each in clients:
            client = _client(each, at - each["connected_for"])
            known = former.get(_key(client.client_id))
            same = known is not None and (known.host, known.port) == (client.host, client.port)
            self._clients[_key(client.client_id)] = known if known and same else client
        self.changes += 1

    def over(self) -> None:
        """The broker is gone, and its clients with it."""
        self._clients.clear()
        self.changes += 1

    def _client(self, client: Client) -> None:
        # One that takes a session over comes last.
        self._clients.pop(_key(client.client_id), None)
        self._clients[_key(client.client_id)] = client
        self.comings += 1
        self.changes += 1

    def _gone(self, event: Event) -> None:
        self.comings += 1
        key = _key(event["client_id"])
        client = self._clients.get(key)
        # Of a client that was taken over, the new connection stays.
        if client is not None and (client.host, client.port) == (event["host"], event["port"]):
            del self._clients[key]
            self.changes += 1


def text_of(octets: Octets | None) -> str:
    """Octets as they are shown; nothing for none."""
    if octets is None or isinstance(octets, str):
        return octets or ""
    return f"0x{octets['hex']}"


def _key(octets: Octets) -> str:
    return json.dumps(octets)


def _client(event: Event, since: float) -> Client:
    return Client(
        client_id=event["client_id"],
        username=event["username"],
        common_name=event["common_name"],
        version=_VERSIONS.get(event["version"], str(event["version"])),
        host=event["host"],
        port=event["port"],
        since=since,
    )


def _decision(event: Event) -> dict[str, Any] | None:
    """The values of a decision but its number and time; None for what is none, or is no news."""
    about = {
        name: event[name]
        for name in ("host", "port", "client_id", "username", "trace")
        if name in event
    }
    match event:
        case {"event": "client_connected", "version": version}:
            name = event["username"]
            detail = "no username" if name is None else f"as {text_of(name)}"
            if event["is_superuser"]:
                detail += ", superuser"
            return {
                **about, "mark": GOOD, "what": "CONNECT", "said": "let in",
                "detail": f"{detail}, MQTT {_VERSIONS.get(version, version)}",
            }  # fmt: skip
        case {"event": "client_refused", "code": code, "reason": reason}:
            told = "closed without CONNACK" if code is None else _connack(code)
            facts = () if event["trace"] else ((BAD, reason),)
            return {
                **about, "mark": BAD, "what": "CONNECT", "said": "refused",
                "detail": told, "facts": facts,
            }  # fmt: skip
        case {"event": "decided", "action": action, "allowed": allowed}:
            # Allowed messages come by the thousand.
            if allowed and action != "subscribe":
                return None
            code = event["code"]
            told = "" if code is None else f" {reason_code_text(code)}"
            return {
                **about, "mark": GOOD if allowed else BAD, "what": action.upper(),
                "said": "allowed" if allowed else f"denied{told}", "detail": text_of(event["topic"]),
            }  # fmt: skip
        case {"event": "client_disconnected", "by": "broker", "reason": reason}:
            return {
                **about, "mark": NOTE, "what": "END", "said": "by the broker",
                "detail": reason, "facts": ((NOTE, reason),),
            }  # fmt: skip
    refused = _refused(event)
    return None if refused is None else {**about, "mark": BAD, **refused}


def _refused(event: Event) -> dict[str, Any] | None:
    """What was refused before there was a client."""
    match event:
        case {"event": "handshake_refused", "certificate": certificate, "alert": alert}:
            told = alert or "closed without an alert"
            detail = told if certificate is None else f"{certificate['subject']}: {told}"
            facts = _tls_facts(certificate, alert)
            return {"what": "TLS", "said": "refused", "detail": detail, "facts": facts}
        case {"event": "upgrade_refused", "reason": reason}:
            facts = ((BAD, reason),)
            return {"what": "WEBSOCKET", "said": "refused", "detail": reason, "facts": facts}
        case {"event": "connection_refused", "limit": limit, "count": count}:
            text = f"{limit} is {count:,}"
            return {
                "what": "LIMIT", "said": "closed unheard", "detail": text,
                "facts": ((BAD, f"The connection was closed unheard: {text}."),),
            }  # fmt: skip
        case {"event": "reload_failed", "listener": listener, "reason": reason}:
            facts = ((BAD, f"{listener} goes on with what it had: {reason}"),)
            return {"what": "RELOAD", "said": "failed", "detail": reason, "facts": facts}
    return None


def _tls_facts(certificate: Mapping[str, Any] | None, alert: str | None) -> tuple[Rung, ...]:
    if certificate is None:
        objection: tuple[Rung, ...] = ((BAD, "The handshake came to nothing."),)
    else:
        whose = (
            "The client's certificate"
            if certificate["depth"] == 0
            else f"The authority at depth {certificate['depth']}"
        )
        objection = (
            (NOTE, f"{whose} has the subject {certificate['subject']}."),
            (
                NOTE,
                f"It was issued by {certificate['issuer']}, with the serial number {certificate['serial']}.",
            ),
            (NOTE, f"It is valid from {certificate['not_before']} to {certificate['not_after']}."),
            (BAD, f"Refused: {certificate['words']}."),
        )
    told = "Nobody said why on the wire." if alert is None else f"The alert was {alert}."
    return (*objection, (NOTE, told))


def _connack(code: int) -> str:
    return return_code_text(code) if code < 0x80 else reason_code_text(code)
