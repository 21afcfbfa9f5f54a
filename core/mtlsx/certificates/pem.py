"""PEM armour: text in, blocks with their labels, line numbers and decoded bytes out.

Text around the blocks (``openssl x509 -text``, "Bag Attributes") is passed over, indented blocks and any kind of
line end are read. What is inside a block must be whole: a missing END line or a character that is not base64 is
an error with its line number, because a cut or mangled file is what people come with.

Formats: RFC 7468; RFC 1421 headers for traditional encrypted keys.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

_BEGIN = "-----BEGIN "
_END = "-----END "
_DASHES = "-----"
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=\s]")


class PemError(ValueError):
    """A block that is not whole; ``line`` counts from 1, ``label`` is that of its BEGIN or END line."""

    def __init__(self, line: int, label: str, summary: str) -> None:
        self.line = line
        self.label = label
        super().__init__(summary)


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One block.

    ``label`` is the text between BEGIN and the dashes; ``line`` that of BEGIN, from 1; ``der`` the decoded body
    (ciphertext where ``encrypted``, which only says what a traditional key's header says); ``text`` the block
    again as plain PEM, for parsers that want the headers.
    """

    label: str
    line: int
    encrypted: bool
    der: bytes = field(repr=False)
    text: bytes = field(repr=False)


def is_pem(text: str) -> bool:
    """Whether there is a line that begins or ends a block."""
    return _BEGIN in text or _END in text


def blocks(text: str) -> tuple[PemBlock, ...]:
    """The blocks in ``text``, in order; raises ``PemError`` for the first that is not whole."""
    found: list[PemBlock] = []
    begun: tuple[int, str] | None = None
    body: list[str] = []
    for number, raw in enumerate(_LINE_END.split(text), start=1):
        line = raw.strip()
        if line.startswith(_BEGIN):
            if begun:
                raise PemError(*begun, f"block {begun[1]} has no END line")
            begun = number, _label(line, _BEGIN, number)
            body = []
        elif line.startswith(_END):
            label = _label(line, _END, number)
            if begun is None:
                raise PemError(number, label, f"END {label} without its BEGIN line")
            if label != begun[1]:
                raise PemError(
                    number, label, f"END {label} closes block {begun[1]} of line {begun[0]}"
                )
            found.append(_block(*begun, body))
            begun = None
        elif begun:
            body.append(line)
    if begun:
        raise PemError(*begun, f"block {begun[1]} has no END line")
    return tuple(found)


def _label(line: str, opening: str, number: int) -> str:
    label, dashes, rest = line[len(opening) :].partition(_DASHES)
    if "\\n" in rest:
        raise PemError(
            number, label, r"line ends are written as \n, as in JSON or an environment variable"
        )
    if not dashes or rest or not label.isascii() or not label.isprintable():
        raise PemError(
            number, label, f"the line {opening.strip('- ')} is not a label between dashes"
        )
    return label


def _block(line: int, label: str, body: list[str]) -> PemBlock:
    headers = _header_lines(body)
    encoded = body[headers:]
    for number, part in enumerate(encoded, start=line + 1 + headers):
        wrong = _NOT_BASE64.search(part)
        if wrong:
            raise PemError(number, label, f"{wrong[0]!a} is not base64")
    joined = "".join("".join(encoded).split())
    if not joined:
        raise PemError(line, label, f"block {label} is empty")
    try:
        decoded = binascii.a2b_base64(joined, strict_mode=True)
    except binascii.Error as error:
        raise PemError(
            line,
            label,
            f"the base64 text of block {label} is cut short or damaged ({len(joined)} characters)",
        ) from error
    return PemBlock(
        label=label,
        line=line,
        encrypted=any(
            part.startswith("Proc-Type:") and "ENCRYPTED" in part for part in body[:headers]
        ),
        der=decoded,
        text="\n".join((f"{_BEGIN}{label}{_DASHES}", *body, f"{_END}{label}{_DASHES}", "")).encode(
            "latin-1", "replace"
        ),
    )


def _header_lines(body: list[str]) -> int:
    """How many lines the headers take, the empty line behind them included (RFC 1421, section 4.4)."""
    if not body or ":" not in body[0]:
        return 0
    return body.index("") + 1 if "" in body else len(body)
