"""From a host's name to a connected TCP socket, in two steps that are timed apart: addresses, then one that answers.

``resolve`` asks the name server, ``dial`` tries the addresses in their order. Neither waits longer than it is told.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LATE = "the name server did not answer in time"


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a host: ``family`` as in ``socket``, ``ip`` as text, ``sockaddr`` as ``connect`` takes it."""

    family: int
    ip: str
    sockaddr: tuple[str, int] | tuple[str, int, int, int]

    def __str__(self) -> str:
        """Address and port, as they are written: "192.0.2.7:8883", "[2001:db8::7]:8883"."""
        return host_and_port(self.ip, self.sockaddr[1])


def host_and_port(host: str, port: int) -> str:
    """A host (name or address) with its port, an IPv6 address in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_address(host: str) -> bool:
    """Whether ``host`` is an address already, so that no name server is asked; a zone (fe80::1%eth0) may follow."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def resolve(host: str, port: int, timeout: float) -> tuple[Address, ...]:
    """The addresses of ``host``, the ones to try first in front (RFC 6724); ``timeout`` in seconds.

    Raises ``socket.gaierror`` where there is none, or none in time.
    """
    if is_address(host):
        return _look_up(host, port)
    # The resolver's own patience is in resolv.conf and cannot be given; a thread that is late is left alone.
    found: list[tuple[Address, ...] | OSError] = []
    asking = threading.Thread(
        target=_note, args=(lambda: _look_up(host, port), found), name="resolve", daemon=True
    )
    asking.start()
    asking.join(timeout)
    if not found:
        raise socket.gaierror(socket.EAI_AGAIN, _LATE)
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def dial(
    addresses: tuple[Address, ...],
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    on_socket: Callable[[socket.socket], None] | None = None,
) -> tuple[socket.socket, Address]:
    """Connect to the first of ``addresses`` that answers, all within ``timeout`` seconds; the socket has it set.

    ``on_socket`` gets each socket before it connects, so that another thread can end the attempt. Raises
    ``OSError``: of several failures the one that says most (a refusal more than silence, silence more than no route).
    """
    deadline = clock() + timeout
    failures: list[OSError] = []
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        # What an address that swallows packets may take must leave something to the others.
        share = max((deadline - clock()) / left, 0.001)
        connected = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            if on_socket is not None:
                on_socket(connected)
            connected.settimeout(share)
            connected.connect(address.sockaddr)
        except OSError as error:
            connected.close()
            failures.append(error)
        else:
            connected.settimeout(timeout)
            return connected, address
    raise min(failures, key=_tells_less)


def _note(
    look_up: Callable[[], tuple[Address, ...]], found: list[tuple[Address, ...] | OSError]
) -> None:
    try:
        found.append(look_up())
    except OSError as error:
        found.append(error)


def _look_up(host: str, port: int) -> tuple[Address, ...]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long for IDNA
        raise socket.gaierror(socket.EAI_NONAME, f"not a valid name ({error})") from error
    return tuple(
        Address(family, sockaddr[0], sockaddr)  # type: ignore[arg-type]  # IPv4 or IPv6: TCP has no other
        for family, _, _, _, sockaddr in answers
    )


def _tells_less(error: OSError) -> int:
    if isinstance(error, ConnectionRefusedError):
        return 0
    return 1 if isinstance(error, TimeoutError) else 2
