"""``mtlsx pub``: what it publishes, what it waits for, how it ends."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.settings import Publication, PublishProperties
from support.fake_broker import FakeBroker, lost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Program


@pytest.mark.parametrize(
    ("options", "publication"),
    [
        (["-m", "on"], Publication("set", b"on")),
        (["-m", ""], Publication("set", b"")),
        (["-m", "grün", "-q2", "-r"], Publication("set", "grün".encode(), qos=2, retain=True)),
        (["-m", "\udcff"], Publication("set", b"\xff")),
        (
            [
                "-m", "{}", "-ct", "application/json", "-rt", "answers", "-cd", "7", "-e", "30", "-pf",
                "-up", "a: b", "-up", "a:c",
            ],
            Publication(
                "set",
                b"{}",
                properties=PublishProperties(
                    payload_format_indicator=1,
                    message_expiry_interval=30,
                    content_type="application/json",
                    response_topic="answers",
                    correlation_data=b"7",
                    user_properties=(("a", "b"), ("a", "c")),
                ),
            ),
        ),
    ],
)  # fmt: skip
def test_a_message_is_published_as_given(
    program: Program, broker: FakeBroker, options: list[str], publication: Publication
) -> None:
    assert program("pub", "-t", "set", *options) == (0, b"", "")
    assert broker.published == [publication]
    assert broker.stopped


def test_a_file_is_published_as_it_is(program: Program, broker: FakeBroker, tmp_path: Path) -> None:
    file = tmp_path / "payload"
    file.write_bytes(b"\xff\r\n")
    assert program("pub", "-t", "set", "--file-read", file).code == 0
    assert broker.published == [Publication("set", b"\xff\r\n")]


@pytest.mark.parametrize(
    ("chosen", "written", "payload"),
    [
        ("hex", "00 ff", b"\x00\xff"),
        ("base64", "AP8=", b"\x00\xff"),
        ("json", '{"a": 1}', b'{"a": 1}'),
        ("cbor", '{"a": 1}', bytes.fromhex("a1616101")),
        ("msgpack", '{"a": 1}', bytes.fromhex("81a16101")),
        ("binary", "00 ff", b"00 ff"),
    ],
)
def test_a_payload_may_be_written_in_a_format(
    program: Program, broker: FakeBroker, chosen: str, written: str, payload: bytes
) -> None:
    assert program("pub", "-t", "set", "-f", chosen, "-m", written) == (0, b"", "")
    assert broker.published == [Publication("set", payload)]


def test_what_is_not_written_so_is_not_sent(
    program: Program, broker: FakeBroker, standard_input: Callable[[bytes], None]
) -> None:
    run = program("pub", "-t", "set", "-f", "json", "-m", "{")
    assert (run.code, broker.published) == (2, [])
    assert run.stderr.startswith("mtlsx: This is not JSON: ")

    standard_input(b"00\n\n0z\n")
    run = program("pub", "-t", "set", "-f", "hex", "-M")
    assert run.code == 2
    assert run.stderr.startswith("mtlsx: Line 3 of standard input: 'z' is no hexadecimal digit.")


def test_standard_input_is_one_message(
    program: Program, broker: FakeBroker, standard_input: Callable[[bytes], None]
) -> None:
    standard_input(b"a\n\nb\n")
    assert program("pub", "-t", "set", "-s").code == 0
    assert broker.published == [Publication("set", b"a\n\nb\n")]


def test_or_each_of_its_lines_is_one(
    program: Program, broker: FakeBroker, standard_input: Callable[[bytes], None]
) -> None:
    standard_input(b"a\n\nb \r\n\xff")
    assert program("pub", "-t", "set", "-M", "-q1").code == 0
    assert [each.payload for each in broker.published] == [b"a", b"b \r", b"\xff"]
    assert {each.qos for each in broker.published} == {1}


def test_more_lines_than_may_wait_for_an_answer(
    program: Program, broker: FakeBroker, standard_input: Callable[[bytes], None]
) -> None:
    lines = [b"%d" % number for number in range(1000)]
    standard_input(b"\n".join(lines))
    assert program("pub", "-t", "set", "-M").code == 0
    assert [each.payload for each in broker.published] == lines


def test_lines_that_nobody_acknowledges_are_not_read_on(
    program: Program, broker: FakeBroker, standard_input: Callable[[bytes], None]
) -> None:
    broker.acknowledged = None
    standard_input(b"line\n" * 1000)
    run = program("pub", "-t", "set", "-M", "--connect-timeout", 0.1)
    assert run.code == 16
    assert len(broker.published) == 100


def test_a_loss_ends_it_although_the_next_line_never_comes(
    program: Program, broker: FakeBroker, standard_input: Callable[[bytes], None]
) -> None:
    assert standard_input
    broker.at_once = True
    broker.then = [lost()]
    run = program("pub", "-t", "set", "-M")
    assert run == (16, b"", "mtlsx: The connection was lost.\n")


def test_a_loss_that_is_noticed_by_publishing(program: Program, broker: FakeBroker) -> None:
    broker.not_connected = 1
    broker.at_once = True
    broker.then = [lost()]
    run = program("pub", "-t", "set", "-m", "on")
    assert run == (16, b"", "mtlsx: The connection was lost.\n")


@pytest.mark.parametrize("option", ["-s", "-M"])
def test_standard_input_that_cannot_be_read_is_a_sentence(
    program: Program, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    missing = program("pub", "-t", "set", option)
    assert (missing.code, missing.stderr) == (2, "mtlsx: There is no standard input.\n")
    with tempfile.TemporaryFile() as other:
        directory = os.open("/", os.O_RDONLY)
        monkeypatch.setattr("sys.stdin", other)
        os.dup2(directory, other.fileno())
        os.close(directory)
        run = program("pub", "-t", "set", option)
    assert run.code == 2
    assert run.stderr == "mtlsx: Standard input cannot be read: Is a directory.\n"


def test_json_tells_what_became_of_each(program: Program, broker: FakeBroker) -> None:
    broker.acknowledged = 0x10
    run = program("pub", "-t", "set", "-m", "on", "-q1", "--json")
    assert run.code == 0
    assert json.loads(run.stdout) == {
        "topic": "set",
        "bytes": 2,
        "qos": 1,
        "retain": False,
        "code": 0x10,
        "reason": "code 16",
    }


def test_a_refused_message_ends_it(program: Program, broker: FakeBroker) -> None:
    broker.acknowledged = 0x87
    run = program("pub", "-t", "set", "-m", "on", "-q1")
    assert (run.code, run.stdout) == (15, b"")
    assert run.stderr.startswith('mtlsx: The broker refused the message to "set" (code 135). Allow')
    assert broker.stopped


def test_a_missing_answer_is_not_waited_for(program: Program, broker: FakeBroker) -> None:
    broker.acknowledged = None
    run = program("pub", "-t", "set", "-m", "on", "-q1", "--connect-timeout", 0.05)
    assert run == (16, b"", "mtlsx: The broker did not acknowledge the message within 0.05 s.\n")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-m", "x"], "No topic was given: name one with -t."),
        (["-t", ""], "No payload was given: use -m, --file-read, -s or -M."),
        (["-t", "a", "-m", "x", "-s"], "-m and -s each give a payload; use one of them."),
        (["-t", "a", "-M", "-s"], "-s and -M each give a payload"),
        (["-t", "", "-m", "x"], "The topic of the message is empty."),
        (["-t", "a/+/b", "-m", "x"], "holds a wildcard"),
        (["-t", "#", "-m", "x"], "holds a wildcard"),
        (["-t", "a", "-m", "x", "-q", "3"], "QoS 3 does not exist."),
        (["-t", "a", "--file-read", "/nowhere"], "File /nowhere cannot be read: No such file"),
        (["-t", "a", "-m", "x", "-V", "3.1.1", "-ct", "t"], "are of MQTT 5; use -V 5."),
        (["-t", "a", "-m", "x", "-V", "3.1", "-pf"], "are of MQTT 5; use -V 5."),
        (["-t", "a", "-m", "x", "-e", "-1"], "-e takes seconds from 0 to 4294967295."),
        (["-t", "a", "-m", "x", "-rt", "a/#"], "is not one topic"),
        (["-t", "a", "-m", "x", "-up", "none"], "is not 'NAME: VALUE'."),
        (["-t", "a", "-m", "\udcff", "-pf"], "says that the payload is UTF-8, which it is not"),
        (["-t", "a", "-m", "x", "-rp", "1"], "No such option"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_happens(
    program: Program, broker: FakeBroker, options: list[str], sentence: str
) -> None:
    run = program("pub", *options)
    assert run.code == 2
    assert sentence in run.stderr
    assert broker.settings is None
