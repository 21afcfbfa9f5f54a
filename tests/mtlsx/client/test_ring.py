"""The ring against a model: a plain list that forgets its oldest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.message import Message
from mtlsx.client.ring import RECORD_BYTES, MessageRing


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
    ring = MessageRing(most, most_bytes)
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
    assert ring.get(ring.first - 1) is None
    assert ring.get(ring.next) is None
    assert all(ring.get(ring.first + at) is each for at, each in enumerate(kept))
