"""The ladder: times between rungs, and a refusal that comes late."""

from __future__ import annotations

from mtlsx.probe.ladder import Climb, Step
from mtlsx.probe.verdicts import Stage


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_rung_has_the_time_since_the_one_before() -> None:
    clock = Clock()
    climb = Climb(clock)
    clock.now += 2
    climb.passed(Stage.MATERIAL, "key matches")
    climb.left_out(Stage.DNS, "an address")
    clock.now += 3
    climb.passed(Stage.TCP, "192.0.2.7:8883")

    assert climb.steps == (
        Step(Stage.MATERIAL, True, 2.0, "key matches"),
        Step(Stage.DNS, None, None, "an address"),
        Step(Stage.TCP, True, 3.0, "192.0.2.7:8883"),
    )


def test_rungs_with_times_of_their_own_start_the_next_one() -> None:
    clock = Clock()
    climb = Climb(clock)
    clock.now += 2
    climb.took([Step(Stage.TLS, True, 1.5, "TLS 1.3")])
    clock.now += 4
    climb.passed(Stage.MQTT, "accepted")

    assert [step.seconds for step in climb.steps] == [1.5, 4.0]


def test_a_late_refusal_takes_back_what_seemed_passed() -> None:
    clock = Clock()
    climb = Climb(clock)
    climb.took(
        [
            Step(Stage.TLS, True, 1.0, "TLS 1.3"),
            Step(Stage.CLIENT_CERTIFICATE, True, 2.0, "dev sent, no objection so far"),
        ]
    )
    climb.left_out(Stage.MQTT, "not asked for")
    clock.now += 3
    climb.failed(Stage.CLIENT_CERTIFICATE, "refused by the server: unknown_ca (48)")

    assert climb.steps == (
        Step(Stage.TLS, True, 1.0, "TLS 1.3"),
        Step(Stage.CLIENT_CERTIFICATE, False, 5.0, "refused by the server: unknown_ca (48)"),
    )


def test_labels_are_short() -> None:
    labels = [Step(stage, True, None, "").label for stage in Stage]

    assert labels == [
        "material", "dns", "tcp", "tls", "server", "client", "mqtt", "subscribe", "publish", "session",
    ]  # fmt: skip
