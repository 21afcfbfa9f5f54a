"""The parts of a certificate but its names, as Erlang/OTP decodes them: ASN.1 types by generation.

``extension_types`` has the extensions that OTP knows; a certificate in which one of these does not parse is
undecodable as a whole, critical or not. ``check_public_key`` and ``check_signature_algorithm`` do the same for
keys and algorithms.

Source: RFC 5280 appendix A.2, as the modules of OTP's public_key have it (see ``otp_generations``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from mtlsx.identity.otp_asn1 import (
    ANY,
    BIT_STRING,
    BMP,
    BOOLEAN,
    CONTEXT,
    GENERALIZED_TIME,
    IA5,
    NAMED_BITS,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    PRINTABLE,
    SEQUENCE,
    SET,
    TELETEX,
    UNIVERSAL,
    UTC_TIME,
    UTF8_STRING,
    VISIBLE,
    Check,
    Content,
    Element,
    Optional,
    Type,
    UndecodableError,
    check,
    choice,
    element_of,
    enumerated,
    explicit,
    implicit,
    integer,
    members,
    object_identifier,
    oid_text,
    sequence,
    sequence_of,
    set_of,
    string,
    string_octets,
)
from mtlsx.identity.otp_generations import OPAQUE, Generation
from mtlsx.identity.otp_names import (
    Readers,
    check_name,
    check_rdn,
    strict_readers,
    subject_readers,
)

VALIDITY = sequence(choice(UTC_TIME, GENERALIZED_TIME), choice(UTC_TIME, GENERALIZED_TIME))
SERIAL_NUMBER = integer()
EXPLICIT_VERSION = explicit(0, integer())
ISSUER_UNIQUE_ID = implicit(1, BIT_STRING)
SUBJECT_UNIQUE_ID = implicit(2, BIT_STRING)


def check_signature_algorithm(element: Element, generation: Generation) -> None:
    """Raise ``UndecodableError`` unless OTP takes this AlgorithmIdentifier as that of a signature."""
    check(generation.signature_algorithm, element)


def check_key_algorithm(element: Element, generation: Generation) -> str:
    """The algorithm (dotted decimal) of a public key; raises ``UndecodableError`` unless OTP knows it."""
    check(generation.key_algorithm, element)
    oid = oid_text(members(element.content)[0].content, generation.longest_arc)
    if oid not in generation.public_keys:
        raise UndecodableError(f"public keys of the algorithm {oid} are unknown")
    return oid


def check_public_key(algorithm: str, key: Element, generation: Generation) -> None:
    """Raise ``UndecodableError`` unless OTP decodes the public key in this BIT STRING."""
    check(BIT_STRING, key)
    kind = generation.public_keys[algorithm]
    if kind is OPAQUE:
        return
    octets = string_octets(key.content)
    if octets[0] % 8:
        raise UndecodableError("a public key is no whole number of octets")
    check(kind, element_of(octets[1 : len(octets) - octets[0] // 8]))


def extension_parts(element: Element, generation: Generation) -> tuple[str, bytes]:
    """The identifier (dotted decimal) and the value of an Extension; raises ``UndecodableError``."""
    check(_EXTENSION, element)
    identifier, *_, value = members(element.content)
    return oid_text(identifier.content, generation.longest_arc), string_octets(value.content)


@cache
def extension_types(generation: Generation) -> Mapping[str, Type]:
    """The types of the values of all extensions that OTP reads, by the extension's identifier."""
    oid = object_identifier(generation.longest_arc)
    count = integer(minimum=0)
    names = _general_names(generation)
    listed_names = _general_names(generation, lone_is_special=False)
    point_name = explicit(
        0, choice(implicit(0, listed_names), implicit(1, {SET: _nested_rdn(generation)}))
    )
    points = sequence_of(
        sequence(
            Optional(point_name),
            Optional(implicit(1, NAMED_BITS)),
            Optional(implicit(2, listed_names)),
        )
    )
    access = sequence_of(sequence(oid, _general_name(generation, lone=False)))
    subtrees = sequence_of(
        sequence(
            _general_name(generation, lone=True),
            Optional(implicit(0, count)),
            Optional(implicit(1, count)),
        )
    )
    types = {
        "2.5.29.9": _directory_attributes(generation),  # subjectDirectoryAttributes
        "2.5.29.14": OCTET_STRING,  # subjectKeyIdentifier
        "2.5.29.15": NAMED_BITS,  # keyUsage
        "2.5.29.16": sequence(  # privateKeyUsagePeriod
            Optional(implicit(0, GENERALIZED_TIME)), Optional(implicit(1, GENERALIZED_TIME))
        ),
        "2.5.29.17": names,  # subjectAltName
        "2.5.29.18": names,  # issuerAltName
        "2.5.29.19": sequence(Optional(BOOLEAN), Optional(count)),  # basicConstraints
        "2.5.29.20": count,  # cRLNumber
        "2.5.29.21": enumerated({0, 1, 2, 3, 4, 5, 6, 8, 9, 10}),  # cRLReasons
        "2.5.29.23": oid,  # holdInstructionCode
        "2.5.29.24": GENERALIZED_TIME,  # invalidityDate
        "2.5.29.27": count,  # deltaCRLIndicator
        "2.5.29.28": sequence(  # issuingDistributionPoint
            Optional(point_name),
            Optional(implicit(1, BOOLEAN)),
            Optional(implicit(2, BOOLEAN)),
            Optional(implicit(3, NAMED_BITS)),
            Optional(implicit(4, BOOLEAN)),
            Optional(implicit(5, BOOLEAN)),
        ),
        "2.5.29.29": names,  # certificateIssuer
        "2.5.29.30": sequence(
            Optional(implicit(0, subtrees)), Optional(implicit(1, subtrees))
        ),  # nameConstraints
        "2.5.29.32": _policies(generation),  # certificatePolicies
        "2.5.29.33": sequence_of(sequence(oid, oid)),  # policyMappings
        "2.5.29.35": sequence(  # authorityKeyIdentifier
            Optional(implicit(0, OCTET_STRING)),
            Optional(implicit(1, names)),
            Optional(implicit(2, integer())),
        ),
        "2.5.29.36": sequence(
            Optional(implicit(0, count)), Optional(implicit(1, count))
        ),  # policyConstraints
        "2.5.29.37": sequence_of(oid),  # extKeyUsage
        "2.5.29.46": points,  # freshestCRL
        "2.5.29.54": count,  # inhibitAnyPolicy
        "1.3.6.1.5.5.7.1.1": access,  # authorityInfoAccess
        "1.3.6.1.5.5.7.1.11": access,  # subjectInfoAccess
    }
    if generation.distribution_points:
        types["2.5.29.31"] = points  # cRLDistributionPoints
    return types


