"""Rules as an ACL file: read as Mosquitto reads it, it never permits more than EMQX, and what differs is told."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization.matching import CompiledRule, Request
from mtlsx.auth.authorization.source import Terms
from mtlsx.auth.authorization.topics import matches
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.rules import Action, Rule, Who
from mtlsx.auth.settings import Authorization, AuthSettings, FileSource
from mtlsx.configuration.mosquitto_acl import Acl, acl

ORDINARY = "Mosquitto refuses no subscription: it holds back the messages that may not be received."
CLIENTS = [ClientInfo(b"c1", b"ada"), ClientInfo(b"c2", b"bob")]
TOPICS = [b"a", b"b", b"ada/a", b"bob/a", b"c1/b", b"a/b", b"$SYS/a"]


def written(*rules: Rule, no_match: str = "deny", dialect: str = "emqx6", **options: bool) -> Acl:
    sources = (FileSource(rules),)
    settings = AuthSettings(dialect=dialect, authorization=Authorization(no_match, sources=sources))
    return acl(settings, **{"common_name_is_username": False, **options})


def mosquitto_allows(text: str, client: ClientInfo, word: str, topic: bytes) -> bool:
    """Mosquitto's own algorithm (mosquitto.conf(5), security_default.c), on the text of a file."""
    user, own, patterns = None, [], []
    for line in text.splitlines():
        head, _, rest = line.partition(" ")
        if head == "user":
            user = rest
        elif head in ("topic", "pattern"):
            access, _, topic_filter = rest.partition(" ")
            filled = topic_filter.encode()
            if head == "pattern":
                filled = filled.replace(b"%u", client.username or b"")
                patterns.append((access, filled.replace(b"%c", client.client_id)))
            elif user is not None and user.encode() == client.username:
                own.append((access, filled))
    for lines in (own, patterns):
        found = {access for access, each in lines if matches(topic, each)}
        if "deny" in found:
            return False
        if found & {word, "readwrite"}:
            return True
    return False


def emqx_allows(
    rules: list[Rule], no_match: str, client: ClientInfo, request: Action, topic: bytes
) -> bool:
    terms = Terms.of(AuthSettings())
    for rule in rules:
        compiled = CompiledRule.of(rule, DIALECTS["emqx6"])
        if compiled.trial(Request(client, request, topic, terms)).matched:
            return rule.permission == "allow"
    return no_match == "allow"


filters = st.sampled_from(
    [b"#", b"a", b"+", b"a/#", b"a/+", b"${username}/#", b"${clientid}/b", b"ada/a", b"$SYS/#"]
)
whos = st.sampled_from(
    [
        Who(),
        Who(),
        Who(usernames=(b"ada",)),
        Who(usernames=(b"ada", b"bob")),
        Who(client_ids=(b"c1",)),
    ]
)
rules = st.builds(
    Rule,
    permission=st.sampled_from(["allow", "deny"]),
    action=st.sampled_from(["publish", "subscribe", "all"]),
    topic_filters=st.none() | st.lists(filters, min_size=1, max_size=2).map(tuple),
    who=whos,
    qos=st.sampled_from([frozenset({0, 1, 2}), frozenset({0, 1, 2}), frozenset({1})]),
)  # fmt: skip


@given(st.lists(rules, max_size=4), st.sampled_from(["allow", "deny"]))
def test_it_permits_no_more_than_emqx_and_tells_what_differs(
    found: list[Rule], no_match: str
) -> None:
    file = written(*found, no_match=no_match)
    notes = [note for note in file.notes if note != ORDINARY]
    if any(" left out: " in note or " wins over " in note for note in notes):
        return
    for client, topic, (word, kind) in product(
        CLIENTS, TOPICS, [("write", "publish"), ("read", "subscribe")]
    ):
        by_mosquitto = mosquitto_allows(file.text, client, word, topic)
        by_emqx = emqx_allows(found, no_match, client, Action(kind), topic)
        if not notes and b"#" not in {each for rule in found for each in rule.topic_filters or ()}:
            assert by_mosquitto == by_emqx, (file.text, client, word, topic)
        else:
            assert by_mosquitto <= by_emqx, (file.text, client, word, topic)


