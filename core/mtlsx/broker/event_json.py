"""Events as plain values, one JSON object each: what ``mtlsx broker --json`` prints, a line an event.

``event`` is the kind, as ``client_connected``; the other keys are the event's fields. Octets are text, or
``{"hex": …}`` where they are not UTF-8; a trace is a list of steps as ``mtlsx.auth.trace.as_json`` gives it.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from mtlsx.auth import trace
from mtlsx.identity.report import text_as_json

if TYPE_CHECKING:
    from mtlsx.broker.broker import BrokerEvent

_LEFT_OUT = frozenset({"record"})
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def as_json(event: BrokerEvent) -> dict[str, Any]:
    """One event as plain values."""
    return {
        "event": kind(event),
        **{
            field.name: _plain(field.name, getattr(event, field.name))
            for field in fields(event)
            if field.name not in _LEFT_OUT
        },
    }


def kind(event: BrokerEvent) -> str:
    """What an event is called: ``ClientConnected`` is ``client_connected``."""
    return _WORD.sub("_", type(event).__name__).lower()


def _plain(name: str, value: Any) -> Any:
    if name == "trace":
        return trace.as_json(value)
    if isinstance(value, bytes):
        return text_as_json(value)
    if isinstance(value, tuple):
        return [_plain("", item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain("", getattr(value, field.name)) for field in fields(value)}
    return value
