"""The functions that expressions can call, by EMQX's names: how many arguments each takes, and the call itself.

Source: emqx_variform_bif.erl (6.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mtlsx.auth.expressions import coding, comparing, patterns, texts
from mtlsx.auth.expressions.values import ExpressionError, bounded


def unsupported(function: str) -> str | None:
    """Why ``function``, which EMQX has, is not here, in words; None for all others."""
    if function.startswith(("lists.", "maps.")):
        return "it is of Erlang's own modules"
    return _UNSUPPORTED.get(function)


def missing(function: str, arguments: int) -> str | None:
    """Why EMQX cannot call ``function`` with so many arguments, as a sentence; None where it can."""
    if function in _SPECIAL:
        return None if arguments in _SPECIAL[function] else _wrong_count(function, arguments)
    if "." in function:
        return f"EMQX calls no function {function} in an expression; name it without a module."
    if any(name == function for name, _ in _FUNCTIONS):
        return None if (function, arguments) in _FUNCTIONS else _wrong_count(function, arguments)
    return f"EMQX has no function {function}."


def call(function: str, arguments: Sequence[object]) -> object:
    """The value of a function that is not missing. Raises ``ExpressionError``."""
    try:
        value = _FUNCTIONS[function, len(arguments)](*arguments)
    except ExpressionError as error:
        raise ExpressionError(f"{function} fails: {error}") from error
    return bounded(value) if isinstance(value, bytes) else value


def _wrong_count(function: str, arguments: int) -> str:
    return f"EMQX has no function {function} of {arguments} argument{'s' * (arguments != 1)}."


_CLOCK: Final = "its value changes with time"
_CHANCE: Final = "its value is random"
_UNSUPPORTED: Final[Mapping[str, str]] = {
    "getenv": "it reads the environment of the broker",
    "rand_str": _CHANCE,
    "rand_int": _CHANCE,
    "timestamp_s": _CLOCK,
    "timestamp_ms": _CLOCK,
    "sprintf_s": "it formats as Erlang's io_lib does; use concat",
}
# These are evaluated by themselves, as they do not look at all their arguments.
_SPECIAL: Final[Mapping[str, range]] = {
    "coalesce": range(1 << 16),
    "is_empty": range(1, 2),
    "iif": range(3, 4),
}
_FUNCTIONS: Final[Mapping[tuple[str, int], Callable[..., object]]] = {
    (name, count): function
    for module in (texts, patterns, coding, comparing)
    for name, (counts, function) in module.FUNCTIONS.items()
    for count in counts
}
