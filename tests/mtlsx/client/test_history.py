"""The history on disk: what was recorded is found again, within its bounds, and nothing of others is touched."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtlsx.client import history as module
from mtlsx.client.history import RECORD_BYTES, MessageHistory
from mtlsx.client.message import Message
from mtlsx.client.settings import PublishProperties
from mtlsx.errors import MtlsxError

PROPERTIES = st.builds(
    PublishProperties,
    payload_format_indicator=st.sampled_from([None, 0, 1]),
    message_expiry_interval=st.none() | st.integers(0, 0xFFFF_FFFF),
    content_type=st.none() | st.text(),
    correlation_data=st.none() | st.binary(),
    user_properties=st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple),
    subscription_identifiers=st.lists(st.integers(1, 9), max_size=2).map(tuple),
)
MESSAGES = st.builds(
    Message, st.text(), st.binary(), st.integers(0, 2), st.booleans(), st.booleans(), st.booleans(),
    st.floats(0, 4e9), st.none() | PROPERTIES,
)  # fmt: skip

Make = Callable[..., MessageHistory]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Histories on one file, closed in the end."""
    made: list[MessageHistory] = []

    def history(max_messages: int = 1000, max_bytes: int = 1_000_000) -> MessageHistory:
        path = tmp_path / "state" / "history.sqlite"
        made.append(MessageHistory(path, max_messages=max_messages, max_bytes=max_bytes))
        return made[-1]

    yield history
    for each in made:
        each.close()


def message(number: int, payload: bytes = b"") -> Message:
    return Message(f"t/{number}", payload, 0, False, False, False, float(number))


def topics(messages: list[Message]) -> list[str]:
    return [each.topic for each in messages]


@given(st.lists(MESSAGES, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_a_message_is_found_again_as_it_was(make: Make, messages: list[Message]) -> None:
    history = make()
    history.forget("p")
    for each in messages:
        history.record("p", each)
    found = history.load("p", 10)
    assert [astuple(each) for each in found] == [astuple(each) for each in messages]


def test_the_next_start_finds_each_profiles_own(make: Make) -> None:
    first = make()
    for number in range(5):
        first.record(f"p{number % 2}", message(number))
    first.close()
    second = make()
    assert topics(second.load("p0", 10)) == ["t/0", "t/2", "t/4"]
    assert topics(second.load("p0", 2)) == ["t/2", "t/4"]
    assert second.load("other", 10) == []


def test_nothing_is_written_before_there_is_something(make: Make) -> None:
    history = make()
    assert history.load("p", 10) == []
    assert not history.path.parent.exists()


def test_only_its_owner_reads_it(make: Make) -> None:
    history = make()
    history.record("p", message(1))
    history.flush()
    directory = history.path.parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert "history.sqlite" in modes
    assert set(modes.values()) == {0o600}


def test_the_oldest_go_first(make: Make) -> None:
    history = make(max_messages=3)
    for number in range(10):
        history.record("p", message(number))
    assert topics(history.load("p", 10)) == ["t/7", "t/8", "t/9"]
    small = make(max_bytes=2 * (RECORD_BYTES + 3 + 50))
    for number in range(4):
        small.record("q", message(number, bytes(50)))
    assert topics(small.load("q", 10)) == ["t/2", "t/3"]
    assert small.load("p", 10) == []


def test_a_profile_is_forgotten_and_renamed(make: Make) -> None:
    history = make()
    for profile in ("a", "b"):
        history.record(profile, message(1))
    history.rename("a", "c")
    history.forget("b")
    assert (topics(history.load("c", 9)), history.load("a", 9), history.load("b", 9)) == (
        ["t/1"], [], [],
    )  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 99]
)
def test_a_file_that_is_none_of_ours_is_left_as_it_is(make: Make, content: bytes) -> None:
    history = make()
    history.path.parent.mkdir()
    history.path.write_bytes(content)
    history.record("p", message(1))
    history.flush()
    assert history.problem is not None
    assert str(history.path) in str(history.problem)
    with pytest.raises(MtlsxError, match="cannot be read"):
        history.load("p", 1)
    history.record("p", message(2))  # refused in silence: it was said once
    assert history.path.read_bytes() == content


def test_a_history_of_a_newer_version_is_left_as_it_is(make: Make) -> None:
    history = make()
    history.path.parent.mkdir()
    with sqlite3.connect(history.path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(MtlsxError, match="of a newer mtlsx"):
        history.load("p", 1)


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = MessageHistory(tmp_path / "file" / "history.sqlite", max_messages=1, max_bytes=1)
    history.record("p", message(1))
    history.flush()
    assert history.problem is not None
    history.close()


def test_what_comes_faster_than_it_is_written_is_counted(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 0)
    history = make()
    history.record("p", message(1))
    assert history.lost == 1


@pytest.mark.parametrize("_", range(10))  # they seldom meet where only one can go on at once
def test_two_processes_may_share_it(make: Make, _: int) -> None:
    one, other = make(), make()
    for number in range(20):
        (one if number % 2 else other).record("p", message(number))
    one.flush()
    other.flush()
    assert sorted(topics(other.load("p", 99))) == sorted(f"t/{number}" for number in range(20))
