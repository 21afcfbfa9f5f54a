"""What ``mtlsx cert show`` prints for people: one card for each object of a file, then the chain that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import click

from mtlsx.certificates import keys
from mtlsx.certificates.algorithms import PublicKey
from mtlsx.certificates.der import read_whole
from mtlsx.certificates.describe import describe, public_key_or_note
from mtlsx.certificates.describe_crl import describe_crl
from mtlsx.certificates.describe_request import describe_request
from mtlsx.certificates.keys import PrivateKeyItem
from mtlsx.certificates.kinds import Kind
from mtlsx.certificates.load import STDIN
from mtlsx.certificates.material import Item, Material
from mtlsx.certificates.survey import Place, Survey
from mtlsx_tui.cli.cards import Row, card
from mtlsx_tui.cli.cert_cards import (
    certificate_rows,
    certificate_title,
    crl_rows,
    private_key_title,
    public_key_title,
    request_rows,
    request_title,
    short_name,
)
from mtlsx_tui.cli.cert_chain import chain_rows

_LISTED_ENTRIES = 20


def as_text(materials: Sequence[Material], now: datetime, *, width: int | None) -> str:
    """All of ``materials``; lines are wrapped at ``width`` columns, or left whole where it is None."""
    report = _Report(materials, now, width)
    return "\n\n".join(report.file(file) for file in range(len(materials)))


class _Report:
    """The materials, and what they say about each other."""

    def __init__(self, materials: Sequence[Material], now: datetime, width: int | None) -> None:
        self._materials = materials
        self._survey = Survey(materials)
        self._now = now
        self._width = width

    def file(self, file: int) -> str:
        """The heading, the notes, a card for each object, and the chain."""
        material = self._materials[file]
        blocks = [_heading(material)]
        if material.notes:
            blocks.append(self._card("This file", [Row("Odd", material.notes, "yellow")]))
        seen: Counter[Kind] = Counter()
        for item in material.items:
            kind = Kind.PRIVATE_KEY if isinstance(item, PrivateKeyItem) else item.kind
            blocks.append(self._item(item, Place(file, kind, seen[kind])))
            seen[kind] += 1
        if len(material.certificates) > 1:
            blocks.append(self._card("Chain", chain_rows(material.certificates)))
        return "\n\n".join(blocks)

    def _card(self, title: str, rows: Iterable[Row | None]) -> str:
        return "\n".join(card(title, rows, width=self._width))

    def _item(self, item: Item, place: Place) -> str:
        if isinstance(item, PrivateKeyItem):
            return self._private_key(item, place)
        if item.kind is Kind.CERTIFICATE:
            return self._certificate(item.der, place)
        if item.kind is Kind.REQUEST:
            request = describe_request(item.der)
            return self._card(request_title(request), request_rows(request))
        if item.kind is Kind.CRL:
            crl = describe_crl(item.der, entries=_LISTED_ENTRIES)
            return self._card("Certificate revocation list", crl_rows(crl, self._now))
        return self._public_key(item.der, place)

    def _certificate(self, encoded: bytes, place: Place) -> str:
        about = describe(encoded)
        number = f"{place.index + 1}. " if self._count(place) > 1 else ""
        return self._card(
            f"{number}{certificate_title(about)}",
            certificate_rows(about, self._signed_by(place, short_name(about.issuer)), self._now),
        )

    def _private_key(self, item: PrivateKeyItem, place: Place) -> str:
        if item.der is None:
            closed = (
                "The passphrase is needed to say more: --passphrase-file FILE or MTLSX_PASSPHRASE."
            )
            return self._card(private_key_title(None, encrypted=True), [Row("Closed", (closed,))])
        public = keys.public_half(item.der)
        title = private_key_title(_public_key(public), encrypted=item.encrypted)
        return self._card(title, [self._matches(public, place)])

    def _public_key(self, encoded: bytes, place: Place) -> str:
        return self._card(public_key_title(_public_key(encoded)), [self._matches(encoded, place)])

    def _matches(self, public_key: bytes, place: Place) -> Row:
        found = self._survey.matching(public_key)
        if found:
            return Row("Belongs to", tuple(self._words(each, place) for each in found), "green")
        if not any(material.certificates or material.requests for material in self._materials):
            return Row("Belongs to", ("no certificate was given to compare it with",))
        return Row("Belongs to", (f"no certificate in {self._here()}",), "yellow")

    def _signed_by(self, place: Place, issuer: str) -> Row:
        signing = self._survey.signing(place)
        label = "Signed by"
        if signing.issuer is None:
            if not signing.namesakes:
                return Row(label, (f"{issuer}, which is not in {self._here()}",))
            namesakes = ", ".join(
                "its own key" if each == place else self._words(each, place)
                for each in signing.namesakes
            )
            return Row(
                label,
                (f"none of these: {namesakes} has the issuer's name, but not its key",),
                "red",
            )
        unchecked = "" if signing.verified else " (by name: the signature could not be checked)"
        if signing.issuer == place:
            return Row(label, (f"itself{unchecked}",))
        return Row(label, (f"{self._words(signing.issuer, place)}, {issuer}{unchecked}",))

    def _words(self, place: Place, seen_from: Place) -> str:
        number = f" {place.index + 1}" if self._count(place) > 1 else ""
        elsewhere = (
            "" if place.file == seen_from.file else f" in {_name(self._materials[place.file])}"
        )
        return f"{place.kind}{number}{elsewhere}"

    def _count(self, place: Place) -> int:
        material = self._materials[place.file]
        return len(material.certificates if place.kind is Kind.CERTIFICATE else material.requests)

    def _here(self) -> str:
        return "this file" if len(self._materials) == 1 else "these files"


def _heading(material: Material) -> str:
    kinds = Counter(
        str(Kind.PRIVATE_KEY if isinstance(item, PrivateKeyItem) else item.kind)
        for item in material.items
    )
    contents = ", ".join(f"{number} {kind}{'s' * (number > 1)}" for kind, number in kinds.items())
    return f"{click.style(_name(material), underline=True)}  {material.encoding}, {contents}"


def _name(material: Material) -> str:
    return "standard input" if material.source == STDIN else material.source


def _public_key(encoded: bytes) -> PublicKey | None:
    return public_key_or_note(read_whole(encoded), [])
