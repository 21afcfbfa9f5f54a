"""What a handshake showed: the evidence from which a verdict is drawn, and what a server logs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ended(StrEnum):
    """How a handshake came to its end."""

    AGREED = "agreed"  # TLS is up, and the other side had nothing to say against it
    ALERT_RECEIVED = "alert-received"  # the other side refused
    REFUSED_BY_US = "refused-by-us"  # we refused the other side's certificate or what it offered
    NOT_TLS = "not-tls"  # the other side spoke, but not in TLS
    CLOSED = "closed"  # end of file or a reset, without an alert
    TIMEOUT = "timeout"  # silence


@dataclass(frozen=True, slots=True)
class VerifyError:
    """One objection to the other side's certificate chain.

    ``code``: OpenSSL's X509_V_ERR number; ``text``: OpenSSL's words for it; ``depth``: 0 is its own
    certificate; ``certificate``: DER bytes of the certificate objected to.
    """

    code: int
    text: str
    depth: int
    certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeRecord:
    """One handshake as seen from the client.

    ``alert_received`` and ``alert_sent``: alert descriptions (RFC 8446, section 6), None where there was
    none. ``version``: "TLS 1.2" or "TLS 1.3"; ``cipher``: OpenSSL's name; both None before they were
    agreed. ``server_chain``: DER certificates in the order the server sent them. ``accepted_cas``: DER
    names from the server's certificate request, None where it asked for no certificate or named none
    (then it did not tell). ``name_error``: why the server's name check failed. ``certificate_requested``:
    whether the server asked for a client certificate. ``certificate_sent``: whether we sent one.
    ``judged``: whether the server can be taken to have accepted our part (on TLS 1.2 with the handshake,
    on 1.3 with its first bytes after it). ``first_bytes``: what a server that does not speak TLS sent, at
    most 64 bytes. ``error``: OpenSSL's reason string for the failure. ``seconds``: how long it took, the wait
    for the server's judgement included; of these, ``hello_seconds`` passed until its ServerHello and
    ``server_seconds`` until we had judged its certificate, None where it did not come to that.
    """

    ended: Ended
    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    server_chain: tuple[bytes, ...] = ()
    verify_errors: tuple[VerifyError, ...] = ()
    name_error: str | None = None
    certificate_requested: bool = False
    certificate_sent: bool = False
    accepted_cas: tuple[bytes, ...] | None = None
    alert_received: int | None = None
    alert_sent: int | None = None
    judged: bool = False
    first_bytes: bytes = b""
    error: str | None = None
    seconds: float = 0.0
    hello_seconds: float | None = None
    server_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHandshakeRecord:
    """One handshake as seen from the server.

    ``certificate``: DER of the client's own certificate, accepted or not; None where it showed none.
    ``verify_error``: the objection for which its chain was refused. ``alert_sent`` and ``alert_received``: alert
    descriptions (RFC 8446, section 6). ``version``: "TLS 1.2" or "TLS 1.3", and ``cipher``: OpenSSL's name; both
    None before they were agreed. ``server_name``: what the client called us (SNI). ``error``: OpenSSL's words.
    """

    ended: Ended
    certificate: bytes | None = None
    verify_error: VerifyError | None = None
    alert_sent: int | None = None
    alert_received: int | None = None
    version: str | None = None
    cipher: str | None = None
    server_name: str | None = None
    error: str | None = None
