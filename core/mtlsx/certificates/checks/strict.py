"""What a strict verifier refuses that others accept.

Strict are ``openssl verify -x509_strict`` and whatever sets X509_V_FLAG_X509_STRICT, as Python's default context
does from 3.13 on. Rules: OpenSSL's crypto/x509/x509_vfy.c, check_extensions, from RFC 5280, section 4; it applies
them to every certificate of a chain but a self-issued end certificate (a root is judged as what it will be). What is odd besides (``oddities``) is refused
by parsers rather than verifiers: a negative serial number by Go, for one (crypto/x509, x509negativeserial).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mtlsx.certificates import oids
from mtlsx.certificates.checks.finding import Finding, Level, Role
from mtlsx.certificates.describe import CertificateDescription

_WHY = "Strict verifiers refuse it: openssl verify -x509_strict, and Python from 3.13 on."
_ODD = "RFC 5280 does not allow it: some programs take it, others cannot even read the certificate."
_ANEW = "Have it issued anew without that."
_V3 = 3
# crypto/x509/v3_purp.c, X509_supported_extension.
_HANDLED = {
    oids.KEY_USAGE,
    oids.SUBJECT_ALTERNATIVE_NAME,
    oids.BASIC_CONSTRAINTS,
    oids.CRL_DISTRIBUTION_POINTS,
    oids.EXTENDED_KEY_USAGE,
    "2.5.29.30",  # nameConstraints
    "2.5.29.32",  # certificatePolicies
    "2.5.29.33",  # policyMappings
    "2.5.29.36",  # policyConstraints
    "2.5.29.54",  # inhibitAnyPolicy
    "1.3.6.1.5.5.7.1.7",  # sbgp-ipAddrBlock
    "1.3.6.1.5.5.7.1.8",  # sbgp-autonomousSysNum
    "1.3.6.1.5.5.7.1.14",  # proxyCertInfo
    "2.16.840.1.113730.1.1",  # Netscape certificate type
}


class _Objection(NamedTuple):
    """``what`` follows the name of the certificate."""

    id: str
    what: str
    fix: str


def check_strict(
    chain: Sequence[CertificateDescription], roles: Sequence[Role]
) -> tuple[Finding, ...]:
    """What strict verifiers refuse in a chain, the end certificate first, each with its role."""
    found = []
    for depth, (about, role) in enumerate(zip(chain, roles, strict=True)):
        whose = f"{role.name}: " if role.topic else ""
        found += [
            Finding("strict-oddity", Level.WARNING, "strict", f"{whose}{oddity}", _ODD, _ANEW)
            for oddity in about.oddities
        ]
        if depth or not about.self_issued or _is_ca(about, depth):
            rules = (
                _authority(about, end=not depth) if _is_ca(about, depth) else _end(about),
                _everybody(about),
            )
            found += [
                Finding(
                    each.id, Level.WARNING, "strict", f"{role.name} {each.what}.", _WHY, each.fix
                )
                for objections in rules
                for each in objections
            ]
    return tuple(found)


def check_critical(about: CertificateDescription, role: Role) -> Iterator[Finding]:
    """Critical extensions that OpenSSL does not handle: every verifier must refuse what it does not know."""
    for oid in sorted(about.extensions.critical - _HANDLED):
        name = oids.EXTENSIONS.get(oid, oid)
        yield Finding(
            "unknown-critical-extension", Level.FAILURE, role.topic or "usage",
            f"{role.name} has the critical extension {name}, which OpenSSL does not handle as such.",
            "Who does not know a critical extension must refuse the certificate (RFC 5280, section 4.2).",
            "Issue it with that extension not critical, or without it.",
        )  # fmt: skip


def _is_ca(about: CertificateDescription, depth: int) -> bool:
    constraints = about.extensions.basic_constraints
    return constraints.ca if constraints is not None else depth > 0


def _authority(about: CertificateDescription, *, end: bool) -> Iterator[_Objection]:
    extensions = about.extensions
    if extensions.basic_constraints is None and not end:
        yield _Objection(
            "strict-ca-without-constraints",
            "signs, but has no basic constraints",
            "Issue it with basicConstraints=critical,CA:TRUE.",
        )
        return
    if oids.BASIC_CONSTRAINTS not in extensions.critical:
        yield _Objection(
            "strict-ca-constraints-not-critical",
            "is a CA certificate whose basic constraints are not critical",
            "Issue it with basicConstraints=critical,CA:TRUE.",
        )
    if extensions.key_usage is None:
        yield _Objection(
            "strict-ca-without-key-usage",
            "is a CA certificate without key usage",
            "Issue it with keyUsage=critical,keyCertSign,cRLSign.",
        )
    if extensions.subject_key_identifier is None:
        yield _Objection(
            "strict-ca-without-key-id",
            "is a CA certificate without subject key identifier",
            "Issue it with subjectKeyIdentifier=hash.",
        )


def _end(about: CertificateDescription) -> Iterator[_Objection]:
    extensions = about.extensions
    if extensions.key_usage is not None and "keyCertSign" in extensions.key_usage:
        yield _Objection(
            "strict-key-cert-sign-without-ca",
            "is no CA certificate, but its key usage says keyCertSign",
            "Issue it without keyCertSign.",
        )
    constraints = extensions.basic_constraints
    if constraints is not None and constraints.path_length is not None:
        yield _Objection(
            "strict-path-length-without-ca",
            "is no CA certificate, but its basic constraints have a path length",
            "Issue it with basicConstraints=CA:FALSE.",
        )


def _everybody(about: CertificateDescription) -> Iterator[_Objection]:
    extensions = about.extensions
    constraints, usages = extensions.basic_constraints, extensions.key_usage
    limited = constraints is not None and constraints.ca and constraints.path_length is not None
    if limited and usages is not None and "keyCertSign" not in usages:
        yield _Objection(
            "strict-path-length-without-key-cert-sign",
            "has a path length, but its key usage lacks keyCertSign",
            "Issue it with keyUsage keyCertSign, or without pathlen.",
        )
    yield from _names(about)
    identifier = extensions.authority_key_identifier
    if about.version == _V3 and not about.self_issued and (not identifier or not identifier.key):
        yield _Objection(
            "strict-without-authority-key-id",
            "has no authority key identifier that names a key",
            "Issue it with authorityKeyIdentifier=keyid.",
        )


def _names(about: CertificateDescription) -> Iterator[_Objection]:
    extensions = about.extensions
    if about.issuer == ():
        yield _Objection("strict-empty-issuer", "has an empty issuer", "Give the CA a name.")
    if about.subject != ():
        return
    if _is_ca(about, 0) or not extensions.alternative_names:
        yield _Objection(
            "strict-empty-subject",
            "has an empty subject",
            "Issue it with a subject, such as /CN=….",
        )
    elif oids.SUBJECT_ALTERNATIVE_NAME not in extensions.critical:
        yield _Objection(
            "strict-subject-alt-name-not-critical",
            "has an empty subject, and its subject alternative names are not critical",
            "Issue it with subjectAltName=critical,…, or with a subject.",
        )
