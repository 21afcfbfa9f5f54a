"""The Redis command that EMQX sends to look a client up: template and values in, words out.

EMQX 5 and 6 split the template once, when it is configured, with quotes as redis-cli knows them, and put values
for ``${name}`` into the key, the second word; a value never splits or adds words. EMQX 4.x puts values for
``%C``, ``%d``, ``%c`` and ``%u`` into the whole line and splits that at spaces afterwards, so a value can break
the command; and as it replaces with a regular expression, backslashes in a value are eaten.

Source: emqx_redis_command.erl and emqx_template.erl (6.3), emqx_auth_redis_cli.erl (4.x), re.erl of OTP 25;
vectors ``emqx-auth/template.json`` and ``command_split.json``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mtlsx.identity.erlang_re import ReplacementError, expanded
from mtlsx.identity.templates import Template


class CommandError(ValueError):
    """EMQX cannot make a command of this; the message is a sentence."""


def command_5(template: str, values: Mapping[str, bytes | None]) -> tuple[bytes, ...]:
    """The words that EMQX 5 and 6 send. ``values`` by placeholder name; None is an undefined value: empty.

    A placeholder that is not in ``values`` stays as it is written. Raises ``CommandError``.
    """
    words = split(template.encode(errors="surrogateescape"))
    if len(words) > 1:
        words[1] = _key(Template.parse(words[1], values).render(values))
    return tuple(words)


def command_4(template: str, values: Mapping[str, bytes | None]) -> tuple[bytes, ...]:
    """The words that the Redis plugin of EMQX 4.x sends. ``values`` by ``C``, ``d``, ``c`` and ``u``.

    An undefined value (None) leaves its placeholder in the command. Raises ``CommandError`` where the plugin
    crashes.
    """
    line = template.encode(errors="surrogateescape")
    # In this order, the first occurrence each, so that a value can hold the placeholder of a later one.
    for name in "Cdcu":
        value = values[name]
        if value is not None:
            before, placeholder, behind = line.partition(b"%" + name.encode())
            line = before + (placeholder and _as_replacement(value, placeholder)) + behind
    return tuple(word for word in line.split(b" ") if word)


def split(line: bytes) -> list[bytes]:
    """The words of a command as redis-cli splits them; raises ``CommandError`` for quotes that do not match."""
    words = []
    position = 0
    while (position := _skip(line, position)) < len(line):
        word, position = _word(line, position)
        words.append(word)
    return words


def quoted(words: Sequence[bytes]) -> str:
    """``words`` on one line for people: quoted where ``split`` would not give them back, without controls."""
    return " ".join(map(_quoted, words))


_SEPARATORS = b" \n\r\t\x08\x0b"
# emqx_redis_command takes \a for a vertical tab.
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\x08", b"a": b"\x0b"}
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_PLAIN = re.compile(rb"[^ \n\r\t\x08\x0b\"']+")
_DOUBLE = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(rb"'((?:\\'|\\(?!')|[^'\\])*)'")


def _skip(line: bytes, position: int) -> int:
    while position < len(line) and line[position] in _SEPARATORS:
        position += 1
    return position


def _word(line: bytes, position: int) -> tuple[bytes, int]:
    plain = _PLAIN.match(line, position)
    word, position = (plain[0], plain.end()) if plain else (b"", position)
    quote = line[position : position + 1]
    if quote not in (b'"', b"'"):
        return word, position
    quoted_text = (_DOUBLE if quote == b'"' else _SINGLE).match(line, position)
    if quoted_text is None:
        raise CommandError(f"The quote {quote.decode()} is not closed.")
    position = quoted_text.end()
    if position < len(line) and line[position] not in _SEPARATORS:
        raise CommandError("A closing quote must be followed by a space or the end.")
    text = quoted_text[1]
    text = _ESCAPE.sub(_unescape, text) if quote == b'"' else text.replace(b"\\'", b"'")
    return word + text, position


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes.fromhex(found[1].decode())
    return _ESCAPES.get(found[2], found[2])


def _key(rendered: bytes) -> bytes:
    try:
        rendered.decode()
    except UnicodeDecodeError as error:
        raise CommandError("The key is not UTF-8, which counts as a failure of Redis.") from error
    return rendered


def _as_replacement(value: bytes, placeholder: bytes) -> bytes:
    try:
        return expanded(value.replace(b"&", b"\\&"), placeholder)
    except ReplacementError as error:
        raise CommandError(str(error)) from error


def _quoted(word: bytes) -> str:
    try:
        text = word.decode()
    except UnicodeDecodeError:
        return '"' + "".join(_shown(octet, latin=True) for octet in word) + '"'
    if text and text.isprintable() and not _NEEDS_QUOTES.search(text):
        return text
    return '"' + "".join(_shown(ord(character), latin=False) for character in text) + '"'


_NEEDS_QUOTES = re.compile(r"""[\s"']""")


def _shown(point: int, *, latin: bool) -> str:
    character = chr(point)
    if character in '"\\':
        return "\\" + character
    if character.isprintable() and (point < 0x80 or not latin):
        return character
    return "".join(f"\\x{octet:02x}" for octet in ([point] if latin else character.encode()))
