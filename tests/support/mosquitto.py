"""A real Mosquitto with a configuration made for one test, and what it said while it ran.

``Mosquitto(directory, ...)`` is a context manager: inside it the broker is up. It always has a second,
plain listener on the loopback without any rules (``open_port``), for observers and for the websocket bridge.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

import pytest

from support.openssl_pki import Pair
from support.ports import LOOPBACK, free_port
from support.programs import find

READY = "running"
LOAD_LINES = ["log_type error", "log_type information", "max_queued_messages 0"]
WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds


class Mosquitto:
    """One broker process.

    ``server``: its certificate and key, None for a plain listener. ``client_ca``: the authority whose
    devices it lets in; then a client certificate is required and its CN is the username. ``crl``: a
    revocation list for those. ``tls``: ``"1.2"`` or ``"1.3"``, the only version it speaks. ``users``: names and
    passwords, then nobody is anonymous. ``acl``: the text of an ACL file. ``allowed``: for each username the
    topic filter that it may use; unlike an ACL file, which refuses publications only, this refuses
    subscriptions too. ``for_load``: say little, and drop nothing for a reader who is slow. ``settings``: lines of its
    configuration besides.
    """

    def __init__(
        self,
        directory: Path,
        *,
        server: Pair | None = None,
        client_ca: Path | None = None,
        crl: Path | None = None,
        tls: str | None = None,
        users: Mapping[str, str] | None = None,
        acl: str | None = None,
        allowed: Mapping[str, str] | None = None,
        for_load: bool = False,
        settings: Sequence[str] = (),
    ) -> None:
        self._directory = directory
        self._log_lines = LOAD_LINES if for_load else ["log_type all"]
        self._tls = tls
        self._rules = [
            *settings,
            *_tls_lines(server, client_ca, crl),
            *self._password_lines(users),
            *self._acl_lines(acl),
            *self._dynamic_security_lines(allowed),
        ]
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.port = 0
        self.open_port = 0

    def __enter__(self) -> Self:
        # Mosquitto cannot be handed a socket, so somebody may take a port between choosing and opening it.
        for _ in range(5):
            self.port, self.open_port = free_port(), free_port()
            try:
                if self._start():
                    return self
            except BaseException:
                self._stop()
                raise
            self._stop()
        message = f"mosquitto found no port:\n{self.log}"
        raise AssertionError(message)

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def log(self) -> str:
        """Everything it has said so far."""
        with self._news:
            return "\n".join(self._lines)

    def wait_for_log(self, *words: str) -> str:
        """The first line that contains one of ``words``, as soon as it is there."""
        deadline = time.monotonic() + WAIT
        with self._news:
            while True:
                for line in self._lines:
                    if any(word in line for word in words):
                        return line
                left = deadline - time.monotonic()
                said = "\n".join(self._lines)
                assert not self._ended, f"mosquitto ended without saying {words}:\n{said}"
                assert self._news.wait(left), f"mosquitto never said {words}:\n{said}"

    def kill(self) -> None:
        """End it as a power cut would: no DISCONNECT, no close_notify."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(WAIT)

    def restart(self) -> None:
        """After ``kill``: start it again, on the same ports; its log begins anew."""
        self._stop()
        assert self._start(), f"somebody took our ports:\n{self.log}"

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> None:
        """Publish with ``mosquitto_pub`` on the open listener."""
        retained = ["-r"] if retain else []
        subprocess.run(
            [find("mosquitto_pub"), "-h", LOOPBACK, "-p", str(self.open_port), "-t", topic,
             "-m", payload, "-q", str(qos), *retained],
            check=True, timeout=WAIT,
        )  # fmt: skip

    @contextmanager
    def observer(self, topic_filter: str, *, count: int = 1) -> Iterator[Observer]:
        """A ``mosquitto_sub`` on the open listener that is subscribed when the block starts."""
        name = f"observer-{os.urandom(4).hex()}"
        with subprocess.Popen(
            [find("mosquitto_sub"), "-h", LOOPBACK, "-p", str(self.open_port), "-V", "5", "-i", name,
             "-t", topic_filter, "-q", "2", "-C", str(count), "-W", str(int(WAIT)), "-F", "%t %q %r %x"],
            stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                self.wait_for_log(f"Sending SUBACK to {name}")
                yield Observer(process)
            finally:
                process.kill()

    def _start(self) -> bool:
        """Whether it got its ports."""
        settings = [
            "per_listener_settings true",
            "log_dest stderr",
            *self._log_lines,
            "persistence false",
            # Started as root it would become a user who cannot read our key files.
            *(["user root"] if os.geteuid() == 0 else []),
            f"listener {self.port} {LOOPBACK}",
            *self._rules,
            f"listener {self.open_port} {LOOPBACK}",
            "allow_anonymous true",
        ]
        file = self._directory / "mosquitto.conf"
        file.write_text("\n".join(settings) + "\n")
        self._lines, self._ended = [], False
        self._process = subprocess.Popen(
            [find("mosquitto"), "-c", file],
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
        )
        assert self._process.stderr is not None
        self._reader = threading.Thread(target=self._read_log, args=(self._process.stderr,))
        self._reader.start()
        return self.wait_for_log(READY, "Address already in use").endswith(READY)

    def _stop(self) -> None:
        # Not terminate(): Mosquitto forgets a SIGTERM that comes just after it said that it is running.
        self.kill()
        assert self._reader is not None
        self._reader.join()

    def _read_log(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self._lines.append(line.rstrip())
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _environment(self) -> dict[str, str]:
        if self._tls is None:
            return dict(os.environ)
        # Mosquitto's own tls_version is a minimum; OpenSSL's configuration can pin it from both sides.
        pins = self._directory / "openssl.cnf"
        pins.write_text(
            "openssl_conf = start\n[start]\nssl_conf = ssl\n[ssl]\nsystem_default = pins\n"
            f"[pins]\nMinProtocol = TLSv{self._tls}\nMaxProtocol = TLSv{self._tls}\n"
        )
        return {**os.environ, "OPENSSL_CONF": str(pins)}

    def _password_lines(self, users: Mapping[str, str] | None) -> list[str]:
        if users is None:
            return ["allow_anonymous true"]
        file = self._directory / "passwords"
        file.touch(mode=0o600)
        for name, password in users.items():
            subprocess.run([find("mosquitto_passwd"), "-b", file, name, password], check=True)
        return ["allow_anonymous false", f"password_file {file}"]

    def _acl_lines(self, acl: str | None) -> list[str]:
        if acl is None:
            return []
        file = self._directory / "acl"
        file.write_text(acl)
        file.chmod(0o600)
        return [f"acl_file {file}"]

    def _dynamic_security_lines(self, allowed: Mapping[str, str] | None) -> list[str]:
        if allowed is None:
            return []
        plugins = sorted(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
        if not plugins:
            pytest.skip("mosquitto_dynamic_security.so is not installed")
        file = self._directory / "dynamic-security.json"
        file.write_text(json.dumps(_dynamic_security(allowed)))
        return [f"plugin {plugins[0]}", f"plugin_opt_config_file {file}"]


class Observer:
    """A running ``mosquitto_sub``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def messages(self) -> list[tuple[str, int, bool, bytes]]:
        """Topic, QoS, retain flag and payload of all that it was to wait for."""
        said, _ = self._process.communicate(timeout=WAIT)
        assert self._process.returncode == 0, f"mosquitto_sub waited in vain: {said!r}"
        fields = [line.split(" ") for line in said.splitlines()]
        return [
            (topic, int(qos), retain == "1", bytes.fromhex(payload))
            for topic, qos, retain, payload in fields
        ]


def _dynamic_security(allowed: Mapping[str, str]) -> dict[str, object]:
    return {
        "defaultACLAccess": {"publishClientSend": False, "publishClientReceive": True,
                             "subscribe": False, "unsubscribe": True},
        # Without a password: certificates say who they are.
        "clients": [{"username": name, "roles": [{"rolename": name}]} for name in allowed],
        "roles": [{"rolename": name, "acls": [
            {"acltype": kind, "topic": topic_filter, "allow": True}
            for kind in ("publishClientSend", "subscribePattern")
        ]} for name, topic_filter in allowed.items()],
    }  # fmt: skip


def _tls_lines(server: Pair | None, client_ca: Path | None, crl: Path | None) -> list[str]:
    if server is None:
        return []
    lines = [f"certfile {server.certificate}", f"keyfile {server.key}"]
    if client_ca is not None:
        lines += [
            f"cafile {client_ca}",
            "require_certificate true",
            "use_identity_as_username true",
        ]
    if crl is not None:
        lines.append(f"crlfile {crl}")
    return lines
