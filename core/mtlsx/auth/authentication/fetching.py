"""Reading a document from a URL or a file: so much and no more, and in so much time.

The connection is made in a thread. Where the time is up, or whoever waits is cancelled, it is cut, so that a server
that answers an octet at a time holds no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from mtlsx.auth.authentication.signing_keys import KeysError
from mtlsx.errors import UsageError

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse
    from ssl import SSLContext


@dataclass(frozen=True, slots=True)
class Target:
    """Where a document is: at a URL, or at ``path``. ``name`` is what traces call it, without secrets."""

    name: str
    path: Path | None = None


def target(endpoint: str) -> Target:
    """Where ``endpoint`` leads: ``http://…``, ``https://…``, ``file:keys.json`` or ``file:///etc/keys.json``.

    Raises ``UsageError``.
    """
    scheme, _, rest = endpoint.partition(":")
    if scheme == "file":
        path = unquote(rest.removeprefix("//")) if rest.startswith("///") else rest
        if not path or "\0" in path:
            raise UsageError(f"The endpoint {endpoint!r} names no file.", fix=_FIX)
        return Target(f"file:{path}", Path(path))
    url = _split(endpoint)
    if url is None:
        raise UsageError(f"The endpoint {_without_secrets(endpoint)!r} is no URL.", fix=_FIX)
    if url.username is not None or url.password is not None:
        raise UsageError(
            f"The endpoint at {url.hostname} has a username or a password in its URL, which are not sent."
        )
    return Target(_name(url))


def read_file(path: Path, limit: int) -> bytes:
    """The octets of a regular file. Raises ``KeysError``."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise KeysError("it is no regular file")
        with path.open("rb") as file:
            found = file.read(limit + 1)
    except OSError as error:
        raise KeysError((error.strerror or str(error)).lower()) from error
    return _limited(found, limit)


async def fetch(url: str, *, timeout: float, limit: int, context: SSLContext | None) -> bytes:  # noqa: ASYNC109  (for the thread)
    """The body that ``url`` answers with. ``timeout`` in seconds, for all of it. Raises ``KeysError``."""
    fetching = _Fetching(timeout, limit, context)
    try:
        async with asyncio.timeout(timeout):
            return await asyncio.to_thread(fetching.get, url)
    except TimeoutError as error:
        raise KeysError(f"there is no answer within {timeout:g} seconds") from error
    finally:
        fetching.cut()


_FIX: Final = "Write http://…, https://… or file: and a path."
_REDIRECTIONS: Final = 5
_REDIRECTED: Final = (301, 302, 303, 307, 308)


def _split(endpoint: str) -> SplitResult | None:
    """The parts of an ``http`` or ``https`` URL; None for all else."""
    if not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        return None
    try:
        url = urlsplit(endpoint)
        known = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:  # a port that is none, brackets that do not match
        return None
    return url if known else None


def _name(url: SplitResult) -> str:
    port = f":{url.port}" if url.port is not None else ""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{url.scheme}://{host}{port}{url.path}"


def _without_secrets(endpoint: str) -> str:
    head, at, tail = endpoint.partition("?")[0].rpartition("@")
    return f"…{at}{tail}" if at else tail or head


def _limited(found: bytes, limit: int) -> bytes:
    if len(found) > limit:
        raise KeysError(f"it is longer than {limit} octets")
    return found


class _Fetching:
    """One fetch, in a thread; ``cut`` ends it from outside."""

    def __init__(self, seconds: float, limit: int, context: SSLContext | None) -> None:
        self._seconds = seconds
        self._limit = limit
        self._context = context
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._is_cut = False

    def get(self, url: str) -> bytes:
        from http.client import HTTPException

        try:
            for _ in range(_REDIRECTIONS):
                found = self._get_once(url)
                if isinstance(found, bytes):
                    return found
                url = found
        except HTTPException as error:
            raise KeysError("the answer is not HTTP") from error
        except TimeoutError as error:
            raise KeysError(f"there is no answer within {self._seconds:g} seconds") from error
        except OSError as error:
            raise KeysError(_reason(error)) from error
        raise KeysError("it redirects too often")

    def cut(self) -> None:
        """Let a read that is under way end at once."""
        self._is_cut = True
        # An answer that ends with the connection has taken the socket over from it.
        connected = self._socket or (self._connection and self._connection.sock)
        if connected:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own shutdown, which would break what the thread is doing with it.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def _get_once(self, url: str) -> bytes | str:
        """The body, or the URL that the server redirects to."""
        parts = _split(url)
        if parts is None:
            raise KeysError("it redirects to what is no URL")
        connection = self._connection = self._open(parts)
        try:
            connection.connect()
            self._socket = connection.sock
            if self._is_cut:
                raise KeysError("nobody waits for it any more")
            path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            connection.request("GET", path, headers={"Accept": "application/json"})
            with connection.getresponse() as response:
                if response.status in _REDIRECTED:
                    return _redirection(url, response)
                if response.status != 200:
                    raise KeysError(f"the server answers {response.status}")
                return _limited(response.read(self._limit + 1), self._limit)
        finally:
            self._socket = None
            connection.close()

    def _open(self, url: SplitResult) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        host = url.hostname or ""
        if url.scheme == "http":
            return HTTPConnection(host, url.port, timeout=self._seconds)
        return HTTPSConnection(host, url.port, timeout=self._seconds, context=self._context)


def _redirection(url: str, response: HTTPResponse) -> str:
    to = urljoin(url, response.getheader("Location", ""))
    if url.startswith("https:") and not to.startswith("https:"):
        raise KeysError("it redirects from https to what is not encrypted")
    return to


def _reason(error: OSError) -> str:
    from ssl import SSLCertVerificationError, SSLError

    if isinstance(error, SSLCertVerificationError):
        return f"the certificate of the server is not trusted ({error.verify_message})"
    if isinstance(error, SSLError):
        return f"TLS fails ({error.reason})"
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return (error.strerror or str(error) or "the connection fails").lower()
