"""EMQX's expressions ("variform") as text: ``concat([username, '-', substr(clientid, 0, 4)])``.

In: the text of ``mqtt.clientid_override`` or of an entry of ``mqtt.client_attrs_init``. Out: an ``Expression``, which
``evaluate`` takes. A string stands in single or double quotes and knows no escapes (``unescape`` does).

Source: emqx_variform_scan.xrl, emqx_variform_parser.yrl and emqx_variform.erl (6.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from mtlsx.auth.expressions.functions import missing, unsupported
from mtlsx.errors import UsageError


@dataclass(frozen=True, slots=True)
class Constant:
    """Text (octets) or a number. ``true`` and ``false`` as they are written are text."""

    value: bytes | int | float


@dataclass(frozen=True, slots=True)
class Variable:
    """A value of the client by the names that lead to it: ``client_attrs.tns`` is two."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """Expressions in brackets."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its name, and its arguments."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Constant | Variable | Array | Call


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    ``problems`` are sentences about calls that EMQX takes when it is configured and fails to evaluate for each client.
    """

    text: str
    root: Node
    problems: tuple[str, ...] = ()


def parse(text: str) -> Expression:
    """The expression that ``text`` is.

    Raises ``UsageError`` with the position, from 1, and what may stand there, for what EMQX's parser refuses; also
    for a function of EMQX that is not supported here, and for more than ``DEPTH`` calls and arrays in each other.
    """
    root = _Parser(text).whole()
    calls = [node for node in _walk(root) if isinstance(node, Call)]
    for call in calls:
        why = unsupported(call.function)
        if why is not None:
            raise UsageError(
                f"The function {call.function} in the expression {_shown(text)} is not supported here:"
                f" {why}."
            )
    problems = (missing(call.function, len(call.arguments)) for call in calls)
    return Expression(text, root, tuple(problem for problem in problems if problem is not None))


DEPTH: Final = 64
_SHOWN: Final = 100  # characters of an expression that are worth showing
_BUILT_IN: Final = "emqx_variform_bif."
_ALLOWED: Final = (
    "a function such as concat(…), a name such as username, a 'text', a number, true or false"
)
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\n]+)
    | (?P<name>[a-zA-Z][-a-zA-Z0-9_.]*)
    | (?P<text>'[^']*'|"[^"]*")
    | (?P<float>[+-]?[0-9]+\.[0-9]+(?:e[+-]?[0-9]+)?)
    | (?P<integer>[+-]?[0-9]+)
    | (?P<mark>[()\[\],])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    """Goes through the tokens once, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._scan())
        self._next = 0

    def whole(self) -> Node:
        root = self._expression(0)
        if self._token.kind != "end":
            raise self._wrong("the end", "Take away what follows, or put it into concat([…]).")
        return root

    def _scan(self) -> Iterator[_Token]:
        position = 0
        while position < len(self._text):
            found = _TOKEN.match(self._text, position)
            if found is None:
                raise self._unreadable(position)
            if found.lastgroup != "space":
                yield _Token(str(found.lastgroup), found[0], position)
            position = found.end()
        yield _Token("end", "", position)

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _expression(self, depth: int) -> Node:
        if depth > DEPTH:
            raise UsageError(
                f"The expression {_shown(self._text)} has more than {DEPTH} calls and arrays in each other."
            )
        token = self._token
        if token.kind in ("text", "integer", "float"):
            return Constant(self._constant(self._take()))
        if token.kind != "name":
            raise self._wrong(_ALLOWED)
        self._take()
        if token.text in ("true", "false"):
            return Constant(token.text.encode())
        if self._token.text == "(" and self._token.kind == "mark":
            return Call(token.text.removeprefix(_BUILT_IN), self._arguments(depth))
        return Variable(tuple(name for name in token.text.split(".") if name))

    def _arguments(self, depth: int) -> tuple[Node, ...]:
        self._take()
        if self._token.text == ")" and self._token.kind == "mark":
            self._take()
            return ()
        return self._until(")", depth)

    def _until(self, end: str, depth: int) -> tuple[Node, ...]:
        found = [self._argument(depth + 1)]
        while self._token.kind == "mark" and self._token.text == ",":
            self._take()
            found.append(self._argument(depth + 1))
        if self._token.kind != "mark" or self._token.text != end:
            raise self._wrong(f"a comma or {end}")
        self._take()
        return tuple(found)

    def _argument(self, depth: int) -> Node:
        if self._token.kind == "mark" and self._token.text == "[" and depth <= DEPTH:
            self._take()
            return Array(self._until("]", depth))
        return self._expression(depth)

    def _constant(self, token: _Token) -> bytes | int | float:
        try:
            if token.kind == "text":
                return token.text[1:-1].encode()
            number = int(token.text) if token.kind == "integer" else float(token.text)
        except ValueError as error:  # a lone surrogate, or more digits than Python reads
            raise self._unreadable(token.position) from error
        if isinstance(number, float) and math.isinf(number):
            raise self._unreadable(token.position)
        return number

    def _wrong(self, allowed: str, fix: str | None = None) -> UsageError:
        token = self._token
        found = "it ends" if token.kind == "end" else f"there is {_shown(token.text)}"
        return UsageError(
            f"The expression {_shown(self._text)} is wrong at character {token.position + 1}:"
            f" {found}, where EMQX takes {allowed}.",
            fix=fix,
        )

    def _unreadable(self, position: int) -> UsageError:
        if self._text[position] in "'\"":
            return UsageError(
                f"The expression {_shown(self._text)} has a quote at character {position + 1} that is not closed.",
                fix="Close it with the same quote; put a text with one kind of quote into the other kind.",
            )
        return UsageError(
            f"The expression {_shown(self._text)} cannot be read at character {position + 1}:"
            f" {_shown(self._text[position:])}.",
            fix=f"EMQX takes {_ALLOWED}.",
        )


def _walk(node: Node) -> Iterator[Node]:
    yield node
    inner = (
        node.arguments if isinstance(node, Call) else node.items if isinstance(node, Array) else ()
    )
    for child in inner:
        yield from _walk(child)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"
