"""Plain values as HOCON that EMQX reads, and that ``hocon`` reads back.

Settings that EMQX does not have (keys that are ``Ours``) become comments to it, which ``hocon`` knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mtlsx.configuration.hocon import OURS

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Ours(str):
    """The key of a setting that EMQX does not have."""

    __slots__ = ()


def dump(document: Mapping[str, Any]) -> str:
    """``document`` as HOCON, each of its keys a paragraph."""
    return "\n".join("\n".join(_lines(name, value, "")) + "\n" for name, value in document.items())


def _lines(name: str, value: object, indent: str) -> Iterator[str]:
    written = name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    if isinstance(name, Ours):
        yield f"{indent}{OURS}{written} = {_inline(value)}"
    elif isinstance(value, dict):
        yield f"{indent}{written} {{"
        yield from _body(value, indent)
        yield f"{indent}}}"
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        yield f"{indent}{written} = ["
        for item in value:
            yield f"{indent}  {{"
            yield from _body(item, indent + "  ")
            yield f"{indent}  }}"
        yield f"{indent}]"
    else:
        yield f"{indent}{written} = {_inline(value)}"


def _body(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, item in value.items():
        yield from _lines(name, item, indent + "  ")


def _inline(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
