"""Real ``redis-server`` processes on the loopback: one alone, one behind a Sentinel, three as a Cluster.

``RedisServer(directory, ...)`` is a context manager: inside it the server is up. It keeps its data over
``kill`` and ``restart``. Tests look into it and fill it with a user of their own, ``OPERATOR``, on a plain port
(``open_port``), whatever it asks of everybody else; that takes one connection, which ``maxclients`` does not count.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self, TypeAlias, TypeVar

from mtlsx.auth import settings
from mtlsx.secret import Secret
from support.openssl_pki import Pair
from support.ports import LOOPBACK, free_port
from support.programs import find

WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds
OPERATOR = "operator"
MASTER_NAME = "mymaster"
SLOTS = 16384

Word: TypeAlias = str | bytes
Reply: TypeAlias = "bytes | int | list[Reply] | None"
Result = TypeVar("Result")

_READY = "Ready to accept connections"
_SENTINEL_READY = "+monitor master"
_NO_PORT = "Failed listening on port"


class RedisError(Exception):
    """An error that Redis answered to the operator."""


class RedisServer:
    """One server process.

    ``password``: what the default user must give. ``users``: ACL rules by name, for example
    ``{"default": "off", "emqx": "on >secret ~* +@read"}``. ``server``: certificate and key, then ``port`` speaks TLS;
    ``client_ca``: the authority whose client certificates it asks for and requires. ``maxclients``: how many may be
    connected at once. ``lines``: more lines of its configuration. ``sentinel``: run as a Sentinel.
    """

    def __init__(
        self,
        directory: Path,
        *,
        password: str | None = None,
        users: Mapping[str, str] | None = None,
        server: Pair | None = None,
        client_ca: Path | None = None,
        maxclients: int | None = None,
        lines: Iterable[str] = (),
        cluster: bool = False,
        sentinel: bool = False,
    ) -> None:
        self._directory = directory
        self._password = password
        self._tls = server is not None
        self._cluster = cluster
        self._sentinel = sentinel
        self._operator_password = secrets.token_hex(8)
        self._rules = [
            f"user {OPERATOR} on >{self._operator_password} ~* &* +@all",
            *([] if password is None else [f"requirepass {password}"]),
            *(f"user {name} {rule}" for name, rule in (users or {}).items()),
            *_tls_lines(server, client_ca),
            *([] if maxclients is None else [f"maxclients {maxclients + 1}"]),
            *lines,
        ]
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._operator: _Connection | None = None
        self.port = 0
        self.open_port = 0
        self.bus_port = 0

    def __enter__(self) -> Self:
        # Somebody may take a port between choosing and opening it.
        for _ in range(5):
            self.port = self.open_port = free_port()
            if self._tls:
                self.open_port = free_port()
            if self._cluster:
                self.bus_port = free_port()
            try:
                if self._start():
                    return self
            except BaseException:
                self._stop()
                raise
            self._stop()
        message = f"redis-server found no port:\n{self.log}"
        raise AssertionError(message)

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def log(self) -> str:
        """Everything it has said since it was started."""
        with self._news:
            return "\n".join(self._lines)

    @property
    def connections(self) -> int:
        """How many have been accepted since it was started, the operator's among them."""
        found = re.search(
            rb"total_connections_received:(\d+)", _octets(self.execute("INFO", "STATS"))
        )
        assert found is not None
        return int(found[1])

    def settings(self, **changes: Any) -> settings.RedisServer:
        """The settings that reach it as its default user, with ``changes``."""
        given: dict[str, Any] = {"servers": ((LOOPBACK, self.port),)}
        if self._password is not None:
            given["password"] = Secret(self._password)
        return settings.RedisServer(**{**given, **changes})

    def wait_for_log(self, *words: str, count: int = 1) -> str:
        """The ``count``-th line that contains one of ``words``, as soon as it is there."""
        deadline = time.monotonic() + WAIT
        with self._news:
            while True:
                found = [line for line in self._lines if any(word in line for word in words)]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                said = "\n".join(self._lines)
                assert not self._ended, f"redis-server ended without saying {words}:\n{said}"
                assert self._news.wait(left), f"redis-server never said {words}:\n{said}"

    def kill(self) -> None:
        """End it as a power cut would; what it has answered is kept."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(WAIT)

    def restart(self) -> None:
        """After ``kill``: start it again on the same ports, with its data; its log begins anew."""
        self._stop()
        assert self._start(), f"somebody took our ports:\n{self.log}"

    def pause(self) -> None:
        """Stop it where it is: connections succeed (the kernel accepts them) and nobody answers."""
        self._signal(signal.SIGSTOP)
        assert self._process is not None
        # kill(2) returns when the signal is sent, not when it has stopped.
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        self._signal(signal.SIGCONT)

    def execute(self, *words: Word) -> Reply:
        """The answer to one command of the operator; an error is an ``RedisError``."""
        return self._operate(lambda operator: operator.execute(words))

    def load(self, commands: Iterable[Sequence[Word]]) -> None:
        """Execute ``commands``, each a sequence of words, in one pipeline."""
        chosen = list(commands)
        self._operate(lambda operator: operator.execute_all(chosen))

    def flush(self) -> None:
        """Forget all data of all databases."""
        self.execute("FLUSHALL")

    @contextmanager
    def monitor(self) -> Iterator[Monitor]:
        """What others ask of the server while the block runs; MONITOR takes a connection too."""
        assert self._operator is not None
        with _Connection(self.open_port, self._operator_password) as connection:
            connection.execute(["MONITOR"])
            yield Monitor(connection, self._operator)

    def _operate(self, work: Callable[[_Connection], Result]) -> Result:
        assert self._operator is not None
        try:
            return work(self._operator)
        except (EOFError, ConnectionError):
            # A Sentinel ends all connections of a server that it promotes.
            self._operator.close()
            self._operator = _Connection(self.open_port, self._operator_password)
            return work(self._operator)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _start(self) -> bool:
        """Whether it got its ports."""
        file = self._directory / "redis.conf"
        # A Sentinel writes into its file what it learned; that is what it must start from again.
        if not (file.exists() and self._sentinel):
            file.write_text("\n".join([*self._port_lines(), *self._rules]) + "\n")
        self._lines, self._ended = [], False
        self._process = subprocess.Popen(
            [find("redis-server"), file, *(["--sentinel"] if self._sentinel else [])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read_log, args=(self._process.stdout,))
        self._reader.start()
        ready = self.wait_for_log(_SENTINEL_READY if self._sentinel else _READY, _NO_PORT)
        if _NO_PORT in ready:
            return False
        self._operator = _Connection(self.open_port, self._operator_password)
        return True

    def _stop(self) -> None:
        if self._operator is not None:
            self._operator.close()
            self._operator = None
        self.kill()
        if self._reader is not None:
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

    def _port_lines(self) -> list[str]:
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.open_port}",
            f"dir {self._directory}",
            *([f"tls-port {self.port}"] if self._tls else []),
        ]
        if self._sentinel:
            return lines
        # Without fsync: what is written survives the end of the process, which is all that tests do to it.
        lines += ['save ""', "appendonly yes", "appendfsync no", "repl-diskless-sync-delay 0"]
        if self._cluster:
            lines += ["cluster-enabled yes", f"cluster-port {self.bus_port}", "cluster-node-timeout 1000"]  # fmt: skip
        return lines


class Monitor:
    """A connection that follows what a server is asked."""

    def __init__(self, connection: _Connection, operator: _Connection) -> None:
        self._connection = connection
        self._operator = operator
        self._seen: list[tuple[bytes, ...]] = []

    def commands(self) -> list[tuple[bytes, ...]]:
        """The words of all commands so far, except the operator's own. Redis shows no AUTH and no HELLO."""
        fence = secrets.token_hex(8).encode()
        self._operator.execute([b"ECHO", fence])
        while True:
            client, words = _monitored(self._connection.read())
            if words[-1] == fence:
                return self._seen.copy()
            if client != self._operator.address:
                self._seen.append(words)


