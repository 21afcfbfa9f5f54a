"""Writes ``docs/verdicts.md`` from the table of rules: ``python docs/make_verdicts.py``.

Run it after a change in ``mtlsx.probe``'s rules, verdicts or dialects; a test compares the two.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.packets.reason_codes import REASON_CODES, RETURN_CODES
from mtlsx.probe.dialects import HABITS, HANGS_UP
from mtlsx.probe.rule import Occasion
from mtlsx.probe.rules import RULES
from mtlsx.probe.verdicts import KINDS, MEANINGS
from mtlsx.tls.alerts import ALERTS, alert_text
from mtlsx.tls.record import Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtlsx.probe.dialects import Habit
    from mtlsx.probe.rule import Group, Rule, When

PAGE = Path(__file__).with_name("verdicts.md")

INTRODUCTION = """\
# Verdicts

What mtlsx says when a connection fails, and how it comes to it. Made by `docs/make_verdicts.py` from the table that the
program itself reads (`core/mtlsx/probe/rules.py`, with `rules_tls.py`).

An id is stable, and belongs to one stage, one side and one exit code. What servers send differs, so an alert alone says no
more than that our certificate was refused; its own dates, usage, strength and issuer say why. Where they leave several
causes, the others are in `candidates`, most likely first, without those that our certificate speaks against. Words in
⟨brackets⟩ are put in.

Who hangs up without an alert says nothing, and then only the order of things tells what it was for. So a server that asked
for a certificate is listened to before anything is written, in TLS 1.2 too: two round trips, and 100 ms at least, after the
handshake, and as long again after its session tickets. An end within that time is about our certificate, whether TLS or an
application behind it has judged it. Once CONNECT has gone out, an end of file may be the answer to that:
`closed-without-connack`, with what else it may be among the candidates and in the sentence; but where a TLS 1.3 server had
said nothing by then, and our certificate has a fault that can be seen here or was not given at all, that decides.
"""

RULES_INTRODUCTION = """\
The groups are read from top to bottom: the first whose heading holds, in it the first row that holds.
"""

DIALECTS_INTRODUCTION = """\
## What brokers mean

Where a broker shows which it is (its host's name, the client id that it assigns, the certificate that it is shipped with,
the dialect in the profile), its answer to CONNECT is explained in its own words.
"""

_ENDS = {
    Ended.NOT_TLS: "the server spoke, but not in TLS",
    Ended.CLOSED: "end of file or reset, no alert",
    Ended.TIMEOUT: "silence",
    Ended.REFUSED_BY_US: "we refused",
}
_SOME = 20


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            INTRODUCTION, *_ids(), "", "## The rules", "", RULES_INTRODUCTION,
            *(line for group in RULES for line in _group(group)),
            DIALECTS_INTRODUCTION, *_dialects(), "",
        ]
    )  # fmt: skip


def _ids() -> Iterator[str]:
    rows = (
        (f"`{name}`", KINDS[name].stage, KINDS[name].refused_by, KINDS[name].exit_code, meaning)
        for name, meaning in MEANINGS.items()
    )
    return _table(("id", "stage", "refused by", "exit", "what it means"), rows)


def _group(group: Group) -> Iterator[str]:
    yield f"### {group.heading}"
    yield ""
    rows = (
        (
            _when(rule.when, group),
            _verdict(rule),
            _words(rule.summary),
            _words(rule.fix),
            rule.source,
        )
        for rule in group.rules
    )
    yield from _table(("when", "verdict", "mtlsx says", "what to do", "source"), rows)
    yield ""


def _dialects() -> Iterator[str]:
    rows = (
        (_maker(habit), _codes_of(habit), habit.meaning, habit.fix, habit.source)
        for habit in HABITS
    )
    return _table(("broker", "answer", "what it means", "what to do", "source"), rows)


def _maker(habit: Habit) -> str:
    generations = ", ".join(sorted(habit.generations))
    without = " without a password" if habit.password is False else ""
    return f"{habit.maker} {generations}".strip() + without


def _codes_of(habit: Habit) -> str:
    if HANGS_UP in habit.codes:
        return "closed without CONNACK"
    return ", ".join(_code(code) for code in sorted(habit.codes))


def _verdict(rule: Rule) -> str:
    refused_by = "" if rule.by is None else f", refused by {rule.by}"
    others = "".join(f"<br>or `{other}`" for other in rule.others)
    return f"`{rule.id}`{refused_by}{others}"


def _words(template: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: f"⟨{match[1].replace('_', ' ')}⟩", template)


# ------------------------------------------------------------------ conditions


def _when(when: When, group: Group) -> str:
    occasion = when.occasion or group.given.occasion
    parts = [
        *([str(when.occasion)] if when.occasion else []),
        *([_ENDS[when.ended]] if when.ended else []),
        *([_alerts(when.alerts)] if when.alerts else []),
        *([_codes(when.codes, occasion)] if when.codes else []),
        *([_reasons(when.reasons, occasion)] if when.reasons else []),
        *sorted(when.facts),
        *(f"not: {fact}" for fact in sorted(when.without)),
    ]
    return "; ".join(parts) or "otherwise"


def _alerts(numbers: frozenset[int]) -> str:
    if len(numbers) > len(ALERTS):
        return "any other alert"
    return "alert " + ", ".join(map(alert_text, sorted(numbers)))


def _codes(numbers: frozenset[int], occasion: Occasion | None) -> str:
    if len(numbers) > _SOME:
        return "any other number"
    if occasion is Occasion.HANDSHAKE:
        return "X509_V_ERR " + ", ".join(map(str, sorted(numbers)))
    return "code " + ", ".join(map(_code, sorted(numbers)))


def _code(number: int) -> str:
    if number in RETURN_CODES:
        return f"{RETURN_CODES[number]} ({number})"
    return f"{REASON_CODES[number]} (0x{number:02X})"


def _reasons(reasons: Iterable[str], occasion: Occasion | None) -> str:
    if occasion is Occasion.MATERIAL:
        return "as the file shows"
    return "the reason holds " + " or ".join(f"“{reason}”" for reason in reasons)


# ------------------------------------------------------------------ tables


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    heads = tuple(heads)
    yield _row(heads)
    yield _row("---" for _ in heads)
    yield from map(_row, rows)


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
