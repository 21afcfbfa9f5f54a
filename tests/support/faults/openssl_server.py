"""``openssl s_server`` with whatever options: the plainest TLS server there is, with OpenSSL's own alerts."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path
from typing import Self

from support.openssl_pki import Pair
from support.programs import find

_ACCEPTS = re.compile(r"ACCEPT 127\.0\.0\.1:(\d+)")
_VERSIONS = {"1.2": ("-tls1_2",), "1.3": ("-tls1_3",), None: ()}


class OpensslServer:
    """One process, which serves one connection after the other; ``port`` is on the loopback.

    ``client_ca``: the authority whose devices it lets in; then it requires a certificate and names the authority in
    its request. ``options``: any others, as on the command line.
    """

    def __init__(
        self,
        server: Pair,
        *options: str | Path,
        client_ca: Path | None = None,
        tls: str | None = None,
    ) -> None:
        verify: tuple[str | Path, ...] = ()
        if client_ca is not None:
            verify = ("-Verify", "5", "-verify_return_error", "-CAfile", client_ca)
        self._command = [
            find("openssl"), "s_server", "-accept", "127.0.0.1:0",
            "-cert", server.certificate, "-key", server.key, "-cert_chain", server.certificate,
            *_VERSIONS[tls], *verify, *options,
        ]  # fmt: skip
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if found := _ACCEPTS.search(line):
                self.port = int(found[1])
                break
        assert self.port, f"openssl s_server does not listen:\n{said}"
        # What it says of each connection is read, or the pipe would fill up and stop it.
        self._reader = threading.Thread(target=self._process.stdout.read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