def test_a_device_of_its_own_topics() -> None:
    file = written(
        Rule("allow", topic_filters=(b"${username}/#", b"${clientid}/+/x")),
        Rule("allow", "subscribe", (b"news",), Who(usernames=(b"ada lovelace",))),
        Rule("deny"),
        Rule("allow", topic_filters=(b"never",)),
    )
    assert file.text == (
        "pattern readwrite %u/#\npattern readwrite %c/+/x\n\nuser ada lovelace\ntopic read news\n"
    )
    assert file.notes == (ORDINARY,)


def test_the_common_name_is_the_username_where_it_is_mapped() -> None:
    rule = Rule("allow", "publish", (b"${cert_common_name}/x",))
    assert written(rule, common_name_is_username=True).text == "pattern write %u/x\n"
    file = written(rule)
    assert file.notes == ("Rule 1 is left out: with a topic filter that Mosquitto cannot say.",)


@pytest.mark.parametrize(
    "topic_filter",
    [b"x-${username}", b"${zone}/a", b"eq a/#", b"%u/a", b"a\nuser root", b" a", b"\xff", b"a%c/b"],
)
def test_a_filter_that_no_line_can_say_is_left_out(topic_filter: bytes) -> None:
    file = written(Rule("allow", topic_filters=(topic_filter,)))
    assert "pattern" not in file.text
    assert file.notes == ("Rule 1 is left out: with a topic filter that Mosquitto cannot say.",)


@pytest.mark.parametrize(
    "who",
    [
        Who(client_ids=(b"c",)), Who(username_re="^a"), Who(client_id_re="^a"), Who(zone="z"),
        Who(networks=("10.0.0.0/8",)), Who(listener="ssl:default"),
    ],
)  # fmt: skip
def test_other_clients_than_usernames_are_left_out(who: Who) -> None:
    file = written(Rule("allow", topic_filters=(b"a",), who=who))
    assert "pattern" not in file.text
    assert file.notes[0].startswith("Rule 1 is left out: for client ids, addresses, zones")


def test_a_name_that_no_line_can_hold_is_left_out() -> None:
    file = written(Rule("allow", topic_filters=(b"a",), who=Who(usernames=(b"x\nuser root", b"y"))))
    assert file.text == "user y\ntopic readwrite a\n"
    assert file.notes[0] == "Rule 1 is left out: with a username that no line can hold."


def test_what_mosquitto_has_not_is_told() -> None:
    file = written(
        Rule("deny", "publish", (b"a",), qos=frozenset({2}), reason_code=0x80),
        Rule("allow", "publish", (b"b",), retain=False),
        Rule("allow", "publish", (b"c/#",)),
        Rule("deny", "publish", (b"c/d",)),
    )
    assert file.text == "pattern deny a\npattern write c/#\npattern deny c/d\n"
    assert file.notes == (
        "Rule 2 is left out: for some QoS or retained messages only, which Mosquitto's lines do not know.",
        "Rules 1 and 4 are denying more: Mosquitto denies publishing and receiving at once, at any QoS.",
        "Rule 1 is without reason code: Mosquitto has none for rules.",
        "Rule 4 wins over rule 3 where both match: Mosquitto takes denials before permissions, and a username's lines before the patterns.",
        ORDINARY,
    )


def test_4_has_its_own_placeholders_and_wildcards() -> None:
    file = written(Rule("allow", "publish", (b"%u/${username}", b"#")), dialect="emqx4.4")
    assert file.text == "pattern write %u/${username}\npattern write #\npattern write $SYS/#\n"


def test_superusers_come_with_every_topic() -> None:
    settings = AuthSettings(authorization=Authorization("deny"))
    file = acl(settings, common_name_is_username=False, superusers=("root",))
    assert file.text == "user root\ntopic readwrite #\ntopic readwrite $SYS/#\n"


def test_an_empty_file_denies() -> None:
    assert written().text == "# Nobody may publish or receive anything.\n"
