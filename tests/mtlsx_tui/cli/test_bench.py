"""``mtlsx bench``: what it refuses, and what it shows while it runs and at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mtlsx.bench.plan import Plan
from mtlsx.bench.run import Bench, Phase
from mtlsx.client.settings import ConnectionSettings, Publication
from mtlsx.probe.verdicts import Verdict
from mtlsx_tui.cli.bench_report import progress, report_json, report_text
from support.ports import LOOPBACK, closed_port
from support.terminal import at_a_terminal

if TYPE_CHECKING:
    from conftest import Program


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pub"], "No topic was given"),
        (["sub"], "No topic was given"),
        (["pub", "-t", "a", "-m", "x", "-S", "5"], "-m and -S each give a payload"),
        (["pub", "-t", "a", "-S", "-5"], "-S takes 0 to 268,435,455 bytes, not -5"),
        (["pub", "-t", "a", "-im", "-5"], "-im takes milliseconds"),
        (["pub", "-t", "a/#"], "holds a wildcard"),
        (["pub", "-t", "a", "-q", "3"], "QoS 3 does not exist"),
        (["pub", "-t", "a", "-L", "-1"], "cannot be -1"),
        (["sub", "-t", "a#"], "must be the whole last level"),
        (["conn", "-i", "-5"], "-i takes milliseconds"),
        (["conn", "-c", "0"], "1 to 1,000,000 devices"),
        (["conn", "-W", "0"], "-W takes seconds"),
        (["conn", "-I", "dev"], 'the client id "dev"'),
        (["conn", "-l", "wss"], "does not speak websockets"),
        (["conn", "--key", "k"], "--key goes with a certificate"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    program: Program, arguments: list[str], words: str
) -> None:
    run = program("bench", *arguments)
    assert (run.code, run.stdout) == (2, b"")
    assert words in run.stderr


def test_a_ca_file_that_is_missing_is_local_material(program: Program) -> None:
    run = program("bench", "conn", "-c", 2, "--ca", "nowhere.pem")
    assert (run.code, run.stdout) == (10, b"")
    assert "nowhere.pem" in run.stderr


def test_a_port_where_nobody_listens(program: Program) -> None:
    with closed_port() as port:
        run = program("bench", "conn", "-h", LOOPBACK, "-p", port, "-c", 3, "-i", 0)
    assert (run.code, run.stderr) == (11, "")
    assert "0 of 3 devices connected" in run.stdout.decode()
    assert "tcp-refused: 3 devices, for example:" in run.stdout.decode()


def test_a_person_at_a_terminal_sees_how_far_it_is() -> None:
    with (
        closed_port() as port,
        at_a_terminal(
            "bench", "conn", "-h", LOOPBACK, "-p", str(port), "-c", "3", "-i", "300"
        ) as terminal,
    ):
        terminal.read_to("0 of 3 connected, 0/s, 1 failed")
        terminal.read_to("exit 11")
    assert "\r\x1b[K0 of 3 devices" not in terminal.shown  # the result has a line of its own
    assert "0 of 3 devices connected" in terminal.shown


def bench(**more: object) -> Bench:
    connection = ConnectionSettings(host="broker", port=8883, client_id="d%i")
    made = Bench(Plan(**{"kind": "conn", "connection": connection, **more}))
    made.tally.connected = 900
    made.tally.connecting.mark(10.0)
    made.tally.connecting.mark(12.0)
    return made


def test_progress_says_where_it_is() -> None:
    running = bench(kind="pub", publication=Publication("t", b"", 1))
    running.tally.prepared = 40
    assert progress(running) == "loading 40 of 1,000 devices"
    running.phase = Phase.CONNECTING
    running.tally.failed(Verdict("banned", "Said."), first_of_device=True)
    assert progress(running) == "900 of 1,000 connected, 450/s, 1 failed"
    running.phase = Phase.WORKING
    running.tally.acknowledged = 5000
    running.tally.messaging.mark(12.0)
    running.tally.messaging.mark(14.0)
    assert progress(running).endswith(", 1 failed · 5,000 messages, 2,500/s")
    running.phase = Phase.LEAVING
    assert progress(running).endswith(" · disconnecting")


def test_text_is_one_table_and_the_failures_by_number_of_devices() -> None:
    ended = bench(kind="pub", publication=Publication("t", b"", 1))
    tally = ended.tally
    tally.sent, tally.acknowledged, tally.refused, tally.unanswered = 10, 7, 2, 1
    tally.latencies["acknowledgement"].add(0.0125)
    tally.failed(Verdict("banned", "Said\x1b[31m."), first_of_device=True)
    for first in (True, True, False):
        tally.failed(Verdict("publish-denied", "No."), first_of_device=first)
    ended.stopped = True
    assert report_text(ended).splitlines() == [
        "broker:8883: 900 of 1,000 devices connected in 2.00 s, 450/s (interrupted)",
        "  7 of 10 messages acknowledged, 2 refused, 1 unanswered, 0/s",
        "  ms                             p50       p95       p99       max",
        "  to acknowledgement            12.5      12.5      12.5      12.5",
        "  publish-denied: 2 devices (3 times), for example:",
        "    No.",
        "  banned: 1 device, for example:",
        r"    Said\x1b[31m.",
    ]


def test_json_has_every_key_also_where_nothing_happened() -> None:
    result = report_json(bench(), 0)
    assert result["connections_per_second"] == 450
    assert set(result) == {
        "bench", "target", "devices", "connected", "seconds", "connections_per_second", "subscribed",
        "messages", "latency_ms", "failures", "interrupted", "exit_code",
    }  # fmt: skip
    assert (result["latency_ms"], result["failures"]) == ({}, {})
