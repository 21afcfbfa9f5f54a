"""The table of rules: whole, consistent, readable; each id is given, and no evidence falls through."""

from __future__ import annotations

import re
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.handshake_evidence import handshake_evidence
from mtlsx.probe.rule import Evidence, Fact, Group, Occasion, Rule, decide
from mtlsx.probe.rules import RULES
from mtlsx.probe.verdicts import KINDS, OK, RefusedBy, Stage
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.settings import TlsSettings
from support.made_pki import NOW

ROWS = [(group, rule) for group in RULES for rule in group.rules]
LOCAL = LocalSide("broker.example", 8883, TlsSettings(), (), None, NOW)
HANDSHAKE_WORDS = handshake_evidence(HandshakeRecord(ended=Ended.CLOSED), LOCAL).words
ON_TOPIC = {"target", "topics", "said", "seconds"}
OTHER_WORDS = {
    Occasion.MATERIAL: {"summary", "fix"},
    Occasion.NETWORK: {"host", "target", "error"},
    Occasion.UPGRADE: {"path", "status"},
    Occasion.SILENCE: {"target", "seconds"},
    Occasion.NO_CONNACK: {"target", "first_bytes", "looks_like", "code", "said", "suspicion"},
    Occasion.CONNACK: {"target", "code", "said", "other_server"},
    Occasion.SUBACK: ON_TOPIC,
    Occasion.PUBACK: ON_TOPIC,
    Occasion.NO_ECHO: ON_TOPIC,
    Occasion.UNANSWERED: ON_TOPIC,
    Occasion.HUNG_UP: ON_TOPIC,
    Occasion.LOSS: {"target", "times", "code", "said"},
    Occasion.SUCCESS: {"target", "version", "seconds"},
}


class AnyWord(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key


def occasion_of(group: Group, rule: Rule) -> Occasion:
    occasion = rule.when.occasion or group.given.occasion
    assert occasion is not None
    return occasion


def evidence_for(group: Group, rule: Rule) -> Evidence:
    """The least evidence on which ``rule`` holds."""
    when, given = rule.when, group.given
    return Evidence(
        occasion_of(group, rule),
        facts=when.facts | given.facts,
        ended=when.ended or given.ended or (Ended.ALERT_RECEIVED if when.alerts else None),
        alert=min(when.alerts, default=None),
        code=min(when.codes, default=None),
        reason=when.reasons[0] if when.reasons else "",
        words=AnyWord(),
    )


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_id_is_given_by_a_rule(name: str) -> None:
    verdicts = [decide(RULES, evidence_for(group, rule)) for group, rule in ROWS if rule.id == name]
    assert name in {verdict.id for verdict in verdicts}


@pytest.mark.parametrize(("group", "rule"), ROWS, ids=lambda each: getattr(each, "id", ""))
class TestRow:
    def test_it_can_be_reached(self, group: Group, rule: Rule) -> None:
        """By some of its numbers, no earlier rule takes its evidence."""
        evidence = evidence_for(group, rule)
        alerts = rule.when.alerts or {evidence.alert}
        codes = rule.when.codes or {evidence.code}
        reasons = rule.when.reasons or (evidence.reason,)
        assert any(
            first(replace(evidence, alert=alert, code=code, reason=reason)) is rule
            for alert in alerts
            for code in codes
            for reason in reasons
        )

    def test_its_words_are_sentences(self, group: Group, rule: Rule) -> None:
        if rule.id in KINDS and KINDS[rule.id].stage is Stage.MATERIAL:
            return
        for words in filter(None, (rule.summary, rule.fix)):
            assert words.endswith(".")
            assert not re.search(r"\.\s+[A-Z]", words), "one sentence, no more"
            assert words[0].isupper() or words.startswith("{target}")
        assert rule.source

    def test_its_placeholders_are_known(self, group: Group, rule: Rule) -> None:
        occasion = occasion_of(group, rule)
        known = OTHER_WORDS.get(occasion, set(HANDSHAKE_WORDS))
        for words in (rule.summary, rule.fix):
            named = {name for _, name, _, _ in string.Formatter().parse(words) if name}
            assert named <= known

    def test_its_candidates_are_other_ids(self, group: Group, rule: Rule) -> None:
        assert set(rule.others) <= set(KINDS) - {rule.id, OK}
        assert len(set(rule.others)) == len(rule.others)

    def test_its_side_fits(self, group: Group, rule: Rule) -> None:
        refused_by = rule.by or KINDS[rule.id].refused_by
        if group.given.ended is Ended.REFUSED_BY_US:
            assert refused_by is RefusedBy.US
        if rule.by is not None:
            assert rule.by is not KINDS[rule.id].refused_by


def first(evidence: Evidence) -> Rule:
    return next(
        rule
        for group in RULES
        if group.given.holds(evidence)
        for rule in group.rules
        if rule.when.holds(evidence)
    )


def test_evidence_that_no_rule_takes_is_an_error_of_the_table() -> None:
    with pytest.raises(LookupError):
        decide((), Evidence(Occasion.NETWORK))


@given(
    st.builds(
        Evidence,
        st.sampled_from(sorted(set(Occasion) - {Occasion.MATERIAL})),
        facts=st.frozensets(st.sampled_from(Fact)),
        ended=st.none() | st.sampled_from(Ended),
        alert=st.none() | st.integers(1, 255),
        code=st.none() | st.integers(0, 300),
        reason=st.text(max_size=20),
        words=st.just(AnyWord()),
    )
)
def test_any_evidence_gets_a_verdict(evidence: Evidence) -> None:
    verdict = decide(RULES, evidence)
    kind = KINDS[verdict.id]
    assert (verdict.stage, verdict.exit_code) == (kind.stage, kind.exit_code)
    assert verdict.id not in verdict.candidates
