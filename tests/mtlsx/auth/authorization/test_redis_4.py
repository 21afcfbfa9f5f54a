"""The rules of EMQX 4.x's Redis plugin: numbers, replacements, and what makes it raise."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization.redis_4 import RedisRules4
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.rules import Action
from mtlsx.auth.settings import AuthSettings, RedisServer, RedisSource4
from mtlsx.auth.stores.store import Reply, StoreError
from mtlsx.auth.trace import Outcome, Trace, Warned
from support.canned_store import CannedStore

TERMS = Terms.of(AuthSettings("emqx4.4"))
CLIENT = ClientInfo(b"c1", b"alice")
PUBLISH, SUBSCRIBE = Action("publish"), Action("subscribe")


async def ask(
    reply: Reply | StoreError,
    topic: bytes = b"a",
    *,
    client: ClientInfo = CLIENT,
    action: Action = PUBLISH,
    acl_cmd: str = "HGETALL mqtt_acl:%u",
    trace: Trace | None = None,
) -> SourceAnswer:
    source = RedisRules4(RedisSource4(RedisServer(), acl_cmd), CannedStore(reply), TERMS)
    return await source.authorize(client, action, topic, [] if trace is None else trace)


@pytest.mark.parametrize(
    ("value", "publish", "subscribe"),
    [
        (b"0", False, False),
        (b"1", False, True),
        (b"+2", True, False),
        (b"3", True, True),
        (b"0007", True, True),
        (b"-1", True, True),
        (b"-2", True, False),
        (b"4", False, False),
        (b"9" * 5000 + b"02", True, False),
    ],
)
async def test_numbers(value: bytes, publish: bool, subscribe: bool) -> None:
    for action, allowed in ((PUBLISH, publish), (SUBSCRIBE, subscribe)):
        answer = await ask([b"a", value], action=action)
        assert answer.outcome is (Outcome.ALLOW if allowed else Outcome.DENY)


@given(st.integers())
def test_any_number(number: int) -> None:
    answer = asyncio.run(ask([b"a", str(number).encode()]))
    assert (answer.outcome is Outcome.ALLOW) is bool(number & 2)


@pytest.mark.parametrize("value", [b"", b" 1", b"1 ", b"1.0", b"publish", b"--1", b"1\n", None])
async def test_what_is_no_number_makes_it_raise_even_for_another_topic(value: bytes | None) -> None:
    assert (await ask([b"other", value, b"a", b"2"])).outcome is Outcome.CRASH


@pytest.mark.parametrize("reply", [None, b"text", 1, [b"a"], [None, b"1"], [b"b", b"2", b"a"]])
async def test_replies_on_which_it_raises(reply: Reply) -> None:
    assert (await ask(reply)).outcome is Outcome.CRASH


@pytest.mark.parametrize(
    ("username", "topic_filter", "topic"),
    [
        (b"bob", b"%u/%u", b"bob/bob"),
        (b"a&b", b"u/%u", b"u/a%ub"),
        (b"a\\1b", b"u/%u", b"u/ab"),
        (b"%c", b"u/%u", b"u/c1"),
        (b"a/b", b"u/%u/x", b"u/a/b/x"),
        (None, b"u/%u", b"u/%u"),
        (b"bob", b"%C", b"%C"),
    ],
)
async def test_values_in_filters(username: bytes | None, topic_filter: bytes, topic: bytes) -> None:
    client = ClientInfo(b"c1", username)
    answer = await ask([topic_filter, b"2"], topic, client=client, acl_cmd="HGETALL acl")
    assert answer.outcome is Outcome.ALLOW


async def test_a_replacement_on_which_erlang_raises() -> None:
    client = ClientInfo(b"c1", b"\\gx")
    answer = await ask([b"u/%u", b"1"], b"b", client=client, acl_cmd="HGETALL acl")
    assert answer.outcome is Outcome.CRASH
    assert (await ask([b"u", b"1"], client=client, acl_cmd="HGETALL %u")).outcome is Outcome.CRASH


async def test_a_username_that_begins_with_a_dollar_is_not_asked_for() -> None:
    trace: Trace = []
    answer = await ask([b"#", b"3"], client=ClientInfo(b"c1", b"$alice"), trace=trace)
    assert answer.outcome is Outcome.IGNORE
    assert [type(step) for step in trace] == [Warned]


async def test_a_wildcard_in_a_value_widens_the_rule_and_is_warned_of() -> None:
    trace: Trace = []
    answer = await ask([b"own/%u", b"2"], b"own/x", client=ClientInfo(b"c1", b"+"), trace=trace)
    assert answer.outcome is Outcome.ALLOW
    assert str(trace[-1]) == (
        "The value of %u, +, is a wildcard in the filter own/%u: this client may do more than was"
        " meant."
    )


async def test_a_wildcard_does_not_match_dollar_topics() -> None:
    assert (await ask([b"#", b"3"], b"$SYS/a")).outcome is Outcome.DENY


async def test_no_rules_and_a_failing_redis_are_no_opinion() -> None:
    assert (await ask([])).outcome is Outcome.IGNORE
    answer = await ask(StoreError("redis 127.0.0.1:6379 does not answer."))
    assert answer == SourceAnswer(Outcome.IGNORE, "Redis fails; a failure counts as no opinion")


@given(
    st.none() | st.binary() | st.lists(st.none() | st.binary() | st.sampled_from([b"1", b"%u/%c"])),
    st.binary(),
    st.none() | st.binary(),
)
def test_anything_is_judged(reply: Reply, topic: bytes, username: bytes | None) -> None:
    client = ClientInfo(b"c1", username)
    answer = asyncio.run(ask(reply, topic, client=client))
    assert answer.outcome in (Outcome.ALLOW, Outcome.DENY, Outcome.IGNORE, Outcome.CRASH)
