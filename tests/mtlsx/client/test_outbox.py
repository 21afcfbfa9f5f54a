"""Publications: never more at once than the server takes, each answered once, whatever the order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.events import Published
from mtlsx.client.outbox import MOST_IN_FLIGHT, MOST_WAITING, Outbox
from mtlsx.client.settings import Publication
from mtlsx.errors import UsageError


class Paho:
    """Takes publications as paho does: each gets the next packet identifier."""

    def __init__(self) -> None:
        self.sent: list[Publication] = []
        self.told: list[Published] = []
        self.on_send: Callable[[int], None] = lambda packet_id: None
        self.outbox = Outbox(self.send, self.told.append)

    def send(self, publication: Publication) -> int:
        self.sent.append(publication)
        self.on_send(len(self.sent))
        return len(self.sent)


def publications(count: int, qos: int = 1) -> list[Publication]:
    return [Publication(f"t/{number}", b"", qos) for number in range(count)]


def test_no_more_are_in_flight_than_the_server_takes() -> None:
    paho = Paho()
    paho.outbox.connected(receive_maximum=2)
    for each in publications(5):
        paho.outbox.publish(each)
    assert len(paho.sent) == 2
    paho.outbox.answered(1, 0)
    assert len(paho.sent) == 3
    for packet_id in range(2, 6):
        paho.outbox.answered(packet_id, 0)
    assert [each.publication for each in paho.told] == publications(5)


def test_qos_0_does_not_wait() -> None:
    paho = Paho()
    paho.outbox.connected(receive_maximum=1)
    for each in publications(50, qos=0):
        paho.outbox.publish(each)
    assert len(paho.sent) == 50


def test_without_a_word_from_the_server_the_limit_is_ours() -> None:
    paho = Paho()
    paho.outbox.connected(None)
    for each in publications(MOST_IN_FLIGHT + 5):
        paho.outbox.publish(each)
    assert len(paho.sent) == MOST_IN_FLIGHT


@given(st.lists(st.sampled_from([0, 1, 2])), st.booleans())
def test_every_publication_is_answered_once(levels: list[int], at_once: bool) -> None:
    paho = Paho()
    paho.outbox.connected(None)
    if at_once:
        paho.on_send = lambda packet_id: paho.outbox.answered(packet_id, 0)
    numbers = [paho.outbox.publish(Publication("t", b"", qos)) for qos in levels]
    answered = 0
    while not at_once and answered < len(paho.sent):
        answered += 1
        paho.outbox.answered(answered, 0)
    assert sorted(each.packet_id for each in paho.told) == numbers


@pytest.mark.parametrize("before_send_returns", [False, True])
def test_a_refused_pubrec_is_the_answer_and_what_follows_is_none(before_send_returns: bool) -> None:
    paho = Paho()
    if before_send_returns:
        paho.on_send = lambda packet_id: paho.outbox.refused(packet_id, 0x87)
    number = paho.outbox.publish(Publication("t", b"", 2))
    if not before_send_returns:
        paho.outbox.refused(1, 0x87)
    paho.outbox.answered(1, 0)
    assert [(each.packet_id, each.code) for each in paho.told] == [(number, 0x87)]
    assert paho.told[0].text == "Not authorized (0x87)"


def test_too_many_waiting_are_refused_with_a_sentence() -> None:
    paho = Paho()
    for each in publications(MOST_WAITING + MOST_IN_FLIGHT):
        paho.outbox.publish(each)
    with pytest.raises(UsageError, match="waiting to be acknowledged"):
        paho.outbox.publish(Publication("t", b"", 1))
