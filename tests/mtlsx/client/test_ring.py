"""The ring against a model: a plain list that forgets its oldest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.message import Message
from mtlsx.client.ring import RECORD_BYTES, MessageBudget, MessageRing
from mtlsx.client.settings import PublishProperties


def message(payload: bytes) -> Message:
    return Message("t", payload, 0, False, False, False, 0.0)


@given(
    st.lists(st.one_of(st.integers(0, 400), st.just("clear"))),
    st.integers(1, 6),
    st.integers(300, 2000),
)
def test_the_ring_keeps_the_newest_within_both_limits(
    steps: list[int | str], most: int, most_bytes: int
) -> None:
    budget = MessageBudget(most_bytes)
    ring = MessageRing(most, budget)
    kept: list[Message] = []
    added = dropped = 0

    def cost(each: Message) -> int:
        return RECORD_BYTES + 1 + len(each.payload)

    for step in steps:
        if isinstance(step, str):
            kept.clear()
            ring.clear()
        else:
            kept.append(message(bytes(step)))
            ring.append(kept[-1])
            added += 1
            while len(kept) > most or (len(kept) > 1 and sum(map(cost, kept)) > most_bytes):
                kept.pop(0)
                dropped += 1
        assert ring.slice(0, added + 1) == kept
        assert (ring.first, ring.next, len(ring)) == (added - len(kept), added, len(kept))
        assert (ring.dropped, ring.bytes) == (dropped, sum(map(cost, kept)))
        assert budget.bytes == ring.bytes
    assert ring.get(ring.first - 1) is None
    assert ring.get(ring.next) is None
    assert all(ring.get(ring.first + at) is each for at, each in enumerate(kept))


COST = RECORD_BYTES + 1 + 100


def test_a_loud_connection_costs_a_quiet_one_nothing() -> None:
    budget = MessageBudget(10 * COST)
    quiet, loud = MessageRing(100, budget), MessageRing(100, budget)
    for _ in range(3):
        quiet.append(message(bytes(100)))
    for _ in range(50):
        loud.append(message(bytes(100)))
    assert (len(quiet), len(loud)) == (3, 7)
    assert budget.bytes == 10 * COST
    for _ in range(50):
        quiet.append(message(bytes(100)))
    assert (len(quiet), len(loud)) == (5, 5)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), max_size=60))
def test_all_together_keep_within_the_budget(arrivals: list[tuple[int, int]]) -> None:
    budget = MessageBudget(6 * COST)
    rings = [MessageRing(5, budget) for _ in range(4)]
    for which, size in arrivals:
        rings[which].append(message(bytes(size)))
        assert budget.bytes == sum(ring.bytes for ring in rings)
        assert len(rings[which]) > 0
        assert budget.bytes <= budget.max_bytes or all(len(ring) <= 1 for ring in rings)


def test_a_ring_that_is_closed_keeps_nothing_and_leaves_its_room() -> None:
    budget = MessageBudget(3 * COST)
    gone, staying = MessageRing(10, budget), MessageRing(10, budget)
    gone.append(message(bytes(100)))
    gone.close()
    gone.append(message(bytes(100)))
    gone.close()
    for _ in range(4):
        staying.append(message(bytes(100)))
    assert (len(gone), len(staying), budget.bytes) == (0, 3, 3 * COST)


def test_properties_cost_too() -> None:
    ring = MessageRing(10)
    ring.append(
        Message(
            "t",
            b"",
            0,
            False,
            False,
            False,
            0.0,
            PublishProperties(user_properties=(("a" * 1000, "b" * 1000),)),
        )
    )
    assert ring.bytes > 2000


def test_messages_are_picked_by_their_numbers() -> None:
    ring = MessageRing(3)
    for number in range(5):
        ring.append(message(b"%d" % number))
    assert [each.payload for each in ring.pick([0, 2, 4, 9])] == [b"2", b"4"]
    first, messages = ring.since(0, 4)
    assert (first, [each.payload for each in messages]) == (2, [b"2", b"3"])
