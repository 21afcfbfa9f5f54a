"""Names for certificates: subjects and subject alternative names from text, and what may be a device's name.

A subject is written as ``openssl req -subj`` takes it, ``/C=DE/O=Acme/CN=dev-1``. An attribute that nobody
knows is refused here, where openssl skips it with a warning and leaves the subject empty.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import unicodedata
from typing import TYPE_CHECKING

from mtlsx.certificates import der
from mtlsx.certificates.oids import ATTRIBUTES, COMMON_NAME
from mtlsx.certificates.strings import printable
from mtlsx.errors import UsageError
from mtlsx.identity.erlang_names import distinguished_name
from mtlsx.identity.otp_generations import OTP_25
from mtlsx.identity.otp_names import read_rdn

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName, Name, NameAttribute

_TYPES = {label.lower(): oid for oid, label in ATTRIBUTES.items()} | {
    "commonname": COMMON_NAME,
    "countryname": "2.5.4.6",
    "localityname": "2.5.4.7",
    "stateorprovincename": "2.5.4.8",
    "organizationname": "2.5.4.10",
    "organizationalunitname": "2.5.4.11",
    "surname": "2.5.4.4",
    "givenname": "2.5.4.42",
    "email": "1.2.840.113549.1.9.1",
    "userid": "0.9.2342.19200300.100.1.1",
}
_OID = re.compile(r"[0-2](\.\d+)+")
_ATTRIBUTE = re.compile(r"([/+])([^=/+\\]+)=((?:[^/+\\]|\\.)*)", re.DOTALL)
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
LONGEST_CN = 64
"""Characters of a common name, RFC 5280, appendix A.1 (ub-common-name)."""


def parse_subject(text: str) -> Name:
    r"""The name that ``/TYPE=value/…`` stands for, in the order given; ``+TYPE=value`` goes on in the same RDN.

    ``\/`` is a slash, ``\+`` a plus and ``\\`` a backslash in a value. Raises UsageError: an unknown type, an empty value, a
    value that its type does not allow (a country of three letters).
    """
    from cryptography import x509

    if text in {"", "/"}:
        return x509.Name([])
    rdns: list[list[NameAttribute[str]]] = []
    position = 0
    while position < len(text):
        found = _ATTRIBUTE.match(text, position)
        if found is None or (found[1] == "+" and not rdns):
            raise UsageError(
                f"Subject {printable(text)} is not of the form /TYPE=value/TYPE=value"
                f" (from character {position + 1}).",
                fix=r"Write a slash in a value as \/ and a plus as \+.",
            )
        if found[1] == "/":
            rdns.append([])
        rdns[-1].append(_attribute(found[2].strip(), re.sub(r"(?s)\\(.)", r"\1", found[3])))
        position = found.end()
    return x509.Name([x509.RelativeDistinguishedName(each) for each in rdns])


def with_common_name(base: Name, cn: str) -> Name:
    """``base`` with ``cn`` as its last attribute. Raises UsageError where ``base`` has one, or ``cn`` cannot be one."""
    from cryptography import x509

    if base.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        raise UsageError("The subject already has a CN.", fix="Give the CN once.")
    return x509.Name([*base.rdns, x509.RelativeDistinguishedName([_attribute("CN", cn)])])


def emqx_dn(subject: Name) -> str:
    """The DN that EMQX will write for this subject."""
    rdns = der.read_whole(subject.public_bytes()).children()
    read = tuple(read_rdn(rdn.raw, OTP_25) for rdn in rdns)
    return distinguished_name(read).decode()


def parse_alternative_name(text: str) -> GeneralName:
    """The subject alternative name that ``text`` stands for: ``dns:``, ``ip:``, ``email:`` or ``uri:`` and a value.

    Without a prefix, an IP address is one, a text with ``@`` an email address, with ``://`` a URI, all else a
    DNS name. Raises UsageError where the value is not of its kind.
    """
    from cryptography import x509

    prefix, colon, value = text.partition(":")
    kind = prefix.lower() if colon and prefix.lower() in {"dns", "ip", "email", "uri"} else ""
    value = value.strip() if kind else text
    kind = kind or _guessed_kind(value)
    if not value or not value.isascii() or not value.isprintable():
        raise UsageError(
            f"Alternative name {printable(text)!r} must be printable ASCII.",
            fix="Write an international domain in its xn-- form.",
        )
    if kind == "ip":
        try:
            return x509.IPAddress(ipaddress.ip_address(value))
        except ValueError as error:
            raise UsageError(f"{value} is not an IP address.") from error
    if kind == "dns":
        _require_host_name(value)
        return x509.DNSName(value)
    try:
        return x509.RFC822Name(value) if kind == "email" else x509.UniformResourceIdentifier(value)
    except ValueError as error:
        raise UsageError(f"{value} is not an email address.") from error


def common_name_fault(cn: str) -> str | None:
    """Why ``cn`` makes trouble as a device's name, in words that follow "the CN"; None where it does not.

    The name ends up as a username, in a Redis key and in topic filters. Sources: MQTT 5.0, section 4.7 (``+``,
    ``#``, ``/``); EMQX's refusal of control characters; the 4.x plugin, which splits at spaces, expands ``%`` and
    eats backslashes, and skips access rules for names that begin with ``$``; Mosquitto 2.1 refuses characters that
    Unicode does not have.
    """
    if not cn:
        return "is empty: EMQX would take the username from CONNECT"
    if len(cn) > LONGEST_CN:
        return f"has {len(cn)} characters, and RFC 5280 allows {LONGEST_CN}"
    for character in cn:
        if reason := _character_fault(character):
            return f"holds {_shown(character)}, {reason}"
    if cn.startswith("$"):
        return "begins with $, for which EMQX 4.x skips the access rules"
    return None


def _attribute(label: str, value: str) -> NameAttribute[str]:
    from cryptography import x509

    oid = label if _OID.fullmatch(label) else _TYPES.get(label.lower().replace(" ", ""))
    if oid is None or (oid == COMMON_NAME and " " in label):
        near = difflib.get_close_matches(label, ATTRIBUTES.values(), n=1)
        hint = " The common name is CN." if "common" in label.lower() else ""
        raise UsageError(
            f"Subject attribute {printable(label)!r} is not known.{hint}",
            fix=f"Write {near[0]}." if near and not hint else None,
        )
    try:
        return x509.NameAttribute(x509.ObjectIdentifier(oid), value)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"Subject attribute {label} cannot be {printable(value)!r}: {str(error).rstrip('.')}."
        ) from error


def _guessed_kind(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if "://" in value:
            return "uri"
        return "email" if "@" in value else "dns"
    return "ip"


def _require_host_name(name: str) -> None:
    labels = name.removeprefix("*.").split(".")
    if len(name) > 253 or not all(map(_HOST_LABEL.fullmatch, labels)):
        raise UsageError(
            f"{name} is not a DNS name.",
            fix="Labels have letters, digits and dashes; * may only be the whole first label.",
        )


_FAULTS = {
    "+": "a wildcard in topic filters",
    "#": "a wildcard in topic filters",
    "/": "which splits a topic into levels",
    " ": "which splits the Redis command of EMQX 4.x",
    "%": "which EMQX 4.x expands again in Redis commands",
    "\\": "which EMQX 4.x eats in Redis commands",
}


def _character_fault(character: str) -> str | None:
    if character in _FAULTS:
        return _FAULTS[character]
    if unicodedata.category(character) == "Cc":
        return "a control character that brokers refuse"
    if unicodedata.category(character) == "Cs" or ord(character) & 0xFFFE == 0xFFFE:
        return "which is no character"
    return None


def _shown(character: str) -> str:
    if character == " ":
        return "a space"
    return character if character.isprintable() else f"U+{ord(character):04X}"
