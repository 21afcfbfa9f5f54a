"""From evidence to verdict, for everything but the TLS handshake (that is ``judge_tls``).

Each function takes what was observed and returns the one verdict that it shows, in words that name host and
port. Nothing here looks anything up.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from mtlsx.certificates.strings import printable
from mtlsx.packets.reason_codes import reason_code_text, return_code_text
from mtlsx.probe.evidence import lacks_common_name
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.verdicts import Verdict

if TYPE_CHECKING:
    from mtlsx.packets.control_packets import Connack, Disconnect
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.tls.record import HandshakeRecord

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_TAKEN_OVER = 0x8E


def judge_network(error: OSError, host: str, port: int) -> Verdict:
    """Why there is no TCP connection (``socket.gaierror``, ``TimeoutError``, ``OSError`` by errno)."""
    target = f"{host}:{port}"
    if isinstance(error, socket.gaierror):
        return Verdict(
            "dns-not-found",
            f"The name {host} has no address: {error.strerror or error}.",
            "Check the host's spelling and this machine's name server.",
        )
    if isinstance(error, ConnectionRefusedError):
        return Verdict(
            "tcp-refused",
            f"{target} refused the connection: nothing listens there.",
            "Check the port, and whether the broker is running.",
        )
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return Verdict(
            "tcp-timeout",
            f"{target} did not answer the connection request in time.",
            "Check the address, and whether a firewall drops the packets.",
        )
    if error.errno in _UNREACHABLE:
        return Verdict(
            "tcp-unreachable",
            f"{target} cannot be reached: {(error.strerror or str(error)).lower()}.",
            "Check this machine's network and the route to the broker.",
        )
    return Verdict(
        "tcp-refused",
        f"{target} broke the connection off: {(error.strerror or str(error)).lower()}.",
        "Check the port, and whether the broker is running.",
    )


def judge_silence(host: str, port: int, seconds: float) -> Verdict:
    """The server took the connection, but sent no CONNACK within ``seconds``."""
    return Verdict(
        "connack-timeout",
        f"{host}:{port} sent no CONNACK within {seconds:g} s.",
        "Check that this port speaks MQTT, and whether the broker waits for its user database.",
        ("not-mqtt",),
    )


def judge_close_before_connack(
    record: HandshakeRecord | None,
    local: LocalSide,
    first_bytes: bytes,
    disconnect: Disconnect | None,
) -> Verdict:
    """The connection ended after CONNECT was sent, without a CONNACK.

    ``first_bytes``: what the server sent instead (plaintext); ``record``: the TLS handshake, in which a late
    alert stands too.
    """
    if record is not None and record.alert_received is not None:
        return judge_handshake(record, local)
    target = f"{local.host}:{local.port}"
    if disconnect is not None:
        return Verdict(
            "connack-refused",
            f"{target} answered CONNECT with DISCONNECT: {reason_code_text(disconnect.code)}"
            f"{_said(disconnect.properties.reason_string)}.",
        )
    if first_bytes:
        return Verdict(
            "not-mqtt",
            f"{target} answered CONNECT with something that is not MQTT: {_shown(first_bytes)}.",
            "Check the port and the transport (mqtts, or wss for websockets).",
        )
    rejected = record is not None and record.certificate_requested and not record.judged
    candidates = ("client-cert-rejected",) if rejected else ()
    if record is None:
        return Verdict(
            "closed-without-connack",
            f"{target} closed the connection after CONNECT without an answer.",
            "If this is a TLS port, use mqtts; if not, look into the broker's log.",
            candidates,
        )
    return Verdict(
        "closed-without-connack",
        f"{target} closed the connection after CONNECT without an answer.",
        "Look into the broker's log: brokers do this for a client id, a username or a policy that they"
        " do not accept.",
        candidates,
    )


def judge_upgrade(status_line: str, path: str) -> Verdict:
    """The server answered the websocket upgrade with another status than 101."""
    status = status_line.partition(" ")[2] or status_line
    return Verdict(
        "not-mqtt",
        f'The server did not upgrade {path} to a websocket: it answered "{printable(status[:80])}".',
        "Check the path (EMQX: /mqtt) and the port.",
    )


_CONNACK_3 = {
    1: "mqtt-version-unsupported",
    2: "client-id-rejected",
    3: "server-unavailable",
    4: "bad-credentials",
    5: "not-authorized",
}
_CONNACK_5 = {
    0x84: "mqtt-version-unsupported",
    0x85: "client-id-rejected",
    0x86: "bad-credentials",
    0x87: "not-authorized",
    0x88: "server-unavailable",
    0x89: "server-busy",
    0x8A: "banned",
    0x9C: "use-another-server",
    0x9D: "use-another-server",
    0x9F: "server-busy",
}
_FIXES = {
    "mqtt-version-unsupported": "Choose another MQTT version.",
    "client-id-rejected": "Choose another client id; some brokers refuse an empty or a long one.",
    "server-unavailable": "Try again later, or look into the broker's log.",
    "bad-credentials": "Check the password: the broker knows this user, and compares it.",
    "not-authorized": "Check that the broker knows the username that follows from the certificate and"
    " accepts its password; its store may also be down.",
    "server-busy": "Try again later.",
    "banned": "Lift the ban on the broker.",
}


def judge_connack(connack: Connack, local: LocalSide, *, version5: bool) -> Verdict:
    """The server refused CONNECT with a code (MQTT 3.1.1, table 3.1; MQTT 5.0, section 3.2.2.2).

    A server that does not speak MQTT 5 may answer with the code 1 of 3.1.1.
    """
    known = _CONNACK_5 if version5 and connack.code >= 0x80 else _CONNACK_3
    verdict = known.get(connack.code, "connack-refused")
    words = (
        reason_code_text(connack.code) if known is _CONNACK_5 else return_code_text(connack.code)
    )
    said = _said(connack.properties.reason_string)
    other = connack.properties.server_reference
    fix = f"Connect to {printable(other)}." if other else _login_fix(verdict, local)
    return Verdict(verdict, f"{local.target} refused the login: {words}{said}.", fix)


def _login_fix(verdict: str, local: LocalSide) -> str | None:
    if verdict in {"bad-credentials", "not-authorized"}:
        if not local.chain:
            return "Check username and password; the broker's user store may also be down."
        if lacks_common_name(local.chain[0]):
            return (
                "Issue our certificate with a common name (CN): it has none, and a broker that takes the"
                " username from there finds nothing."
            )
    return _FIXES.get(verdict)


def judge_loss(
    disconnect: Disconnect | None, host: str, port: int, *, unanswered_ping: bool
) -> Verdict:
    """An accepted connection ended without our asking."""
    target = f"{host}:{port}"
    if disconnect is None:
        how = "did not answer the keepalive ping" if unanswered_ping else "closed the connection"
        return Verdict(
            "connection-lost",
            f"{target} {how}.",
            "If it happens again and again, another client may use the same client id.",
            () if unanswered_ping else ("session-taken-over",),
        )
    words = reason_code_text(disconnect.code)
    said = _said(disconnect.properties.reason_string)
    if disconnect.code == _TAKEN_OVER:
        return Verdict(
            "session-taken-over",
            f"{target} ended the connection: another client connected with the same client id ({words}{said}).",
            "Give each device its own client id; two with one certificate share what is mapped from it.",
        )
    return Verdict("disconnected-by-server", f"{target} ended the connection: {words}{said}.")


def _said(reason_string: str | None) -> str:
    return f', saying "{printable(reason_string)}"' if reason_string else ""


def _shown(data: bytes) -> str:
    text = data[:32].decode("ascii", errors="backslashreplace")
    return repr(text)
