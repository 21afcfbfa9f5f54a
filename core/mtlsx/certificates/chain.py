"""Which certificate signs which: certificates in, links and chains out.

A link needs the issuer's name and, where this machine can check it, the issuer's signature: authorities that
were set up twice have the same name and another key, and then only the signature tells. Nothing here says that
a chain is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import CertificateFields, parse_certificate
from mtlsx.certificates.names import Attribute, Name
from mtlsx.certificates.signatures import verify_certificate
from mtlsx.certificates.strings import decode_string


@dataclass(frozen=True, slots=True)
class Link:
    """Where one certificate's issuer is among those at hand.

    ``issuer``: its position, the certificate's own where it is self-signed, None where it is missing.
    ``verified``: True where the signature was checked, False where it could not be. ``namesakes``: positions of
    certificates that have the issuer's name, but did not sign this one.
    """

    issuer: int | None
    verified: bool
    namesakes: tuple[int, ...] = ()


def links(certificates: Sequence[bytes]) -> tuple[Link, ...]:
    """One link for each of ``certificates`` (DER whose outline can be read), in their order."""
    outlines = [parse_certificate(each) for each in certificates]
    by_name: dict[object, list[int]] = {}
    for position, outline in enumerate(outlines):
        by_name.setdefault(_subject(outline), []).append(position)
    return tuple(
        _link(position, by_name.get(_issuer(outline), ()), outlines)
        for position, outline in enumerate(outlines)
    )


def chains(found: Sequence[Link]) -> tuple[tuple[int, ...], ...]:
    """The chains that ``found`` make: positions, each chain from its end certificate up as far as it goes.

    A single chain that is complete or not is one tuple; unrelated certificates are one tuple each.
    """
    issuers = {link.issuer for at, link in enumerate(found) if link.issuer != at}
    starts = [at for at in range(len(found)) if at not in issuers]
    paths = [_path(start, found) for start in starts]
    reached = {at for path in paths for at in path}
    # Certificates that sign each other in a ring have no end certificate.
    for at in range(len(found)):
        if at not in reached:
            paths.append(_path(at, found))
            reached.update(paths[-1])
    return tuple(paths)


def _link(position: int, candidates: Sequence[int], outlines: Sequence[CertificateFields]) -> Link:
    unchecked = None
    namesakes = []
    # A self-signed certificate is its own issuer, even where a cross-certificate has the same key.
    for candidate in sorted(candidates, key=lambda other: other != position):
        signed = verify_certificate(outlines[position], outlines[candidate].spki.raw)
        if signed:
            return Link(candidate, True)
        if signed is False:
            namesakes.append(candidate)
        elif unchecked is None:
            unchecked = candidate
    return Link(unchecked, False, tuple(namesakes))


def _path(start: int, found: Sequence[Link]) -> tuple[int, ...]:
    path = [start]
    issuer = found[start].issuer
    while issuer is not None and issuer not in path:
        path.append(issuer)
        issuer = found[issuer].issuer
    return tuple(path)


def _subject(outline: CertificateFields) -> object:
    try:
        return _comparable(outline.subject)
    except DerError:
        return outline.subject_element.raw


def _issuer(outline: CertificateFields) -> object:
    try:
        return _comparable(outline.issuer)
    except DerError:
        return outline.issuer_element.raw


def _comparable(name: Name) -> object:
    """``name`` without what does not count: string type, case, runs of spaces (RFC 5280, section 7.1)."""
    return tuple(frozenset(map(_comparable_attribute, rdn)) for rdn in name)


def _comparable_attribute(attribute: Attribute) -> tuple[str, str | bytes]:
    text = decode_string(attribute.tag, attribute.value)
    value = attribute.raw if text is None else " ".join(text.casefold().split())
    return attribute.oid, value
