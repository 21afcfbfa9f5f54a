"""A C header for firmware: texts, numbers and PEM blocks as macros and arrays that mbedTLS and others take."""

from __future__ import annotations

from collections.abc import Mapping

_NAMED = {'"': '\\"', "\\": "\\\\"}


def c_header(
    *, texts: Mapping[str, str], numbers: Mapping[str, int], blocks: Mapping[str, str | None], about: str
) -> str:  # fmt: skip
    """The text of a header; ``about`` says in its first line what it is for.

    ``blocks``: PEM by name; each becomes an array that ends in a NUL, so that ``sizeof`` is the length that
    ``mbedtls_x509_crt_parse`` wants; None says that it is not there.
    """
    lines = [f"/* {_comment(about)} */", "#ifndef MTLSX_DEVICE_H", "#define MTLSX_DEVICE_H", ""]
    lines += [f"#define {name} {_literal(text)}" for name, text in texts.items()]
    lines += [f"#define {name} {number}" for name, number in numbers.items()]
    for name, block in blocks.items():
        lines.append("")
        if block is None:
            lines.append(f"/* {name}: only the device itself has it. */")
            continue
        lines.append(f"static const char {name}[] =")
        lines += [f"    {_literal(line)}" for line in block.splitlines(keepends=True)]
        lines[-1] += ";"
    return "\n".join([*lines, "", "#endif", ""])


def _literal(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character == "\n":
        return "\\n"
    if character in _NAMED:
        return _NAMED[character]
    # Octal escapes end after three digits; hexadecimal ones would go on into what follows. A question mark could
    # begin a trigraph.
    if character.isascii() and character.isprintable() and character != "?":
        return character
    return "".join(f"\\{octet:03o}" for octet in character.encode())


def _comment(text: str) -> str:
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return shown.replace("*/", "* /").replace("??", "? ?").replace("\\", "?")
