"""``mtlsx broker --control``: whoever runs the broker as a child process tells it what to do, a line of JSON each.

``{"id": 1, "do": "kick", "client_id": "dev-1"}`` on standard input is answered on standard output by
``{"event": "answer", "id": 1, "result": true}``, or with ``error``, a sentence, in place of ``result``. Octets are
strings, or ``{"hex": …}``. The end of the input ends the broker, so that it never outlives its parent.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mtlsx.errors import MtlsxError, UsageError

if TYPE_CHECKING:
    from mtlsx.auth.stores.store import Reply
    from mtlsx.broker.broker import Broker
    from mtlsx.broker.metrics import Metrics

Request: TypeAlias = dict[str, Any]

_LONGEST_LINE: Final = 1024 * 1024


class Control:
    """What can be asked of a running broker. ``execute`` takes a command for the embedded store.

    ``reload`` takes the files to read from now on, None: the same as before.
    """

    def __init__(
        self,
        broker: Broker,
        metrics: Metrics,
        execute: Callable[[list[bytes]], Awaitable[Reply]],
        reload: Callable[[Sequence[str] | None], Awaitable[None]],
    ) -> None:
        self._broker = broker
        self._metrics = metrics
        self._execute = execute
        self._reload = reload

    async def answer(self, line: bytes) -> Request:
        """The answer to one line."""
        number = None
        try:
            request = _request(line)
            number = request.get("id")
            return {"event": "answer", "id": number, "result": await self._do(request)}
        except MtlsxError as error:
            return {"event": "answer", "id": number, "error": str(error)}

    async def _do(self, request: Request) -> Any:
        now = asyncio.get_running_loop().time()
        match request:
            case {"do": "listeners"}:
                return dict(self._broker.addresses)
            case {"do": "clients"}:
                from mtlsx.broker import client_list

                return client_list.as_json(self._broker, now)
            case {"do": "kick", "client_id": client_id}:
                return self._broker.kick(_octets(client_id))
            case {"do": "ban", "by": "clientid" | "username" | "peerhost" as by, "who": who}:
                from mtlsx.broker.bans import Ban

                self._broker.ban(Ban(by, _octets(who), _until(request.get("seconds"), now)))
            case {"do": "unban", "by": "clientid" | "username" | "peerhost" as by, "who": who}:
                return self._broker.bans.lift(by, _octets(who))
            case {"do": "execute", "command": [_, *_] as words}:
                return _plain(await self._execute([_octets(word) for word in words]))
            case {"do": "reload", "files": [_, *_] as files}:
                await self._reload([str(file) for file in files])
            case {"do": "reload"}:
                await self._reload(None)
            case {"do": "metrics"}:
                return self._metrics.text()
            case _:
                what = json.dumps(request.get("do"))
                raise UsageError(
                    f"A broker cannot do {what}, or something that it needs is not there."
                )
        return None


async def obey(control: Control, say: Callable[[Request], None]) -> None:
    """Do what standard input says until it ends or says ``stop``."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            raise UsageError(
                f"A line on standard input has more than {_LONGEST_LINE:,} octets."
            ) from None
        if not line or _is_stop(line):
            return
        say(await control.answer(line))


def _request(line: bytes) -> Request:
    try:
        request = json.loads(line)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise UsageError("A line on standard input is no JSON object.")
    return request


def _is_stop(line: bytes) -> bool:
    try:
        return _request(line).get("do") == "stop"
    except UsageError:
        return False


def _octets(value: Any) -> bytes:
    match value:
        case str():
            return value.encode()
        case {"hex": str(digits)}:
            try:
                return bytes.fromhex(digits)
            except ValueError:
                pass
    raise UsageError(f"This is neither a string nor octets in hex: {json.dumps(value)}")


def _until(seconds: Any, now: float) -> float | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        raise UsageError(f"seconds is no number above 0: {json.dumps(seconds)}")
    return now + float(seconds)


def _plain(reply: Reply) -> Any:
    from mtlsx.identity.report import text_as_json

    if isinstance(reply, bytes):
        return text_as_json(reply)
    return [_plain(item) for item in reply] if isinstance(reply, list) else reply
