"""How single values stand in EMQX's configuration: durations, sizes, addresses, words for "none"; both ways.

A reader takes a plain value and its key path and gives ours, or raises ``WrongError``; a writer gives the plain
value back.

Source: emqx_schema.erl (to_duration, to_bytesize, to_ip_port, parse_server), hocon_postprocess.erl.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from mtlsx.schema import Reader, WrongError, text, wrong
from mtlsx.secret import Secret

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:ms|[smhdw]))+", re.IGNORECASE)
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhdw])", re.IGNORECASE)
_SIZE = re.compile(r"([0-9]{1,12})(|b|kb|mb|gb)", re.IGNORECASE)
_SIZES = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_PORT = re.compile(r"[0-9]{1,5}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252})")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]+)?")


def duration(minimum: float, maximum: float, *, number: str) -> Reader:
    """A duration in seconds: ``"1h30m"``, or a plain number in the unit ``number``, ``"ms"`` or ``"s"``.

    EMQX itself takes plain numbers for milliseconds or for seconds, from setting to setting.
    """
    unit = {"ms": "milliseconds", "s": "seconds"}[number]
    expected = (
        f'a duration such as "15s", "5m" or "1h30m" (a plain number is {unit}),'
        f" from {minimum:g} to {maximum:g} seconds"
    )

    def read(value: object, path: str) -> float:
        if isinstance(value, str) and _DURATION.fullmatch(value):
            seconds = sum(_seconds(float(count), name) for count, name in _PART.findall(value))
        elif (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and abs(value) < 1e15
            and math.isfinite(value)
        ):
            seconds = _seconds(value, number)
        else:
            raise wrong(path, expected, value)
        if not minimum <= seconds <= maximum:
            raise wrong(path, expected, value)
        return seconds

    return read


def duration_value(seconds: float) -> str:
    """What ``duration`` reads back as ``seconds``: in whole seconds, or else in milliseconds."""
    if seconds == int(seconds):
        return f"{int(seconds)}s"
    return f"{seconds * 1000:.12g}ms"


def size(minimum: int, maximum: int) -> Reader:
    """A number of octets: ``"1MB"``, ``"100KB"`` or a plain number."""
    expected = f'a size such as "1MB", "64KB" or a number of bytes, from {minimum} to {maximum}'

    def read(value: object, path: str) -> int:
        octets = value
        if isinstance(value, str) and (found := _SIZE.fullmatch(value)):
            octets = int(found[1]) * _SIZES[found[2].lower()]
        if isinstance(octets, bool) or not isinstance(octets, int):
            raise wrong(path, expected, value)
        if not minimum <= octets <= maximum:
            raise wrong(path, expected, value)
        return octets

    return read


def size_value(octets: int) -> str | int:
    """What ``size`` reads back as ``octets``."""
    for name in ("GB", "MB", "KB"):
        if octets and octets % _SIZES[name.lower()] == 0:
            return f"{octets // _SIZES[name.lower()]}{name}"
    return octets


def number(minimum: float, maximum: float) -> Reader:
    """A number in a range, with or without a fraction."""

    def read(value: object, path: str) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not minimum <= value <= maximum
        ):
            raise wrong(path, f"a number from {minimum:g} to {maximum:g}", value)
        return float(value)

    return read


def or_word(
    word: str, read_other: Reader, write: Callable[[Any], object] = lambda value: value
) -> dict[str, Any]:
    """The reader and writer of a value that may also be ``word``, which is None here."""

    def read(value: object, path: str) -> object:
        return None if value == word else read_other(value, path)

    return {"read": read, "write": lambda value: word if value is None else write(value)}


def secret(value: object, path: str) -> Secret:
    """A text that must not be shown, not even where it is wrong. EMQX takes plain numbers for their digits."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        return Secret(str(value))
    if not isinstance(value, str):
        raise WrongError(f"{path} must be a text in quotes; what stands there is not shown.")
    return Secret(value)


def bind(value: object, path: str) -> tuple[str, int]:
    """Where a listener listens: ``8883``, ``"0.0.0.0:8883"``, ``"[::]:8883"`` or ``":8883"``."""
    written = (
        str(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535
        else value
    )
    found = None
    if isinstance(written, str):
        host, separator, port = written.rpartition(":")
        found = _address(host, port) if separator and host else ("", _port(port))
    if found is None or found[1] is None:
        raise wrong(path, 'a port or an address such as "0.0.0.0:8883" or "[::]:8883"', value)
    return found[0], found[1]


def bind_value(address: tuple[str, int]) -> str:
    """What ``bind`` reads back as ``address``."""
    return server_value(address) if address[0] else str(address[1])


def server(value: object, path: str) -> tuple[str, int]:
    """One Redis: ``"127.0.0.1:6379"``; without a port, Redis's own."""
    written = text(value, path).strip()
    host, separator, port = written.rpartition(":")
    found = _address(written, "6379") or (_address(host, port) if separator else None)
    if found is None or not found[1]:
        raise wrong(path, 'an address such as "127.0.0.1:6379"', value)
    return found[0], found[1]


def servers(value: object, path: str) -> tuple[tuple[str, int], ...]:
    """Several Redis servers: one text with commas between them, or an array of texts."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not items:
        raise wrong(path, 'addresses such as "127.0.0.1:6379,127.0.0.2:6379"', value)
    return tuple(server(item, path) for item in items)


def server_value(address: tuple[str, int]) -> str:
    """What ``server`` reads back as ``address``."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def servers_value(addresses: tuple[tuple[str, int], ...]) -> str:
    """What ``servers`` reads back as ``addresses``."""
    return ",".join(map(server_value, addresses))


def _seconds(count: float, unit: str) -> float:
    # Divided, as 0.001 is not what a thousandth is.
    return count / 1000 if unit.lower() == "ms" else count * _UNITS[unit.lower()]


def _address(host: str, port: str) -> tuple[str, int] | None:
    number_of_port = _port(port)
    if number_of_port is None:
        return None
    if host.startswith("[") and host.endswith("]"):
        return (host[1:-1], number_of_port) if _IPV6.fullmatch(host[1:-1]) else None
    return (host, number_of_port) if _HOST.fullmatch(host) else None


def _port(port: str) -> int | None:
    return int(port) if _PORT.fullmatch(port) and int(port) <= 65535 else None
