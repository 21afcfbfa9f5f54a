"""What a message has beside topic, payload, QoS and retain: MQTT 5 properties, and how often it is repeated.

Pure: questions for a panel out of options, and options out of the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mtlsx.client.settings import PublishProperties
from mtlsx.errors import UsageError
from mtlsx_tui.widgets.asking import Asked

_LONGEST_EXPIRY = 0xFFFF_FFFF
_SHORTEST_REPEAT, _LONGEST_REPEAT = 0.1, 86_400.0
_NO, _YES = "no", "yes"


@dataclass(frozen=True, slots=True)
class Options:
    """``properties``: None where there are none; ``repeat``: seconds, None: once."""

    properties: PublishProperties | None = None
    repeat: float | None = None


def questions(options: Options) -> tuple[Asked, ...]:
    """A field for each."""
    given = options.properties or PublishProperties()
    utf8 = _YES if given.payload_format_indicator == 1 else _NO
    pairs = "; ".join(f"{name}: {value}" for name, value in given.user_properties)
    return (
        Asked("repeat", "repeat every", _number(options.repeat), hint="seconds; empty: once"),
        Asked("content_type", "content type", given.content_type or "", hint="application/json"),
        Asked("response_topic", "response to", given.response_topic or "", hint="a topic"),
        Asked("correlation_data", "correlation", _data(given.correlation_data), hint="text, or 0x and hex"),
        Asked("message_expiry_interval", "expiry", _number(given.message_expiry_interval), hint="seconds"),
        Asked("user_properties", "user props", pairs, hint="name: value; name: value"),
        Asked("payload_format_indicator", "marked UTF-8", utf8, (_NO, _YES)),
    )  # fmt: skip


def read_options(answers: Mapping[str, str]) -> Options:
    """The options that were written. Raises UsageError."""
    texts = {name: text.strip() for name, text in answers.items()}
    topic = texts["response_topic"]
    if set(topic) & set("+#\0"):
        raise UsageError(f'The response topic "{topic}" is not one topic: it holds a wildcard.')
    properties = PublishProperties(
        payload_format_indicator=1 if texts["payload_format_indicator"] == _YES else None,
        message_expiry_interval=_seconds(texts["message_expiry_interval"]),
        content_type=texts["content_type"] or None,
        response_topic=topic or None,
        correlation_data=_bytes(texts["correlation_data"]),
        user_properties=_pairs(texts["user_properties"]),
    )
    return Options(
        None if properties == PublishProperties() else properties, _repeat(texts["repeat"])
    )


def summary(options: Options) -> str:
    """What was chosen, in a few words; empty where nothing was."""
    given = options.properties or PublishProperties()
    words = []
    if options.repeat is not None:
        words.append(f"repeated every {_number(options.repeat)} s")
    if given.content_type:
        words.append(given.content_type)
    if given.response_topic:
        words.append(f"response to {given.response_topic}")
    if given.correlation_data:
        words.append("with correlation data")
    if given.message_expiry_interval is not None:
        words.append(f"expires after {given.message_expiry_interval} s")
    words += [f"{name}: {value}" for name, value in given.user_properties]
    if given.payload_format_indicator:
        words.append("marked UTF-8")
    return " · ".join(words)


def _seconds(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > _LONGEST_EXPIRY:
        raise UsageError(f'"{text}" is not a number of whole seconds up to {_LONGEST_EXPIRY}.')
    return int(text)


def _repeat(text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _SHORTEST_REPEAT <= seconds <= _LONGEST_REPEAT:
        raise UsageError(
            f'"{text}" is not a number of seconds to repeat after.',
            fix=f"Give one from {_SHORTEST_REPEAT:g} to {_LONGEST_REPEAT:g}.",
        )
    return seconds


def _bytes(text: str) -> bytes | None:
    if not text:
        return None
    if not text.startswith("0x"):
        return text.encode()
    try:
        return bytes.fromhex(text[2:])
    except ValueError as error:
        raise UsageError(f'"{text}" is not 0x and hexadecimal digits.') from error


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in filter(None, map(str.strip, text.split(";"))):
        name, colon, value = part.partition(":")
        if not colon:
            raise UsageError(f'User property "{part}" is not "name: value".')
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _number(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:g}" if seconds < 1e6 else f"{seconds:.0f}"


def _data(data: bytes | None) -> str:
    if not data:
        return ""
    text = data.decode(errors="replace")
    plain = text.isprintable() and "�" not in text and not text.startswith("0x")
    return text if plain and text == text.strip() else f"0x{data.hex()}"
