"""What a decision went through: a list of typed steps, each of which reads as a sentence.

Steps are named tuples where other values are dataclasses: a decision takes a dozen, and freezing dataclasses would be
a tenth of its time. A ``Trace`` is filled while the engine decides. Secrets never get into it: passwords, hashes and salts are not
recorded at all, only that there was one and whether it matched. ``as_text`` prints a trace for people,
``as_json`` gives plain values, in which octets that are not UTF-8 are ``{"hex": …}``, and ``from_json`` takes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias, get_type_hints

from mtlsx.identity.redis_commands import quoted
from mtlsx.identity.report import octets_of_json, text_as_json

MASKED: Final = "••••••".encode()
"""What stands for a secret in a step."""


class Outcome(StrEnum):
    """What an authenticator or a source of rules says. EMQX's words, and ``crash`` where EMQX's code raises."""

    OK = "ok"
    ERROR = "error"
    IGNORE = "ignore"
    CRASH = "crash"
    ALLOW = "allow"
    DENY = "deny"
    NOMATCH = "nomatch"


class Mark(StrEnum):
    """How a step stands in the ladder."""

    GOOD = "✔"
    BAD = "✘"
    NOTE = "·"
    WARNING = "⚠"
    HINT = "→"


class CertificateRead(NamedTuple):
    """The peer certificate as EMQX reads it; all None where there was none."""

    common_name: bytes | None
    subject: bytes | None
    md5: str | None
    refused: str | None = None

    @property
    def mark(self) -> Mark:
        return Mark.BAD if self.refused else Mark.NOTE

    def __str__(self) -> str:
        if self.refused:
            return f"EMQX refuses the peer certificate: {self.refused}."
        if self.md5 is None:
            return "The client showed no certificate."
        cn = "no common name" if self.common_name is None else f"CN {text_of(self.common_name)}"
        return f"The peer certificate has {cn} and the subject {text_of(self.subject or b'')}."


class Mapped(NamedTuple):
    """Where the username or the client id comes from. ``source``: ``cn`` … ``md5``, ``CONNECT``, …; None: nowhere."""

    what: str
    value: bytes | None
    source: str | None

    @property
    def mark(self) -> Mark:
        return Mark.NOTE

    def __str__(self) -> str:
        if self.value is None:
            return f"There is no {self.what}."
        return f"The {self.what} is {text_of(self.value)}, from {self.source}."


class Checked(NamedTuple):
    """A condition that was looked at, and whether it holds. ``detail`` is a sentence."""

    what: str
    passed: bool
    detail: str

    @property
    def mark(self) -> Mark:
        return Mark.GOOD if self.passed else Mark.BAD

    def __str__(self) -> str:
        return self.detail


class Asked(NamedTuple):
    """A command to a store, as sent; where it holds the password, that is masked."""

    by: str
    store: str
    command: tuple[bytes, ...]

    @property
    def mark(self) -> Mark:
        return Mark.NOTE

    def __str__(self) -> str:
        return f"{self.by} asks {self.store}: {quoted(self.command)}"


class Replied(NamedTuple):
    """What the store answered: a sentence that holds no secret."""

    store: str
    found: bool
    detail: str

    @property
    def mark(self) -> Mark:
        return Mark.NOTE if self.found else Mark.BAD

    def __str__(self) -> str:
        return self.detail


class StoreFailed(NamedTuple):
    """A store that gave no answer, or an error."""

    store: str
    error: str

    @property
    def mark(self) -> Mark:
        return Mark.BAD

    def __str__(self) -> str:
        return self.error


class Compared(NamedTuple):
    """The password in CONNECT against what is stored. ``detail`` says how, in a sentence without secrets."""

    algorithm: str
    matched: bool
    detail: str

    @property
    def mark(self) -> Mark:
        return Mark.GOOD if self.matched else Mark.BAD

    def __str__(self) -> str:
        return self.detail


class RuleTried(NamedTuple):
    """A rule against an action on a topic.

    ``topic_filter`` as the rule has it, ``rendered`` with its placeholders filled; None where one of them could
    not be. ``detail`` says what matched, or why it did not, without a full stop.
    """

    source: str
    topic_filter: bytes
    rendered: bytes | None
    matched: bool
    permission: str
    detail: str

    @property
    def mark(self) -> Mark:
        return Mark.GOOD if self.matched else Mark.NOTE

    def __str__(self) -> str:
        return f"{self.source}, {self.permission} {text_of(self.topic_filter)}: {self.detail}."


class RulesNotTold(NamedTuple):
    """How many more rules of a source were tried than the trace tells of."""

    source: str
    number: int

    @property
    def mark(self) -> Mark:
        return Mark.NOTE

    def __str__(self) -> str:
        rules = "rule was" if self.number == 1 else "rules were"
        return f"{self.source}: {self.number} more {rules} tried."


class Answered(NamedTuple):
    """What an authenticator or a source of rules says in the end. ``detail`` says why, without a full stop."""

    by: str
    outcome: Outcome
    reason: str | None
    detail: str

    @property
    def mark(self) -> Mark:
        if self.outcome in (Outcome.OK, Outcome.ALLOW):
            return Mark.GOOD
        return Mark.NOTE if self.outcome in (Outcome.IGNORE, Outcome.NOMATCH) else Mark.BAD

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.by} says {self.outcome}{reason}: {self.detail}."


class Warned(NamedTuple):
    """Something that works now and will surprise, in a sentence."""

    detail: str

    @property
    def mark(self) -> Mark:
        return Mark.WARNING

    def __str__(self) -> str:
        return self.detail


class Hinted(NamedTuple):
    """What to look at or to do, in a sentence."""

    detail: str

    @property
    def mark(self) -> Mark:
        return Mark.HINT

    def __str__(self) -> str:
        return self.detail


class Decided(NamedTuple):
    """The decision: the packet that tells the client, its code, and what decided, in a sentence.

    ``packet`` is None where nothing is sent (the connection is closed, a message is dropped), ``code`` too.
    """

    allowed: bool
    packet: str | None
    code: int | None
    detail: str

    @property
    def mark(self) -> Mark:
        return Mark.GOOD if self.allowed else Mark.BAD

    def __str__(self) -> str:
        return self.detail


Step: TypeAlias = (
    CertificateRead
    | Mapped
    | Checked
    | Asked
    | Replied
    | StoreFailed
    | Compared
    | RuleTried
    | RulesNotTold
    | Answered
    | Warned
    | Hinted
    | Decided
)
NAMES: Final[Mapping[type[Step], str]] = {
    CertificateRead: "certificate",
    Mapped: "mapped",
    Checked: "check",
    Asked: "asked",
    Replied: "reply",
    StoreFailed: "store failed",
    Compared: "compared",
    RuleTried: "rule",
    RulesNotTold: "rules",
    Answered: "answer",
    Warned: "warning",
    Hinted: "hint",
    Decided: "decision",
}
"""What each kind of step is called in JSON."""
Trace: TypeAlias = list[Step]
"""Steps in the order in which they happened. Whoever decides appends."""


def as_text(steps: Iterable[Step]) -> str:
    """The steps for people, a line each, without a newline at the end."""
    return "\n".join(f"{step.mark} {step}" for step in steps)


def as_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The steps as plain values: ``step`` says which kind it is, ``text`` is its sentence."""
    return [
        {
            "step": NAMES[type(step)],
            **{name: _plain(value) for name, value in step._asdict().items()},
            "text": str(step),
        }
        for step in steps
    ]


