"""Verdicts: every way in which a connection fails, by id, and what each means for a script.

An id is stable and belongs to one stage, one side that refused and one exit code, as ``KINDS`` lists
them. The words (summary, fix) are written where the evidence is judged, because they name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mtlsx.errors import MaterialError


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
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who refused whom, where and why, and what to do.

    ``id`` is a key of ``KINDS``; ``summary`` and ``fix`` one sentence each (``fix`` None where nothing is
    to be done); ``candidates``: ids of other causes that the same evidence allows, most likely first.
    ``refused_by`` is the kind's, but for ids where the evidence decides (we may refuse what a server
    picked).
    """

    id: str
    summary: str
    fix: str | None = None
    candidates: tuple[str, ...] = ()
    by: RefusedBy | None = None

    @property
    def stage(self) -> Stage:
        return KINDS[self.id].stage

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

    @classmethod
    def from_error(cls, error: MaterialError) -> Verdict:
        """The verdict on local material that could not be used."""
        return cls(error.verdict, error.summary, error.fix)

    def __str__(self) -> str:
        return self.summary if self.fix is None else f"{self.summary} {self.fix}"
