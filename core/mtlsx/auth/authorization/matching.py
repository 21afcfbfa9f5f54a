"""Rules, compiled once, against what a client wants to do.

In: a ``Rule`` and the dialect in which it is written. Out: a ``CompiledRule``, whose ``trial`` says whether it
matches and why. A topic filter of EMQX 6 is a template; in EMQX 5.0, and in files of 4.x, a placeholder counts only
where it is a whole level, and its value is never a wildcard.

Source: emqx_authz_rule.erl (6.3 and 5.0), emqx_access_rule.erl (4.x); vectors ``emqx-auth/authz.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from mtlsx.auth.authorization.source import Terms
from mtlsx.auth.authorization.topics import levels, match_levels
from mtlsx.auth.authorization.who import CompiledWho
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import Dialect
from mtlsx.auth.placeholders import RULE_TOPICS, rule_values_of
from mtlsx.auth.rules import EVERYBODY, Action, Permission, Rule
from mtlsx.auth.trace import RulesNotTold, RuleTried, Trace, text_of
from mtlsx.identity.templates import Template


class RuleError(ValueError):
    """A rule that EMQX cannot compile; the message is a sentence."""


class Request:
    """What a client wants: an action on a topic, with what rules need of both, and the terms that hold."""

    __slots__ = ("_faults", "_values", "action", "client", "levels", "terms", "topic")

    def __init__(self, client: ClientInfo, action: Action, topic: bytes, terms: Terms) -> None:
        self.client = client
        self.action = action
        self.topic = topic
        self.terms = terms
        self.levels = levels(topic)
        self._values: Mapping[str, bytes | None] | None = None
        self._faults: dict[str, str | None] = {}

    @property
    def values(self) -> Mapping[str, bytes | None]:
        """The values of the placeholders that rules may hold, made when one first needs them."""
        if self._values is None:
            self._values = rule_values_of(self.client)
        return self._values

    def fault(self, name: str) -> str | None:
        """Why the value of a placeholder may not be put into a topic filter; None where it may, or has none."""
        if name not in self._faults:
            value = self.values.get(name)
            self._faults[name] = None if value is None else _fault(value, self.terms)
        return self._faults[name]


class Trial(NamedTuple):
    """Whether a rule or one of its filters matched, and the reason, without a period.

    ``rendered`` is the filter with its values; None where it could not be filled. ``stops``: the other filters of
    the rule are not tried; with ``denies`` the rule then denies, whatever its permission is.
    """

    matched: bool
    detail: str
    topic_filter: bytes = b"#"
    rendered: bytes | None = None
    stops: bool = False
    denies: bool = False


class CompiledRule:
    """One rule; ``filters`` are its topic filters, None for every topic."""

    __slots__ = ("_filters", "_shown", "_who", "rule")

    def __init__(self, rule: Rule, filters: Sequence[CompiledFilter] | None) -> None:
        self.rule = rule
        try:
            self._who = None if rule.who == EVERYBODY else CompiledWho(rule.who)
        except ValueError as error:
            raise RuleError(str(error)) from error
        self._filters = filters
        self._shown = rule.topic_filters[0] if rule.topic_filters else b"#"

    @classmethod
    def of(cls, rule: Rule, dialect: Dialect) -> CompiledRule:
        """``rule`` as ``dialect`` reads it.

        Raises ``RuleError`` for a regular expression, a network or a filter that EMQX cannot compile.
        """
        filters = rule.topic_filters
        return cls(rule, None if filters is None else [compiled(one, dialect) for one in filters])

    def trial(self, request: Request) -> Trial:
        """Whether the rule is for what is requested."""
        refusal = self._refusal(request)
        if refusal is not None:
            return Trial(False, refusal, self._shown)
        if self._filters is None:
            return Trial(True, "it is for every topic", rendered=b"#")
        trial = Trial(False, "it has no topics", self._shown)
        for topic_filter in self._filters:
            trial = topic_filter.trial(request)
            if trial.matched or trial.stops:
                break
        return trial

    def _refusal(self, request: Request) -> str | None:
        rule, action = self.rule, request.action
        if rule.action not in ("all", action.type):
            return f"it is for {rule.action}"
        if action.qos not in rule.qos:
            return f"it is not for QoS {action.qos}"
        if action.type == "publish" and rule.retain not in (None, action.retain):
            return f"it is for {'retained' if rule.retain else 'not retained'} messages"
        if self._who is None or self._who.includes(request.client):
            return None
        return "it is for other clients"


class Trials:
    """The rules of one source on their way through a request: told in the trace, the first ``TOLD`` of them each."""

    TOLD = 100

    def __init__(self, source: str, request: Request, trace: Trace) -> None:
        self._source = source
        self._request = request
        self._trace = trace
        self._tried = self._told = 0

    def first_match(self, rules: Iterable[CompiledRule]) -> Rule | None:
        """The first rule that matches, with the permission that it then gives; None where none does."""
        for rule in rules:
            matched = self.matched(rule)
            if matched is not None:
                return matched
        return None

    def matched(self, rule: CompiledRule) -> Rule | None:
        """``rule`` with the permission that it gives; None where it does not match."""
        trial = rule.trial(self._request)
        permission: Permission = "deny" if trial.denies else rule.rule.permission
        self._tell(trial, permission)
        if not trial.matched:
            return None
        return replace(rule.rule, permission="deny") if trial.denies else rule.rule

    def passed_over(self, topic_filter: bytes, detail: str) -> None:
        """Tell of a rule that EMQX does not read, and why, without a period."""
        self._tell(Trial(False, detail, topic_filter), "allow")

    def end(self) -> None:
        """Tell of those that were not told; to be called once, after the last."""
        if self._tried > self._told:
            self._trace.append(RulesNotTold(self._source, self._tried - self._told))

    def _tell(self, trial: Trial, permission: Permission) -> None:
        self._tried += 1
        if self._told < self.TOLD or trial.matched:
            self._told += 1
            step = RuleTried(
                self._source,
                trial.topic_filter,
                trial.rendered,
                trial.matched,
                permission,
                trial.detail,
            )
            self._trace.append(step)


class CompiledFilter(Protocol):
    """One topic filter of a rule."""

    def trial(self, request: Request) -> Trial: ...


def compiled(topic_filter: bytes, dialect: Dialect) -> CompiledFilter:
    """The filter of a rule as ``dialect`` reads it; raises ``RuleError`` where EMQX cannot."""
    if topic_filter.startswith(_LITERALLY):
        return _Literal(topic_filter, topic_filter.removeprefix(_LITERALLY))
    guard = dialect.rule_wildcards == "not $"
    if dialect.rule_placeholders != "anywhere":
        words = _LEVELS[dialect.placeholders]
        if words.keys().isdisjoint(levels(topic_filter)):
            return PlainFilter(topic_filter, topic_filter, guard=guard)
        return _Levels(topic_filter, words, guard)
    try:
        topic_filter.decode()
    except UnicodeDecodeError as error:
        raise RuleError("The topic filter of a rule is not UTF-8, on which EMQX raises.") from error
    template = Template.parse(topic_filter, RULE_TOPICS)
    # Without placeholders the text is taken as it is written, a ${$} among it.
    if not template.names:
        return PlainFilter(topic_filter, topic_filter, guard=guard)
    return _Templated(topic_filter, template, guard)


_LITERALLY = b"eq "
_LEVELS: Mapping[str, Mapping[bytes, str]] = {
    "${}": {b"${username}": "username", b"${clientid}": "clientid"},
    "%": {b"%u": "username", b"%c": "clientid"},
}
_MATCHES, _DIFFERS = "it matches", "the topic is another"


class _Literal:
    __slots__ = ("_differs", "_matches", "_topic")

    def __init__(self, text: bytes, topic: bytes) -> None:
        self._topic = topic
        self._matches, self._differs = _trials(text, topic)

    def trial(self, request: Request) -> Trial:
        return self._matches if request.topic == self._topic else self._differs


class PlainFilter:
    """A filter without placeholders: ``rendered`` as it stands, ``text`` as it is shown.

    ``guard``: whether a wildcard at its beginning does not match topics that begin with ``$``.
    """

    __slots__ = ("_differs", "_guard", "_levels", "_matches")

    def __init__(self, text: bytes, rendered: bytes, *, guard: bool) -> None:
        self._levels = levels(rendered)
        self._guard = guard
        self._matches, self._differs = _trials(text, rendered)

    def trial(self, request: Request) -> Trial:
        """Whether it matches the topic of ``request``."""
        matched = match_levels(request.levels, self._levels, guard_dollar=self._guard)
        return self._matches if matched else self._differs


class _Templated:
    __slots__ = ("_guard", "_names", "_template", "_text")

    def __init__(self, text: bytes, template: Template, guard: bool) -> None:
        self._text = text
        self._template = template
        self._names = [part for part in template.parts if isinstance(part, str)]
        self._guard = guard

    def trial(self, request: Request) -> Trial:
        values = request.values
        for name in self._names:
            fault = request.fault(name)
            if fault is not None:
                # EMQX leaves the whole rule here, not only this filter of it.
                return self._failed(f"${{{name}}} {fault}", request.terms, stops=True)
        for name in self._names:
            if values.get(name) is None:
                # The hardened profile leaves the whole rule here even where it ignores failures.
                stops = request.terms.policy.security_profile == "hardened"
                return self._failed(f"${{{name}}} has no value", request.terms, stops=stops)
        rendered = self._template.render(values)
        matched = match_levels(request.levels, levels(rendered), guard_dollar=self._guard)
        return _trial(matched, self._text, rendered)

    def _failed(self, detail: str, terms: Terms, *, stops: bool) -> Trial:
        denies = terms.refuses
        said = f"{detail}, which denies in the hardened profile" if denies else detail
        return Trial(denies, said, self._text, stops=stops, denies=denies)


class _Levels:
    __slots__ = ("_guard", "_levels", "_text", "_words")

    def __init__(self, text: bytes, words: Mapping[bytes, str], guard: bool) -> None:
        self._text = text
        self._levels = levels(text)
        self._words = words
        self._guard = guard

    def trial(self, request: Request) -> Trial:
        filled = []
        for level in self._levels:
            value = request.values[self._words[level]] if level in self._words else None
            if value is not None and (value in (b"", b"+", b"#") or b"/" in value):
                # EMQX puts the value in as one level that is no wildcard; no topic has such a level.
                detail = f"{text_of(level)} is {text_of(value)}, which no level of a topic can be"
                return Trial(False, detail, self._text)
            filled.append(level if value is None else value)
        matched = match_levels(request.levels, filled, guard_dollar=self._guard)
        return _trial(matched, self._text, b"/".join(filled))


def _trials(text: bytes, rendered: bytes) -> tuple[Trial, Trial]:
    return _trial(True, text, rendered), _trial(False, text, rendered)


def _trial(matched: bool, text: bytes, rendered: bytes) -> Trial:
    return Trial(matched, _MATCHES if matched else _DIFFERS, text, rendered)


_SPECIAL = re.compile(b"[/#+]")


def _fault(value: bytes, terms: Terms) -> str | None:
    if _SPECIAL.search(value):
        for octet in (b"/", b"#", b"+"):
            if octet in value and octet not in terms.topic_template_allow:
                return f"holds {octet.decode()}, which topic_template_allow forbids"
    try:
        value.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    return None
