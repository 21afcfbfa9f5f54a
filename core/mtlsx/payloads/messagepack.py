"""MessagePack, read for showing and written from JSON, with msgpack.

An extension type is shown with its number and bytes, ``ext5(h'00ff')``; the one that the specification defines as
``timestamp(…)``, with the seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mtlsx.payloads.errors import PayloadError
from mtlsx.payloads.notation import Pairs, write


@dataclass(frozen=True, slots=True)
class _Extension:
    type: int
    data: bytes


def messagepack_to_text(payload: bytes) -> str:
    """One MessagePack object in the notation of ``notation``. Raises ``PayloadError`` for what is not just one."""
    msgpack = _library()

    try:
        value = msgpack.unpackb(
            payload, object_pairs_hook=Pairs, ext_hook=_Extension, strict_map_key=False
        )
    except msgpack.ExtraData as error:
        raise PayloadError(
            f"This is not one MessagePack object: {len(error.extra):,} bytes follow it."
        ) from error
    except msgpack.StackError as error:
        raise PayloadError("This MessagePack is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise PayloadError("This is not MessagePack: a string in it is not UTF-8.") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise PayloadError(f"This is not MessagePack: {_reason(error)}.") from error
    return write(value, _write_other)


def json_to_messagepack(value: Any) -> bytes:
    """The MessagePack encoding of what ``read_json`` returned. Raises ``PayloadError``."""
    msgpack = _library()

    try:
        packed: bytes = msgpack.packb(value)
    except OverflowError as error:
        raise PayloadError("MessagePack has no integer of more than 64 bits.") from error
    except (ValueError, UnicodeEncodeError) as error:
        raise PayloadError(f"This JSON cannot be written as MessagePack: {error}.") from error
    return packed


def _library() -> Any:
    import msgpack  # type: ignore[import-untyped]  # it brings no types

    return msgpack


def _reason(error: Exception) -> str:
    return (str(error) or "a byte that begins nothing").rstrip(".")


def _write_other(value: object, inner: Callable[[object], str]) -> str:
    msgpack = _library()

    if isinstance(value, msgpack.Timestamp):
        fraction = f".{value.nanoseconds:09d}".rstrip("0") if value.nanoseconds else ""
        return f"timestamp({value.seconds}{fraction})"
    assert isinstance(value, _Extension)  # noqa: S101  (msgpack makes nothing else)
    return f"ext{value.type}({inner(value.data)})"
