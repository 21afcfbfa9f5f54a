"""Where EMQX 4.x lets a value break or extend a Redis command: what happened to it, in sentences.

4.x puts values into the whole line and splits that at spaces afterwards, by a regular expression whose
replacement syntax eats backslashes; a placeholder without a value stays in the command.

Source: vectors ``emqx-auth`` (kind ``tmpl4``) and ``emqx-observed`` (``obs-zoo-*``, ``obs-x-*``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mtlsx.auth.trace import Warned, text_of


def warnings4(
    template: str, values: Mapping[str, bytes | None], words: tuple[bytes, ...]
) -> Iterator[Warned]:
    """What surprises in ``words``, made of ``template`` and of the ``values`` by ``C``, ``d``, ``c`` and ``u``."""
    for name, value in values.items():
        placeholder = f"%{name}"
        if placeholder not in template:
            continue
        if value is None:
            yield Warned(
                f"{placeholder} has no value and stays in the command: a key with a literal"
                f" {placeholder} would be found by every such client."
            )
            continue
        if template.count(placeholder) > 1:
            yield Warned(f"Only the first {placeholder} of the command is replaced.")
        if b" " in value:
            yield Warned(
                f"The value of {placeholder}, {text_of(value)}, has a space: it breaks the command"
                " into other words."
            )
        if b"\\" in value:
            yield Warned(
                f"The value of {placeholder}, {text_of(value)}, has a backslash, which EMQX 4.x eats."
            )
        if any(b"%" + other.encode() in value for other in values):
            yield Warned(
                f"The value of {placeholder}, {text_of(value)}, looks like a placeholder, which a"
                " later step may replace again."
            )
    if len(words) != len(template.split()):
        yield Warned(
            f"The command has {len(words)} words, {len(template.split())} were configured."
        )
