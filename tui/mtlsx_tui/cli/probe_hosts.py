"""The hosts of ``mtlsx probe`` as they are typed: a name or an address, a port, or all of it as a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mtlsx.certificates.strings import printable
from mtlsx.client.settings import Transport
from mtlsx.errors import UsageError
from mtlsx.probe.dialing import host_and_port, is_address

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(
    r"(?:\[(?P<address>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Host:
    """What was typed for one server; None is what was not."""

    name: str
    port: int | None = None
    transport: Transport | None = None
    path: str | None = None

    def __str__(self) -> str:
        return self.name if self.port is None else host_and_port(self.name, self.port)


def parse_host(text: str) -> Host:
    """``broker``, ``broker:8883``, ``[::1]:8883``, ``mqtts://broker:8883``, ``wss://broker/mqtt``.

    Raises ``UsageError`` for what is none of these.
    """
    url = _URL.fullmatch(text)
    if url is None:
        return _host(text, text, None, None)
    scheme = url["scheme"].lower()
    if scheme not in set(Transport):
        raise UsageError(
            f"{printable(text)} has a protocol that is not MQTT's.",
            fix="Use mqtt://, mqtts://, ws:// or wss://.",
        )
    transport = Transport(scheme)
    authority, slash, path = url["rest"].partition("/")
    if "@" in authority:
        raise UsageError(
            f"The URL of {printable(authority.rpartition('@')[2])} holds a username or a password.",
            fix="Give them with -u and MTLSX_PASSWORD.",
        )
    if path and not transport.uses_websocket:
        raise UsageError(
            f"{printable(text)} has a path, which is for websockets.",
            fix="Use ws:// or wss://, or leave it out.",
        )
    return _host(
        authority, text, transport, f"/{path}" if slash and transport.uses_websocket else None
    )


def _host(authority: str, text: str, transport: Transport | None, path: str | None) -> Host:
    if is_address(authority):  # an IPv6 address without brackets: its colons are its own
        return Host(authority, None, transport, path)
    parts = _HOST.fullmatch(authority)
    name = (parts["address"] or parts["name"] or "") if parts else ""
    if parts is None or not name.strip() or (parts["address"] and not is_address(name)):
        raise UsageError(
            f"{printable(text)!r} is no host.",
            fix="Give HOST or HOST:PORT, an IPv6 address in brackets: [::1]:8883.",
        )
    return Host(name, _port(parts["port"], text), transport, path)


def _port(digits: str | None, text: str) -> int | None:
    if digits is None:
        return None
    if not (digits.isascii() and digits.isdecimal() and 1 <= int(digits[:9]) <= 65_535):
        raise UsageError(f"{printable(text)} has no port from 1 to 65535 behind its colon.")
    return int(digits)
