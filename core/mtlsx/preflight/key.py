"""The private key of a certificate file: there, opened, and the right one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.load import STDIN, load_file, public_key_matches
from mtlsx.errors import MaterialError
from mtlsx.preflight.unusable import unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.certificates.material import Material
    from mtlsx.secret import Secret

_TOPIC = "key"


class Key(NamedTuple):
    """A key that is there; ``certificate``: the position of the certificate that it belongs to, if that was found."""

    certificate: int | None


def check_key(
    held: Material, key_file: str | None, passphrase: Secret | None, *, required: bool
) -> tuple[Key | None, tuple[Finding, ...]]:
    """The key for the certificates in ``held``, from ``key_file`` or from the same file, and what is to be said.

    ``required``: whether it is a failure that there is none. Never raises for what is in ``key_file``.
    """
    source = key_file or held.source
    try:
        material = held if key_file is None else load_file(key_file, passphrase=passphrase)
    except MaterialError as error:
        return None, (unusable(error, _TOPIC, as_key=True),)
    if not material.keys:
        return None, (_none(source, required=required or key_file is not None),)
    opened = next((each for each in material.keys if each.der is not None), None)
    if opened is None or opened.der is None:
        return Key(None), (
            Finding(
                "key-encrypted", Level.FAILURE, _TOPIC,
                f"The private key in {_where(source)} is encrypted, and no passphrase was given.",
                fix="Give its passphrase.",
            ),
        )  # fmt: skip
    key = Key(_position(held.certificates, opened.der))
    notes = _notes(material, encrypted=opened.encrypted, passphrase=passphrase)
    if not held.certificates:
        return key, notes
    if key.certificate is None:
        return key, (_mismatch(held, source), *notes)
    how = ", and the passphrase opens it" if opened.encrypted and passphrase else ""
    found = Finding(
        "key-matches", Level.OK, _TOPIC, f"The private key belongs to the certificate{how}."
    )
    return key, (found, *notes)


def _position(certificates: Sequence[bytes], key: bytes) -> int | None:
    for at, certificate in enumerate(certificates):
        if public_key_matches(certificate, key):
            return at
    return None


def _none(source: str, *, required: bool) -> Finding:
    if required:
        return Finding(
            "not-a-key", Level.FAILURE, _TOPIC,
            f"{_where(source)} holds no private key.",
            fix="Give the certificate's private key.",
        )  # fmt: skip
    return Finding(
        "key-not-checked", Level.NOTE, _TOPIC,
        "No private key was given.",
        fix="Give it with --key to see whether it belongs to the certificate.",
    )  # fmt: skip


def _mismatch(held: Material, source: str) -> Finding:
    whose = "certificate" if len(held.certificates) == 1 else "certificates"
    return Finding(
        "key-mismatch", Level.FAILURE, _TOPIC,
        f"The private key in {_where(source)} does not belong to the {whose} in {_where(held.source)}.",
        "TLS cannot use one with the other.",
        "Take the key that the certificate was made from.",
    )  # fmt: skip


def _notes(
    material: Material, *, encrypted: bool, passphrase: Secret | None
) -> tuple[Finding, ...]:
    notes = []
    if passphrase is not None and not encrypted:
        notes.append(
            Finding(
                "passphrase-not-needed",
                Level.NOTE,
                _TOPIC,
                "A passphrase was given, but the private key is not encrypted.",
            )
        )
    if len(material.keys) > 1:
        notes.append(
            Finding(
                "several-keys",
                Level.WARNING,
                _TOPIC,
                f"{_where(material.source)} holds {len(material.keys)} private keys.",
                "Programs take the first.",
                "Leave the one that belongs to the certificate.",
            )
        )
    return tuple(notes)


def _where(source: str) -> str:
    return "standard input" if source == STDIN else source
