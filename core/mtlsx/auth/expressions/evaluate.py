"""What an expression is worth for a client.

In: an ``Expression`` and the values of the client by name. Out: octets, as EMQX makes them; or ``ExpressionError``
where EMQX's evaluation fails, which it only logs.

Source: emqx_variform.erl (6.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mtlsx.auth.expressions.functions import call, missing
from mtlsx.auth.expressions.parse import Array, Call, Constant, Expression, Node, Variable
from mtlsx.auth.expressions.values import (
    ExpressionError,
    as_text,
    bounded,
    is_empty,
    kind,
)

Variables = Mapping[str, object]
"""Values by name: octets, numbers, ``bool``, ``str`` for an Erlang atom, lists, and mappings for names with dots.

None is undefined, which is empty text; a name that is not there makes the expression fail.
"""


def evaluate(expression: Expression, variables: Variables) -> bytes:
    """The text that ``expression`` makes; empty where it makes nothing. Raises ``ExpressionError``."""
    value = _evaluate(expression.root, variables)
    if is_empty(value):
        return b""
    if isinstance(value, list | tuple | Mapping):
        raise ExpressionError(f"The expression gives {kind(value)}, not text.")
    return bounded(as_text(value))


class _UnboundError(ExpressionError):
    """A variable that the client does not have; ``coalesce``, ``is_empty`` and ``iif`` take it for nothing."""


def _evaluate(node: Node, variables: Variables) -> object:
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Variable):
        return _look_up(node.path, variables)
    if isinstance(node, Array):
        return [_evaluate(item, variables) for item in node.items]
    problem = missing(node.function, len(node.arguments))
    if problem is not None:
        raise ExpressionError(problem)
    special = _SPECIAL.get(node.function)
    if special is not None:
        return special(node, variables)
    return call(node.function, [_evaluate(argument, variables) for argument in node.arguments])


def _look_up(path: Sequence[str], variables: Variables) -> object:
    value: object = variables
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            raise _UnboundError(f"The client has no {'.'.join(path)}.")
        value = value[name]
    return b"" if is_empty(value) else value


def _value_or_empty(node: Node, variables: Variables) -> object:
    try:
        return _evaluate(node, variables)
    except _UnboundError:
        return b""


def _coalesce(node: Call, variables: Variables) -> object:
    arguments = node.arguments
    if len(arguments) == 1:
        only = arguments[0]
        if not isinstance(only, Array):
            found = _value_or_empty(only, variables)
            if isinstance(found, list):
                return next((item for item in found if not is_empty(item)), b"")
            if found == b"":
                return b""
            raise ExpressionError(f"coalesce takes an array or several values, not {kind(found)}.")
        arguments = only.items
    for argument in arguments:
        value = _value_or_empty(argument, variables)
        if not is_empty(value):
            return value
    return b""


def _is_empty(node: Call, variables: Variables) -> object:
    return is_empty(_value_or_empty(node.arguments[0], variables))


def _iif(node: Call, variables: Variables) -> object:
    condition, then, otherwise = node.arguments
    value = _value_or_empty(condition, variables)
    holds = value if isinstance(value, bool) else not is_empty(value)
    return _evaluate(then if holds else otherwise, variables)


_SPECIAL: Final[Mapping[str, Callable[[Call, Variables], object]]] = {
    "coalesce": _coalesce,
    "is_empty": _is_empty,
    "iif": _iif,
}
