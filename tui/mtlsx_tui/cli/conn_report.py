"""What ``mtlsx conn`` says about a connection that was accepted, as text and as JSON."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import describe
from mtlsx.certificates.strings import printable
from mtlsx.certificates.times import ValidityState, validity, validity_text
from mtlsx.probe.dialing import host_and_port
from mtlsx.probe.verdicts import OK, Stage, Verdict
from mtlsx_tui.cli.cards import Row, card
from mtlsx_tui.cli.cert_cards import short_name
from mtlsx_tui.cli.certificate_json import certificate_json
from mtlsx_tui.cli.output import verdict_as_json
from mtlsx_tui.cli.step_json import step_json
from mtlsx_tui.connack import limit_facts, session_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtlsx.client.events import Connected
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.probe.ladder import Step
    from mtlsx.tls.record import HandshakeRecord


def report_text(settings: ConnectionSettings, connected: Connected, *, width: int | None) -> str:
    """A card for people, styled; ``width`` None keeps lines whole. What the server did not say is left out."""
    where = f"{settings.host}:{settings.port}"
    title = f"Connected to {where} with MQTT {settings.version} ({settings.transport})"
    rows = chain(
        _rows(session_facts(settings, connected.facts)),
        _rows(limit_facts(connected.facts)),
        _tls_rows(settings, connected.handshake),
    )
    return "\n".join(card(title, rows, width=width))


def report_json(settings: ConnectionSettings, connected: Connected) -> dict[str, Any]:
    """The same facts as one object, with the keys of a verdict; what the server did not say is null."""
    facts = dataclasses.asdict(connected.facts)
    facts["user_properties"] = [list(pair) for pair in connected.facts.user_properties]
    where = host_and_port(settings.host, settings.port)
    verdict = Verdict(OK, f"{where} accepts us.", at=Stage.MQTT)
    return {
        **verdict_as_json(verdict),
        "stages": [step_json(step) for step in connected.steps],
        "host": settings.host,
        "port": settings.port,
        "transport": str(settings.transport),
        "mqtt_version": str(settings.version),
        "connack": facts,
        "tls": None if connected.handshake is None else _tls_json(settings, connected.handshake),
    }


def failure_json(verdict: Verdict, steps: tuple[Step, ...]) -> dict[str, Any]:
    """What ``conn --json`` says of a connection that failed or was lost."""
    return {**verdict_as_json(verdict), "stages": [step_json(step) for step in steps]}


def _tls_rows(settings: ConnectionSettings, handshake: HandshakeRecord | None) -> Iterator[Row]:
    if handshake is None:
        return
    alpn = f", ALPN {handshake.alpn}" if handshake.alpn else ""
    yield _row("TLS", f"{handshake.version}, {handshake.cipher}{alpn}")
    if handshake.server_chain:
        yield from _server_rows(handshake.server_chain[0])
    if unchecked := _unchecked(settings):
        yield Row("NOT CHECKED", (f"the server's {' and '.join(unchecked)}",), "red")
    if not handshake.certificate_requested:
        yield _row("Client", "the server did not ask for a certificate")
    elif not handshake.certificate_sent:
        yield _row("Client", "the server asked for a certificate; none was sent")


def _server_rows(certificate: bytes) -> Iterator[Row]:
    try:
        about = describe(certificate)
    except DerError:
        yield _row("Server", "a certificate that cannot be read")
        return
    yield _row("Server", f"{short_name(about.subject)}, issued by {short_name(about.issuer)}")
    state = validity(about.not_before, about.not_after, datetime.now(UTC))
    in_order = state.state is ValidityState.VALID
    yield Row("", (validity_text(state),), None if in_order else "yellow")


def _rows(facts: Iterable[tuple[str, str]]) -> Iterator[Row]:
    return (_row(label, text) for label, text in facts)


def _row(label: str, text: str) -> Row:
    return Row(label, (printable(text),))


def _tls_json(settings: ConnectionSettings, handshake: HandshakeRecord) -> dict[str, Any]:
    return {
        "version": handshake.version,
        "cipher": handshake.cipher,
        "alpn": handshake.alpn,
        "server_certificate": certificate_json(
            b"".join(handshake.server_chain[:1]), datetime.now(UTC)
        ),
        "unchecked": _unchecked(settings),
        "certificate_requested": handshake.certificate_requested,
        "certificate_sent": handshake.certificate_sent,
    }


def _unchecked(settings: ConnectionSettings) -> list[str]:
    checks = {"chain": settings.tls.verify_chain, "name": settings.tls.verify_name}
    return [name for name, checked in checks.items() if not checked]
