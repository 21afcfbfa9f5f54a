"""Accepting goes on after what one connection failed with, and rests where the system gives no more."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Iterator

import pytest

from mtlsx.broker import accepting
from mtlsx.broker.accepting import Accepting


class Listening(socket.socket):
    """A listening socket whose next calls of ``accept`` fail with ``errors``."""

    errors: list[int]

    def accept(self) -> tuple[socket.socket, object]:
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        return super().accept()


class Served(asyncio.Protocol):
    """Says hello."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    monkeypatch.setattr(accepting, "_REST", 0.01)
    with Listening(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.errors = []
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one


async def greeting(listening: Listening) -> bytes:
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
        return said


async def test_what_concerns_one_connection_passes_unsaid(listening: Listening) -> None:
    told: list[str] = []
    listening.errors = [errno.ECONNABORTED, errno.EPROTO]
    serving = Accepting(listening, Served, told.append)
    assert await greeting(listening) == b"hello"
    assert told == listening.errors == []
    await serving.stop()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_what_concerns_all_is_told_once_until_it_is_over(
    listening: Listening, number: int
) -> None:
    told: list[str] = []
    serving = Accepting(listening, Served, told.append)
    for times in (1, 2):
        listening.errors = [number] * 3
        assert await greeting(listening) == b"hello"
        assert listening.errors == []
        assert len(told) == times
    await serving.stop()


async def test_it_stops_while_it_rests(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "_REST", 3600.0)
    told: asyncio.Queue[str] = asyncio.Queue()
    serving = Accepting(listening, Served, told.put_nowait)
    listening.errors = [errno.EMFILE]
    with socket.create_connection(listening.getsockname()):
        assert "open files" in await told.get()
        await serving.stop()
    assert listening.fileno() == -1
