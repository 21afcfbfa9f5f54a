"""Numbers in JSON payloads, by path, and how one of them went over time.

A path is written as ``status.temperatures[0]``, with a name that holds a dot or a bracket in quotes:
``status."a.b"``; a leading ``$`` or ``$.`` (RFC 9535) is taken too. The empty path is the whole document. True and
false count as 1 and 0.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mtlsx.errors import UsageError

if TYPE_CHECKING:
    from mtlsx.client.message import Message
    from mtlsx.client.ring import MessageRing

Path = tuple[str | int, ...]
"""Names of members and indexes of elements, from the outside in."""

MOST_POINTS = 2_000
_LARGEST_DOCUMENT = 256 * 1024
_MOST_PATHS = 100
_AT_ONCE = 2_000
"""How many messages are taken from the ring in one piece; meanwhile others wait."""
_STEP = re.compile(r'\.?("(?:[^"\\]|\\.)*"|[^.\[\]"\s][^.\[\]"]*)|\[(\d{1,9})\]')
_PLAIN = re.compile(r'[^.\[\]"\s$][^.\[\]"]*')


def parse_path(text: str) -> Path:
    """The path that ``text`` writes. Raises UsageError."""
    steps: list[str | int] = []
    rest = text.strip().removeprefix("$")
    at = 0
    while at < len(rest):
        step = _STEP.match(rest, at)
        if step is None or (rest[at] not in ".[" and at):
            raise UsageError(
                f"{text!r} is not a path into JSON.", fix="Write it as status.temperatures[0]."
            )
        name, index = step.groups()
        steps.append(int(index) if index else _name(name, text))
        at = step.end()
    return tuple(steps)


def write_path(path: Path) -> str:
    """The text that ``parse_path`` reads as ``path``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = _PLAIN.fullmatch(step) and step == step.strip()
            text += f".{step if plain else json.dumps(step)}"
    return text.removeprefix(".")


def number_at(payload: bytes, path: Path) -> float | None:
    """The number at ``path`` of a JSON payload; None where there is none."""
    value = _document(payload)
    for step in path:
        if isinstance(step, int):
            inside = isinstance(value, list) and step < len(value)
        else:
            inside = isinstance(value, dict) and step in value
        if not inside:
            return None
        value = value[step]  # type: ignore[index]  # a list and an index, or an object and a name
    return _number(value)


def paths_to_numbers(payload: bytes) -> list[Path]:
    """Where a JSON payload has numbers, in its own order, true and false last; not more than a hundred."""
    numbers: list[Path] = []
    booleans: list[Path] = []
    waiting: list[tuple[Path, object]] = [((), _document(payload))]
    while waiting and len(numbers) < _MOST_PATHS:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, name), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            # Beyond a few elements it is a series itself, not a choice.
            inner = [((*path, at), each) for at, each in enumerate(value[:8])]
            waiting += reversed(inner)
        elif isinstance(value, bool):
            booleans.append(path)
        elif _number(value) is not None:
            numbers.append(path)
    return (numbers + booleans)[:_MOST_PATHS]


class NumberSeries:
    """The numbers at one path of one topic's messages, the last 2,000: seconds since the epoch, and the number."""

    def __init__(self, topic: str, path: Path) -> None:
        self.topic = topic
        self.path = path
        self.points: deque[tuple[float, float]] = deque(maxlen=MOST_POINTS)
        self.others = 0
        """How many messages had no number there."""

    def takes(self, message: Message) -> bool:
        """Whether a message belongs to the series: it came, on the topic."""
        return message.topic == self.topic and not message.outgoing

    def add(self, messages: Iterable[Message]) -> bool:
        """Take over what belongs to the series; whether something did. Messages come in their order."""
        found = False
        for message in messages:
            if not self.takes(message):
                continue
            found = True
            number = number_at(message.payload, self.path)
            if number is None:
                self.others += 1
            else:
                self.points.append((message.received_at, number))
        return found


def look_back(topic: str, path: Path, ring: MessageRing) -> tuple[NumberSeries, int]:
    """A series of what ``ring`` still has, and the sequence number with which it goes on.

    Looks at the newest messages first, and no further than the series keeps.
    """
    series = NumberSeries(topic, path)
    after = at = ring.next
    found: list[Message] = []
    while at > ring.first and len(found) < MOST_POINTS:
        newest_first = reversed(ring.slice(at - _AT_ONCE, at))
        found += (message for message in newest_first if series.takes(message))
        at -= _AT_ONCE
    series.add(reversed(found[:MOST_POINTS]))
    return series, after


def _name(written: str, text: str) -> str:
    if not written.startswith('"'):
        return written
    try:
        return str(json.loads(written))
    except ValueError as error:
        raise UsageError(
            f"{text!r}: {written} is not a name in quotes as JSON writes it."
        ) from error


def _document(payload: bytes) -> object:
    """The JSON document, or None, also where it is too large to be looked at for each message."""
    if len(payload) > _LARGEST_DOCUMENT:
        return None
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None


def _number(value: object) -> float | None:
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
