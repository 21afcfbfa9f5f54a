"""Verdicts: every way in which a connection fails, by id, and what each means for a script.

An id is stable and belongs to one stage, one side that refused and one exit code, as ``KINDS`` lists
them. The words (summary, fix) stand with the rules (``rules``), because they name the evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """How far a connection came, in order."""

    MATERIAL = "material"
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    SERVER_CERTIFICATE = "server-certificate"
    CLIENT_CERTIFICATE = "client-certificate"
    MQTT = "mqtt"
    SUBSCRIBE = "subscribe"
    PUBLISH = "publish"
    SESSION = "session"


class RefusedBy(StrEnum):
    """Which side said no."""

    US = "us"
    SERVER = "server"
    NETWORK = "network"
    NOBODY = "nobody"


class Kind(NamedTuple):
    """What an id stands for. ``definite``: trying again cannot help and may get a device banned."""

    stage: Stage
    refused_by: RefusedBy
    exit_code: int
    definite: bool


def _rows(
    stage: Stage, by: RefusedBy, exit_code: int, ids: str, *, definite: bool
) -> dict[str, Kind]:
    return {name: Kind(stage, by, exit_code, definite) for name in ids.split()}


OK = "ok"

KINDS: dict[str, Kind] = {
    **_rows(
        Stage.MATERIAL, RefusedBy.US, 10,
        "file-missing file-unreadable not-a-certificate not-a-key key-encrypted passphrase-wrong"
        " key-mismatch ca-file-has-no-ca",
        definite=True,
    ),
    **_rows(Stage.DNS, RefusedBy.NETWORK, 11, "dns-not-found", definite=False),
    **_rows(
        Stage.TCP, RefusedBy.NETWORK, 11, "tcp-refused tcp-timeout tcp-unreachable", definite=False
    ),
    **_rows(Stage.TLS, RefusedBy.NOBODY, 17, "not-tls", definite=True),
    **_rows(Stage.TLS, RefusedBy.NETWORK, 17, "tls-timeout", definite=False),
    **_rows(Stage.TLS, RefusedBy.SERVER, 17, "tls-closed", definite=False),
    **_rows(
        Stage.TLS, RefusedBy.SERVER, 17,
        "tls-version-mismatch cipher-mismatch alpn-mismatch sni-unrecognized tls-alert",
        definite=True,
    ),
    **_rows(
        Stage.SERVER_CERTIFICATE, RefusedBy.US, 12,
        "server-unknown-ca server-self-signed server-expired server-not-yet-valid"
        " server-name-mismatch server-missing-intermediate server-weak-crypto server-wrong-usage"
        " server-revoked",
        definite=True,
    ),
    **_rows(
        Stage.CLIENT_CERTIFICATE, RefusedBy.SERVER, 13,
        "client-cert-required client-cert-unknown-ca client-cert-self-signed client-cert-expired"
        " client-cert-not-yet-valid client-cert-wrong-usage client-cert-revoked"
        " client-cert-missing-intermediate client-cert-weak-crypto client-cert-rejected",
        definite=True,
    ),
    **_rows(Stage.MQTT, RefusedBy.NOBODY, 14, "not-mqtt", definite=True),
    **_rows(Stage.MQTT, RefusedBy.NETWORK, 14, "connack-timeout", definite=False),
    **_rows(
        Stage.MQTT, RefusedBy.SERVER, 14,
        "mqtt-version-unsupported client-id-rejected bad-credentials not-authorized banned"
        " use-another-server connack-refused",
        definite=True,
    ),
    **_rows(
        Stage.MQTT, RefusedBy.SERVER, 14,
        "server-unavailable server-busy closed-without-connack",
        definite=False,
    ),
    **_rows(Stage.SUBSCRIBE, RefusedBy.SERVER, 15, "subscribe-denied", definite=True),
    **_rows(Stage.PUBLISH, RefusedBy.SERVER, 15, "publish-denied", definite=True),
    **_rows(Stage.SESSION, RefusedBy.SERVER, 16, "session-taken-over", definite=True),
    **_rows(Stage.SESSION, RefusedBy.SERVER, 16, "disconnected-by-server", definite=False),
    **_rows(Stage.SESSION, RefusedBy.NETWORK, 16, "connection-lost", definite=False),
    **_rows(Stage.SESSION, RefusedBy.NOBODY, 0, OK, definite=False),
}  # fmt: skip

MEANINGS = {
    "file-missing": "a file that was named is not there",
    "file-unreadable": "a file cannot be read",
    "not-a-certificate": "a file holds no certificate that can be used",
    "not-a-key": "a file holds no private key that can be used",
    "key-encrypted": "the private key is encrypted, and there is no passphrase",
    "passphrase-wrong": "the passphrase does not open the private key",
    "key-mismatch": "the private key does not belong to the certificate",
    "ca-file-has-no-ca": "the CA file holds no CA certificate",
    "dns-not-found": "the host's name has no address",
    "tcp-refused": "nothing listens on the port",
    "tcp-timeout": "the host does not answer",
    "tcp-unreachable": "there is no route to the host",
    "not-tls": "the port does not speak TLS",
    "tls-version-mismatch": "there is no TLS version that both sides allow",
    "cipher-mismatch": "there is no cipher, key exchange or signature that both sides allow",
    "alpn-mismatch": "there is no ALPN protocol that both sides allow",
    "sni-unrecognized": "the server does not know the server name (SNI) that was asked for",
    "tls-timeout": "the server took the connection, then said nothing",
    "tls-closed": "the server hung up during the handshake",
    "tls-alert": "the TLS handshake was broken off for another reason",
    "server-unknown-ca": "the server's certificate leads to no CA that is trusted here, or its revocation cannot be checked",
    "server-self-signed": "the server's certificate is self-signed and not trusted here",
    "server-expired": "the server's certificate, or one of its issuers', has expired",
    "server-not-yet-valid": "the server's certificate, or one of its issuers', is not valid yet",
    "server-name-mismatch": "the server's certificate is for another name",
    "server-missing-intermediate": "the server does not send an intermediate certificate that it should",
    "server-weak-crypto": "the server's key or a signature in its chain is too weak",
    "server-wrong-usage": "a certificate in the server's chain may not be used for what it is used for",
    "server-revoked": "the server's certificate is revoked",
    "client-cert-required": "the server wants a client certificate, and none was sent",
    "client-cert-unknown-ca": "the server does not trust the issuer of our certificate",
    "client-cert-self-signed": "our certificate is self-signed, and the server does not trust it",
    "client-cert-expired": "our certificate, or one of its issuers', has expired",
    "client-cert-not-yet-valid": "our certificate is not valid yet",
    "client-cert-wrong-usage": "our certificate may not be used by a client",
    "client-cert-revoked": "the server takes our certificate for revoked",
    "client-cert-missing-intermediate": "our certificate file lacks an intermediate certificate",
    "client-cert-weak-crypto": "our key, or a signature in our chain, is too weak for the server",
    "client-cert-rejected": "the server refused our certificate, and nothing at hand says why",
    "not-mqtt": "the port does not speak MQTT",
    "mqtt-version-unsupported": "the broker does not speak this MQTT version",
    "client-id-rejected": "the broker does not take the client id",
    "bad-credentials": "the broker does not accept the user name or the password",
    "not-authorized": "the broker does not let this client in",
    "server-unavailable": "the broker is not available",
    "server-busy": "the broker is busy",
    "banned": "the broker has banned this client",
    "use-another-server": "the broker sends this client to another server",
    "connack-refused": "the broker refused CONNECT for another reason",
    "connack-timeout": "the broker did not answer CONNECT",
    "closed-without-connack": "the broker hung up instead of answering CONNECT",
    "subscribe-denied": "the broker refused a subscription",
    "publish-denied": "the broker refused a message",
    "session-taken-over": "another client connected with the same client id",
    "disconnected-by-server": "the broker ended the connection and said why",
    "connection-lost": "the connection was lost",
    OK: "nothing is wrong",
}
"""What each id stands for, in words without an end: for a list of candidates, for a table."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who refused whom, where and why, and what to do.

    ``id`` is a key of ``KINDS``; ``summary`` and ``fix`` one sentence each (``fix`` None where nothing is
    to be done); ``candidates``: ids of other causes that the same evidence allows, most likely first.
    ``refused_by`` is the kind's, but for ids where the evidence decides (we may refuse what a server
    picked), and so is ``stage``, but for ``ok``: there it is the last stage that ran.
    """

    id: str
    summary: str
    fix: str | None = None
    candidates: tuple[str, ...] = ()
    by: RefusedBy | None = None
    at: Stage | None = None

    @property
    def stage(self) -> Stage:
        return self.at or KINDS[self.id].stage

    @property
    def refused_by(self) -> RefusedBy:
        return self.by or KINDS[self.id].refused_by

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this verdict."""
        return KINDS[self.id].exit_code

    @property
    def definite(self) -> bool:
        """Whether trying again cannot help."""
        return KINDS[self.id].definite

    def __str__(self) -> str:
        return self.summary if self.fix is None else f"{self.summary} {self.fix}"
