"""Functions of expressions that compare: texts by their octets, numbers with numbers.

Source: emqx_variform_bif.erl (6.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mtlsx.auth.expressions.values import ExpressionError, as_text, is_empty, kind


def str_comp(first: object, second: object) -> str:
    return _order(as_text(first), as_text(second))


def num_comp(first: object, second: object) -> str:
    for number in (first, second):
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise ExpressionError(f"A number is wanted, not {kind(number)}.")
    return _order(first, second)


def not_(value: object) -> object:
    opposites: dict[object, object] = {b"true": b"false", b"false": b"true"}
    if isinstance(value, bool):
        return not value
    if not isinstance(value, bytes) or value not in opposites:
        raise ExpressionError(f"True or false is wanted, not {kind(value)}.")
    return opposites[value]


def _order(first: object, second: object) -> str:
    # An integer and a float are never the same to Erlang's pattern, and then count as greater.
    if type(first) is type(second) and first == second:
        return "eq"
    return "lt" if first < second else "gt"  # type: ignore[operator]  # both octets or both numbers


_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "eq": ("eq",),
    "neq": ("lt", "gt"),
    "lt": ("lt",),
    "lte": ("lt", "eq"),
    "gt": ("gt",),
    "gte": ("gt", "eq"),
}


def _comparison(
    compare: Callable[[object, object], str], wanted: tuple[str, ...]
) -> Callable[[object, object], bool]:
    return lambda first, second: compare(first, second) in wanted


FUNCTIONS: Final[Mapping[str, tuple[tuple[int, ...], Callable[..., object]]]] = {
    "str_comp": ((2,), str_comp),
    "num_comp": ((2,), num_comp),
    "not": ((1,), not_),
    "is_empty_val": ((1,), is_empty),
    **{f"str_{name}": ((2,), _comparison(str_comp, wanted)) for name, wanted in _ORDERS.items()},
    **{f"num_{name}": ((2,), _comparison(num_comp, wanted)) for name, wanted in _ORDERS.items()},
}
"""The functions by EMQX's names, with the numbers of arguments that each takes."""
