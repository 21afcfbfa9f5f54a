"""Several files looked at together: who signed whom, and what belongs to which key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtlsx.certificates import chain, der, keys
from mtlsx.certificates.chain import Link
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.kinds import Kind
from mtlsx.certificates.material import Material


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is: ``file`` counts the materials, ``index`` those of its ``kind`` in one; both from 0."""

    file: int
    kind: Kind
    index: int


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signed one certificate, as far as the files at hand tell.

    ``issuer``: the place of the issuer's certificate, the certificate's own where it is self-signed, None where
    it is not at hand. ``verified``: the signature was checked. ``namesakes``: certificates that have the
    issuer's name, but did not sign this one.
    """

    issuer: Place | None
    verified: bool
    namesakes: tuple[Place, ...]


class Survey:
    """What ``materials`` say about each other."""

    def __init__(self, materials: Sequence[Material]) -> None:
        certificates = {
            Place(file, Kind.CERTIFICATE, index): certificate
            for file, material in enumerate(materials)
            for index, certificate in enumerate(material.certificates)
        }
        self._public_keys = {
            place: parse_certificate(certificate).spki.raw
            for place, certificate in certificates.items()
        } | {
            Place(file, Kind.REQUEST, index): _requested_key(request)
            for file, material in enumerate(materials)
            for index, request in enumerate(material.requests)
        }
        self._places = tuple(certificates)
        found = chain.links(tuple(certificates.values()))
        self._signings = dict(zip(self._places, map(self._signing, found), strict=True))

    def signing(self, certificate: Place) -> Signing:
        """Who signed the certificate at this place."""
        return self._signings[certificate]

    def matching(self, public_key: bytes) -> tuple[Place, ...]:
        """The certificates and requests that hold ``public_key`` (SubjectPublicKeyInfo DER)."""
        return tuple(
            place
            for place, held in self._public_keys.items()
            if keys.same_public_key(held, public_key)
        )

    def _signing(self, link: Link) -> Signing:
        return Signing(
            None if link.issuer is None else self._places[link.issuer],
            link.verified,
            tuple(self._places[each] for each in link.namesakes),
        )


def _requested_key(request: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a request that was loaded (RFC 2986, section 4.1)."""
    return der.read(request).children()[0].children()[2].raw
