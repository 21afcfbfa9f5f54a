"""Rules of files as an ACL file of Mosquitto, and in sentences what Mosquitto cannot say.

Mosquitto's lines know who (everybody, or one username) and which direction, no more; denials come before permissions
and the lines of a username before the patterns, whatever their order in the file; what no line permits is denied.
A rule that would permit more than it says is left out; a denial that cannot be said exactly denies more where that
is possible, and is left out where it is not. Subscribing is never refused, only the messages are held back.

Source: Mosquitto 2.0 (mosquitto.conf(5), security_default.c).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal, TypeAlias

from mtlsx.auth.dialects import DIALECTS, Dialect
from mtlsx.auth.placeholders import RULE_TOPICS
from mtlsx.auth.rules import ANY_QOS, EVERYBODY, Rule, Who
from mtlsx.auth.settings import AuthSettings, FileSource
from mtlsx.identity.templates import Template

_Direction: TypeAlias = Literal["read", "write"]
_Word: TypeAlias = Literal["read", "write", "readwrite", "deny"]

_DIRECTIONS: Final[Mapping[str, frozenset[_Direction]]] = {
    "publish": frozenset({"write"}),
    "subscribe": frozenset({"read"}),
    "all": frozenset({"read", "write"}),
}
_BOTH = _DIRECTIONS["all"]
_EVERY_TOPIC = ("#", "$SYS/#")
_OTHER_CLIENTS = "for client ids, addresses, zones, listeners or regular expressions, which Mosquitto's lines do not know"
_CONDITIONS = "for some QoS or retained messages only, which Mosquitto's lines do not know"
_FILTERS = "with a topic filter that Mosquitto cannot say"
_NAMES = "with a username that no line can hold"


@dataclass(frozen=True, slots=True)
class Acl:
    """An ACL file as text, and sentences about what it does not say."""

    text: str
    notes: tuple[str, ...]


def acl(
    settings: AuthSettings, *, common_name_is_username: bool, superusers: Collection[str] = ()
) -> Acl:
    """The ACL file for the rules in ``settings``.

    ``common_name_is_username``: whether every client's username is the common name of its certificate, so that
    ``%u`` stands for that too. ``superusers`` may do everything.
    """
    writer = _Writer(DIALECTS[settings.dialect], common_name_is_username, superusers)
    rules = [
        rule
        for source in settings.authorization.sources
        if isinstance(source, FileSource) and source.enable
        for rule in source.rules
    ]
    for number, rule in enumerate(rules, start=1):
        writer.add(number, rule)
    if settings.authorization.no_match == "allow":
        writer.add(len(rules) + 1, Rule("allow"))
    return Acl(writer.text(), tuple(writer.notes()))


def is_line(text: str) -> bool:
    """Whether a line of Mosquitto's files can end in ``text`` and give it back as it is."""
    return bool(text) and text == text.strip() and text.isprintable()


@dataclass(frozen=True, slots=True)
class _Line:
    rule: int
    user: str | None
    word: _Word
    topic_filter: str

    def __str__(self) -> str:
        return f"{'pattern' if self.user is None else 'topic'} {self.word} {self.topic_filter}"


