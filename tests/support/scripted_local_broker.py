"""A local broker without a child process: it says what a test has it say, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtlsx.errors import MtlsxError, UsageError
from mtlsx_tui.local_broker import LocalBroker


class ScriptedLocalBroker(LocalBroker):
    """``says`` takes an event; ``asked`` are the requests; ``answers`` has a result or an error for a request."""

    def __init__(
        self,
        files: Sequence[Path],
        *,
        seed: Path | None = None,
        on_event: Callable[[dict[str, Any]], None] = lambda _: None,
        on_end: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(files, seed=seed, on_event=on_event, on_end=on_end)
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {"clients": [], "kick": True, "unban": True}
        self.starts = 0
        self.refusal: str | None = None
        self._running = False

    @property
    def is_running(self) -> bool:
        return self._running

    async def start(self) -> Mapping[str, tuple[str, int]]:
        if self.refusal is not None:
            raise MtlsxError(self.refusal)
        self.starts += 1
        self._running = True
        self.addresses = {"ssl:default": ("127.0.0.1", 8883), "tcp:lab": ("127.0.0.1", 1883)}
        return self.addresses

    async def ask(self, do: str, **arguments: Any) -> Any:
        if not self._running:
            raise UsageError("The broker is not running.")
        self.asked.append({"do": do, **arguments})
        answer = self.answers.get(do)
        if isinstance(answer, MtlsxError):
            raise answer
        return answer

    async def stop(self) -> None:
        self._running = False
        self.addresses = {}

    def says(self, event: dict[str, Any]) -> None:
        """Tell of ``event``."""
        self.on_event(event)

    def ends(self, sentence: str) -> None:
        """End without being told to."""
        self._running = False
        self.addresses = {}
        self.on_end(sentence)


def connected(client_id: str, port: int, **others: Any) -> dict[str, Any]:
    """A client that was let in."""
    return {
        "event": "client_connected", "listener": "ssl:default", "host": "127.0.0.1", "port": port,
        "client_id": client_id, "username": client_id, "version": 5, "common_name": client_id,
        "subject": f"CN={client_id},O=Acme", "clean_start": True, "session_present": False,
        "is_superuser": False, "trace": GOOD, **others,
    }  # fmt: skip


def refused(client_id: str, port: int, **others: Any) -> dict[str, Any]:
    """A client whose password is not what is stored."""
    return {
        "event": "client_refused", "listener": "ssl:default", "host": "127.0.0.1", "port": port,
        "client_id": client_id, "username": client_id, "code": 0x86, "reason": "bad_username_or_password",
        "trace": BAD, **others,
    }  # fmt: skip


def decided(client_id: str, action: str, topic: str, *, allowed: bool) -> dict[str, Any]:
    """A decision over a topic."""
    return {
        "event": "decided", "client_id": client_id, "action": action, "topic": topic,
        "allowed": allowed, "code": None if allowed else 0x87, "trace": ALLOWED if allowed else DENIED,
    }  # fmt: skip


def gone(client_id: str, port: int, *, by: str = "client") -> dict[str, Any]:
    """A client that is no more."""
    return {
        "event": "client_disconnected", "listener": "ssl:default", "host": "127.0.0.1", "port": port,
        "client_id": client_id, "username": client_id, "by": by, "code": 0x98 if by == "broker" else None,
        "reason": "An administrator disconnected the client.", "published": 3,
    }  # fmt: skip


def handshake_refused(port: int, subject: str = "O=Else, CN=stranger") -> dict[str, Any]:
    """A certificate of an unknown authority."""
    return {
        "event": "handshake_refused", "listener": "ssl:default", "host": "127.0.0.1", "port": port,
        "certificate": {
            "subject": subject, "issuer": "CN=Other CA", "serial": "61b2d4f6",
            "not_before": "2026-01-01 00:00:00", "not_after": "2027-01-01 00:00:00",
            "words": "unable to get local issuer certificate", "depth": 0,
        },
        "alert": "unknown_ca (48)",
    }  # fmt: skip


def _steps() -> tuple[list[dict[str, Any]], ...]:
    from mtlsx.auth import trace

    certificate = trace.CertificateRead(b"dev-1", b"CN=dev-1,O=Acme", "ab" * 16)
    mapped = trace.Mapped("username", b"dev-1", "cn")
    asked = trace.Asked(
        "password_based:redis",
        "the embedded store",
        (b"HMGET", b"tls_domain:dev-1", b"password_hash", b"salt"),
    )
    replied = trace.Replied("the embedded store", True, "It has a password hash and a salt.")
    good = trace.Compared("sha256", True, "The password matches the stored hash (sha256).")
    bad = trace.Compared(
        "sha256", False, "The password does not match the stored hash (sha256, salt before)."
    )
    rule = trace.RuleTried(
        "authorization.sources[0] (redis)",
        b"${username}/#",
        b"dev-1/#",
        False,
        "allow",
        "the topic other/1 does not match dev-1/#",
    )
    head = [certificate, mapped, asked, replied]
    return tuple(
        trace.as_json(steps)
        for steps in (
            [*head, good, trace.Decided(True, "CONNACK", 0, "The client is let in.")],
            [*head, bad, trace.Decided(False, "CONNACK", 0x86, "The client is refused.")],
            [trace.Decided(True, "SUBACK", 1, "The rule of the client allows it.")],
            [rule, trace.Decided(False, "PUBACK", 0x87, "No rule matches: no_match is deny.")],
        )
    )


GOOD, BAD, ALLOWED, DENIED = _steps()