class Sentinel:
    """A master with one replica, watched by one Sentinel: the fewest with which a master can be replaced.

    ``password`` is the data servers', ``sentinel_password`` the Sentinel's.
    """

    def __init__(
        self, directory: Path, *, password: str | None = None, sentinel_password: str | None = None
    ) -> None:
        self._directory = directory
        self._password = password
        self._sentinel_password = sentinel_password
        self._running = ExitStack()
        self.master: RedisServer
        self.replica: RedisServer
        self.sentinel: RedisServer

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.master = starting.enter_context(self._data_server("master"))
            self.replica = starting.enter_context(
                self._data_server("replica", f"replicaof {LOOPBACK} {self.master.port}")
            )
            self.replica.wait_for_log("sync: Finished with success")
            self.sentinel = starting.enter_context(self._sentinel())
            self.sentinel.wait_for_log("+slave")
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def settings(self, **changes: Any) -> settings.RedisServer:
        """The settings that reach the master through the Sentinel, with ``changes``."""
        given: dict[str, Any] = {
            "redis_type": "sentinel",
            "sentinel": MASTER_NAME,
            "servers": ((LOOPBACK, self.sentinel.port),),
        }
        if self._password is not None:
            given["password"] = Secret(self._password)
        if self._sentinel_password is not None:
            given["sentinel_password"] = Secret(self._sentinel_password)
        return settings.RedisServer(**{**given, **changes})

    def fail_over(self) -> None:
        """Kill the master and wait until the replica is promoted and the Sentinel names it."""
        self.master.kill()
        self.sentinel.wait_for_log("+switch-master")

    def _data_server(self, name: str, *lines: str) -> RedisServer:
        directory = self._directory / name
        directory.mkdir()
        auth = [] if self._password is None else [f"masterauth {self._password}"]
        return RedisServer(directory, password=self._password, lines=[*auth, *lines])

    def _sentinel(self) -> RedisServer:
        directory = self._directory / "sentinel"
        directory.mkdir()
        auth = (
            [] if self._password is None else [f"sentinel auth-pass {MASTER_NAME} {self._password}"]
        )
        lines = [
            f"sentinel monitor {MASTER_NAME} {LOOPBACK} {self.master.port} 1",
            f"sentinel down-after-milliseconds {MASTER_NAME} 300",
            f"sentinel failover-timeout {MASTER_NAME} 3000",
            *auth,
        ]
        return RedisServer(directory, password=self._sentinel_password, lines=lines, sentinel=True)