class _Writer:
    """Takes rules in their order; ``open`` are the directions in which a rule can still decide something."""

    def __init__(
        self, dialect: Dialect, common_name_is_username: bool, superusers: Collection[str]
    ) -> None:
        self._dialect = dialect
        self._words = _placeholders(dialect, common_name_is_username)
        self._superusers = superusers
        self._open = _BOTH
        self._lines: list[_Line] = []
        self._left_out: dict[str, list[int]] = {}
        self._widened: list[int] = []
        self._coded: list[int] = []

    def add(self, number: int, rule: Rule) -> None:
        """Add one rule; ``number`` is what notes call it."""
        directions = _DIRECTIONS[rule.action] & self._open
        if not directions:
            return
        if rule.reason_code is not None:
            self._coded.append(number)
        exact = rule.qos == ANY_QOS and rule.retain is None
        if rule.who == EVERYBODY and exact and self._is_for_every_topic(rule):
            self._open -= directions
            if rule.permission == "deny":
                return  # what no line permits is denied
        if rule.who != Who(usernames=rule.who.usernames):
            self._leave_out(number, _OTHER_CLIENTS)
        elif not exact and rule.permission == "allow":
            self._leave_out(number, _CONDITIONS)
        else:
            if rule.permission == "deny" and (not exact or directions != self._open):
                self._widened.append(number)
            self._lines += self._written(number, rule, directions)

    def text(self) -> str:
        """The file."""
        parts = [str(line) for line in self._lines if line.user is None]
        users = [*self._superusers, *(line.user for line in self._lines if line.user is not None)]
        for user in dict.fromkeys(users):
            parts += ["", f"user {user}"]
            if user in self._superusers:
                parts += [f"topic readwrite {topic}" for topic in _EVERY_TOPIC]
            else:
                parts += [str(line) for line in self._lines if line.user == user]
        return "\n".join(parts or ["# Nobody may publish or receive anything."]).lstrip() + "\n"

    def notes(self) -> Iterator[str]:
        """What the file does not say, a sentence each."""
        for reason, numbers in self._left_out.items():
            yield f"{_rules(numbers)} left out: {reason}."
        if self._widened:
            yield f"{_rules(self._widened)} denying more: Mosquitto denies publishing and receiving at once, at any QoS."
        if self._coded:
            yield f"{_rules(self._coded)} without reason code: Mosquitto has none for rules."
        winners = dict.fromkeys(
            (later.rule, earlier.rule)
            for earlier, later in combinations(self._lines, 2)
            if _changes_order(earlier, later)
        )
        for later_rule, earlier_rule in winners:
            yield (
                f"Rule {later_rule} wins over rule {earlier_rule} where both match: Mosquitto takes denials before"
                " permissions, and a username's lines before the patterns."
            )
        if self._lines:
            yield "Mosquitto refuses no subscription: it holds back the messages that may not be received."

    def _is_for_every_topic(self, rule: Rule) -> bool:
        return rule.topic_filters is None or b"#" in rule.topic_filters

    def _written(
        self, number: int, rule: Rule, directions: frozenset[_Direction]
    ) -> Iterator[_Line]:
        word: _Word = "readwrite" if directions == _BOTH else next(iter(directions))
        if rule.permission == "deny":
            word = "deny"
        for name in rule.who.usernames or (None,):
            user = None if name is None else _text(name)
            if name is not None and user is None:
                self._leave_out(number, _NAMES)
                continue
            for topic_filter in self._topic_filters(number, rule, user):
                yield _Line(number, user, word, topic_filter)

    def _topic_filters(self, number: int, rule: Rule, user: str | None) -> Iterator[str]:
        if rule.topic_filters is None:
            yield from _EVERY_TOPIC
            return
        for topic_filter in rule.topic_filters:
            written = self._topic_filter(topic_filter, user)
            if written is None:
                self._leave_out(number, _FILTERS)
            elif written == "#" and self._dialect.rule_wildcards == "all":
                yield from _EVERY_TOPIC
            else:
                yield written

    def _topic_filter(self, topic_filter: bytes, user: str | None) -> str | None:
        """The filter in Mosquitto's words; None where it has none."""
        literally = topic_filter.startswith(b"eq ")
        text = _text(topic_filter.removeprefix(b"eq "))
        if text is None:
            return None
        levels = text.split("/")
        if literally:
            if {"+", "#"} & set(levels):
                return None
        elif self._has_other_placeholders(levels):
            return None
        written = [
            level if literally else _filled(self._words.get(level, level), user) for level in levels
        ]
        taken = [level for level in written if level is not None]
        if len(taken) < len(written) or (user is None and _misread(taken, levels, self._words)):
            return None
        return "/".join(taken)

    def _has_other_placeholders(self, levels: Sequence[str]) -> bool:
        if self._dialect.rule_placeholders != "anywhere":
            return False
        return any(
            Template.parse(level.encode(), RULE_TOPICS).names
            for level in levels
            if level not in self._words
        )

    def _leave_out(self, number: int, reason: str) -> None:
        numbers = self._left_out.setdefault(reason, [])
        if number not in numbers:
            numbers.append(number)


def _placeholders(dialect: Dialect, common_name_is_username: bool) -> Mapping[str, str]:
    if dialect.placeholders == "%":
        return {"%u": "%u", "%c": "%c"}
    words = {"${username}": "%u", "${clientid}": "%c"}
    if common_name_is_username and dialect.rule_placeholders == "anywhere":
        words["${cert_common_name}"] = "%u"
    return words


def _filled(level: str, user: str | None) -> str | None:
    """A level on a line of ``user``, where nothing is put in for ``%u`` and ``%c``."""
    if user is None or level not in ("%u", "%c"):
        return level
    return user if level == "%u" and not set(user) & set("/+#") else None


def _misread(written: Sequence[str], levels: Sequence[str], words: Mapping[str, str]) -> bool:
    """Whether a pattern has %u or %c where the rule means these two characters."""
    return any(
        ("%u" in level or "%c" in level) and original not in words
        for level, original in zip(written, levels, strict=True)
    )


def _changes_order(earlier: _Line, later: _Line) -> bool:
    """Whether the later line wins in Mosquitto although the earlier one says otherwise of the same messages."""
    if earlier.rule == later.rule or (earlier.word == "deny") == (later.word == "deny"):
        return False
    wins = later.word == "deny" if earlier.user == later.user else earlier.user is None
    return wins and _overlap(earlier.topic_filter.split("/"), later.topic_filter.split("/"))


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a topic can match both filters."""
    if one[0].startswith("$") != other[0].startswith("$"):
        return False
    for left, right in zip(one, other, strict=False):
        if "#" in (left, right):
            return True
        if left != right and not {left, right} & {"+", "%u", "%c"}:
            return False
    longer = one if len(one) > len(other) else other
    return len(one) == len(other) or longer[min(len(one), len(other))] == "#"


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if is_line(text) else None


def _rules(numbers: Sequence[int]) -> str:
    *others, last = map(str, numbers)
    if not others:
        return f"Rule {last} is"
    return f"Rules {', '.join(others)} and {last} are"
