"""What a server said that does not speak what we speak: its first bytes in, words out."""

from __future__ import annotations

_SHOWN = 32
# How servers that are met on broker ports begin: RFC 9112, RFC 4253, RFC 5321, RFC 8446 section 5.1.
_OPENINGS = {
    b"HTTP/": "an HTTP server",
    b"SSH-": "an SSH server",
    b"220 ": "a mail or FTP server",
    b"AMQP": "an AMQP broker",
    b"-ERR": "a Redis server",
    b"\x15\x03": "a TLS port",
    b"\x16\x03": "a TLS port",
    b"\x20\x02": "an MQTT broker without TLS",
}


def shown(data: bytes) -> str:
    """The first bytes in quotes, safe to show."""
    return repr(data[:_SHOWN].decode("ascii", errors="backslashreplace"))


def looks_like(data: bytes) -> str:
    """What speaks like this, as the end of a sentence: ", which looks like an HTTP server"; empty: unknown."""
    for opening, server in _OPENINGS.items():
        if data.startswith(opening):
            return f", which looks like {server}"
    return ""
