"""Messages as files: JSON lines, or CSV with a heading. Nothing is lost, also where a payload is not text."""

from __future__ import annotations

import base64
import csv
import io
import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import reason, write_file, write_new_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.client.message import Message
    from mtlsx.client.settings import PublishProperties

_PRIVATE = 0o600
_COLUMNS = (
    "received_at", "direction", "topic", "payload", "payload_encoding", "qos", "retain", "dup",
    "latency_ms", "properties",
)  # fmt: skip


class ExportFormat(StrEnum):
    """How messages are written: an object a line, or a row each."""

    JSON_LINES = "jsonl"
    CSV = "csv"


def export_messages(
    path: Path, messages: Sequence[Message], wanted: ExportFormat, *, replace: bool
) -> None:
    """Write ``messages`` into ``path``, for its owner alone, all or nothing.

    Raises UsageError where the file is there already, unless ``replace``, and MtlsxError where it cannot be written.
    """
    text = to_csv(messages) if wanted is ExportFormat.CSV else to_json_lines(messages)
    try:
        (write_file if replace else write_new_file)(path, text.encode(), _PRIVATE)
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already.", fix="Name another file, or choose to replace it."
        ) from error
    except OSError as error:
        raise MtlsxError(f"{path} cannot be written: {reason(error)}.") from error


def to_json_lines(messages: Sequence[Message]) -> str:
    """One JSON object a line: that of ``as_json``, with the direction, and the latency in ms where it is known."""
    return "".join(
        json.dumps(
            {
                **as_json(message),
                "direction": _direction(message),
                **({} if message.latency is None else {"latency_ms": _milliseconds(message)}),
            },
            ensure_ascii=False,
        )
        + "\n"
        for message in messages
    )


def to_csv(messages: Sequence[Message]) -> str:
    """A heading and a row for each message (RFC 4180). A payload that is not UTF-8 is base64; properties are JSON."""
    place = io.StringIO()
    rows = csv.writer(place, lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    for message in messages:
        fields = as_json(message)
        text = fields.get("payload")
        rows.writerow(
            (
                fields["received_at"],
                _direction(message),
                message.topic,
                fields["payload_b64"] if text is None else text,
                "base64" if text is None else "utf-8",
                message.qos,
                json.dumps(message.retain),
                json.dumps(message.dup),
                "" if message.latency is None else _milliseconds(message),
                json.dumps(fields["properties"], ensure_ascii=False),
            )
        )
    return place.getvalue()


def as_json(message: Message) -> dict[str, Any]:
    """A message as ``mtlsx sub --json`` has it; bytes that are not UTF-8 are base64 under ``…_b64``."""
    received = datetime.fromtimestamp(message.received_at, UTC)
    return {
        "topic": message.topic,
        **_text_or_base64("payload", message.payload),
        "qos": message.qos,
        "retain": message.retain,
        "dup": message.dup,
        "received_at": received.isoformat(timespec="microseconds"),
        "properties": _properties(message.properties),
    }


def _properties(properties: PublishProperties | None) -> dict[str, Any]:
    if properties is None:
        return {}
    content: dict[str, Any] = {
        "payload_format_indicator": properties.payload_format_indicator,
        "message_expiry_interval": properties.message_expiry_interval,
        "content_type": properties.content_type,
        "response_topic": properties.response_topic,
        "user_properties": [list(pair) for pair in properties.user_properties],
        "subscription_identifiers": list(properties.subscription_identifiers),
    }
    if properties.correlation_data is not None:
        content |= _text_or_base64("correlation_data", properties.correlation_data)
    return {name: value for name, value in content.items() if value not in (None, [])}


def _text_or_base64(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_b64": base64.b64encode(data).decode("ascii")}


def _direction(message: Message) -> str:
    return "published" if message.outgoing else "received"


def _milliseconds(message: Message) -> float:
    return round((message.latency or 0.0) * 1000, 3)