_EXTENSION = sequence({OBJECT_IDENTIFIER: string_octets}, Optional(BOOLEAN), OCTET_STRING)


def _general_names(generation: Generation, *, lone_is_special: bool = True) -> Type:
    one = _general_name(generation, lone=lone_is_special)
    several = _general_name(generation, lone=False)

    def test(content: Content) -> None:
        elements = members(content)
        kind = one if len(elements) == 1 else several
        for element in elements:
            check(kind, element)

    return {SEQUENCE: test}


def _general_name(generation: Generation, *, lone: bool) -> Type:
    oid = object_identifier(generation.longest_arc)
    text = string(IA5)
    readers = _nested_readers(generation, lone=lone)
    directory_name = {
        SEQUENCE: lambda content: check_name(content, readers, generation),
    }
    return choice(
        implicit(0, sequence(oid, {CONTEXT | 0: ANY[0]})),
        implicit(1, text),
        implicit(2, text),
        implicit(3, _X400_ADDRESS),
        explicit(4, directory_name),
        implicit(5, _EDI_PARTY_NAME),
        implicit(6, text),
        implicit(7, OCTET_STRING),
        implicit(8, oid),
    )


def _nested_readers(generation: Generation, *, lone: bool) -> Readers:
    if generation.nested_names == "all by the letter of RFC 5280":
        return strict_readers(generation)
    return subject_readers(generation) if lone else {}


def _nested_rdn(generation: Generation) -> Check:
    readers = _nested_readers(generation, lone=False)
    return lambda content: check_rdn(content, readers, generation)


def _directory_attributes(generation: Generation) -> Type:
    readers = _nested_readers(generation, lone=False)
    shape = sequence(object_identifier(generation.longest_arc), set_of(ANY))

    def test(content: Content) -> None:
        shape[SEQUENCE](content)
        kind, values = members(content)
        known = readers.get(oid_text(kind.content, generation.longest_arc))
        if known is not None:
            set_of(known)[SET](values.content)

    return sequence_of({SEQUENCE: test})


def _policies(generation: Generation) -> Type:
    oid = object_identifier(generation.longest_arc)
    qualifier = sequence(oid, ANY)
    if generation.policy_qualifiers:
        qualifier = {SEQUENCE: lambda content: _check_qualifier(content, generation)}
    return sequence_of(sequence(oid, Optional(sequence_of(qualifier))))


def _check_qualifier(content: Content, generation: Generation) -> None:
    check(sequence(object_identifier(generation.longest_arc), ANY), Element(SEQUENCE, content))
    kind, value = members(content)
    known = _QUALIFIERS.get(oid_text(kind.content, generation.longest_arc))
    if known is not None:
        check(known, value)


def _display_text(maximum: int) -> Type:
    return choice(
        string(IA5, 1, maximum),
        string(VISIBLE, 1, maximum),
        string(BMP, 1, maximum, width=2),
        UTF8_STRING,
    )


_QUALIFIERS: Mapping[str, Type] = {
    "1.3.6.1.5.5.7.2.1": string(IA5),
    # OTP takes a text that is too long for RFC 5280 (200) up to 650 characters, but not an organization's name.
    "1.3.6.1.5.5.7.2.2": sequence(
        Optional(sequence(_display_text(200), sequence_of(integer()))),
        Optional(_display_text(650)),
    ),
}
_DIRECTORY_STRING = choice(
    string(TELETEX, 1),
    string(PRINTABLE, 1),
    string(BMP, 1, width=2),
    string(UNIVERSAL, 1, width=4),
    UTF8_STRING,
)
_EDI_PARTY_NAME = sequence(Optional(explicit(0, _DIRECTORY_STRING)), explicit(1, _DIRECTORY_STRING))
# The many attributes of an X.400 address are not looked into; no tool at hand writes any.
_X400_ADDRESS = sequence(
    {SEQUENCE: members}, Optional({SEQUENCE: members}), Optional({SET: members})
)
