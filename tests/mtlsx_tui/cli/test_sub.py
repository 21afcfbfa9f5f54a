"""``mtlsx sub``: what it asks for, what it prints, when and how it ends."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.events import Connected, Failed
from mtlsx.client.settings import PublishProperties, Subscription
from mtlsx.probe.verdicts import Verdict
from support.fake_broker import ACCEPTED, FakeBroker, lost, message

if TYPE_CHECKING:
    from conftest import Program


def test_payloads_are_printed_as_they_are(program: Program, broker: FakeBroker) -> None:
    broker.then = [message(b"21.5"), message(b""), message(b"\xff\x00\n")]
    run = program("sub", "-t", "factory/#", "-C", 3)
    assert run == (0, b"21.5\n\n\xff\x00\n\n", "")
    assert broker.stopped


def test_the_topic_comes_first_when_asked_for(program: Program, broker: FakeBroker) -> None:
    broker.then = [message(b"1", topic="fabrik/ä")]
    assert program("sub", "-t", "#", "-C1", "-v").stdout == "fabrik/ä 1\n".encode()


def test_json_has_one_object_a_line(program: Program, broker: FakeBroker) -> None:
    properties = PublishProperties(
        content_type="text/plain", user_properties=(("a", "b"),), correlation_data=b"\xff"
    )
    broker.then = [
        message("grün\n".encode(), qos=1, retain=True, received_at=1.5),
        message(b"\xff", dup=True, properties=properties),
    ]
    run = program("sub", "-t", "#", "-C2", "--json")
    assert [json.loads(line) for line in run.stdout.splitlines()] == [
        {
            "topic": "factory/1",
            "payload": "grün\n",
            "qos": 1,
            "retain": True,
            "dup": False,
            "received_at": "1970-01-01T00:00:01.500000+00:00",
            "properties": {},
        },
        {
            "topic": "factory/1",
            "payload_b64": "/w==",
            "qos": 0,
            "retain": False,
            "dup": True,
            "received_at": "1970-01-01T00:00:00.000000+00:00",
            "properties": {
                "content_type": "text/plain",
                "user_properties": [["a", "b"]],
                "correlation_data_b64": "/w==",
            },
        },
    ]


@pytest.mark.parametrize(
    ("chosen", "printed"),
    [
        ("hex", b"a1 61 61 01\n"),
        ("base64", b"oWFhAQ==\n"),
        ("cbor", b'{\n  "a": 1\n}\n'),
        ("binary", b"\xa1aa\x01"),
    ],
)
def test_payloads_are_printed_in_a_format(
    program: Program, broker: FakeBroker, chosen: str, printed: bytes
) -> None:
    broker.then = [message(bytes.fromhex("a1616101"))]
    assert program("sub", "-t", "#", "-C1", "-f", chosen) == (0, printed, "")


def test_json_names_the_format_that_the_payload_was_read_in(
    program: Program, broker: FakeBroker
) -> None:
    broker.then = [message(bytes.fromhex("81a16101")), message(b"\xc1")]
    run = program("sub", "-t", "#", "-C2", "-f", "msgpack", "--json")
    read, other = [json.loads(line) for line in run.stdout.splitlines()]
    assert (json.loads(read["payload"]), read["format"]) == ({"a": 1}, "msgpack")
    assert (other["payload_b64"], "format" in other) == ("wQ==", False)
    assert run.stderr.startswith("mtlsx: A message on factory/1 is printed as it came: ")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-t", "a"], [Subscription("a")]),
        (["-t", "a", "-t", "b", "-q1"], [Subscription("a", 1), Subscription("b", 1)]),
        (
            ["-t", "a", "-q", "2", "-t", "b", "-q", "0"],
            [Subscription("a", 2), Subscription("b", 0)],
        ),
        (
            ["-t", "a", "-nl", "-rap", "-rh", "2"],
            [
                Subscription("a", no_local=True, retain_as_published=True, retain_handling=2),
            ],
        ),
        (
            ["-t", "a", "-si", "7", "-up", "k: v"],
            [Subscription("a", subscription_identifier=7, user_properties=(("k", "v"),))],
        ),
    ],
)
def test_subscriptions_are_asked_for_as_given(
    program: Program, broker: FakeBroker, options: list[str], expected: list[Subscription]
) -> None:
    assert program("sub", *options, "-W", 0.01).code == 0
    assert broker.subscribed == expected


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "No topic filter was given: name one with -t."),
        (["-t", ""], "The topic filter is empty."),
        (["-t", "a/#/b"], "# must be the whole last level"),
        (["-t", "a", "-q", "3"], "QoS 3 does not exist."),
        (["-t", "a", "-t", "b", "-t", "c", "-q1", "-q2"], "-q was given 2 times for 3 topic"),
        (["-t", "a", "-q1", "-q2"], "-q was given 2 times for 1 topic"),
        (["-t", "a", "-nl", "-V", "3.1.1"], "-nl, -rap, -rh, -si and -up are of MQTT 5"),
        (["-t", "a", "-si", "0"], "Subscription identifier 0 is not between 1 and 268435455."),
        (["-t", "a", "-up", "x"], "User property \"x\" is not 'NAME: VALUE'."),
        (["-t", "a", "-rh", "3"], "-rh takes 0, 1 or 2."),
        (["-t", "a", "-C", "0"], "-C takes a number of messages from 1."),
        (["-t", "a", "-W", "0"], "-W takes seconds, more than 0"),
        (["-t", "a", "-W", "nan"], "-W takes seconds, more than 0"),
        (["-t", "a", "-C", "x"], "'x' is not a valid integer"),
        (["-t", "a", "-rp", "-1"], "take numbers from 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_happens(
    program: Program, broker: FakeBroker, options: list[str], sentence: str
) -> None:
    run = program("sub", *options)
    assert run.code == 2
    assert run.stdout == b""
    assert sentence in run.stderr
    assert broker.settings is None


def test_any_refused_subscription_ends_it(program: Program, broker: FakeBroker) -> None:
    broker.granted = (1, 0x87, 0x80)
    run = program("sub", "-t", "a", "-t", "b/#", "-t", "c", "-W", 5)
    assert run.code == 15
    assert run.stderr == (
        'mtlsx: The broker refused the subscription to "b/#" (code 135), "c" (code 128). Allow it in the'
        " broker's access rules, for the username and the client id that the broker sees.\n"
    )
    assert broker.stopped


def test_a_broker_that_does_not_answer_is_not_waited_for(
    program: Program, broker: FakeBroker
) -> None:
    broker.granted = None
    run = program("sub", "-t", "a", "--connect-timeout", 0.05)
    assert run == (16, b"", "mtlsx: The broker did not answer SUBSCRIBE within 0.05 s.\n")


def test_waiting_ends_well_or_short(program: Program, broker: FakeBroker) -> None:
    broker.then = [message(b"1")]
    assert program("sub", "-t", "a", "-W", 0.5) == (0, b"1\n", "")
    run = program("sub", "-t", "a", "-W", 0.5, "-C", 2)
    assert run == (16, b"1\n", "mtlsx: 1 of 2 messages came within 0.5 s.\n")


def test_waiting_ends_although_messages_keep_coming(program: Program, broker: FakeBroker) -> None:
    broker.then = itertools.repeat(message(b"1"))
    run = program("sub", "-t", "a", "-W", 0.1)
    assert run.code == 0
    assert set(run.stdout.splitlines()) == {b"1"}


def test_a_refused_connection_ends_it_with_the_verdict(
    program: Program, broker: FakeBroker
) -> None:
    broker.answer = Failed(Verdict("bad-credentials", "No.", "Check them."), None, None)
    assert program("sub", "-t", "a") == (14, b"", "mtlsx: No. Check them.\n")
    assert broker.stopped


def test_the_first_attempt_is_not_repeated(program: Program, broker: FakeBroker) -> None:
    broker.answer = Failed(Verdict("tcp-refused", "Nobody there."), None, 1.0)
    assert program("sub", "-t", "a", "-rp", 1000) == (11, b"", "mtlsx: Nobody there.\n")


def test_a_loss_ends_it(program: Program, broker: FakeBroker) -> None:
    broker.then = [message(b"1"), lost()]
    assert program("sub", "-t", "a") == (16, b"1\n", "mtlsx: The connection was lost.\n")
    assert broker.settings is not None
    assert not broker.settings.reconnect.enabled


def test_a_loss_is_said_and_survived_when_asked_for(program: Program, broker: FakeBroker) -> None:
    broker.then = [lost(retry_in=0.5), Connected(ACCEPTED, None), message(b"2")]
    run = program("sub", "-t", "a", "-C1", "-rp", 500, "--maximum-reconnect-times", 3)
    assert run == (
        0,
        b"2\n",
        "mtlsx: The connection was lost. Connecting again in 0.5 s.\nmtlsx: Connected again.\n",
    )
    assert broker.settings is not None
    assert broker.settings.reconnect.initial_delay == 0.5
    assert broker.settings.reconnect.limit == 3


def test_many_messages_pass_through_a_small_room(program: Program, broker: FakeBroker) -> None:
    broker.then = [message(b"%d" % number) for number in range(5000)]
    run = program("sub", "-t", "a", "-C", 5000)
    assert run.stdout == b"".join(b"%d\n" % number for number in range(5000))


def test_the_profile_has_its_own_subscriptions(
    program: Program, broker: FakeBroker, stored_profile: str
) -> None:
    assert program("sub", "--profile", stored_profile, "-W", 0.01).code == 0
    assert broker.subscribed == [Subscription("factory/#", qos=1)]
    run = program("sub", "--profile", stored_profile, "-q1")
    assert run.code == 2
    assert "go with -t" in run.stderr
