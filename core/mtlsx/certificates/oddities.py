"""What strict programs object to in a certificate that others accept: fields in, sentences out.

A sentence here is no verdict on trust. It says why one program refuses what another takes, which is the usual
end of "it works with openssl, but not with the broker".
"""

from __future__ import annotations

from collections.abc import Iterator

from mtlsx.certificates import der, oids
from mtlsx.certificates.fields import CertificateFields
from mtlsx.certificates.names import Attribute, Name
from mtlsx.certificates.strings import TYPE_NAMES, decode_string, type_violation
from mtlsx.certificates.times import Moment

# RFC 5280, appendix A.1: attributes of one type, and the upper bounds that programs do enforce.
_PRINTABLE_ONLY = {oids.COUNTRY, oids.SERIAL_NUMBER, oids.DN_QUALIFIER}
_IA5_ONLY = {oids.EMAIL_ADDRESS, oids.DOMAIN_COMPONENT}
_DIRECTORY_STRINGS = {
    der.UTF8_STRING,
    der.PRINTABLE_STRING,
    der.TELETEX_STRING,
    der.UNIVERSAL_STRING,
    der.BMP_STRING,
}
_LONGEST = {"CN": 64, "O": 64, "OU": 64, "L": 128, "ST": 128, "serialNumber": 64, "title": 64}
_LONGEST_SERIAL = 20  # octets; RFC 5280, section 4.1.2.2


def name_oddities(what: str, name: Name) -> Iterator[str]:
    """Sentences about a name; ``what`` is ``"Subject"`` or ``"Issuer"``."""
    for rdn in name:
        if not rdn:
            yield f"{what}: an empty set stands where an attribute belongs."
        pairs = [attribute.pair for attribute in rdn]
        if pairs != sorted(pairs):
            yield f"{what}: the attributes of a multi-valued part are not in DER order."
        for attribute in rdn:
            label = oids.ATTRIBUTES.get(attribute.oid, attribute.oid)
            for finding in _value_oddities(label, attribute):
                yield f"{what}: {label} {finding}."


def field_oddities(fields: CertificateFields) -> Iterator[str]:
    """Sentences about version, serial number and algorithms."""
    if fields.version not in (1, 3):
        yield f"The version is {fields.version}: only 1 and 3 are in use."
    if fields.version != 3 and fields.extension_list is not None:
        yield f"Extensions stand in a certificate of version {fields.version}; they need version 3."
    if fields.serial < 0:
        yield "The serial number is negative."
    elif fields.serial == 0:
        yield "The serial number is zero."
    elif fields.serial.bit_length() >= 8 * _LONGEST_SERIAL:
        yield f"The serial number is longer than {_LONGEST_SERIAL} bytes."
    if fields.inner_algorithm.raw != fields.signature_algorithm.raw:
        yield "The signature algorithm inside the certificate is not the one that it is signed with."


def time_oddities(not_before: Moment, not_after: Moment) -> Iterator[str]:
    """Sentences about the period of validity."""
    for what, moment in (("beginning", not_before), ("end", not_after)):
        if moment.at is None:
            yield f"The {what} of its validity is no time: {moment.text}."
        elif not moment.strict:
            yield f"The {what} of its validity is written in a form that DER does not allow: {moment.text}."
    if not_before.at and not_after.at and not_after.at < not_before.at:
        yield "Its validity ends before it begins."


def _value_oddities(label: str, attribute: Attribute) -> Iterator[str]:
    if attribute.oid == oids.UNIQUE_IDENTIFIER and attribute.tag == der.BIT_STRING:
        return
    violation = type_violation(attribute.tag, attribute.value)
    if violation:
        yield violation
    elif not _type_fits(label, attribute):
        yield f"is written as {TYPE_NAMES[attribute.tag]}, which RFC 5280 does not allow there"
    text = decode_string(attribute.tag, attribute.value)
    if text is None:
        return
    if not text:
        yield "is empty"
    elif not text.isprintable():
        yield "holds control or invisible characters"
    elif label == "C" and len(text) != 2:
        yield "is no two-letter country code"
    if len(text) > _LONGEST.get(label, len(text)):
        yield f"is {len(text)} characters long; the limit is {_LONGEST[label]}"


def _type_fits(label: str, attribute: Attribute) -> bool:
    if attribute.oid in _PRINTABLE_ONLY:
        return attribute.tag == der.PRINTABLE_STRING
    if attribute.oid in _IA5_ONLY:
        return attribute.tag == der.IA5_STRING
    return label == attribute.oid or attribute.tag in _DIRECTORY_STRINGS
