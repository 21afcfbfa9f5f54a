"""What Erlang's ``re:replace`` puts in for a replacement, which has a syntax of its own.

Source: re.erl of OTP 25; vectors ``emqx-auth`` (``tmpl4``, and ``authz4`` with ``&`` in a username).
"""

from __future__ import annotations

import re


class ReplacementError(ValueError):
    """Erlang raises for this replacement; the message is a sentence."""


def expanded(replacement: bytes, matched: bytes) -> bytes:
    r"""``replacement`` as it is put in place of ``matched``, by an expression without groups.

    ``&`` and ``\g0`` are ``matched``, other groups are empty, and a backslash before anything else is dropped.
    Raises ``ReplacementError``.
    """

    def put(found: re.Match[bytes]) -> bytes:
        if found["crash"]:
            raise ReplacementError("A value holds \\g that names no group, for which EMQX raises.")
        if found["literal"]:
            return found["literal"]
        group = found[1] or found[2] or found[3] or b"0"
        return matched if not group.strip(b"0") else b""

    return _REFERENCE.sub(put, replacement)


_REFERENCE = re.compile(
    rb"&|\\(?:([1-9][0-9]*)|g\{([0-9]+)\}|g([0-9]+)|(?P<crash>g(?=.))|(?P<literal>.))", re.DOTALL
)