def from_json(steps: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps that ``as_json`` made plain values of, in this process or in another of the same version."""
    return tuple(map(_step, steps))


def mark_of(step: Mapping[str, Any]) -> Mark:
    """How a step that ``as_json`` gave stands in the ladder."""
    return _step(step).mark


def masked(steps: Iterable[Step], secret: bytes) -> tuple[Step, ...]:
    """The steps with ``secret`` masked wherever it stands in them."""
    text = secret.decode(errors="replace")

    def mask(value: object) -> object:
        if isinstance(value, bytes):
            return value.replace(secret, MASKED)
        if isinstance(value, str):
            return value.replace(text, MASKED.decode())
        return tuple(map(mask, value)) if isinstance(value, tuple) else value

    return tuple(type(step)._make(map(mask, step)) for step in steps)


def text_of(octets: bytes) -> str:
    """Octets on one line for people: quoted where they would otherwise mislead, controls escaped."""
    return quoted((octets,))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return text_as_json(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


_KINDS: Final[Mapping[str, type[Step]]] = {name: kind for kind, name in NAMES.items()}


def _step(values: Mapping[str, Any]) -> Step:
    kind = _KINDS[values["step"]]
    hints = get_type_hints(kind)
    return kind(**{name: _typed(hints[name], values[name]) for name in kind._fields})


def _typed(hint: object, value: Any) -> Any:
    """What ``_plain`` made ``value`` of, which has the type ``hint``."""
    if hint is Outcome:
        return Outcome(value)
    if isinstance(value, list):
        return tuple(map(octets_of_json, value))
    if value is not None and hint in (bytes, bytes | None):
        return octets_of_json(value)
    return value
