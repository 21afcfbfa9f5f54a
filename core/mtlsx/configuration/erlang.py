"""Erlang terms as a file holds them (``file:consult``): text in, terms with their lines out; and one term as text.

An atom is an ``Atom``, a tuple a tuple, a list a list, an integer an int; a string and a binary are octets, those
of a string UTF-8. What stands behind ``%mtlsx`` is a comment to EMQX and a term to us.

Source: the Erlang reference manual, chapters 3 (data types) and 8.27 (bit syntax), character escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from mtlsx.errors import UsageError
from mtlsx.schema import clipped

Term: TypeAlias = "Atom | bytes | int | tuple[Term, ...] | list[Term]"

OURS = "%mtlsx "
"""What stands before a term that EMQX must not see."""

_DEEPEST = 40
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\f\v\xa0\ufeff]+|%mtlsx[ ]|%[^\n]*)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<quoted>'(?:[^'\\]|\\.)*')
    |(?P<atom>[a-z][A-Za-z0-9_@]*)
    |(?P<based>[0-9]{1,2}\#[0-9A-Za-z]{1,30})
    |(?P<integer>-?[0-9]{1,30})
    |(?P<open><<)|(?P<close>>>)
    |(?P<mark>[{}\[\],./])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})|\^([@-_a-z])|(.))", re.DOTALL
)
_ESCAPES = {"b": 8, "d": 127, "e": 27, "f": 12, "n": 10, "r": 13, "s": 32, "t": 9, "v": 11}
_BARE = re.compile(r"[a-z][A-Za-z0-9_@]*")
_RESERVED = frozenset(
    [
        "after",
        "and",
        "andalso",
        "band",
        "begin",
        "bnot",
        "bor",
        "bsl",
        "bsr",
        "bxor",
        "case",
        "catch",
        "cond",
        "div",
        "else",
        "end",
        "fun",
        "if",
        "let",
        "maybe",
        "not",
        "of",
        "or",
        "orelse",
        "receive",
        "rem",
        "try",
        "when",
        "xor",
    ]
)


class Atom(str):
    """An atom, without its quotes."""

    __slots__ = ()


def parse(data: bytes, *, source: str) -> Iterator[tuple[int, Term]]:
    """The terms of a file, each with the line on which it begins; ``source`` names it in errors.

    Raises UsageError, with the line.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{source}: line {line} is not UTF-8.") from error
    reader = _Reader(text, source)
    while not reader.at_end():
        yield reader.line(), reader.term()
        reader.expect(".")


def written(term: Term) -> str:
    """``term`` as Erlang writes it. Octets that are UTF-8 become a string, others a binary."""
    if isinstance(term, Atom):
        bare = _BARE.fullmatch(term) and term not in _RESERVED
        return str(term) if bare else "'" + _escaped(term, "'") + "'"
    if isinstance(term, bytes):
        try:
            return '"' + _escaped(term.decode(), '"') + '"'
        except UnicodeDecodeError:
            return "<<" + ",".join(map(str, term)) + ">>"
    if isinstance(term, int):
        return str(term)
    items = ", ".join(map(written, term))
    return "{" + items + "}" if isinstance(term, tuple) else "[" + items + "]"


class _Reader:
    """Reads terms from a text, word by word."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._position = 0
        self._nested = 0
        self._kind = ""
        self._word = ""
        self._next()

    def at_end(self) -> bool:
        return not self._kind

    def line(self) -> int:
        return self._text.count("\n", 0, self._position - len(self._word)) + 1

    def expect(self, mark: str) -> None:
        if self._word != mark or self._kind in ("string", "quoted"):
            raise self._error(f"{mark} is expected, not {self._shown()}")
        self._next()

    def term(self) -> Term:
        self._nested += 1
        if self._nested > _DEEPEST:
            raise self._error("terms are nested too deep")
        term = self._term()
        self._nested -= 1
        return term

    def _term(self) -> Term:
        kind, word = self._kind, self._word
        if kind == "string":
            return self._strings().encode()
        if word == "{":
            return tuple(self._items("}"))
        if word == "[":
            return self._items("]")
        if kind == "open":
            return self._binary()
        if kind == "atom":
            self._next()
            return Atom(word)
        if kind == "quoted":
            atom = Atom(self._unescaped(word[1:-1]))
            self._next()
            return atom
        if kind in ("integer", "based"):
            number = self._integer(word)
            self._next()
            return number
        raise self._error(f"a term is expected, not {self._shown()}")

    def _items(self, end: str) -> list[Term]:
        self._next()
        items: list[Term] = []
        if self._word == end:
            self._next()
            return items
        while True:
            items.append(self.term())
            if self._word == ",":
                self._next()
                continue
            self.expect(end)
            return items

    def _strings(self) -> str:
        """A string, or several that stand side by side, which are one."""
        text = ""
        while self._kind == "string":
            text += self._unescaped(self._word[1:-1])
            self._next()
        return text

    def _binary(self) -> bytes:
        self._next()
        octets = b""
        while self._kind != "close":
            if self._kind == "string":
                octets += self._string_in_binary()
            elif self._kind in ("integer", "based"):
                octets += bytes((self._integer(self._word) & 0xFF,))
                self._next()
            else:
                raise self._error(f"a string or a number is expected in <<>>, not {self._shown()}")
            if self._word == ",":
                self._next()
            elif self._kind != "close":
                raise self._error(f">> is expected, not {self._shown()}")
        self._next()
        return octets

    def _string_in_binary(self) -> bytes:
        text = self._strings()
        if self._word != "/":
            # Without a type each character is one octet.
            return bytes(ord(character) & 0xFF for character in text)
        self._next()
        if self._word != "utf8":
            raise self._error(f"utf8 is expected, not {self._shown()}")
        self._next()
        return text.encode()

    def _integer(self, word: str) -> int:
        base, based, digits = word.partition("#")
        try:
            return int(digits, int(base)) if based else int(word)
        except ValueError:
            raise self._error(f"{clipped(word)} is not a number") from None

    def _unescaped(self, text: str) -> str:
        def put(found: re.Match[str]) -> str:
            if found[3]:
                return chr(int(found[3], 8))
            if found[4]:
                return chr(ord(found[4]) & 0x1F)
            if found[5]:
                return chr(_ESCAPES.get(found[5], ord(found[5])))
            point = int(found[1] or found[2], 16)
            if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
                raise self._error(f"{found[0]} is not a character")
            return chr(point)

        return _ESCAPE.sub(put, text)

    def _next(self) -> None:
        """Go on to the next word that is not blank."""
        while self._position < len(self._text):
            found = _TOKEN.match(self._text, self._position)
            if found is None:
                self._word = self._text[self._position]
                self._position += 1
                raise self._error(f"{clipped(self._word)} is not expected")
            self._position = found.end()
            if found.lastgroup != "blank":
                self._kind, self._word = str(found.lastgroup), found[0]
                return
        self._kind = self._word = ""

    def _shown(self) -> str:
        return clipped(self._word) or "the end"

    def _error(self, what: str) -> UsageError:
        return UsageError(f"{self._source}: line {self.line()}: {what}.")


def _escaped(text: str, quote: str) -> str:
    return "".join(
        "\\" + character
        if character in (quote, "\\")
        else character
        if character.isprintable()
        else f"\\x{{{ord(character):x}}}"
        for character in text
    )
