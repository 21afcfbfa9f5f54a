"""Costly steps: in their order, one in a round of the event loop."""

from __future__ import annotations

import asyncio

from mtlsx.broker.turns import Turns


async def test_no_two_steps_share_a_round() -> None:
    loop = asyncio.get_running_loop()
    turns, seen = Turns(loop), list[tuple[str, int]]()
    rounds = 0
    done = asyncio.Event()

    def count() -> None:
        nonlocal rounds
        rounds += 1
        if not done.is_set():
            loop.call_soon(count)

    count()
    for name in "abc":
        turns.take(lambda name=name: seen.append((name, rounds)))  # type: ignore[misc]  # the loop's name, now
    assert seen == [("a", 1)]
    turns.take(done.set)
    await done.wait()
    assert [name for name, _ in seen] == ["a", "b", "c"]
    assert len({at for _, at in seen}) == 3


async def test_the_first_after_a_rest_runs_at_once() -> None:
    turns, seen = Turns(asyncio.get_running_loop()), list[int]()
    for number in range(3):
        turns.take(lambda: seen.append(len(seen)))
        assert len(seen) == number + 1
        await asyncio.sleep(0)
        await asyncio.sleep(0)
