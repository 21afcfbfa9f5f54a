"""JSON and YAML as plain values, from files that nobody vouches for.

YAML is read with the scalars of JSON only (YAML 1.2, section 10.2), as the JavaScript programs that wrote it do:
``on``, ``12:30`` and ``2026-08-17`` are texts. Aliases are refused: a short file could stand for an endless one.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from mtlsx.errors import UsageError
from mtlsx.schema import clipped

if TYPE_CHECKING:
    import yaml

_LARGEST_YAML = 8 * 1024 * 1024  # bytes; reading takes seconds a megabyte
_TAG = "tag:yaml.org,2002:"
_SCALARS: tuple[tuple[str, str, str, Callable[[str], Any]], ...] = (
    ("null", r"null|Null|NULL|~|", "nN~", lambda _: None),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF", lambda text: text.lower() == "true"),
    ("int", r"[-+]?[0-9]+", "-+0123456789", int),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
        "-+0123456789.",
        float,
    ),
)
_MAKE: dict[str, Callable[[str], Any]] = {
    **{_TAG + name: make for name, _, _, make in _SCALARS},
    _TAG + "str": str,
    _TAG + "binary": lambda text: base64.b64decode("".join(text.split()), validate=True),
}


def read_json(text: str, *, source: str) -> Any:
    """The value of a JSON text. Raises UsageError, with line and column."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{source} is not JSON: {error.msg} ({place}).") from error
    except RecursionError as error:
        raise UsageError(f"{source}: its values are nested too deep.") from error
    except ValueError as error:  # thousands of digits, or a constant
        raise UsageError(f"{source} is not JSON: {error}.") from error


def read_yaml(text: str, *, source: str) -> Any:
    """The value of a YAML text. Raises UsageError, with the line."""
    if len(text) > _LARGEST_YAML:
        raise UsageError(f"{source} is too large for YAML.", fix="Export it as JSON.")
    import yaml

    try:
        root = yaml.compose(text, Loader=_loader())
        return None if root is None else _value(root, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" (line {mark.line + 1})" if mark else ""
        raise UsageError(f"{source} is not YAML: {error.problem}{line}.") from error
    except yaml.YAMLError as error:  # a character that YAML forbids
        raise UsageError(f"{source} is not YAML.") from error
    except RecursionError as error:
        raise UsageError(f"{source}: its values are nested too deep.") from error
    except ValueError as error:
        raise UsageError(f"{source} cannot be read: {error}.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _loader() -> type[Any]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C one where there is one
        yaml_implicit_resolvers: ClassVar[dict[str, list[Any]]] = {}

    for name, pattern, first, _ in _SCALARS:
        characters = [*first, ""] if name == "null" else [*first]
        Loader.add_implicit_resolver(_TAG + name, re.compile(f"(?:{pattern})\\Z"), characters)
    return Loader


def _value(node: yaml.Node, seen: set[int]) -> Any:
    """What a node stands for. ``seen`` are the identities of those before it: an alias is a node twice."""
    import yaml

    line = f"line {node.start_mark.line + 1}"
    if id(node) in seen:
        raise ValueError(f"{line} uses an alias")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, seen) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(_value(key, seen)): _value(item, seen) for key, item in node.value}
    if node.tag not in _MAKE:
        raise ValueError(f"{line} has a tag that is not known, {clipped(node.tag)}")
    try:
        return _MAKE[node.tag](node.value)
    except ValueError as error:
        raise ValueError(f"{line} has a value that its type does not have") from error
