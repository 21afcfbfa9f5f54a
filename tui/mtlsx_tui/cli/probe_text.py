"""What ``mtlsx probe`` prints for one server: the ladder, the two sides beside each other, the verdict."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import describe
from mtlsx.certificates.strings import printable
from mtlsx.certificates.times import validity, validity_text
from mtlsx.probe.evidence import short_name as short_der_name
from mtlsx.probe.verdicts import MEANINGS
from mtlsx_tui.cli.cards import Row, card
from mtlsx_tui.cli.cert_cards import short_name
from mtlsx_tui.cli.ladder_text import ladder_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mtlsx.probe.report import Report
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord

_INDENT = 3
_MOST_NAMES = 12


def report_text(report: Report, *, width: int | None) -> str:
    """A report for people, styled; ``width`` None keeps lines whole."""
    lines = [click.style(f"Probe of {printable(str(report.target))}", bold=True)]
    lines += ladder_lines(report.steps, width)
    lines += verdict_lines(report.verdict, width)
    rows = list(_rows(report))
    if rows:
        lines += ["", *card("What was seen", rows, width=width)]
    return "\n".join(lines)


def verdict_lines(verdict: Verdict, width: int | None) -> Iterator[str]:
    """The verdict under its ladder: what is the matter, what to do, what else it may be."""
    colour = "red" if verdict.exit_code else "green"
    summary = f"{verdict.summary} ({verdict.id})" if verdict.exit_code else verdict.summary
    yield from (click.style(line, fg=colour) for line in _paragraph(summary, "", width))
    if verdict.fix is not None:
        yield from _paragraph(verdict.fix, "→ ", width)
    for candidate in verdict.candidates:
        yield from _paragraph(f"{MEANINGS[candidate]} ({candidate})", "or: ", width)


def _paragraph(text: str, lead: str, width: int | None) -> list[str]:
    start = " " * _INDENT + lead
    if width is None:
        return [start + text]
    return textwrap.wrap(
        text, width, initial_indent=start, subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )  # fmt: skip


def _rows(report: Report) -> Iterator[Row]:
    now, record = report.local.now, report.handshake
    if record is not None:
        yield from _server_rows(record, now)
    if report.broker is not None:
        generation = f" {report.broker.generation}" if report.broker.generation else ""
        name = f"{report.broker.maker}{generation}, because {report.broker.because}"
        yield Row("Broker", (printable(name),))
    if report.local.chain:
        yield Row("Ours", tuple(_certificate(each, now) for each in report.local.chain))
    elif record is not None:
        yield Row("Ours", ("no certificate",))
    for warning in report.warnings:
        lines = [f"{warning.what} ({warning.id})"]
        lines += [f"→ {warning.fix}"] if warning.fix else []
        yield Row("Warning", tuple(lines), "yellow")
    if report.target.tls is not None:
        checks = {"chain": report.target.tls.verify_chain, "name": report.target.tls.verify_name}
        off = [name for name, checked in checks.items() if not checked]
        if off:
            yield Row("NOT CHECKED", (f"the server's {' and '.join(off)}",), "red")


def _server_rows(record: HandshakeRecord, now: datetime) -> Iterator[Row]:
    if record.version is not None:
        alpn = f", ALPN {record.alpn}" if record.alpn else ""
        yield Row("TLS", (printable(f"{record.version}, {record.cipher}{alpn}"),))
    if record.server_chain:
        yield Row("Server", tuple(_certificate(each, now) for each in record.server_chain))
        if names := _names(record.server_chain[0]):
            yield Row("Its names", (names,))
        yield Row("Accepts", tuple(_accepted(record)))


def _names(encoded: bytes) -> str:
    """The names that a server's certificate is for, "" where it has none that can be read."""
    try:
        names = [name.text for name in describe(encoded).extensions.alternative_names]
    except DerError:
        return ""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return printable(", ".join(names[:_MOST_NAMES])) + more


def _accepted(record: HandshakeRecord) -> Iterator[str]:
    if not record.certificate_requested:
        yield "asked for no client certificate"
    elif record.accepted_cas is None:
        yield "client certificates; the server did not tell of which CAs"
    else:
        for name in record.accepted_cas:
            yield f"client certificates of {short_der_name(name)}"


def _certificate(encoded: bytes, now: datetime) -> str:
    try:
        about = describe(encoded)
    except DerError:
        return "a certificate that cannot be read"
    by = "self-signed" if about.self_issued else f"← {short_name(about.issuer)}"
    life = validity_text(validity(about.not_before, about.not_after, now))
    return f"{short_name(about.subject)} {by}, {life}"
