"""Probes of several servers at the same time, their reports in the order of the servers."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from mtlsx.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtlsx.probe.report import Report
    from mtlsx.probe.target import Target


def probe_all(targets: Sequence[Target]) -> Iterator[Report]:
    """The reports, each as soon as it and those in front of it are there. Raises ``UsageError`` as ``probe`` does."""
    waiting = [_start(target) for target in targets]
    for answer in waiting:
        # On the main thread: Ctrl+C ends the wait, and the threads end with the program.
        report = answer.get()
        if isinstance(report, UsageError):
            raise report
        yield report


def _start(target: Target) -> SimpleQueue[Report | UsageError]:
    answer: SimpleQueue[Report | UsageError] = SimpleQueue()
    threading.Thread(
        target=_probe, args=(target, answer), name=f"probe {target}", daemon=True
    ).start()
    return answer


def _probe(target: Target, answer: SimpleQueue[Report | UsageError]) -> None:
    from mtlsx.probe.probe import probe  # brings OpenSSL

    try:
        answer.put(probe(target))
    except UsageError as error:
        answer.put(error)
