"""What ``mtlsx auth explain`` prints: a ladder of steps for each decision, or the same as JSON values."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mtlsx.auth import trace
from mtlsx.auth.trace import Decided, Mark, Step
from mtlsx.identity.report import text_as_json
from mtlsx.packets.reason_codes import reason_code_text, return_code_text, suback_text

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo
    from mtlsx.auth.engine import Admission, Permission

REFUSED = 14
DENIED = 15


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decisions in the order in which a client meets them.

    ``actions``, each: ``publish`` or ``subscribe``, the topic, the decision.
    """

    version: int
    admission: Admission
    actions: tuple[tuple[str, str, Permission], ...] = ()

    @property
    def exit_code(self) -> int:
        """0 where all is allowed, 14 where the client is refused, 15 where it may not do something."""
        if not self.admission.accepted:
            return REFUSED
        return 0 if all(permission.allowed for _, _, permission in self.actions) else DENIED


def as_text(explanation: Explanation, remarks: Iterable[str], width: int | None) -> str:
    """The ladders, wrapped to ``width`` columns (None: whole lines); ``remarks`` come first."""
    blocks = [
        [
            click.style("CONNECT", bold=True),
            *(_wrapped(Mark.WARNING, remark, width) for remark in remarks),
            *ladder(explanation.admission.trace, explanation.version, width),
        ]
    ]
    for kind, topic, permission in explanation.actions:
        title = click.style(f"{kind.upper()} {trace.text_of(_octets(topic))}", bold=True)
        blocks.append([title, *ladder(permission.trace, explanation.version, width)])
    return "\n\n".join("\n".join(lines) for lines in blocks)


def ladder(steps: Iterable[Step], version: int, width: int | None) -> Iterator[str]:
    """The steps of one decision over a client that speaks MQTT ``version`` (3, 4 or 5), a line or more each."""
    for step in steps:
        yield _wrapped(step.mark, f"{step}{_told(step, version)}", width)


def as_json(explanation: Explanation) -> dict[str, Any]:
    """One object: ``connect``, ``actions`` and the ``exit_code``."""
    admission = explanation.admission
    assigned = admission.assigned_client_id
    return {
        "connect": {
            "accepted": admission.accepted,
            "code": admission.code,
            "reason": admission.reason,
            "client": None if admission.client is None else _client(admission.client),
            "assigned_client_id": None if assigned is None else text_as_json(assigned),
            "trace": trace.as_json(admission.trace),
        },
        "actions": [
            {
                "action": kind,
                "topic": text_as_json(_octets(topic)),
                "allowed": permission.allowed,
                "packet": permission.packet,
                "code": permission.code,
                "disconnect": permission.disconnect,
                "trace": trace.as_json(permission.trace),
            }
            for kind, topic, permission in explanation.actions
        ],
        "exit_code": explanation.exit_code,
    }


def _octets(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _client(client: ClientInfo) -> dict[str, Any]:
    return {
        "username": text_as_json(client.username),
        "client_id": text_as_json(client.client_id),
        "cert_common_name": text_as_json(client.cert_common_name),
        "cert_subject": text_as_json(client.cert_subject),
        "is_superuser": client.is_superuser,
    }


_COLOURS = {Mark.GOOD: "green", Mark.BAD: "red", Mark.WARNING: "yellow", Mark.HINT: "cyan"}


def _told(step: Step, version: int) -> str:
    """What the client sees of a decision."""
    if not isinstance(step, Decided) or step.packet is None or step.code is None:
        return ""
    if step.packet == "CONNACK" and version < 5:
        said = return_code_text(step.code)
    elif step.packet == "SUBACK":
        said = suback_text(step.code, version5=version >= 5)
    else:
        said = reason_code_text(step.code)
    return f" The client gets {step.packet} {said}."


def _wrapped(mark: Mark, sentence: str, width: int | None) -> str:
    coloured = click.style(mark, fg=_COLOURS.get(mark), dim=mark is Mark.NOTE)
    if width is None:
        return f"  {coloured} {sentence}"
    lines = textwrap.wrap(sentence, max(width - 4, 20), break_on_hyphens=False)
    return f"  {coloured} " + "\n    ".join(lines)
