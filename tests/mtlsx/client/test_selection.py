"""The wanted messages against a model: a list that is filtered as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization import topics
from mtlsx.client.message import Message
from mtlsx.client.ring import MessageRing
from mtlsx.client.selection import Criteria, Direction, SelectedMessages, matcher
from mtlsx.errors import UsageError


def message(topic: str = "t", payload: bytes = b"", *, outgoing: bool = False) -> Message:
    return Message(topic, payload, 0, False, False, outgoing, 0.0)


levels = st.lists(st.sampled_from(["", "a", "b", "$SYS", "A.", "ä\n"]), min_size=1, max_size=4)
filters = st.builds(
    lambda start, last: "/".join([*start, *last]),
    st.lists(st.sampled_from(["+", "", "a", "b", "$SYS", "A."]), max_size=4),
    st.sampled_from([["#"], ["a"], ["+"]]),
)


@given(levels.map("/".join), filters)
def test_topic_filters_match_as_brokers_match_them(topic: str, topic_filter: str) -> None:
    expected = topics.matches(topic.encode(), topic_filter.encode())
    assert matcher(topic_filter)(topic) is expected
    assert matcher(f"$share/group/{topic_filter}")(topic) is expected


@pytest.mark.parametrize(
    ("criteria", "wanted"),
    [
        (Criteria(), "abcd"),
        (Criteria(topic="factory/+/temp"), "ab"),
        (Criteria(topic="TEMP"), "abd"),
        (Criteria(topic="factory/#", text="21"), "a"),
        (Criteria(text="GRÜN"), "c"),
        (Criteria(text="ok"), "d"),
        (Criteria(direction=Direction.SENT), "c"),
        (Criteria(direction=Direction.RECEIVED, topic="t"), "abd"),
    ],
)
def test_what_is_wanted(criteria: Criteria, wanted: str) -> None:
    messages = {
        "a": message("factory/1/temp", b"21.5"),
        "b": message("factory/2/temp", b"\xff20"),
        "c": message("factory/1/set", "grün".encode(), outgoing=True),
        "d": message("temp", b"OK"),
    }
    predicate = criteria.predicate()
    assert [name for name, each in messages.items() if predicate(each)] == list(wanted)


@pytest.mark.parametrize("topic", ["a/#/b", "x+", "#/", "a\0+/"])
def test_a_filter_that_mqtt_forbids_is_refused(topic: str) -> None:
    with pytest.raises(UsageError):
        Criteria(topic=topic).predicate()


@given(
    st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["look", "clear"])), max_size=80),
    st.integers(1, 12),
    st.integers(1, 5),
)
def test_the_wanted_messages_of_a_ring_are_found_in_steps(
    steps: list[int | str], most: int, at_once: int
) -> None:
    ring = MessageRing(most)
    selected = SelectedMessages(ring, lambda each: each.payload[0] % 2 == 0)
    seen: dict[int, Message] = {}
    for step in [*steps, "look"]:
        if step == "clear":
            ring.clear()
        elif isinstance(step, int):
            ring.append(message(payload=bytes([step])))
        else:
            while not selected.advance(at_once):
                pass
            kept = ring.slice(ring.first, ring.next)
            wanted = [each for each in kept if each.payload[0] % 2 == 0]
            assert selected.slice(selected.first, selected.next) == wanted
            assert len(selected) == len(wanted)
            for at, each in enumerate(wanted, selected.first):
                assert selected.get(at) is each
                assert seen.setdefault(at, each) is each  # a number stays its message's
    assert selected.get(selected.next) is None


def test_what_has_gone_is_forgotten_here_too() -> None:
    ring = MessageRing(100)
    selected = SelectedMessages(ring, lambda _: True)
    for number in range(20_000):
        ring.append(message(payload=b"%d" % number))
        selected.advance(10)
    assert (selected.first, selected.next, len(selected)) == (19_900, 20_000, 100)
    oldest = selected.get(selected.first)
    assert oldest is not None
    assert oldest.payload == b"19900"
    assert len(selected._sequences) < 10_000
