"""What is exported can be read back, all of it."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.export import ExportFormat, export_messages, to_csv, to_json_lines
from mtlsx.client.message import Message
from mtlsx.client.settings import PublishProperties
from mtlsx.errors import MtlsxError, UsageError

MESSAGES = (
    Message("factory/1", b'{"a": "b\n,"}', 1, True, False, False, 1.5, latency=0.0042),
    Message(
        "factory/2", b"\xff", 0, False, True, True, 2.0,
        PublishProperties(content_type="text/plain", correlation_data=b"\xfe", user_properties=(("ä", "b"),)),
    ),
)  # fmt: skip


def test_json_lines_say_everything() -> None:
    first, second = map(json.loads, to_json_lines(MESSAGES).splitlines())
    assert first == {
        "topic": "factory/1", "payload": '{"a": "b\n,"}', "qos": 1, "retain": True, "dup": False,
        "received_at": "1970-01-01T00:00:01.500000+00:00", "properties": {},
        "direction": "received", "latency_ms": 4.2,
    }  # fmt: skip
    assert (second["payload_b64"], second["direction"]) == ("/w==", "published")
    assert second["properties"] == {
        "content_type": "text/plain", "user_properties": [["ä", "b"]], "correlation_data_b64": "/g==",
    }  # fmt: skip


@given(st.lists(st.tuples(st.text(), st.binary())))
def test_csv_comes_back_as_it_was(pairs: list[tuple[str, bytes]]) -> None:
    messages = [Message(topic, payload, 0, False, False, False, 0.0) for topic, payload in pairs]
    rows = list(csv.DictReader(io.StringIO(to_csv(messages), newline="")))
    assert [row["topic"] for row in rows] == [topic for topic, _ in pairs]
    assert [row["payload_encoding"] for row in rows if row["payload_encoding"] == "utf-8"] == [
        "utf-8" for _, payload in pairs if _is_text(payload)
    ]


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_a_file_is_private_and_never_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    export_messages(path, MESSAGES, ExportFormat.JSON_LINES, replace=False)
    assert len(path.read_text().splitlines()) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="is there already"):
        export_messages(path, (), ExportFormat.CSV, replace=False)
    assert len(path.read_text().splitlines()) == 2
    export_messages(path, MESSAGES, ExportFormat.CSV, replace=True)
    assert path.read_bytes().startswith(b"received_at,direction,topic,payload,")
    with pytest.raises(MtlsxError, match="cannot be written"):
        export_messages(tmp_path / "missing" / "file", (), ExportFormat.CSV, replace=False)
    assert [each.name for each in tmp_path.iterdir()] == ["messages.jsonl"]
