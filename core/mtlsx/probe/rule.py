"""What a rule is: a condition on evidence, the verdict that follows, its words and its source.

The rules themselves are the table in ``rules`` and ``rules_tls``. ``decide`` takes the first that holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mtlsx.probe.verdicts import KINDS, RefusedBy, Stage, Verdict
from mtlsx.tls.record import Ended


class Fact(StrEnum):
    """What can be true of an attempt; the value says it in words, as in "the server asked for a certificate"."""

    # what the network did
    NO_ADDRESS = "the name has no address"
    REFUSED = "the host refused the connection"
    UNREACHABLE = "the network has no way to the host"
    SILENT = "nothing was answered in time"
    PLAIN_PORT = "the port is usually a plain one"
    # what the handshake showed
    HELLO = "the server answered our ClientHello"
    ASKED = "the server asked for a client certificate"
    SENT = "we sent ours"
    # our certificate
    EXPIRED = "ours has expired"
    ISSUER_EXPIRED = "one of its issuers has expired"
    NOT_YET_VALID = "ours is not valid yet"
    SELF_SIGNED = "ours is self-signed"
    NOT_FOR_CLIENTS = "its extended key usage lacks clientAuth"
    CANNOT_SIGN = "its key usage lacks digitalSignature"
    WEAK = "its key or a signature in its chain is below OpenSSL's security level 2"
    GAP = "a certificate at hand proves that its chain lacks an intermediate"
    NAMESAKE = "a CA at hand has its issuer's name, but another key"
    FOREIGN = "the server named the CAs that it accepts, and none of them issued ours"
    NAMED = "the server named its issuer among the CAs that it accepts"
    FAULTY = "ours has a fault that can be seen here"
    ODD = "Erlang's TLS cannot decode it"
    # the server's certificate
    CLOCK_WRONG = "this machine's clock looks wrong"
    SERVER_GAP = "a certificate at hand proves that the server's chain lacks an intermediate"
    SERVER_NAMESAKE = "our CA file holds a CA of its issuer's name, but with another key"
    SERVER_ROOT = "the server's chain ends in a self-signed certificate"
    AT_ISSUER = "the objection is to an issuer, not to the server's own certificate"
    NAME_IN_CN = "the name stands in its common name alone"
    # success
    ECHOED = "the message came back"
    ACCEPTED = "the broker accepted CONNECT"
    JUDGED = "the server went on after it"
    # MQTT
    OVER_TLS = "the connection is over TLS"
    HAS_CERTIFICATE = "we have a certificate"
    NO_CN = "our certificate has no common name"
    OTHER_SERVER = "the broker named another server"
    BYTES = "the server sent something else"
    DISCONNECT = "the server sent DISCONNECT"
    NO_PINGRESP = "the keepalive ping was not answered"
    OF_SUBSCRIBE = "the request was SUBSCRIBE"
    IN_5 = "over MQTT 5"
    PATTERN = (
        "it happened again and again, each time soon after CONNACK and without a request of ours"
    )


class Occasion(StrEnum):
    """What was being attempted when it failed."""

    MATERIAL = "a file of ours could not be used"
    NETWORK = "there is no TCP connection"
    HANDSHAKE = "the TLS handshake failed"
    UPGRADE = "the websocket upgrade failed"
    CONNACK = "the broker answered CONNECT with a refusal"
    NO_CONNACK = "the connection ended before CONNACK"
    SILENCE = "no CONNACK came in time"
    SUBACK = "SUBACK refuses"
    PUBACK = "PUBACK or PUBREC refuses"
    NO_ECHO = "the message was acknowledged and did not come back"
    UNANSWERED = "a request was not answered in time"
    HUNG_UP = "the broker hung up on a request"
    LOSS = "a connection was lost after CONNACK"
    SUCCESS = "all that was asked for succeeded"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts of one attempt.

    ``code``: OpenSSL's X509_V_ERR number of the objection, the CONNACK or the DISCONNECT code, whichever belongs to
    the occasion; ``reason``: OpenSSL's reason string, or the id of a material error. ``faults``: verdict ids that our own
    certificate speaks for, most telling first; ``excluded``: those that it speaks against. ``words``: what the
    placeholders in a rule's words stand for; all safe to show.
    """

    occasion: Occasion
    facts: frozenset[Fact] = frozenset()
    ended: Ended | None = None
    alert: int | None = None
    code: int | None = None
    reason: str = ""
    faults: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition: everything that is given must hold. Sets of numbers and reasons: one of them."""

    occasion: Occasion | None = None
    ended: Ended | None = None
    alerts: frozenset[int] = frozenset()
    codes: frozenset[int] = frozenset()
    reasons: tuple[str, ...] = ()
    facts: frozenset[Fact] = frozenset()
    without: frozenset[Fact] = frozenset()

    def holds(self, evidence: Evidence) -> bool:
        return (
            self.occasion in (None, evidence.occasion)
            and self.ended in (None, evidence.ended)
            and (not self.alerts or evidence.alert in self.alerts)
            and (not self.codes or evidence.code in self.codes)
            and (not self.reasons or any(part in evidence.reason for part in self.reasons))
            and self.facts <= evidence.facts
            and self.without.isdisjoint(evidence.facts)
        )


ALWAYS = When()


def where(
    *facts: Fact,
    alerts: Iterable[int] = (),
    codes: Iterable[int] = (),
    reasons: tuple[str, ...] = (),
    ended: Ended | None = None,
    without: Iterable[Fact] = (),
) -> When:
    """A condition on the evidence of the occasion that a rule's group is about."""
    return When(
        ended=ended, alerts=frozenset(alerts), codes=frozenset(codes), reasons=reasons,
        facts=frozenset(facts), without=frozenset(without),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: where ``when`` holds, the verdict is ``id``.

    ``summary`` and ``fix`` are one sentence each with ``{placeholders}``; an empty ``fix`` is none. ``source`` says
    where the rule is from. ``others``: ids of other causes that this evidence allows, most likely first; what our
    certificate speaks against is left out of them. ``by``: who refused, where it is not the kind's.
    """

    id: str
    when: When
    summary: str
    fix: str
    source: str
    others: tuple[str, ...] = ()
    by: RefusedBy | None = None

    def verdict(self, evidence: Evidence) -> Verdict:
        about_ours = any(
            KINDS[each].stage is Stage.CLIENT_CERTIFICATE for each in (self.id, *self.others)
        )
        own = evidence.faults if about_ours else ()
        others = dict.fromkeys((*own, *self.others))
        return Verdict(
            self.id,
            self.summary.format_map(evidence.words),
            self.fix.format_map(evidence.words) or None,
            tuple(other for other in others if other != self.id and other not in evidence.excluded),
            by=self.by,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that share a condition, under a heading."""

    heading: str
    given: When
    rules: tuple[Rule, ...]


def decide(groups: Iterable[Group], evidence: Evidence) -> Verdict:
    """The verdict of the first rule that holds.

    Raises ``LookupError`` where none does: the table has a gap then (its tests look for them).
    """
    for group in groups:
        if group.given.holds(evidence):
            for rule in group.rules:
                if rule.when.holds(evidence):
                    return rule.verdict(evidence)
    raise LookupError(f"no rule for {evidence}")
