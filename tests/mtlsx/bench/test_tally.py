"""Failures and the exit code, open files, and the time in a payload."""

from __future__ import annotations

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.bench.descriptors import make_room
from mtlsx.bench.packets import connect_packet, payload_with_time, time_in
from mtlsx.bench.tally import Span, Tally
from mtlsx.client.settings import ConnectionSettings, MqttVersion, Will
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import Connect
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.probe.verdicts import Verdict
from mtlsx.secret import Secret


def tally(*verdicts: str) -> Tally:
    counted = Tally(devices=len(verdicts))
    for verdict in verdicts:
        counted.failed(Verdict(verdict, "Said."), first_of_device=True)
    return counted


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        (["tcp-refused"], 11),
        # Two kinds of one exit code are more than one kind of another.
        (["client-cert-expired", "client-cert-unknown-ca", "banned", "tcp-refused"], 13),
        (["banned", "tcp-refused"], 14),
    ],
)
def test_the_exit_code_is_that_of_most_devices(verdicts: list[str], code: int) -> None:
    assert tally(*verdicts).exit_code == code


def test_one_device_that_is_refused_often_is_one_device() -> None:
    counted = tally("banned", "banned")
    for first in (True, False, False, False):
        counted.failed(Verdict("publish-denied", "Said."), first_of_device=first)
    assert (counted.failures["publish-denied"].times, counted.exit_code) == (4, 14)


def test_messages_without_an_answer_count_where_nothing_else_failed() -> None:
    counted = tally()
    counted.unanswered = 1
    assert counted.exit_code == 16


def test_a_span_is_from_the_first_to_the_last() -> None:
    span = Span()
    assert span.seconds == 0
    span.begin(4.0)
    for moment in (5.0, 6.0, 9.5):
        span.mark(moment)
        span.begin(moment)
    assert span.seconds == 5.5


@given(st.binary(max_size=80), st.integers(0, 2**63))
def test_the_time_in_a_payload_comes_back(payload: bytes, nanoseconds: int) -> None:
    written = payload_with_time(payload, nanoseconds)
    assert time_in(written) == nanoseconds
    head = len(f"mtlsx-bench {nanoseconds} ")
    assert len(written) == len(payload) + (0 if len(payload) > head else head)


@given(st.binary(max_size=80))
def test_other_payloads_have_no_time(payload: bytes) -> None:
    assert time_in(b"x" + payload) is None


@pytest.mark.parametrize("version", list(MqttVersion))
def test_connect_says_what_the_settings_say(version: MqttVersion) -> None:
    settings = ConnectionSettings(
        host="h", port=1, version=version, client_id="dev", password=Secret("hush"), keepalive=7,
        clean_start=False, session_expiry=9, will=Will("gone", b"x", 1, True),
    )  # fmt: skip
    [found] = Decoder().feed(encode(connect_packet(settings), 0))
    assert isinstance(found, Connect)
    assert (found.client_id, found.username, found.password) == (b"dev", b"", b"hush")
    assert (found.keep_alive, found.clean_start) == (7, False)
    assert found.will is not None
    assert (found.will.topic, found.will.qos, found.will.retain) == (b"gone", 1, True)
    expected = 9 if version is MqttVersion.V5 else None
    assert found.properties.session_expiry_interval == expected


class TestOpenFiles:
    @pytest.fixture(autouse=True)
    def limits(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
        set_to: list[tuple[int, int]] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
        monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))
        return set_to

    def test_enough_is_enough(self, limits: list[tuple[int, int]]) -> None:
        assert make_room(960) is None
        assert limits == []

    def test_the_limit_is_raised_and_that_is_said(self, limits: list[tuple[int, int]]) -> None:
        said = make_room(1000)
        assert said == "The limit of open files of this process is raised from 1,024 to 1,064."
        assert limits == [(1064, 4096)]

    def test_more_than_the_system_allows_is_refused(self, limits: list[tuple[int, int]]) -> None:
        with pytest.raises(UsageError, match="limit is 4,096") as caught:
            make_room(4033)
        assert caught.value.fix is not None
        assert "take 4,032 devices" in caught.value.fix
        assert limits == []
