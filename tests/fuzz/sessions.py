"""Feeds a whole broker, but for its sockets, damaged packets by the million; it must go on, and answer by the book.

Outside the suite. Clients come and go by fives; each sends damaged packets among good ones, in any order, while
time goes by. Nothing may be raised, whatever the broker writes must be read by the decoder of a client, and what it
keeps stays within its limits.

    python tests/fuzz/sessions.py [inputs] [seed]
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from mtlsx.broker.limits import Limits
from mtlsx.configuration.model import Mqtt
from mtlsx.packets.control_packets import Connect, Will
from mtlsx.packets.encode import encode
from support.broker_bench import Bench, Client
from support.damaged_packets import VERSIONS, damaged, real_packets

NAMES = (b"a", b"b", b"c")
MOST_CONNECTED, MOST_RETAINED, MOST_SESSIONS = 5, 20, 6


class Flood:
    """A broker and up to five clients of it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  (repeatable on purpose)
        self.packets = real_packets()
        self.outcomes: Counter[str] = Counter()
        mqtt = Mqtt(max_mqueue_len=10, max_inflight=4, receive_maximum=10, max_awaiting_rel=5)
        self.bench = Bench(Limits(mqtt, max_retained=MOST_RETAINED, max_sessions=MOST_SESSIONS))
        self.clients: list[Client] = []

    def step(self) -> bytes:
        """One input; gives it, for whoever must tell what went wrong."""
        chance = self.chance
        if chance.random() < 0.01:
            self.bench.advance(chance.choice((1, 10, 1000)))
        self._forget_closed()
        if not self.clients or (len(self.clients) < MOST_CONNECTED and chance.random() < 0.3):
            self._open()
        client = chance.choice(self.clients)
        whole = chance.random() < 0.3
        data = chance.choice(self.packets) if whole else damaged(chance, self.packets)
        client.feed(data)
        hub = self.bench.hub
        assert len(hub.retained) <= MOST_RETAINED
        assert len(hub.sessions) <= MOST_SESSIONS
        self.outcomes["ended" if client.closed else "goes on"] += 1
        client.received.clear()
        client.octets.clear()
        self.bench.outcomes.clear()
        return data

    def _open(self) -> None:
        chance = self.chance
        client = self.bench.open()
        client.acks = chance.random() < 0.5
        self.clients.append(client)
        if chance.random() < 0.9:
            version = chance.choice(VERSIONS)
            will = chance.choice((None, Will(b"factory/1/temp", b"gone", chance.randrange(3))))
            connect = Connect(version, chance.choice(NAMES), chance.random() < 0.5, 0, will=will)
            client.feed(encode(connect, version))

    def _forget_closed(self) -> None:
        for client in self.clients:
            if client.closed:
                del self.bench.links[client.link]
        self.clients = [client for client in self.clients if not client.closed]


def main(inputs: int = 1_000_000, seed: int = 1) -> None:
    flood = Flood(seed)
    begin = time.perf_counter()
    for number in range(inputs):
        try:
            flood.step()
        except Exception:
            print(f"input {number} of seed {seed}")
            raise
    seconds = time.perf_counter() - begin
    print(f"{inputs:,} inputs in {seconds:.0f} s, seed {seed}; the broker raised nothing")
    for outcome, count in flood.outcomes.most_common():
        print(f"{count:9,}  {outcome}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
