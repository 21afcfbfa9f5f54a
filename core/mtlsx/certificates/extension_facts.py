"""All extensions of a certificate or a request at once: those that testers look at decoded, the others listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mtlsx.certificates import extensions as read
from mtlsx.certificates import oids
from mtlsx.certificates.der import DerError
from mtlsx.certificates.extensions import AuthorityKeyIdentifier, BasicConstraints, GeneralName
from mtlsx.certificates.fields import Extension

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class ExtensionFacts:
    """What the extensions say; None or an empty tuple where one is not there or cannot be read.

    ``key_usage`` and ``key_purposes`` hold names (purposes without one: dotted), ``critical`` the identifiers of
    the critical extensions, ``others`` the extensions that are not decoded here, ``oddities`` sentences.
    """

    alternative_names: tuple[GeneralName, ...]
    key_usage: tuple[str, ...] | None
    key_purposes: tuple[str, ...] | None
    basic_constraints: BasicConstraints | None
    subject_key_identifier: bytes | None
    authority_key_identifier: AuthorityKeyIdentifier | None
    crl_addresses: tuple[str, ...]
    ocsp_addresses: tuple[str, ...]
    issuer_addresses: tuple[str, ...]
    critical: frozenset[str]
    others: tuple[Extension, ...]
    oddities: tuple[str, ...]


def read_extensions(extensions: Sequence[Extension]) -> ExtensionFacts:
    """Decode ``extensions``; of one that stands there twice the first counts. Never raises."""
    reading = _Reading(extensions)
    names = reading.first(oids.SUBJECT_ALTERNATIVE_NAME, read.general_names)
    usage = reading.first(oids.KEY_USAGE, read.key_usage)
    purposes = reading.first(oids.EXTENDED_KEY_USAGE, read.extended_key_usage)
    access = reading.first(oids.AUTHORITY_INFORMATION_ACCESS, read.access_addresses) or ()
    constraints = reading.first(oids.BASIC_CONSTRAINTS, read.basic_constraints)
    subject_key = reading.first(oids.SUBJECT_KEY_IDENTIFIER, read.subject_key_identifier)
    authority_key = reading.first(oids.AUTHORITY_KEY_IDENTIFIER, read.authority_key_identifier)
    crls = reading.first(oids.CRL_DISTRIBUTION_POINTS, read.crl_addresses)
    reading.judge_names(names)
    return ExtensionFacts(
        alternative_names=names or (),
        key_usage=usage,
        key_purposes=None
        if purposes is None
        else tuple(oids.KEY_PURPOSES.get(oid, oid) for oid in purposes),
        basic_constraints=constraints,
        subject_key_identifier=subject_key,
        authority_key_identifier=authority_key,
        crl_addresses=crls or (),
        ocsp_addresses=tuple(address for method, address in access if method == oids.OCSP),
        issuer_addresses=tuple(address for method, address in access if method == oids.CA_ISSUERS),
        critical=frozenset(extension.oid for extension in extensions if extension.critical),
        others=reading.others(),
        oddities=tuple(reading.oddities),
    )


class _Reading:
    """One pass over the extensions: which were decoded, and what was odd."""

    def __init__(self, extensions: Sequence[Extension]) -> None:
        self._extensions = extensions
        self._decoded: set[str] = set()
        self.oddities: list[str] = []
        seen: set[str] = set()
        for extension in extensions:
            if extension.oid in seen:
                self.oddities.append(f"Extension {_name(extension.oid)} stands there twice.")
            seen.add(extension.oid)

    def first(self, oid: str, reader: Callable[[bytes], _Value]) -> _Value | None:
        self._decoded.add(oid)
        for extension in self._extensions:
            if extension.oid == oid:
                try:
                    return reader(extension.value)
                except DerError as error:
                    self.oddities.append(f"Extension {_name(oid)} cannot be read: {error}.")
                    return None
        return None

    def judge_names(self, names: tuple[GeneralName, ...] | None) -> None:
        if names == ():
            self.oddities.append("Extension subjectAltName holds no name.")
        self.oddities += [
            f"Alternative name {name} {name.odd}." for name in names or () if name.odd is not None
        ]

    def others(self) -> tuple[Extension, ...]:
        return tuple(each for each in self._extensions if each.oid not in self._decoded)


def _name(oid: str) -> str:
    return oids.EXTENSIONS.get(oid, oid)
