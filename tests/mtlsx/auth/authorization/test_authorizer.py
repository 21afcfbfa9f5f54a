"""The order in which EMQX decides, and what its topics with a prefix stand for."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mtlsx.auth.authorization.authorizer import Authorizer, Verdict
from mtlsx.auth.authorization.client_acl import parse_acl
from mtlsx.auth.authorization.file import FileRules
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.rules import Action, Rule, Who
from mtlsx.auth.settings import Authorization, AuthSettings, FileSource
from mtlsx.auth.trace import Outcome, Trace, as_text
from mtlsx.errors import UsageError

CLIENT = ClientInfo(b"c1", b"alice")
PUBLISH, SUBSCRIBE = Action("publish"), Action("subscribe")
DEFAULTS = AuthSettings()


@dataclass
class Says:
    """A source that always says the same."""

    outcome: Outcome
    name: str = "source"
    asked: int = 0

    async def authorize(
        self, client: ClientInfo, action: Action, topic: bytes, trace: Trace
    ) -> SourceAnswer:
        self.asked += 1
        return SourceAnswer(self.outcome, "so it is")


async def decide(
    *outcomes: Outcome,
    settings: AuthSettings = DEFAULTS,
    client: ClientInfo = CLIENT,
    trace: Trace | None = None,
) -> tuple[Verdict, list[int]]:
    sources = [Says(outcome) for outcome in outcomes]
    verdict = await Authorizer(settings, sources).authorize(
        client, PUBLISH, b"a", [] if trace is None else trace
    )
    return verdict, [source.asked for source in sources]


def of_rules(*rules: Rule, settings: AuthSettings = DEFAULTS) -> Authorizer:
    return Authorizer(settings, [FileRules(FileSource(rules), Terms.of(settings))])


@pytest.mark.parametrize(
    ("outcomes", "allowed", "asked"),
    [
        ([Outcome.ALLOW, Outcome.DENY], True, [1, 0]),
        ([Outcome.DENY, Outcome.ALLOW], False, [1, 0]),
        ([Outcome.NOMATCH, Outcome.IGNORE, Outcome.CRASH, Outcome.ALLOW], True, [1, 1, 1, 1]),
        ([Outcome.NOMATCH], False, [1]),
        ([], False, []),
    ],
)
async def test_the_first_that_decides(
    outcomes: list[Outcome], allowed: bool, asked: list[int]
) -> None:
    verdict, found = await decide(*outcomes)
    assert (verdict.allowed, found) == (allowed, asked)


async def test_no_match() -> None:
    settings = AuthSettings(authorization=Authorization(no_match="allow"))
    verdict, _ = await decide(Outcome.NOMATCH, settings=settings)
    assert verdict == Verdict(True, "no source decides, and no_match is allow")


@pytest.mark.parametrize(
    ("ignore", "allowed"), [(False, False), (True, True)], ids=["hardened", "ignored"]
)
async def test_a_source_that_raises_in_the_hardened_profile(ignore: bool, allowed: bool) -> None:
    settings = AuthSettings(
        security_profile="hardened", authorization=Authorization(ignore_backend_failures=ignore)
    )
    verdict, _ = await decide(Outcome.CRASH, Outcome.ALLOW, settings=settings)
    assert verdict.allowed is allowed


async def test_a_superuser_may_everything() -> None:
    client = ClientInfo(b"c1", is_superuser=True, acl=parse_acl({}))
    verdict, asked = await decide(Outcome.DENY, client=client)
    assert (verdict.allowed, asked) == (True, [0])


async def test_the_rules_of_a_token_come_first() -> None:
    client = ClientInfo(
        b"c1", acl=parse_acl([{"permission": "deny", "action": "all", "topic": "a"}])
    )
    trace: Trace = []
    verdict, asked = await decide(Outcome.ALLOW, client=client, trace=trace)
    assert (verdict.allowed, asked) == (False, [0])
    assert as_text(trace).splitlines() == [
        "✔ client_info, deny a: it matches.",
        "✘ client_info says deny: a rule of its token matches.",
    ]
    other = ClientInfo(b"c1", acl=parse_acl([]))
    assert await decide(Outcome.ALLOW, client=other) == (
        Verdict(True, "source: so it is"),
        [1],
    )


@pytest.mark.parametrize(
    ("topic_filter", "allowed"),
    [
        (b"$share/g/a/#", True),
        (b"$queue/a/#", True),
        (b"$exclusive/a/#", True),
        (b"$share/g/b", False),
        (b"$share/a/#", False),
        (b"$share/g", False),
    ],
)
async def test_a_shared_subscription_is_decided_over_by_its_filter(
    topic_filter: bytes, allowed: bool
) -> None:
    authorizer = of_rules(Rule("allow", "subscribe", (b"a/#",)))
    assert (await authorizer.authorize(CLIENT, SUBSCRIBE, topic_filter, [])).allowed is allowed


async def test_a_topic_name_has_no_share_prefix() -> None:
    authorizer = of_rules(Rule("allow", "publish", (b"$share/g/a",)))
    assert (await authorizer.authorize(CLIENT, PUBLISH, b"$share/g/a", [])).allowed
    assert not (await authorizer.authorize(CLIENT, PUBLISH, b"a", [])).allowed


@pytest.mark.parametrize(
    ("dialect", "topic", "allowed"),
    [
        ("emqx6", b"$delayed/5/a", True),
        ("emqx6", b"$delayed/5/b", False),
        ("emqx6", b"$delayed/5", False),
        ("emqx5.0", b"$delayed/5/a", False),
        ("emqx4.4", b"$delayed/5", True),
    ],
)
async def test_delayed_messages(dialect: str, topic: bytes, allowed: bool) -> None:
    settings = AuthSettings(dialect)  # type: ignore[arg-type]
    authorizer = of_rules(Rule("allow", "all", (b"a", b"$delayed/5")), settings=settings)
    assert (await authorizer.authorize(CLIENT, PUBLISH, topic, [])).allowed is allowed


async def test_a_malformed_delayed_message_is_denied_to_superusers_too() -> None:
    trace: Trace = []
    superuser = ClientInfo(b"c1", is_superuser=True)
    verdict = await of_rules(Rule("allow")).authorize(superuser, PUBLISH, b"$delayed/5", trace)
    assert verdict == Verdict(False, "$delayed/5 is malformed")
    assert as_text(trace) == "✘ $delayed/5 has not the form $delayed/SECONDS/TOPIC."


async def test_the_rule_that_denies_is_told() -> None:
    rule = Rule("deny", topic_filters=(b"a",), reason_code=0x80)
    verdict = await of_rules(rule, Rule("allow")).authorize(CLIENT, PUBLISH, b"a", [])
    assert verdict == Verdict(False, "file: a rule matches", rule)


def test_a_file_with_a_rule_that_cannot_be_meant() -> None:
    rules = (Rule("allow"), Rule("deny", who=Who(networks=("10.0.0",))))
    with pytest.raises(UsageError, match=r"^acl.conf: rule 2: '10.0.0' is not an IP address"):
        FileRules(FileSource(rules, "acl.conf"), Terms.of(AuthSettings()))
