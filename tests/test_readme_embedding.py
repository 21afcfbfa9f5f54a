"""The example under "Embed the engine" in the README, run as it stands there."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mtlsx
from support.made_pki import CLIENT, SERVER, Made, make

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
CORE = str(Path(mtlsx.__file__).parents[1])
CONFIGURATION = """
[mqtt]
peer_cert_as_username = "cn"
[[authentication]]
mechanism = "password_based"
backend = "built_in_database"
password_hash_algorithm = { name = "plain", salt_position = "disable" }
users = [{ user_id = "dev-1", password_hash = "public" }]
"""


@pytest.fixture(scope="module")
def authority() -> Made:
    return make("Test CA", ca=True, strict=True)


@pytest.fixture
def server(tmp_path: Path, authority: Made) -> Iterator[int]:
    """The port of the example, which runs as a program of its own."""
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    make("localhost", authority, usage=SERVER, names=("127.0.0.1",), strict=True).save(
        tmp_path, "server"
    )
    (tmp_path / "broker.toml").write_text(CONFIGURATION)
    told = EXAMPLE.replace("9443", "0").replace(
        "        await server.serve",
        "        print(server.sockets[0].getsockname()[1], flush=True)\n        await server.serve",
    )
    with subprocess.Popen(
        [sys.executable, "-c", told],
        cwd=tmp_path,
        env={"PYTHONPATH": CORE},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def ask(port: int, authority: Made, device: Made, line: bytes, directory: Path) -> str:
    context = ssl.create_default_context(cadata=authority.pem.decode())
    context.load_cert_chain(*device.save(directory, "device"))
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        secure.makefile("rwb") as stream,
    ):
        stream.write(line)
        stream.flush()
        return stream.read().decode()


def test_the_example_decides_as_emqx(server: int, authority: Made, tmp_path: Path) -> None:
    device = make("dev-1", authority, usage=CLIENT, strict=True)
    accepted = ask(server, authority, device, b"c1 public\n", tmp_path)
    assert accepted.startswith("0\n")
    refused = ask(server, authority, device, b"c1 pubic\n", tmp_path)
    assert refused.startswith("134\n")
    assert "is not the stored one" in refused
    stranger = make("dev-2", authority, usage=CLIENT, strict=True)
    assert ask(server, authority, stranger, b"c1 public\n", tmp_path).startswith("135\n")


def test_the_example_is_short() -> None:
    code = [line for line in EXAMPLE.splitlines() if line.strip()]
    assert len(code) < 20
