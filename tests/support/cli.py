"""The real ``mtlsx`` program as a process of its own, with its own configuration and an empty environment."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mtlsx
import mtlsx_tui
from mtlsx.client.settings import ConnectionSettings

WAIT = 60.0  # seconds; for what a healthy machine does in less than one

_PROGRAM = [sys.executable, "-c", "from mtlsx_tui.cli.main import main; main()"]
_PACKAGES = [str(Path(package.__file__).parents[1]) for package in (mtlsx, mtlsx_tui)]


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished program left."""

    code: int
    stdout: str
    stderr: str


class Cli:
    """Runs ``mtlsx`` with its files under ``home``."""

    def __init__(self, home: Path) -> None:
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": ":".join(_PACKAGES),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "MTLSX_CONFIG_DIR": str(home / "config"),
            "MTLSX_STATE_DIR": str(home / "state"),
        }

    def run(
        self,
        *arguments: object,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Result:
        """Run it to its end."""
        done = subprocess.run(
            [*_PROGRAM, *map(str, arguments)],
            input=stdin, capture_output=True, text=True, timeout=WAIT,
            env={**self._environment, **(environment or {})},
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: object) -> Iterator[Running]:
        """Start it and go on; it is killed at the end of the block if it still runs."""
        with subprocess.Popen(
            [*_PROGRAM, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self._environment,
        ) as process:  # fmt: skip
            try:
                yield Running(process)
            finally:
                process.kill()


class Running:
    """A program that has not ended yet."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        """The next line that it prints, as soon as it is there; empty at its end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def error_line(self) -> str:
        """The next line that it prints on stderr, likewise."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def close_output(self) -> None:
        """Read nothing more of what it prints, as ``head`` does when it has had enough."""
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.stdout = None

    def interrupt(self) -> None:
        """What Ctrl+C does."""
        self.signal(signal.SIGINT)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def result(self) -> Result:
        """Wait for its end."""
        stdout, stderr = self.process.communicate(timeout=WAIT)
        return Result(self.process.returncode, stdout or "", stderr)


def as_options(settings: ConnectionSettings) -> list[str]:
    """What a person types for ``settings``; secrets are in ``as_environment``."""
    tls = settings.tls
    options: list[tuple[str, object]] = [
        ("-h", settings.host),
        ("-p", settings.port),
        ("-l", settings.transport),
        ("-V", settings.version),
        ("-i", settings.client_id or None),
        ("-u", settings.username),
        ("--connect-timeout", settings.connect_timeout),
        ("--path", settings.path if settings.transport.uses_websocket else None),
    ]
    if settings.transport.uses_tls:
        pinned = tls.minimum_version == tls.maximum_version
        options += [
            ("--ca", tls.ca_file),
            ("--cert", tls.certificate_file),
            ("--key", tls.key_file),
            ("--crl", tls.crl_file),
            ("--tls-version", tls.minimum_version if pinned else None),
            ("--ciphers", tls.ciphers),
            ("--sni", tls.sni),
            *(("--alpn", name) for name in tls.alpn),
        ]
    return [word for name, value in options if value is not None for word in (name, str(value))]


def as_environment(settings: ConnectionSettings) -> dict[str, str]:
    """The secrets of ``settings``."""
    secrets = {"MTLSX_PASSWORD": settings.password, "MTLSX_PASSPHRASE": settings.tls.passphrase}
    return {name: secret.reveal() for name, secret in secrets.items() if secret is not None}
