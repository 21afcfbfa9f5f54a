"""Rules against clients, in the dialects that write and match them differently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization.matching import CompiledRule, Request, RuleError, Trial, Trials
from mtlsx.auth.authorization.source import Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import EMQX_4_4, EMQX_5_0, EMQX_6, Dialect
from mtlsx.auth.rules import Action, Rule, Who
from mtlsx.auth.settings import Authorization, AuthSettings
from mtlsx.auth.trace import RulesNotTold, RuleTried, Trace, as_text

CLIENT = ClientInfo(
    b"c1",
    b"alice",
    cert_common_name=b"device",
    peer_host="10.0.0.7",
    zone="north",
    listener="ssl:default",
    client_attrs={"site": b"munich"},
)
PUBLISH = Action("publish")
LEGACY = Terms.of(AuthSettings())
HARDENED = Terms.of(AuthSettings(security_profile="hardened"))
FORGIVING = Terms.of(
    AuthSettings(
        security_profile="hardened", authorization=Authorization(ignore_backend_failures=True)
    )
)


def trial(
    rule: Rule,
    topic: bytes,
    *,
    client: ClientInfo = CLIENT,
    action: Action = PUBLISH,
    terms: Terms = LEGACY,
    dialect: Dialect = EMQX_6,
) -> Trial:
    terms = replace(terms, dialect=dialect)
    return CompiledRule.of(rule, dialect).trial(Request(client, action, topic, terms))


def allow(*topic_filters: bytes) -> Rule:
    return Rule("allow", topic_filters=topic_filters)


@pytest.mark.parametrize(
    ("topic_filter", "topic"),
    [
        (b"u/${username}/#", b"u/alice/x"),
        (b"${clientid}-${cert_common_name}", b"c1-device"),
        (b"${zone}/${client_attrs.site}", b"north/munich"),
        (b"eq u/${username}", b"u/${username}"),
        (b"p/${peerhost}", b"p/${peerhost}"),
        (b"a${$}b", b"a${$}b"),
        (b"a${$}${username}", b"a$alice"),
    ],
)
def test_topic_filters_of_6(topic_filter: bytes, topic: bytes) -> None:
    assert trial(allow(topic_filter), topic).matched


@pytest.mark.parametrize(
    ("dialect", "topic_filter", "topic", "matched"),
    [
        (EMQX_5_0, b"u/${username}/#", b"u/alice/x", True),
        (EMQX_5_0, b"u/x-${username}", b"u/x-alice", False),
        (EMQX_5_0, b"u/x-${username}", b"u/x-${username}", True),
        (EMQX_5_0, b"u/${cert_common_name}", b"u/device", False),
        (EMQX_4_4, b"u/%u/%c", b"u/alice/c1", True),
        (EMQX_4_4, b"u/%u", b"u/%u", False),
        (EMQX_4_4, b"u/${username}", b"u/${username}", True),
        (EMQX_5_0, b"#", b"$SYS/a", True),
        (EMQX_6, b"#", b"$SYS/a", False),
    ],
)
def test_topic_filters_of_the_dialects(
    dialect: Dialect, topic_filter: bytes, topic: bytes, matched: bool
) -> None:
    assert trial(allow(topic_filter), topic, dialect=dialect).matched is matched


@pytest.mark.parametrize("username", [b"+", b"#", b"", b"a/b"])
def test_a_value_is_never_a_wildcard_in_5_0(username: bytes) -> None:
    client = CLIENT._replace(username=username)
    found = trial(allow(b"u/${username}"), b"u/" + username, client=client, dialect=EMQX_5_0)
    assert not found.matched


def test_an_undefined_value_leaves_the_placeholder_in_5_0() -> None:
    client = CLIENT._replace(username=None)
    rule = allow(b"u/${username}")
    assert trial(rule, b"u/${username}", client=client, dialect=EMQX_5_0).matched


def test_every_topic_is_more_than_a_wildcard() -> None:
    assert trial(Rule("allow"), b"$SYS/a").matched
    assert not trial(allow(), b"a").matched


UNDEFINED = CLIENT._replace(cert_common_name=None)
WILD = CLIENT._replace(username=b"+")


@pytest.mark.parametrize(
    ("client", "terms", "matched", "denies"),
    [
        # An undefined value passes one filter over, a value that is not allowed the whole rule.
        (UNDEFINED, LEGACY, True, False),
        (UNDEFINED, HARDENED, True, True),
        (UNDEFINED, FORGIVING, False, False),
        (WILD, LEGACY, False, False),
        (WILD, HARDENED, True, True),
        (WILD, FORGIVING, False, False),
        (CLIENT._replace(username=b"\xff"), LEGACY, False, False),
    ],
)
def test_values_that_cannot_be_put_in(
    client: ClientInfo, terms: Terms, matched: bool, denies: bool
) -> None:
    name = b"cert_common_name" if client is UNDEFINED else b"username"
    found = trial(allow(b"u/${" + name + b"}", b"a"), b"a", client=client, terms=terms)
    assert (found.matched, found.denies) == (matched, denies)


def test_topic_template_allow() -> None:
    terms = replace(LEGACY, topic_template_allow=frozenset({b"+"}))
    assert trial(allow(b"u/${username}"), b"u/any", client=WILD, terms=terms).matched
    both = CLIENT._replace(username=b"+/#")
    assert not trial(allow(b"u/${username}"), b"u/any", client=both, terms=terms).matched


@pytest.mark.parametrize(
    ("who", "included"),
    [
        (Who(usernames=(b"bob", b"alice")), True),
        (Who(usernames=(b"bob",)), False),
        (Who(client_ids=(b"c1",)), True),
        (Who(username_re="^al"), True),
        (Who(username_re="^l"), False),
        (Who(client_id_re="[0-9]$", username_re="ice"), True),
        (Who(networks=("192.0.2.1", "10.0.0.0/8")), True),
        (Who(networks=("10.0.0.7",)), True),
        (Who(networks=("2001:db8::/32",)), False),
        (Who(zone="north", listener_re="^ssl:"), True),
        (Who(zone_re="south"), False),
        (Who(listener="tcp:default"), False),
        (Who(usernames=(b"alice",), client_ids=(b"c2",)), False),
    ],
)
def test_who(who: Who, included: bool) -> None:
    assert trial(Rule("allow", who=who), b"a").matched is included


def test_a_client_without_a_username_has_none_to_match() -> None:
    client = CLIENT._replace(username=None)
    assert not trial(Rule("allow", who=Who(username_re="")), b"a", client=client).matched


@pytest.mark.parametrize(
    ("rule", "action", "matched"),
    [
        (Rule("allow", "publish"), Action("subscribe"), False),
        (Rule("allow", "all", qos=frozenset({1})), Action("subscribe", 1), True),
        (Rule("allow", "all", qos=frozenset({1})), Action("publish", 2), False),
        (Rule("allow", retain=True), Action("publish", retain=True), True),
        (Rule("allow", retain=True), Action("publish"), False),
        (Rule("allow", retain=True), Action("subscribe"), True),
    ],
)
def test_actions(rule: Rule, action: Action, matched: bool) -> None:
    assert trial(rule, b"a", action=action).matched is matched


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Rule("allow", who=Who(username_re="(")), "not a regular expression"),
        (Rule("allow", who=Who(networks=("10.0.0",))), "not an IP address or a network"),
        (allow(b"\xff"), "not UTF-8"),
    ],
)
def test_rules_that_cannot_be_compiled(rule: Rule, sentence: str) -> None:
    with pytest.raises(RuleError, match=sentence):
        CompiledRule.of(rule, EMQX_6)


def test_the_first_rule_that_matches_decides() -> None:
    trace: Trace = []
    rules = [allow(b"b"), Rule("deny", topic_filters=(b"a",), reason_code=0x83), Rule("allow")]
    trials = Trials("acl.conf", Request(CLIENT, PUBLISH, b"a", LEGACY), trace)
    assert trials.first_match([CompiledRule.of(rule, EMQX_6) for rule in rules]) == rules[1]
    assert (
        as_text(trace)
        == "· acl.conf, allow b: the topic is another.\n✔ acl.conf, deny a: it matches."
    )


def test_a_trace_tells_of_a_hundred_rules_and_of_the_one_that_matched() -> None:
    trace: Trace = []
    rules = [CompiledRule.of(allow(b"b"), EMQX_6)] * 249 + [CompiledRule.of(allow(b"a"), EMQX_6)]
    trials = Trials("redis", Request(CLIENT, PUBLISH, b"a", LEGACY), trace)
    assert trials.first_match(rules) is not None
    trials.end()
    assert len(trace) == 102
    assert isinstance(trace[100], RuleTried)
    assert trace[100].matched
    assert trace[101] == RulesNotTold("redis", 149)


@given(
    st.lists(st.binary(), max_size=3),
    st.binary(),
    st.none() | st.binary(),
    st.sampled_from([EMQX_6, EMQX_5_0, EMQX_4_4]),
    st.sampled_from([LEGACY, HARDENED, FORGIVING]),
)
def test_any_octets_are_judged(
    topic_filters: list[bytes],
    topic: bytes,
    username: bytes | None,
    dialect: Dialect,
    terms: Terms,
) -> None:
    rule = Rule("allow", topic_filters=(b"u/${username}", *topic_filters))
    client = CLIENT._replace(username=username)
    try:
        found = trial(rule, topic, client=client, terms=terms, dialect=dialect)
    except RuleError:
        assert dialect is EMQX_6
    else:
        assert found.matched or not found.denies
