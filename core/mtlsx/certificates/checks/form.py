"""What a file's form does to those who read it: the bytes and what was found in them in, findings out.

mtlsx reads nearly everything; OpenSSL's PEM reader (SSL_CTX_use_certificate_chain_file), which Mosquitto, Python
and most devices load their files with, does not. What it takes and refuses was measured with OpenSSL 3.0 and 4.0.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.kinds import Kind
from mtlsx.certificates.material import Material, PublicItem

_TOPIC = "format"
_REFUSED = (
    "OpenSSL's PEM reader, and with it Mosquitto, Python and most devices, finds nothing in it."
)
_BEGINS_INDENTED = re.compile(rb"^[ \t]+-----BEGIN ", re.MULTILINE)
_GAP_IN_BODY = re.compile(rb"^[A-Za-z0-9+/=]{40,}\r?\n[ \t]*\r?\n[A-Za-z0-9+/=]+\r?$", re.MULTILINE)
_TRADITIONAL = re.compile(rb"^Proc-Type: 4,ENCRYPTED\r?$", re.MULTILINE)
_LABEL = re.compile(rb"-----BEGIN (TRUSTED CERTIFICATE)-----")
# pbeWithSHAAnd128BitRC4, 40BitRC4, 128BitRC2-CBC and 40BitRC2-CBC (RFC 7292, appendix C).
_LEGACY_ENCRYPTIONS = tuple(
    bytes.fromhex(f"060a2a864886f70d010c01{last:02x}") for last in (1, 2, 5, 6)
)
_ALONE = "Leave only certificates and keys in the file."
_CONVERSIONS = {
    "DER": "openssl x509 -inform der -in FILE -out FILE.pem",
    "PKCS#7": "openssl pkcs7 -print_certs -in FILE -out FILE.pem, with -inform der where it is binary",
    "PKCS#12": "openssl pkcs12 -nodes -in FILE -out FILE.pem",
}


def check_form(material: Material, data: bytes) -> Iterator[Finding]:
    """What the file with the content ``data`` is, and what keeps others from reading it."""
    faults = tuple(_pem_faults(data)) if material.encoding == "PEM" else ()
    if not faults:
        yield _encoding(material)
    yield from faults
    if _TRADITIONAL.search(data):
        yield Finding(
            "key-encryption-weak", Level.NOTE, _TOPIC,
            "The key is encrypted in OpenSSL's traditional way (Proc-Type: 4,ENCRYPTED).",
            "The passphrase is hashed once with MD5 there, so it can be guessed fast.",
            "Convert it: openssl pkcs8 -topk8 -in FILE -out FILE.pk8",
        )  # fmt: skip
    if material.encoding == "PKCS#12" and any(each in data for each in _LEGACY_ENCRYPTIONS):
        yield Finding(
            "archive-encryption-legacy", Level.WARNING, _TOPIC,
            "The archive is encrypted with RC2 or RC4, as older programs do it.",
            "OpenSSL from 3.0 on opens it with its legacy provider alone (openssl pkcs12 -legacy).",
            "Export it anew: openssl pkcs12 -legacy -in FILE -nodes | openssl pkcs12 -export -out FILE.new",
        )  # fmt: skip
    for note in material.notes:
        if "UTF-16" not in note and "base64 without" not in note:
            yield Finding("file-oddity", Level.WARNING, _TOPIC, note, fix=_ALONE)


def _encoding(material: Material) -> Finding:
    held = _contents(material)
    encoding = material.encoding
    if encoding == "PEM":
        return Finding("file-is-pem", Level.OK, _TOPIC, f"PEM with {held}.")
    if encoding == "base64":
        return Finding(
            "file-without-armour", Level.FAILURE, _TOPIC,
            f"base64 without BEGIN and END lines, with {held}.",
            _REFUSED,
            "Put -----BEGIN CERTIFICATE----- before it and -----END CERTIFICATE----- behind it.",
        )  # fmt: skip
    return Finding(
        "file-is-not-pem", Level.NOTE, _TOPIC,
        f"{encoding} with {held}.",
        "mtlsx reads it; Mosquitto, EMQX and most devices want PEM.",
        f"Convert it: {_CONVERSIONS[encoding]}",
    )  # fmt: skip


def _pem_faults(data: bytes) -> Iterator[Finding]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield Finding(
            "file-is-utf-16", Level.FAILURE, _TOPIC,
            "The file is UTF-16 text, as PowerShell's > writes it.", _REFUSED,
            "Save it as ASCII or UTF-8 without a byte order mark.",
        )  # fmt: skip
        return
    if data.startswith(codecs.BOM_UTF8):
        yield Finding(
            "file-begins-with-bom", Level.WARNING, _TOPIC,
            "The file begins with a byte order mark (EF BB BF), as Windows editors write it.",
            "OpenSSL from 3.0 on passes over it; others look for BEGIN at the very beginning and miss it.",
            "Save it as UTF-8 without a byte order mark.",
        )  # fmt: skip
    if b"\r" in data and b"\n" not in data:
        yield Finding(
            "file-has-cr-line-ends", Level.FAILURE, _TOPIC,
            "Its lines end in CR alone.", _REFUSED, "Convert the line ends: tr '\\r' '\\n'",
        )  # fmt: skip
    if _BEGINS_INDENTED.search(data):
        yield Finding(
            "file-is-indented", Level.FAILURE, _TOPIC,
            "Its BEGIN lines are indented, as in a YAML file.", _REFUSED,
            "Take the blanks at the beginning of its lines away.",
        )  # fmt: skip
    if _GAP_IN_BODY.search(data):
        yield Finding(
            "file-has-gaps", Level.FAILURE, _TOPIC,
            "There is an empty line inside a block.", _REFUSED, "Take the empty lines out.",
        )  # fmt: skip
    if _LABEL.search(data):
        yield Finding(
            "file-is-for-openssl-only", Level.WARNING, _TOPIC,
            "The block is a TRUSTED CERTIFICATE, which carries settings of OpenSSL's own.",
            "Only OpenSSL reads that.",
            "Convert it: openssl x509 -in FILE -out FILE.pem",
        )  # fmt: skip


def _contents(material: Material) -> str:
    """``2 certificates and a private key``."""
    counts = Counter(
        item.kind if isinstance(item, PublicItem) else Kind.PRIVATE_KEY for item in material.items
    )
    parts = [f"a {kind}" if count == 1 else f"{count} {kind}s" for kind, count in counts.items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
