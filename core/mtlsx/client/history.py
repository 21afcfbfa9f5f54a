"""Messages kept on disk, for those who ask for it, and found again at the next start.

``MessageHistory`` takes messages in no time on any thread, and writes them on one of its own into an SQLite file for its
owner alone. The file is bounded by messages and bytes; the oldest go first. A file that is none of ours is left as
it is, and named.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections import deque
from contextlib import closing, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mtlsx.client.message import Message
from mtlsx.client.settings import PublishProperties
from mtlsx.errors import MtlsxError
from mtlsx.files import make_private_directory, reason

if TYPE_CHECKING:
    from pathlib import Path

RECORD_BYTES = 100
"""What a message costs beside its topic and its payload, in bytes."""
MOST_WAITING = 50_000
"""Above this many that are not written yet, messages are not kept, and counted."""

_PAUSE = 0.2  # seconds between two writes, so that many messages share one
_PATIENCE = 10.0  # seconds; for others that write
_BETWEEN_TRIES = 0.01
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    profile TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    dup INTEGER NOT NULL,
    outgoing INTEGER NOT NULL,
    received_at REAL NOT NULL,
    properties TEXT,
    bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_of_profile ON messages (profile, id);
PRAGMA user_version = {_VERSION};
"""
_INSERT = "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = "topic, payload, qos, retain, dup, outgoing, received_at, properties"

_Row = tuple[Any, ...]


class MessageHistory:
    """The messages in the file ``path``, which is made when there is something to write.

    ``problem`` says why nothing is written any more, where that is so; ``lost`` counts messages that came faster than
    they could be written.
    """

    def __init__(self, path: Path, *, max_messages: int, max_bytes: int) -> None:
        self.path = path
        self.problem: MtlsxError | None = None
        self.lost = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[str, _Row]] = deque()
        self._written = threading.Condition()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._busy = False
        self._messages = self._bytes = 0
        self._thread: threading.Thread | None = None

    def record(self, profile: str, message: Message) -> None:
        """Keep ``message`` of ``profile``; returns at once."""
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        self._do(_INSERT, _row(profile, message))

    def forget(self, profile: str) -> None:
        """Forget the messages of ``profile``."""
        self._do("DELETE FROM messages WHERE profile = ?", (profile,))

    def rename(self, former: str, profile: str) -> None:
        """The profile ``former`` is ``profile`` from now on."""
        self._do("UPDATE messages SET profile = ? WHERE profile = ?", (profile, former))

    def load(self, profile: str, most: int) -> list[Message]:
        """The last messages of ``profile``, at most ``most``, oldest first. Raises MtlsxError."""
        self.flush()
        if not self.path.exists():
            return []
        query = f"SELECT {_COLUMNS} FROM messages WHERE profile = ? ORDER BY id DESC LIMIT ?"  # noqa: S608  (constant)
        try:
            with closing(self._open()) as database:
                rows = database.execute(query, (profile, most)).fetchall()
            return [_message(row) for row in reversed(rows)]
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            raise self._failure("read", error) from error

    def flush(self) -> None:
        """Wait until what was recorded is written, or cannot be."""
        with self._written:
            self._written.wait_for(lambda: not self._waiting and not self._busy)

    def close(self) -> None:
        """Write what is left and end. Nothing may be recorded after this."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _do(self, statement: str, values: _Row) -> None:
        if self.problem is not None:
            return
        self._waiting.append((statement, values))
        self._wake.set()
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._written:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="history", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            with closing(self._open()) as database:
                self._count(database)
                while not self._stop.is_set() or self._waiting:
                    self._wake.wait()
                    self._wake.clear()
                    self._busy = True
                    self._write(database)
                    self._said()
                    self._stop.wait(_PAUSE)
        except (sqlite3.Error, OSError) as error:
            self.problem = self._failure("written", error)
            self._waiting.clear()
        finally:
            self._said()

    def _said(self) -> None:
        with self._written:
            self._busy = False
            self._written.notify_all()

    def _write(self, database: sqlite3.Connection) -> None:
        with database:
            for _ in range(len(self._waiting)):
                statement, values = self._waiting.popleft()
                database.execute(statement, values)
                if statement is _INSERT:
                    self._messages += 1
                    self._bytes += values[-1]
                else:
                    self._count(database)
            self._forget_oldest(database)

    def _count(self, database: sqlite3.Connection) -> None:
        """Count what is there. That reads the whole file, and so is not done at each write."""
        self._messages, self._bytes = database.execute(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM messages"
        ).fetchone()

    def _forget_oldest(self, database: sqlite3.Connection) -> None:
        last = None
        for number, size in database.execute("SELECT id, bytes FROM messages ORDER BY id"):
            if self._messages <= self._max_messages and self._bytes <= self._max_bytes:
                break
            last = number
            self._messages -= 1
            self._bytes -= size
        if last is not None:
            database.execute("DELETE FROM messages WHERE id <= ?", (last,))

    def _open(self) -> sqlite3.Connection:
        """The database, made where it is missing. Raises OSError, sqlite3.Error."""
        make_private_directory(self.path.parent)
        with suppress(FileExistsError):
            # SQLite gives the files beside it the same mode. To close one that it has open would take its locks away.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        database = sqlite3.connect(self.path, timeout=_PATIENCE)
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in {0, _VERSION}:
                raise sqlite3.DatabaseError(f"it is of version {version}, of a newer mtlsx")
            _log_ahead(database)
            database.execute("PRAGMA synchronous = NORMAL")
            if version == 0:
                database.executescript(_SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _failure(self, done: str, error: Exception) -> MtlsxError:
        why = reason(error) if isinstance(error, OSError) else str(error)
        return MtlsxError(
            f"The history {self.path} cannot be {done}: {why}.",
            fix="Move the file away, or switch the history off in the settings.",
        )


def _log_ahead(database: sqlite3.Connection) -> None:
    """Have a new file written to a log first. Unlike all else, to switch to that does not wait for another process."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_BETWEEN_TRIES)
        else:
            return


def _row(profile: str, message: Message) -> _Row:
    properties = message.properties
    return (
        profile, message.topic, message.payload, message.qos, message.retain, message.dup, message.outgoing,
        message.received_at,
        None if properties is None else _properties_text(properties),
        RECORD_BYTES + len(message.topic) + len(message.payload),
    )  # fmt: skip


def _message(row: _Row) -> Message:
    topic, payload, qos, retain, dup, outgoing, received_at, properties = row
    return Message(
        topic, payload, qos, bool(retain), bool(dup), bool(outgoing), received_at,
        None if properties is None else _properties(properties),
    )  # fmt: skip


def _properties_text(properties: PublishProperties) -> str:
    fields = asdict(properties)
    if properties.correlation_data is not None:
        fields["correlation_data"] = properties.correlation_data.hex()
    return json.dumps({name: value for name, value in fields.items() if value not in (None, ())})


def _properties(text: str) -> PublishProperties:
    fields = json.loads(text)
    if "correlation_data" in fields:
        fields["correlation_data"] = bytes.fromhex(fields["correlation_data"])
    if "user_properties" in fields:
        fields["user_properties"] = tuple(map(tuple, fields["user_properties"]))
    if "subscription_identifiers" in fields:
        fields["subscription_identifiers"] = tuple(fields["subscription_identifiers"])
    return PublishProperties(**fields)
