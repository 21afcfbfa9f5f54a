"""Matches answers to requests by packet identifier, whichever of the two becomes known first."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")


class Pending(Generic[RequestT, AnswerT]):
    """Requests that wait for their answer.

    paho tells a request's identifier when it has been queued; its answer may have come by then. Whoever
    completes a pair, the asking or the network thread, gets the other half.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[int, RequestT] = {}
        self._early: dict[int, AnswerT] = {}

    @property
    def waiting(self) -> bool:
        """Whether a request has no answer yet."""
        with self._lock:
            return bool(self._requests)

    def asked(self, packet_id: int, request: RequestT) -> AnswerT | None:
        """Note a request; the answer, where it is already there."""
        with self._lock:
            answer = self._early.pop(packet_id, None)
            if answer is None:
                self._requests[packet_id] = request
            return answer

    def answered(self, packet_id: int, answer: AnswerT) -> RequestT | None:
        """Note an answer; its request, where it is already there."""
        with self._lock:
            request = self._requests.pop(packet_id, None)
            if request is None:
                self._early[packet_id] = answer
            return request

    def clear(self) -> None:
        """Forget everything: what was asked will not be answered any more."""
        with self._lock:
            self._requests.clear()
            self._early.clear()
