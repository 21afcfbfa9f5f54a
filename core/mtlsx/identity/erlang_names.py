"""The text of a subject as EMQX's listener library and RabbitMQ write it: decoded name in, CN and DN out.

``common_name`` joins all CNs, unescaped. ``distinguished_name`` is RFC 4514 with habits of its own: RDNs from
last to first, the attributes inside one as encoded, names in upper case, and every octet outside 0x20 to 0x7D
escaped, ``~`` included. Both raise ``UnformattableError`` where Erlang's code crashes.

Source: esockd_ssl.erl (EMQX) and rabbit_cert_info.erl (RabbitMQ), which is its ancestor.
"""

from __future__ import annotations

import re
from typing import Final

from mtlsx.certificates.oids import COMMON_NAME
from mtlsx.identity.dn_escapes import escapes, with_ends
from mtlsx.identity.otp_names import Attribute, Name, Text


class UnformattableError(ValueError):
    """Erlang decodes the certificate, but crashes when it makes text of this part of the subject."""


NAMES: Final = {
    "2.5.4.3": b"CN",
    "2.5.4.4": b"SN",
    "2.5.4.5": b"SERIALNUMBER",
    "2.5.4.6": b"C",
    "2.5.4.7": b"L",
    "2.5.4.8": b"ST",
    "2.5.4.10": b"O",
    "2.5.4.11": b"OU",
    "2.5.4.12": b"TITLE",
    "2.5.4.42": b"GIVENNAME",
    "2.5.4.43": b"INITIALS",
    "2.5.4.44": b"GENERATIONQUALIFIER",
    "2.5.4.65": b"PSEUDONYM",
    "0.9.2342.19200300.100.1.1": b"UID",
    "0.9.2342.19200300.100.1.25": b"DC",
    "1.2.840.113549.1.9.1": b"EMAILADDRESS",
}
"""The attribute types that have a name; all others are written as dotted decimal, street (2.5.4.9) too."""


def common_name(subject: Name) -> bytes | None:
    """All common names in encoded order, joined with a comma; None where there is none.

    UTF-8, but for what a UTF8String or PrintableString holds of other bytes. Raises ``UnformattableError``.
    """
    texts = [attribute.text for rdn in subject for attribute in rdn if attribute.oid == COMMON_NAME]
    return b",".join(map(_octets, texts)) if texts else None


def distinguished_name(subject: Name) -> bytes:
    """The subject in printable ASCII; empty for an empty subject. Raises ``UnformattableError``."""
    return b",".join(
        [
            _attribute(rdn[0]) if len(rdn) == 1 else b"+".join(map(_attribute, rdn))
            for rdn in reversed(subject)
        ]
    )


def escape(text: bytes | list[int]) -> bytes:
    r"""``text`` as it stands in a DN; a number above 255 becomes ``\**``, as Erlang's ``~2.16.0B`` prints it."""
    if isinstance(text, bytes) and _PLAIN.fullmatch(text):
        return text
    escaped = [_ESCAPED[point] if point < 0x100 else b"\\**" for point in text]
    return with_ends(text, escaped, lone_hash=True)


_ESCAPED = escapes(last_printable=0x7D)
# Nothing to escape: no special character anywhere, no space at an end, no hash in front.
_PLAIN = re.compile(rb"""(?![ #])[ !#-*\--:=?-\[\]-}]*(?<! )""")


def _attribute(attribute: Attribute) -> bytes:
    oid, text = attribute
    name = NAMES.get(oid) or oid.encode()
    if text is None:
        raise UnformattableError(f"{name.decode()} holds code points that Unicode does not have")
    return name + b"=" + escape(text)


def _octets(text: Text) -> bytes:
    if not isinstance(text, bytes):
        raise UnformattableError("CN holds code points that Unicode does not have")
    return text
