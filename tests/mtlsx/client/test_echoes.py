"""Each of our publications is found again in the message that it became."""

from __future__ import annotations

from mtlsx.client.echoes import MOST_WAITING, Echoes


def test_a_message_that_comes_back_has_a_latency_once() -> None:
    clock = iter([1.0, 2.0, 3.0, 3.5])
    echoes = Echoes(clock.__next__)
    assert echoes.received("t", b"1") is None
    echoes.published("t", b"1")
    echoes.published("t", b"1")
    assert echoes.received("t", b"2") is None
    assert echoes.received("u", b"1") is None
    assert echoes.received("t", b"1") == 2.0
    assert echoes.received("t", b"1") == 1.5
    assert echoes.received("t", b"1") is None


def test_what_never_comes_back_is_given_up() -> None:
    echoes = Echoes()
    for number in range(MOST_WAITING + 1):
        echoes.published("t", b"%d" % number)
    assert echoes.received("t", b"0") is None
    assert echoes.received("t", b"1") is not None
