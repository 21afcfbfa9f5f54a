"""EMQX's acl.conf: Erlang terms to rules and back."""

from __future__ import annotations

from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.rules import Rule, Who
from mtlsx.auth.settings import SecurityProfile
from mtlsx.configuration.acl_conf import read, write
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from support.configurations import rules

DIALECTS = get_args(Dialect)
STOCK_4 = """\
{allow, {user, "dashboard"}, subscribe, ["$SYS/#"]}.

{allow, {ipaddr, "127.0.0.1"}, pubsub, ["$SYS/#", "#"]}.

{deny, all, subscribe, ["$SYS/#", {eq, "#"}]}.

{allow, all}.
"""
STOCK_6 = """\
%%-------------- Default ACL rules --------------
{allow, {username, {re, "^dashboard$"}}, subscribe, ["$SYS/#"]}.
{allow, {ipaddr, "127.0.0.1"}, all, ["$SYS/#", "#"]}.
{deny, all, subscribe, ["$SYS/#", {eq, "#"}]}.
{allow, {security_profile, legacy}}.
"""


def one(text: str, dialect: Dialect = "emqx6") -> Rule:
    (rule,) = read(text.encode(), source="acl.conf", dialect=dialect)
    return rule


def test_the_file_that_emqx_4_ships() -> None:
    assert read(STOCK_4.encode(), source="acl.conf", dialect="emqx4.4") == (
        Rule("allow", "subscribe", (b"$SYS/#",), Who(usernames=(b"dashboard",))),
        Rule("allow", "all", (b"$SYS/#", b"#"), Who(networks=("127.0.0.1",))),
        Rule("deny", "subscribe", (b"$SYS/#", b"eq #")),
        Rule("allow"),
    )


@pytest.mark.parametrize(("profile", "count"), [("legacy", 4), ("hardened", 3)])
def test_the_file_that_emqx_6_ships(profile: SecurityProfile, count: int) -> None:
    found = read(STOCK_6.encode(), source="acl.conf", dialect="emqx6", security_profile=profile)
    assert len(found) == count
    assert found[0] == Rule("allow", "subscribe", (b"$SYS/#",), Who(username_re="^dashboard$"))
    assert found[3:] == (Rule("allow"),) * (count - 3)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("all", Who()),
        ('{user, "a"}', Who(usernames=(b"a",))),
        ('{username, <<"a">>}', Who(usernames=(b"a",))),
        ("{username, a}", Who(usernames=(b"a",))),
        ("{user, all}", Who()),
        ('{username, "\\x{e9}"}', Who(usernames=("é".encode(),))),
        ('{username, <<"é">>}', Who(usernames=(b"\xe9",))),
        ('{username, <<"é"/utf8, 33>>}', Who(usernames=("é!".encode(),))),
        ('{client, "a"}', Who(client_ids=(b"a",))),
        ('{clientid, {re, "^a"}}', Who(client_id_re="^a")),
        ('{zone, "z"}', Who(zone="z")),
        ('{listener, {re, "ssl"}}', Who(listener_re="ssl")),
        ('{ipaddr, "10.0.0.0/8"}', Who(networks=("10.0.0.0/8",))),
        ('{ipaddrs, ["::1", "127.0.0.1"]}', Who(networks=("::1", "127.0.0.1"))),
        ("{'and', []}", Who()),
        (
            '{\'and\', [{username, "a"}, {clientid, "b"}]}',
            Who(usernames=(b"a",), client_ids=(b"b",)),
        ),
        ('{\'or\', [{username, "a"}, {username, "b"}]}', Who(usernames=(b"a", b"b"))),
        (
            "{'and', [{'or', [{username, a}, {username, b}]}, {'or', [{username, b}, {username, c}]}]}",
            Who(usernames=(b"b",)),
        ),
        ("{'and', [{security_profile, legacy}, {username, a}]}", Who(usernames=(b"a",))),
    ],
)
def test_whom_a_rule_is_for(text: str, who: Who) -> None:
    assert one(f'{{allow, {text}, all, ["#"]}}.') == Rule("allow", "all", (b"#",), who)


def test_alternatives_of_several_kinds_are_several_rules() -> None:
    text = b"{deny, {'or', [{username, a}, {clientid, b}, {username, c}]}, publish, [\"x\"]}."
    assert read(text, source="acl.conf", dialect="emqx6") == (
        Rule("deny", "publish", (b"x",), Who(usernames=(b"a", b"c"))),
        Rule("deny", "publish", (b"x",), Who(client_ids=(b"b",))),
    )


