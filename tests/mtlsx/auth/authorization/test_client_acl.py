"""The rules in a token: the claims that EMQX takes, and what they decide."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization.client_acl import ClientRules, parse_acl
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.rules import Action, ClientAcl, Rule, Who
from mtlsx.auth.settings import AuthSettings
from mtlsx.auth.trace import Outcome

PUBLISH, SUBSCRIBE = Action("publish"), Action("subscribe")
NOW = 1_700_000_000.9
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


def ask(acl: ClientAcl | None, topic: bytes, *, action: Action = PUBLISH) -> SourceAnswer:
    rules = ClientRules(Terms.of(AuthSettings()), lambda: NOW)
    return asyncio.run(rules.authorize(ClientInfo(b"c1", b"alice", acl=acl), action, topic, []))


def test_an_object_of_lists() -> None:
    acl = parse_acl({"pub": ["a/${clientid}"], "all": ["eq b/+"], "other": 1})
    assert acl == ClientAcl(
        (Rule("allow", "publish", (b"a/${clientid}",)), Rule("allow", "all", (b"eq b/+",))),
        "deny",
    )
    assert ask(acl, b"a/c1").outcome is Outcome.ALLOW
    assert ask(acl, b"a/c1", action=SUBSCRIBE).outcome is Outcome.DENY
    assert ask(acl, b"b/+", action=SUBSCRIBE).outcome is Outcome.ALLOW
    assert ask(acl, b"b/x").outcome is Outcome.DENY


def test_an_array_of_rules() -> None:
    acl = parse_acl(
        [
            {"permission": "deny", "action": "pub", "topic": "a", "qos": [1, "2"], "retain": 1},
            {
                "permission": "allow",
                "action": "all",
                "topics": ["a", "b"],
                "username_re": "^al",
                "clientid_re": "1$",
                "ipaddr": "127.0.0.0/8",
                "zone": "default",
                "listener_re": "^ssl",
                "username": "not looked at",
            },
        ]
    )
    who = Who(
        username_re="^al",
        client_id_re="1$",
        networks=("127.0.0.0/8",),
        zone="default",
        listener_re="^ssl",
    )
    assert acl == ClientAcl(
        (
            Rule("deny", "publish", (b"a",), qos=frozenset({1, 2}), retain=True),
            Rule("allow", "all", (b"a", b"b"), who),
        ),
        "nomatch",
    )
    assert ask(acl, b"a", action=Action("publish", 1, True)).outcome is Outcome.DENY
    assert ask(acl, b"a").outcome is Outcome.ALLOW
    assert ask(acl, b"c").outcome is Outcome.NOMATCH


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("all", "must be an object or an array, not 'all'."),
        (None, "must be an object or an array"),
        ({"pub": "a"}, "pub in the acl of a token must be a list of texts"),
        ({"sub": ["a", 1]}, "sub in the acl of a token must be a list of texts"),
        ({"all": ["\ud800"]}, "all in the acl of a token must be a list of texts"),
        (["a"], "Rule 1 in the acl of a token must be an object"),
        (
            [{"action": "pub", "topic": "a"}],
            'Rule 1 in the acl of a token: permission must be "allow"',
        ),
        ([{"permission": "allow", "topic": "a"}], "action must be one of publish"),
        ([{"permission": "allow", "action": "pub"}], "A rule needs a topic"),
        ([{"permission": "allow", "action": "pub", "topics": "a"}], "A rule needs a topic"),
        ([{"permission": "allow", "action": "pub", "topic": "a", "qos": 3}], "qos must be 0, 1, 2"),
        ([{"permission": "allow", "action": "pub", "topic": "a", "retain": 2}], "retain must be"),
        (
            [{"permission": "allow", "action": "pub", "topic": "a", "username_re": ""}],
            "username_re must be a text that is not empty",
        ),
        (
            [{"permission": "allow", "action": "pub", "topic": "a", "clientid_re": "("}],
            "Rule 1 in the acl of a token: '(' is not a regular expression",
        ),
        (
            [{"permission": "allow", "action": "pub", "topic": "a", "ipaddr": "here"}],
            "'here' is not an IP address or a network.",
        ),
    ],
)
def test_claims_that_emqx_does_not_take(claim: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_acl(claim)


@pytest.mark.parametrize(
    ("expires_at", "outcome"),
    [(None, Outcome.ALLOW), (1_700_000_000, Outcome.ALLOW), (1_699_999_999, Outcome.DENY)],
)
def test_rules_expire_with_their_token(expires_at: float | None, outcome: Outcome) -> None:
    assert ask(parse_acl({"all": ["#"]}, expires_at=expires_at), b"a").outcome is outcome


def test_no_rules_are_no_opinion() -> None:
    assert ask(None, b"a").outcome is Outcome.IGNORE
    assert ask(parse_acl([]), b"a").outcome is Outcome.NOMATCH
    assert ask(parse_acl({}), b"a").outcome is Outcome.DENY


@given(JSON | st.dictionaries(st.sampled_from(["pub", "sub", "all"]), st.lists(st.text())))
def test_any_claim_is_rules_or_refused(claim: object) -> None:
    try:
        acl = parse_acl(claim)
    except ValueError:
        return
    assert ask(acl, b"a").outcome in (Outcome.ALLOW, Outcome.DENY, Outcome.NOMATCH)