class Cluster:
    """Three masters that share the slots; ``nodes`` in the order of their slots."""

    def __init__(self, directory: Path, *, password: str | None = None) -> None:
        self._directory = directory
        self._password = password
        self._running = ExitStack()
        self.nodes: list[RedisServer] = []

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            for number in range(3):
                directory = self._directory / f"node{number}"
                directory.mkdir()
                node = RedisServer(directory, password=self._password, cluster=True)
                self.nodes.append(starting.enter_context(node))
            self._join()
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def settings(self, **changes: Any) -> settings.RedisServer:
        """The settings that reach the cluster through its first node, with ``changes``."""
        return self.nodes[0].settings(**{"redis_type": "cluster", **changes})

    def load(self, commands: Iterable[Sequence[Word]]) -> None:
        """Execute ``commands``, each on the node that has its key, the second word."""
        for command in commands:
            self.owner(command[1]).execute(*command)

    def owner(self, key: Word) -> RedisServer:
        """The node that serves ``key`` now."""
        slot = self._slot(key)
        slots = self.nodes[0].execute("CLUSTER", "SLOTS")
        assert isinstance(slots, list)
        for first, last, (_, port, *_) in slots:  # type: ignore[misc]  # Redis says so
            if first <= slot <= last:  # type: ignore[operator]
                return next(node for node in self.nodes if node.port == port)
        message = f"no node has slot {slot}"
        raise AssertionError(message)

    def begin_move(self, key: Word, target: RedisServer) -> None:
        """Move ``key`` to ``target`` while its slot still belongs to where it was."""
        slot, source = str(self._slot(key)), self.owner(key)
        target.execute("CLUSTER", "SETSLOT", slot, "IMPORTING", _id(source))
        source.execute("CLUSTER", "SETSLOT", slot, "MIGRATING", _id(target))
        auth = [] if self._password is None else ["AUTH", self._password]
        source.execute("MIGRATE", LOOPBACK, str(target.port), key, "0", "5000", *auth)

    def move(self, key: Word, target: RedisServer) -> None:
        """Migrate the slot of ``key``, with that key, to ``target``; nobody else is told."""
        source = self.owner(key)
        self.begin_move(key, target)
        for node in (target, source):
            node.execute("CLUSTER", "SETSLOT", str(self._slot(key)), "NODE", _id(target))

    def _join(self) -> None:
        first = self.nodes[0]
        for number, node in enumerate(self.nodes):
            start, end = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            node.execute("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
            node.execute("CLUSTER", "ADDSLOTSRANGE", str(start), str(end))
        for node in self.nodes[1:]:
            first.execute("CLUSTER", "MEET", LOOPBACK, str(node.port), str(node.bus_port))
        for node in self.nodes:
            node.wait_for_log("Cluster state changed: ok")

    def _slot(self, key: Word) -> int:
        slot = self.nodes[0].execute("CLUSTER", "KEYSLOT", key)
        assert isinstance(slot, int)
        return slot


def _id(node: RedisServer) -> bytes:
    return _octets(node.execute("CLUSTER", "MYID"))


class ScriptedRedis:
    """A port that speaks just enough of the protocol to answer every command with octets that a test chooses.

    For answers that a real server gives only in passing. ``answer`` takes the words of a command and returns what
    is sent; empty: the connection is closed. ``hangs_up``: it is closed after each answer.
    """

    def __init__(self, answer: Callable[[list[bytes]], bytes], *, hangs_up: bool = False) -> None:
        self._answer = answer
        self._hangs_up = hangs_up
        self._listener = socket.create_server((LOOPBACK, 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(WAIT)
        self._listener.close()
        for thread in self._threads:
            thread.join(WAIT)

    def settings(self, **changes: Any) -> settings.RedisServer:
        """The settings that reach it, with ``changes``."""
        return settings.RedisServer(**{"servers": ((LOOPBACK, self.port),), **changes})

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._run(self._serve, self._listener.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, suppress(OSError, EOFError):
            while True:
                words = _read_reply(stream)
                assert isinstance(words, list)
                answer = self._answer([_octets(word) for word in words])
                connection.sendall(answer)
                if self._hangs_up or not answer:
                    return


class _Connection:
    """A blocking connection of the operator."""

    def __init__(self, port: int, password: str) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), timeout=WAIT)
        self._stream = self._socket.makefile("rb")
        host, own_port = self._socket.getsockname()
        self.address = f"{host}:{own_port}".encode()
        try:
            self.execute(["AUTH", OPERATOR, password])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def execute(self, words: Sequence[Word]) -> Reply:
        self._socket.sendall(_encoded(words))
        return self.read()

    def execute_all(self, commands: list[Sequence[Word]]) -> None:
        for start in range(0, len(commands), 1000):  # as many as the buffers of both sides hold
            chunk = commands[start : start + 1000]
            self._socket.sendall(b"".join(map(_encoded, chunk)))
            for _ in chunk:
                self.read()

    def read(self) -> Reply:
        return _read_reply(self._stream)


def _encoded(words: Sequence[Word]) -> bytes:
    octets = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(octets) + b"".join(b"$%d\r\n%b\r\n" % (len(o), o) for o in octets)


def _read_reply(stream: IO[bytes]) -> Reply:
    line = stream.readline()
    kind, rest = line[:1], line[1:].removesuffix(b"\r\n")
    if kind == b"+":
        return rest
    if kind == b"-":
        raise RedisError(rest.decode(errors="replace"))
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else stream.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return None if rest == b"-1" else [_read_reply(stream) for _ in range(int(rest))]
    if not line:
        raise EOFError
    message = f"not a reply of Redis: {line!r}"
    raise AssertionError(message)


def _octets(reply: Reply) -> bytes:
    assert isinstance(reply, bytes), reply
    return reply


_MONITORED = re.compile(rb"[0-9.]+ \[[0-9]+ ([^\]]+)\] (.*)", re.DOTALL)
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


def _monitored(line: Reply) -> tuple[bytes, tuple[bytes, ...]]:
    """The client's address and the words of a line such as ``1.5 [0 127.0.0.1:4] "GET" "a"``."""
    found = _MONITORED.fullmatch(_octets(line))
    assert found is not None, line
    return found[1], tuple(_ESCAPE.sub(_unescape, word) for word in _WORD.findall(found[2]))


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes.fromhex(found[1].decode())
    return _ESCAPED.get(found[2], found[2])


def _tls_lines(server: Pair | None, client_ca: Path | None) -> list[str]:
    if server is None:
        return []
    lines = [f"tls-cert-file {server.certificate}", f"tls-key-file {server.key}"]
    if client_ca is None:
        # Redis wants an authority even where it asks for no certificate.
        return [*lines, f"tls-ca-cert-file {server.certificate}", "tls-auth-clients no"]
    return [*lines, f"tls-ca-cert-file {client_ca}", "tls-auth-clients yes"]
