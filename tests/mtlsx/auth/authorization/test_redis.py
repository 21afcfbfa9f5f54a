"""The Redis source of EMQX 5 and 6: what it asks, and what it makes of replies that are no rules."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization.redis import RedisRules, parse_command
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import EMQX_5_0
from mtlsx.auth.placeholders import AUTHORIZATION, values_of
from mtlsx.auth.rules import Action
from mtlsx.auth.settings import AuthSettings, RedisServer, RedisSource
from mtlsx.auth.stores.store import Reply, StoreError
from mtlsx.auth.trace import Outcome, Trace, as_text
from mtlsx.errors import UsageError
from support.canned_store import CannedStore

CLIENT = ClientInfo(b"c1", b"alice")
SOURCE = RedisSource(RedisServer(), "HGETALL mqtt_acl:${username}")
LEGACY = Terms.of(AuthSettings())
HARDENED = Terms.of(AuthSettings(security_profile="hardened"))
REPLIES: st.SearchStrategy[Reply] = st.recursive(
    st.none() | st.binary() | st.integers() | st.sampled_from([b"all", b'{"action":"pub"}']),
    lambda replies: st.lists(replies, max_size=6),
)


async def ask(
    reply: Reply | StoreError,
    topic: bytes = b"a",
    *,
    terms: Terms = LEGACY,
    source: RedisSource = SOURCE,
    trace: Trace | None = None,
) -> SourceAnswer:
    rules = RedisRules(source, CannedStore(reply), terms)
    return await rules.authorize(CLIENT, Action("publish"), topic, [] if trace is None else trace)


@pytest.mark.parametrize(
    ("cmd", "sentence"),
    [
        ("", "is empty"),
        ('HGETALL "a', "cannot be split into words: The quote"),
        ("GET a", "must be HGETALL or HMGET, not GET"),
    ],
)
def test_commands_that_emqx_refuses(cmd: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        RedisRules(replace(SOURCE, cmd=cmd), CannedStore(), LEGACY)


@given(st.lists(st.none() | st.binary(), min_size=9, max_size=9))
def test_no_value_adds_a_word(values: list[bytes | None]) -> None:
    names = [*sorted(AUTHORIZATION - {"client_attrs.*"}), "client_attrs.a"]
    cmd = 'HMGET "${username} x" ${clientid} ${cert_subject}${zone} ${client_attrs.a}'
    rendered = parse_command(cmd).render(dict(zip(names, values, strict=True)))
    assert len(rendered) == 5
    assert rendered[0] == b"HMGET"


@given(st.binary(), st.none() | st.binary())
def test_no_client_adds_a_word(client_id: bytes, username: bytes | None) -> None:
    client = ClientInfo(client_id, username, cert_common_name=client_id, cert_subject=username)
    cmd = "HGETALL acl:${username}:${clientid}:${cert_common_name}:${cert_subject}"
    name = username or b""
    key = b":".join((b"acl", name, client_id, client_id, name))
    assert parse_command(cmd).render(values_of(client)) == (b"HGETALL", key)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (b'{"action": "publish"}', Outcome.ALLOW),
        (b' {"action": "pub", "qos": "0,1", "retain": "all"}\n', Outcome.ALLOW),
        # Of a key that is there twice EMQX takes the first.
        (b'{"action": "sub", "action": "pub"}', Outcome.NOMATCH),
        (b'{"action": "pub", "action": "drop"}', Outcome.ALLOW),
        (b'{"action": "pub", "qos": []}', Outcome.NOMATCH),
        (b'{"action": "pub", "qos": "0, 1"}', Outcome.IGNORE),
        (b'{"action": "pub", "qos": 1.0}', Outcome.IGNORE),
        (b'{"action": "pub", "qos": true}', Outcome.IGNORE),
        (b'{"action": "pub", "qos": ""}', Outcome.IGNORE),
        (b'{"action": "pub", "retain": 0.0}', Outcome.IGNORE),
        (b'{"action": "sub", "retain": "what"}', Outcome.NOMATCH),
        (b'{"action": null}', Outcome.IGNORE),
        (b'{"action": "pub", "x": NaN}', Outcome.NOMATCH),
        (b'{"action": "pub", "x": 1e999}', Outcome.NOMATCH),
        (b'{"action": "pub", "x": "\\ud800"}', Outcome.NOMATCH),
        (b'{"action": "pub", "x": "\\ud83d\\ude00"}', Outcome.ALLOW),
        (b'\xef\xbb\xbf{"action": "pub"}', Outcome.NOMATCH),
        (b'{"action": "pub"}'.decode().encode("utf-16"), Outcome.NOMATCH),
        (b'{"action": "pub"} x', Outcome.NOMATCH),
        (b"[" * 100_000, Outcome.NOMATCH),
        (b'["publish"]', Outcome.NOMATCH),
        (b"publish ", Outcome.NOMATCH),
    ],
)
async def test_values(value: bytes, outcome: Outcome) -> None:
    assert (await ask([b"a", value])).outcome is outcome


@pytest.mark.parametrize(
    "reply",
    [
        None,
        b"text",
        7,
        [b"a"],
        [b"a", None],
        [b"b", b"all", b"a"],
        [b"a", [b"all"]],
        [b"\xff", b"all"],
    ],
)
async def test_replies_on_which_emqx_raises(reply: Reply) -> None:
    assert (await ask(reply)).outcome is Outcome.CRASH


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ([], Outcome.NOMATCH),
        ([None, b"all"], Outcome.IGNORE),
        ([b"eq \xff", b"all"], Outcome.NOMATCH),
        # What stands behind the rule that decides is not read.
        ([b"a", b"all", b"b", None], Outcome.ALLOW),
    ],
)
async def test_replies(reply: Reply, outcome: Outcome) -> None:
    assert (await ask(reply)).outcome is outcome


async def test_a_failing_store_counts_by_the_profile() -> None:
    error = StoreError("redis 127.0.0.1:6379 does not answer.")
    assert (await ask(error)).outcome is Outcome.IGNORE
    answer = await ask(error, terms=HARDENED)
    assert answer.outcome is Outcome.DENY
    assert answer.detail == "Redis fails; security_profile is hardened, so a failure refuses"


@pytest.mark.parametrize("value", [b"1", b'{"action":"publish"}', b"Publish"])
async def test_emqx_5_0_raises_where_a_value_is_no_word(value: bytes) -> None:
    terms = replace(LEGACY, dialect=EMQX_5_0)
    assert (await ask([b"a", value], terms=terms)).outcome is Outcome.CRASH
    assert (await ask([b"a", b"publish"], terms=terms)).outcome is Outcome.ALLOW


async def test_compatibility_mode_v4() -> None:
    source = replace(SOURCE, cmd="HGETALL acl:%u", compatibility_mode="v4")
    for value, outcome in (
        (b"1", Outcome.NOMATCH),
        (b"2", Outcome.ALLOW),
        (b"02", Outcome.NOMATCH),
    ):
        answer = await ask([b"u/%u/%c", value], b"u/alice/c1", source=source)
        assert answer.outcome is outcome


async def test_the_trace_tells_every_step() -> None:
    trace: Trace = []
    reply: Reply = [b"b/${clientid}", b"all", b"x", b"pub", b"a", b"subscribe", b"+", b"publish"]
    answer = await ask(reply, trace=trace)
    assert answer.outcome is Outcome.ALLOW
    assert as_text(trace).splitlines() == [
        "· redis asks canned store: HGETALL mqtt_acl:alice",
        "· The reply has 4 rules.",
        "· redis, allow b/${clientid}: the topic is another.",
        "· redis, allow x: its value is neither publish, subscribe, all nor JSON, and is passed over.",
        "· redis, allow a: it is for subscribe.",
        "✔ redis, allow +: it matches.",
    ]


@given(REPLIES | st.lists(st.binary()), st.binary(), st.sampled_from([LEGACY, HARDENED]))
def test_any_reply_is_judged(reply: Reply, topic: bytes, terms: Terms) -> None:
    answer = asyncio.run(ask(reply, topic, terms=terms))
    assert answer.outcome in Outcome


@given(
    st.dictionaries(
        st.sampled_from(["action", "qos", "retain", "permission"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.integers()),
    )
)
def test_any_json_is_judged(raw: dict[str, object]) -> None:
    answer = asyncio.run(ask([b"a", json.dumps(raw).encode()]))
    assert answer.outcome in (Outcome.NOMATCH, Outcome.IGNORE)
