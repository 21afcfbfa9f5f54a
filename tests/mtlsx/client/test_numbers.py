"""Numbers in payloads: found by path, and never in the way of what is no JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.message import Message
from mtlsx.client.numbers import (
    MOST_POINTS,
    NumberSeries,
    look_back,
    number_at,
    parse_path,
    paths_to_numbers,
    write_path,
)
from mtlsx.client.ring import MessageRing
from mtlsx.errors import UsageError

PATHS = st.lists(st.one_of(st.text(), st.integers(0, 999))).map(tuple)
DOCUMENT = (
    b'{"ok": true, "c": 21.4, "status": {"a.b": [1, {"x": -2e3}], "name": "n"}, "none": null}'
)


@given(PATHS)
def test_a_written_path_reads_as_itself(path: tuple[str | int, ...]) -> None:
    assert parse_path(write_path(path)) == path


@given(st.text())
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = parse_path(text)
    except UsageError:
        return
    assert parse_path(write_path(path)) == path


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("c", 21.4),
        ("$.c", 21.4),
        ("ok", 1.0),
        ('status."a.b"[0]', 1.0),
        ('$.status."a.b"[1].x', -2000.0),
        ("status.name", None),
        ("none", None),
        ("status.a", None),
        ('status."a.b"[2]', None),
        ("c[0]", None),
        ("", None),
    ],
)
def test_the_number_at_a_path(text: str, number: float | None) -> None:
    assert number_at(DOCUMENT, parse_path(text)) == number


@pytest.mark.parametrize("text", ["a..b", "a[", "a[x]", "a]", '"a', "a b.[", '"a"b', '"\\x"'])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="JSON"):
        parse_path(text)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"text", b"NaN", b"1e999", b"9" * 400, b"9" * 5000, b"[" * 100_000, b'"21"'],
)
def test_what_is_no_number_is_none(payload: bytes) -> None:
    assert number_at(payload, ()) is None
    assert paths_to_numbers(payload) == []


@given(st.binary(), PATHS)
def test_any_bytes_are_looked_at_without_harm(payload: bytes, path: tuple[str | int, ...]) -> None:
    number_at(payload, path)
    paths_to_numbers(payload)


def test_the_paths_to_choose_from() -> None:
    written = [write_path(path) for path in paths_to_numbers(DOCUMENT)]
    assert written == ["c", 'status."a.b"[0]', 'status."a.b"[1].x', "ok"]
    assert paths_to_numbers(b"21.4") == [()]
    assert len(paths_to_numbers(json.dumps(dict.fromkeys(map(str, range(999)), 1)).encode())) == 100


def test_a_series_takes_its_own_topic_and_keeps_the_last() -> None:
    series = NumberSeries("t", ("c",))

    def message(topic: str, payload: bytes, at: float, *, outgoing: bool = False) -> Message:
        return Message(topic, payload, 0, False, False, outgoing, at)

    assert not series.add([message("other", b'{"c": 1}', 0.0)])
    assert not series.add([message("t", b'{"c": 1}', 0.0, outgoing=True)])
    assert series.add([message("t", b'{"c": 1}', 1.0), message("t", b"{}", 2.0)])
    assert (list(series.points), series.others) == ([(1.0, 1.0)], 1)
    series.add(message("t", b'{"c": %d}' % at, float(at)) for at in range(MOST_POINTS + 5))
    assert series.points[0] == (5.0, 5.0)
    assert len(series.points) == MOST_POINTS


@pytest.mark.parametrize("others", [0, 3])
def test_a_series_begins_with_what_the_ring_still_has(others: int) -> None:
    ring = MessageRing(max_messages=9000)
    for number in range(12_000):
        topic = f"t/{number % (others + 1)}"
        ring.append(Message(topic, b"%d" % number, 0, False, False, False, float(number)))
    series, after = look_back("t/0", (), ring)
    kept = [float(number) for number in range(3000, 12_000) if number % (others + 1) == 0]
    assert [number for _, number in series.points] == kept[-MOST_POINTS:]
    assert after == 12_000
