"""What ``mtlsx cert show --json`` prints: the facts of the cards, complete, as plain JSON values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from mtlsx.certificates import chain, keys, oids
from mtlsx.certificates.algorithms import PublicKey
from mtlsx.certificates.der import read_whole
from mtlsx.certificates.describe import describe, public_key_or_note, role
from mtlsx.certificates.describe_crl import describe_crl
from mtlsx.certificates.describe_request import describe_request
from mtlsx.certificates.extension_facts import ExtensionFacts
from mtlsx.certificates.keys import PrivateKeyItem
from mtlsx.certificates.kinds import Kind
from mtlsx.certificates.material import Item, Material
from mtlsx.certificates.names import Attribute, Name, format_name
from mtlsx.certificates.strings import TYPE_NAMES, decode_string
from mtlsx.certificates.survey import Place, Survey
from mtlsx.certificates.times import NEAR, NEAR_NEXT_UPDATE, Moment, validity

_LISTED_ENTRIES = 10_000


def as_json(materials: Sequence[Material], now: datetime) -> list[dict[str, Any]]:
    """One object for each of ``materials``.

    Positions ("index", "issuer", "order") count from 0. Bytes are lower-case hex, serial numbers upper-case
    hex as openssl writes them, times ISO 8601 in UTC. ``days`` counts as its ``state`` says: until the end,
    since the end, or until the beginning.
    """
    report = _Report(materials, now)
    return [report.file(file) for file in range(len(materials))]


class _Report:
    """The materials, and what they say about each other."""

    def __init__(self, materials: Sequence[Material], now: datetime) -> None:
        self._materials = materials
        self._survey = Survey(materials)
        self._now = now

    def file(self, file: int) -> dict[str, Any]:
        """What is in one file; ``chains`` are its certificates in the order that TLS wants."""
        material = self._materials[file]
        seen: Counter[Kind] = Counter()
        items = []
        for item in material.items:
            kind = Kind.PRIVATE_KEY if isinstance(item, PrivateKeyItem) else item.kind
            place = Place(file, kind, seen[kind])
            seen[kind] += 1
            items.append(
                {
                    "type": str(kind),
                    "index": place.index,
                    "line": item.line,
                    **self._item(item, place),
                }
            )
        paths = chain.chains(chain.links(material.certificates))
        return {
            "source": material.source,
            "encoding": material.encoding,
            "items": items,
            "chains": [list(path) for path in paths],
            "in_order": len(paths) <= 1 and all(list(path) == sorted(path) for path in paths),
            "notes": list(material.notes),
        }

    def _item(self, item: Item, place: Place) -> dict[str, Any]:
        if isinstance(item, PrivateKeyItem):
            return self._private_key(item)
        if item.kind is Kind.CERTIFICATE:
            return self._certificate(item.der, place)
        if item.kind is Kind.REQUEST:
            return _request(item.der)
        if item.kind is Kind.CRL:
            return self._crl(item.der)
        return {"public_key": _public_key(item.der), "belongs_to": self._matches(item.der)}

    def _certificate(self, encoded: bytes, place: Place) -> dict[str, Any]:
        about = describe(encoded)
        signing = self._survey.signing(place)
        return {
            "role": role(about),
            "version": about.version,
            "serial": f"{about.serial:X}",
            "subject": _name(about.subject),
            "issuer": _name(about.issuer),
            "self_issued": about.self_issued,
            "validity": self._validity(about.not_before, about.not_after),
            "public_key": _key(about.public_key),
            "signature_algorithm": about.signature_algorithm and str(about.signature_algorithm),
            **_extensions(about.extensions),
            "fingerprints": {"sha256": about.sha256, "sha1": about.sha1, "md5": about.md5},
            "signed_by": {
                "certificate": None if signing.issuer is None else self._place(signing.issuer),
                "verified": signing.verified,
                "namesakes": [self._place(each) for each in signing.namesakes],
            },
            "odd": list(about.oddities),
        }

    def _private_key(self, item: PrivateKeyItem) -> dict[str, Any]:
        public = None if item.der is None else keys.public_half(item.der)
        return {
            "encrypted": item.encrypted,
            "opened": public is not None,
            "public_key": None if public is None else _public_key(public),
            "belongs_to": None if public is None else self._matches(public),
        }

    def _crl(self, encoded: bytes) -> dict[str, Any]:
        about = describe_crl(encoded, entries=_LISTED_ENTRIES)
        return {
            "issuer": _name(about.issuer),
            "validity": self._validity(about.this_update, about.next_update, near=NEAR_NEXT_UPDATE),
            "crl_number": None if about.number is None else f"{about.number:X}",
            "authority_key_identifier": _hex(about.authority_key_identifier),
            "signature_algorithm": about.signature_algorithm and str(about.signature_algorithm),
            "count": about.count,
            "revoked": [
                {
                    "serial": f"{entry.serial:X}",
                    "at": _time(entry.revoked_at),
                    "reason": entry.reason,
                }
                for entry in about.entries
            ],
            "fingerprints": {"sha256": about.sha256},
            "odd": list(about.oddities),
        }

    def _validity(
        self, begins: Moment, ends: Moment | None, *, near: timedelta = NEAR
    ) -> dict[str, Any]:
        state = validity(begins, ends, self._now, near=near) if ends else None
        return {
            "from": _time(begins),
            "to": ends and _time(ends),
            "state": state and str(state.state),
            "days": state and state.days,
        }

    def _matches(self, public_key: bytes) -> list[dict[str, Any]]:
        return [self._place(place) for place in self._survey.matching(public_key)]

    def _place(self, place: Place) -> dict[str, Any]:
        return {
            "source": self._materials[place.file].source,
            "type": str(place.kind),
            "index": place.index,
        }


def _request(encoded: bytes) -> dict[str, Any]:
    about = describe_request(encoded)
    return {
        "subject": _name(about.subject),
        "public_key": _key(about.public_key),
        "signature_algorithm": about.signature_algorithm and str(about.signature_algorithm),
        **_extensions(about.extensions),
        "fingerprints": {"sha256": about.sha256},
        "odd": list(about.oddities),
    }


def _extensions(about: ExtensionFacts) -> dict[str, Any]:
    constraints = about.basic_constraints
    authority = about.authority_key_identifier
    return {
        "subject_alternative_names": [
            {"type": name.kind, "value": name.text} for name in about.alternative_names
        ],
        "key_usage": about.key_usage and list(about.key_usage),
        "extended_key_usage": about.key_purposes and list(about.key_purposes),
        "basic_constraints": constraints
        and {"ca": constraints.ca, "path_length": constraints.path_length},
        "subject_key_identifier": _hex(about.subject_key_identifier),
        "authority_key_identifier": authority and _hex(authority.key),
        "crl_addresses": list(about.crl_addresses),
        "ocsp_addresses": list(about.ocsp_addresses),
        "ca_issuer_addresses": list(about.issuer_addresses),
        "other_extensions": [
            {"oid": each.oid, "name": oids.EXTENSIONS.get(each.oid), "value": each.value.hex()}
            for each in about.others
        ],
        "critical_extensions": sorted(oids.EXTENSIONS.get(oid, oid) for oid in about.critical),
    }


def _name(name: Name | None) -> dict[str, Any] | None:
    if name is None:
        return None
    return {"text": format_name(name), "rdns": [[_attribute(each) for each in rdn] for rdn in name]}


def _attribute(attribute: Attribute) -> dict[str, Any]:
    return {
        "oid": attribute.oid,
        "name": oids.ATTRIBUTES.get(attribute.oid),
        "string_type": TYPE_NAMES.get(attribute.tag),
        "text": decode_string(attribute.tag, attribute.value),
        "value": attribute.value.hex(),
    }


def _public_key(encoded: bytes) -> dict[str, Any] | None:
    return _key(public_key_or_note(read_whole(encoded), []))


def _key(key: PublicKey | None) -> dict[str, Any] | None:
    if key is None:
        return None
    return {"algorithm": key.algorithm, "bits": key.bits, "curve": key.curve}


def _time(moment: Moment) -> str:
    return moment.text if moment.at is None else f"{moment.at:%Y-%m-%dT%H:%M:%SZ}"


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()