@pytest.mark.parametrize(
    "condition",
    ["{'or', []}", "{'and', [{username, a}, {username, b}]}", "{'and', [{zone, a}, {zone, b}]}"],
)
def test_a_condition_that_never_holds_makes_no_rule(condition: str) -> None:
    text = f"{{allow, {condition}, all, all}}."
    assert read(text.encode(), source="acl.conf", dialect="emqx6") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{publish, [{qos, 1}, {retain, true}]}", Rule("allow", "publish", None, qos=frozenset({1}), retain=True)),
        ("{all, [{qos, [0, 2]}]}", Rule("allow", "all", None, qos=frozenset({0, 2}))),
        ("{subscribe, [{retain, all}]}", Rule("allow", "subscribe", None)),
        ("pubsub", Rule("allow", "all", None)),
    ],
)  # fmt: skip
def test_actions(text: str, expected: Rule) -> None:
    assert one(f"{{allow, all, {text}, all}}.") == expected


def test_a_rule_for_all_of_emqx_5_leaves_topics_that_begin_with_a_dollar() -> None:
    assert one("{deny, all}.", "emqx5.0").topic_filters == (b"#",)
    assert one("{deny, all}.", "emqx6").topic_filters is None


def test_a_reason_code_stands_before_its_rule() -> None:
    text = b"%mtlsx {reason_code, 16#80}.\n{deny, all}.\n{allow, all}."
    found = read(text, source="acl.conf", dialect="emqx6")
    assert [rule.reason_code for rule in found] == [0x80, None]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{allow, all}", "acl.conf: line 1: . is expected, not the end."),
        ("\n\n{allow, all.", "acl.conf: line 3: } is expected, not .."),
        ("{allow, Who}.", "acl.conf: line 1: W is not expected."),
        ("allow.", "acl.conf: line 1: a rule is {allow | deny, Who, Action, [Topic]} or"),
        ("{permit, all}.", "acl.conf: line 1: a rule begins with allow or deny, not with permit."),
        ("{allow, none, all, []}.", "acl.conf: line 1: a condition is all, or {username |"),
        ("{allow, {username, a}}.", "acl.conf: line 1: a rule of two parts is for all, not for"),
        ("{allow, all, read, []}.", "acl.conf: line 1: an action is publish, subscribe or all"),
        ("{allow, all, {all, [{qos, 3}]}, []}.", "acl.conf: line 1: qos is 0, 1, 2 or a list"),
        ("{allow, all, {all, [{retain, 1}]}, []}.", "acl.conf: line 1: retain is true, false or"),
        ("{allow, all, {all, [{dup, 1}]}, []}.", "acl.conf: line 1: an action may have qos and"),
        ('{allow, all, all, "a"}.', 'acl.conf: line 1: topics are a list, or all, not "a".'),
        ("{allow, all, all, [a]}.", 'acl.conf: line 1: a topic is a "text" or {eq, "text"}, not a.'),
        ("{allow, {client_attr, a, b}, all, all}.", "acl.conf: line 1: rules for client attributes"),
        ("{allow, {username, 1}, all, all}.", 'acl.conf: line 1: a "text" is expected, not 1.'),
        ("{allow, {'or', a}, all, all}.", "acl.conf: line 1: 'and' and 'or' take a list"),
        ("{allow, {ipaddr, \"x\"}, all, all}.", "acl.conf: line 1: 'x' is not an IP address or a"),
        ('{allow, {username, {re, "["}}, all, all}.', "acl.conf: line 1: '[' is not a regular"),
        (
            '{allow, {\'and\', [{username, {re, "a"}}, {username, {re, "b"}}]}, all, all}.',
            "acl.conf: line 1: two conditions on username in one 'and' are not supported",
        ),
        ("%mtlsx {reason_code, 1}.", "acl.conf: line 1: a reason code is a number from 16#80 to"),
        ("[" * 99, "acl.conf: line 1: terms are nested too deep."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        read(text.encode(), source="acl.conf", dialect="emqx6")
    assert str(error.value).startswith(sentence)


def test_4_has_no_conditions_on_qos() -> None:
    with pytest.raises(UsageError, match=r"line 1: EMQX 4\.x has no conditions on QoS and retain"):
        one("{allow, all, {publish, [{qos, 1}]}, all}.", "emqx4.4")


def test_alternatives_are_bounded() -> None:
    some = "{'or', [" + ",".join(f'{{username, {{re, "{n}"}}}}' for n in range(11)) + "]}"
    other = some.replace("username", "clientid")
    with pytest.raises(UsageError, match="more than 100 alternatives"):
        one(f"{{allow, {{'and', [{some}, {other}]}}, all, all}}.")


@given(
    st.binary(max_size=60)
    | st.text("{}[],.\"'<>/|%\\ \nallowdenyx1#16", max_size=60).map(str.encode)
)
def test_no_bytes_make_it_raise_anything_but_its_error(data: bytes) -> None:
    with suppress(UsageError):
        read(data, source="acl.conf", dialect="emqx6")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_rules_come_back(dialect: Dialect) -> None:
    @given(st.lists(rules(dialect), max_size=5).map(tuple))
    def check(written: tuple[Rule, ...]) -> None:
        data = write(written, dialect=dialect).encode()
        assert read(data, source="acl.conf", dialect=dialect) == written

    check()
