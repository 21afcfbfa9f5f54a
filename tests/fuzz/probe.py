"""Probes servers that answer at random, by the ten thousand; nothing but a verdict may come out, and in time.

Outside the suite, which runs some hundreds. The answers are those of ``support.faults.random_answers``: random bytes,
random records, real handshakes that end at each of their octets or have a bit turned over, and MQTT out of place after a
real handshake, on TLS 1.2 and 1.3.

    python tests/fuzz/probe.py [answers] [first]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2] / "core"))
sys.path.insert(0, str(Path(__file__).parents[2] / "tui"))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.faults.fuzzing import PATIENCE, Outcome, fuzzer
from support.openssl_pki import Pki

# More than all that a probe may wait for, on a machine that is busy with other things too.
LONGEST = 20 * PATIENCE.answer


def main(answers: int = 10_000, first: int = 0) -> None:
    outcomes: list[Outcome] = []
    begin = time.perf_counter()
    with TemporaryDirectory() as directory, fuzzer(Pki(Path(directory))) as probed:
        for number in range(first, first + answers):
            try:
                outcomes.append(probed.attempt(number))
            except BaseException:
                print(f"answer {number}")
                raise
    seconds = time.perf_counter() - begin
    slowest = max(outcome.seconds for outcome in outcomes)
    print(f"{answers:,} answers from number {first} in {seconds:.0f} s")
    print(f"slowest {slowest:.2f} s; nothing but verdicts came out")
    for (kind, verdict), count in sorted(Counter(outcome[:2] for outcome in outcomes).items()):
        print(f"{count:7,}  {kind}: {verdict}")
    assert slowest < LONGEST


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
