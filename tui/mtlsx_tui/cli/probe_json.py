"""What ``mtlsx probe --json`` prints for one server."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtlsx.certificates.der import DerError
from mtlsx.certificates.names import format_name, parse_name
from mtlsx.probe.evidence import short_subject
from mtlsx.tls.alerts import alert_text
from mtlsx_tui.cli.certificate_json import certificate_json
from mtlsx_tui.cli.output import verdict_as_json
from mtlsx_tui.cli.step_json import step_json

if TYPE_CHECKING:
    from mtlsx.packets.control_packets import Connack
    from mtlsx.probe.report import Report
    from mtlsx.tls.record import HandshakeRecord


def report_json(report: Report) -> dict[str, Any]:
    """A report as one object; what did not come into it is null, or an empty list."""
    return {
        "target": str(report.target),
        **verdict_as_json(report.verdict),
        "warnings": [warning.id for warning in report.warnings],
        "evidence": _evidence(report),
        "stages": [step_json(step) for step in report.steps],
        "server": _server(report),
        "client": _client(report),
    }


def _server(report: Report) -> dict[str, Any]:
    record = report.handshake
    chain = record.server_chain if record else ()
    accepted = record.accepted_cas if record else None
    return {
        "chain": [certificate_json(each, report.local.now) for each in chain],
        "tls_version": record and record.version,
        "cipher": record and record.cipher,
        "alpn": record and record.alpn,
        "accepted_cas": None if accepted is None else [_name(each) for each in accepted],
    }


def _client(report: Report) -> dict[str, Any]:
    record = report.handshake
    return {
        "chain": [certificate_json(each, report.local.now) for each in report.local.chain],
        "requested": record and record.certificate_requested,
        "sent": record and record.certificate_sent,
    }


def _evidence(report: Report) -> dict[str, Any]:
    record, tls = report.handshake, report.target.tls
    return {
        "clock": report.local.now.isoformat(timespec="seconds"),
        "server_name": None if tls is None else tls.sni or report.target.host,
        "addresses": list(dict.fromkeys(address.ip for address in report.addresses)),
        "warnings": {warning.id: warning.what for warning in report.warnings},
        "handshake": None if record is None else _handshake(record),
        "connack": None if report.connack is None else _connack(report.connack),
        "broker": None if report.broker is None else dataclasses.asdict(report.broker),
    }


def _handshake(record: HandshakeRecord) -> dict[str, Any]:
    return {
        "ended": str(record.ended),
        "alert_received": _alert(record.alert_received),
        "alert_sent": _alert(record.alert_sent),
        "verify_errors": [
            {
                "code": error.code,
                "text": error.text,
                "depth": error.depth,
                "subject": short_subject(error.certificate),
            }
            for error in record.verify_errors
        ],
        "name_error": record.name_error,
        "judged": record.judged,
        "first_bytes": record.first_bytes.hex(),
        "error": record.error,
    }


def _connack(connack: Connack) -> dict[str, Any]:
    said = connack.properties
    assigned = said.assigned_client_identifier
    return {
        "code": connack.code,
        "session_present": connack.session_present,
        "assigned_client_id": None if assigned is None else assigned.decode(errors="replace"),
        "reason_string": said.reason_string,
        "user_properties": [
            [name.decode(errors="replace"), value.decode(errors="replace")]
            for name, value in said.user_properties
        ],
    }


def _alert(number: int | None) -> str | None:
    return None if number is None else alert_text(number)


def _name(encoded: bytes) -> str:
    try:
        return format_name(parse_name(encoded))
    except DerError:
        return "(unreadable)"
