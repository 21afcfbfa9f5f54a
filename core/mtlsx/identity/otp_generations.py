"""In what the generations of Erlang/OTP differ when they read a certificate: one table, a row each.

OTP 28 replaced the ASN.1 modules of public_key, so the same certificate can be read, printed or refused
differently before and after. ``OTP_25`` holds for OTP 24 to 27 (EMQX 4.x to 5.8, and RabbitMQ on these);
``OTP_29`` was measured on OTP 29, and that OTP 28 (EMQX 6) does the same is an inference.

Source: the modules OTP-PUB-KEY (25, 27) and OTP-PKIX, PKIX1Explicit-2009, PKIX1Implicit-2009, PKIXAlgs-2009
(29) of public_key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mtlsx.certificates.oids import COMMON_NAME, DSA, EC, RSA, RSA_PSS
from mtlsx.identity.otp_asn1 import (
    ANY,
    BIT_STRING,
    IA5,
    NULL,
    OCTET_STRING,
    PRINTABLE,
    Optional,
    Type,
    algorithm,
    choice,
    explicit,
    integer,
    object_identifier,
    sequence,
)


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """One generation of Erlang/OTP. Compared by identity, so that it can be a key of caches.

    ``longest_arc``: the most octets that one arc of an object identifier may have.
    ``text_sizes``: by attribute type, the most octets of a PrintableString or TeletexString, and the most
    characters of a BMPString or UniversalString; UTF8String has no limit.
    ``domain_component``: the string types of domainComponent.
    ``stray_utf8``: what a countryName or emailAddress as UTF8String becomes.
    ``unknown_attribute``: what the value of an attribute type becomes that OTP does not know.
    ``nested_names``: how strictly a directoryName in an extension is read.
    ``unknown_fields``: whether anything may follow the extensions.
    ``signature_algorithm``, ``key_algorithm``: the algorithms and their parameters.
    ``public_keys``: what a key of each algorithm holds; ``OPAQUE`` where OTP does not look inside.
    ``distribution_points``: whether the value of cRLDistributionPoints is read; OTP 27 already leaves it.
    ``policy_qualifiers``: whether the qualifiers of certificatePolicies are read.
    """

    longest_arc: int
    text_sizes: Mapping[str, tuple[int, int]]
    domain_component: tuple[int, ...]
    stray_utf8: Literal["code points", "printed binary"]
    unknown_attribute: Literal["text, else printed binary", "printed open type"]
    nested_names: Literal["lone ones like the subject", "all by the letter of RFC 5280"]
    unknown_fields: bool
    signature_algorithm: Type
    key_algorithm: Type
    public_keys: Mapping[str, Type]
    distribution_points: bool
    policy_qualifiers: bool


OPAQUE: Final[Type] = {}

_LOCALITY, _STATE, _PSEUDONYM = "2.5.4.7", "2.5.4.8", "2.5.4.65"
_ORGANIZATION, _UNIT, _TITLE = "2.5.4.10", "2.5.4.11", "2.5.4.12"
# surname, name, givenName, initials, generationQualifier
_PERSONAL = ("2.5.4.4", "2.5.4.41", "2.5.4.42", "2.5.4.43", "2.5.4.44")

_UNBOUNDED_ARC = 1 << 30
_ARC_OF_112_BITS = 16

_DH, _KEA = "1.2.840.10046.2.1", "2.16.840.1.101.2.1.1.22"
# Ed25519, Ed448, X25519, X448
_CURVES_25519_448 = ("1.3.101.112", "1.3.101.113", "1.3.101.110", "1.3.101.111")
# ML-DSA is 2.16.840.1.101.3.4.3.17 to .19, SLH-DSA .20 to .31.
_POST_QUANTUM = tuple(f"2.16.840.1.101.3.4.3.{number}" for number in range(17, 32))

_RSA_WITH = "1.2.840.113549.1.1."
_RSA_WITH_MD2_MD5_SHA1 = tuple(f"{_RSA_WITH}{number}" for number in (2, 4, 5))
_RSA_WITH_SHA2 = tuple(f"{_RSA_WITH}{number}" for number in (11, 12, 13, 14))
_RSA_WITH_SHA1_OF_OIW, _DSA_WITH_SHA1_OF_OIW = "1.3.14.3.2.29", "1.3.14.3.2.27"
_DSA_WITH_SHA1 = "1.2.840.10040.4.3"
_DSA_WITH_SHA2 = ("2.16.840.1.101.3.4.3.1", "2.16.840.1.101.3.4.3.2")
_ECDSA_WITH_SHA1 = "1.2.840.10045.4.1"
_ECDSA_WITH_SHA2 = tuple(f"1.2.840.10045.4.3.{number}" for number in (1, 2, 3, 4))

_OID = object_identifier(_UNBOUNDED_ARC)
_RSA_KEY = sequence(integer(), integer())
_DSA_NUMBERS = sequence(integer(), integer(), integer())
_DSA_NUMBERS_OR_NULL = choice(_DSA_NUMBERS, NULL)
_DH_NUMBERS = sequence(
    integer(),
    integer(),
    integer(),
    Optional(integer()),
    Optional(sequence(BIT_STRING, integer())),
)
_CURVE_IN_FULL = sequence(
    integer(),
    sequence(_OID, ANY),
    sequence(OCTET_STRING, OCTET_STRING, Optional(BIT_STRING)),
    OCTET_STRING,
    integer(),
    Optional(integer()),
)
_CURVE = choice(_CURVE_IN_FULL, _OID, NULL)
_SHA1 = "1.3.14.3.2.26"
_SHA256_384_512 = tuple(f"2.16.840.1.101.3.4.2.{number}" for number in (1, 2, 3))
_SHA224 = "2.16.840.1.101.3.4.2.4"


def _pss(hashes: Iterable[str], *, longest_arc: int, others: Literal["any", "none"]) -> Type:
    """RSASSA-PSS-params (RFC 4055, section 3.1)."""
    hash_algorithm = algorithm(dict.fromkeys(hashes, NULL), longest_arc=longest_arc, others=others)
    mask = algorithm(
        {"1.2.840.113549.1.1.8": hash_algorithm}, longest_arc=longest_arc, others="any"
    )
    return sequence(
        Optional(explicit(0, hash_algorithm)),
        Optional(explicit(1, mask)),
        Optional(explicit(2, integer())),
        Optional(explicit(3, integer())),
    )


_PSS_25 = _pss((_SHA1, *_SHA256_384_512), longest_arc=_UNBOUNDED_ARC, others="any")
_PSS_29 = _pss((_SHA1, *_SHA256_384_512, _SHA224), longest_arc=_ARC_OF_112_BITS, others="none")

OTP_25: Final = Generation(
    longest_arc=_UNBOUNDED_ARC,
    text_sizes={
        **dict.fromkeys((COMMON_NAME, _ORGANIZATION, _UNIT, _TITLE), (128, 256)),
        **dict.fromkeys((_LOCALITY, _STATE, _PSEUDONYM), (128, 256)),
        **dict.fromkeys(_PERSONAL, (65536, 131072)),
    },
    domain_component=(IA5,),
    stray_utf8="code points",
    unknown_attribute="text, else printed binary",
    nested_names="lone ones like the subject",
    unknown_fields=False,
    signature_algorithm=algorithm(
        {
            **dict.fromkeys(
                (*_RSA_WITH_MD2_MD5_SHA1, *_RSA_WITH_SHA2, _RSA_WITH_SHA1_OF_OIW), NULL
            ),
            **dict.fromkeys((_DSA_WITH_SHA1, *_DSA_WITH_SHA2), _DSA_NUMBERS_OR_NULL),
            _DSA_WITH_SHA1_OF_OIW: _DSA_NUMBERS_OR_NULL,
            **dict.fromkeys((_ECDSA_WITH_SHA1, *_ECDSA_WITH_SHA2), _CURVE),
            RSA_PSS: _PSS_25,
        },
        longest_arc=_UNBOUNDED_ARC,
        others="none",
    ),
    key_algorithm=algorithm(
        {
            RSA: NULL,
            RSA_PSS: _PSS_25,
            EC: _CURVE,
            DSA: _DSA_NUMBERS_OR_NULL,
            _DH: _DH_NUMBERS,
            _KEA: OCTET_STRING,
        },
        longest_arc=_UNBOUNDED_ARC,
        others="none",
    ),
    public_keys={
        **dict.fromkeys((RSA, RSA_PSS), _RSA_KEY),
        **dict.fromkeys((DSA, _DH, _KEA), integer()),
        **dict.fromkeys((EC, *_CURVES_25519_448), OPAQUE),
    },
    distribution_points=True,
    policy_qualifiers=False,
)

OTP_29: Final = Generation(
    longest_arc=_ARC_OF_112_BITS,
    text_sizes={
        COMMON_NAME: (255, 255),
        **dict.fromkeys((_ORGANIZATION, _UNIT, _TITLE), (64, 64)),
        **dict.fromkeys((_LOCALITY, _STATE, _PSEUDONYM), (128, 128)),
        **dict.fromkeys(_PERSONAL, (32768, 32768)),
    },
    domain_component=(IA5, PRINTABLE),
    stray_utf8="printed binary",
    unknown_attribute="printed open type",
    nested_names="all by the letter of RFC 5280",
    unknown_fields=True,
    signature_algorithm=algorithm(
        {
            **dict.fromkeys(_RSA_WITH_MD2_MD5_SHA1, NULL),
            **dict.fromkeys(_DSA_WITH_SHA2, NULL),
            _DSA_WITH_SHA1: _DSA_NUMBERS_OR_NULL,
            **dict.fromkeys((_ECDSA_WITH_SHA1, *_ECDSA_WITH_SHA2), NULL),
            RSA_PSS: _PSS_29,
        },
        longest_arc=_ARC_OF_112_BITS,
        others="any",
    ),
    key_algorithm=algorithm(
        {
            RSA: NULL,
            RSA_PSS: _PSS_29,
            EC: object_identifier(_ARC_OF_112_BITS),
            DSA: _DSA_NUMBERS,
            _DH: _DH_NUMBERS,
            _KEA: OCTET_STRING,
        },
        longest_arc=_ARC_OF_112_BITS,
        others="any",
    ),
    public_keys={
        **dict.fromkeys((RSA, RSA_PSS), _RSA_KEY),
        DSA: integer(),
        **dict.fromkeys((EC, *_CURVES_25519_448, *_POST_QUANTUM), OPAQUE),
    },
    distribution_points=False,
    policy_qualifiers=True,
)

GENERATIONS = {"emqx6": OTP_29, "emqx5.0": OTP_25, "emqx4.4": OTP_25, "emqx4.2": OTP_25}
"""The generation under each ``mtlsx.identity.mapping.Dialect``; EMQX 6 has OTP 28, taken to be as 29."""
