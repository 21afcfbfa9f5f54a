"""Topics; how EMQX matches and validates most of them is in the vectors of tests/conformance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization.topics import (
    Fault,
    Subscription,
    TopicError,
    levels,
    match_levels,
    matches,
    parse,
    validate,
    without_delay,
)

TOPICS = st.lists(st.sampled_from([b"a", b"b", b"+", b"#", b"", b"$a", b"a+", b"\xff"])).map(
    b"/".join
)
NAMES = st.lists(st.sampled_from([b"a", b"b", b"", b"c d"]), min_size=1).map(b"/".join)


@pytest.mark.parametrize(
    ("name", "topic_filter", "expected"),
    [
        (b"a/b", b"a/#", True),
        (b"a", b"a/#", True),
        (b"a/", b"a/+", True),
        (b"a", b"a/+", False),
        (b"a/b/c", b"a/#/c", False),
        (b"a/#/c", b"a/#/c", True),
        (b"$SYS/a", b"#", False),
        (b"$SYS/a", b"+/a", False),
        (b"a/$b", b"a/+", True),
        (b"#", b"+", True),
        (b"", b"#", True),
        (b"", b"", True),
    ],
)
def test_matches(name: bytes, topic_filter: bytes, expected: bool) -> None:
    assert matches(name, topic_filter) is expected


def test_without_the_guard_a_wildcard_matches_dollar_topics() -> None:
    assert match_levels(levels(b"$SYS/a"), levels(b"#"), guard_dollar=False)


@given(NAMES)
def test_a_name_is_matched_by_itself_and_by_what_is_wider(name: bytes) -> None:
    assert validate(name, "name") is (None if name else Fault.EMPTY)
    assert matches(name, name)
    assert matches(name, b"#")
    assert matches(name, name + b"/#")
    assert matches(name, b"/".join(b"+" for _ in levels(name)))


@given(TOPICS, TOPICS)
def test_any_octets_are_judged(name: bytes, topic_filter: bytes) -> None:
    assert matches(name, topic_filter) in (True, False)
    fault = validate(name, "name")
    assert fault is None or isinstance(fault, Fault)
    if fault is None:
        assert validate(name, "filter") is None


@pytest.mark.parametrize(
    ("topic_filter", "fault"),
    [
        (b"\xff#", Fault.UNREADABLE),
        (b"a#\xff", Fault.CHARACTER),
        (b"a\0", Fault.CHARACTER),
        (b"#/a", Fault.HASH_NOT_LAST),
        (b"a" * 65536, Fault.TOO_LONG),
        (b"$share/g", Fault.UNREADABLE),
        (b"$share/g/", Fault.SHARE_WITHOUT_FILTER),
        (b"$share/g/$share/h/a", Fault.SHARE_IN_SHARE),
        (b"$share/\xff/a", None),
    ],
)
def test_filters_that_are_not_valid(topic_filter: bytes, fault: Fault | None) -> None:
    assert validate(topic_filter, "filter") is fault


@pytest.mark.parametrize(
    ("topic_filter", "expected"),
    [
        (b"$share/g/a/#", Subscription(b"a/#", b"g")),
        (b"$queue/a", Subscription(b"a", b"$queue")),
        (b"$exclusive/a", Subscription(b"a", exclusive=True)),
        (b"$shared/a", Subscription(b"$shared/a")),
        (b"$queue", Subscription(b"$queue")),
    ],
)
def test_parse(topic_filter: bytes, expected: Subscription) -> None:
    assert parse(topic_filter) == expected


@pytest.mark.parametrize(
    "topic_filter",
    [b"$share/g", b"$share/g+/a", b"$share/g/$queue/a", b"$queue/$share/g/a", b"$exclusive/"],
)
def test_filters_that_cannot_be_subscribed(topic_filter: bytes) -> None:
    with pytest.raises(TopicError) as raised:
        parse(topic_filter)
    assert raised.value.fault is Fault.FILTER


@pytest.mark.parametrize(
    ("topic", "behind"),
    [
        (b"a", b"a"),
        (b"$delayed/5/a/b", b"a/b"),
        (b"$delayed/x/a", b"a"),
        (b"$delayed/5/$delayed/6/a", b"a"),
        (b"$delayed/5", None),
        (b"$delayed/5/$delayed/6", None),
        (b"$delayed", b"$delayed"),
    ],
)
def test_without_delay(topic: bytes, behind: bytes | None) -> None:
    assert without_delay(topic) == behind
