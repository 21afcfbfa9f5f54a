"""Mosquitto's subject against ``openssl x509 -nameopt RFC2253`` on certificates with odd names."""

from __future__ import annotations

import random
import subprocess

import pytest

from mtlsx.identity.mosquitto import identify, short_names
from support.odd_certificates import CN, PRIVATE, SEQUENCE, SET, attribute, certificate, tlv
from support.programs import need

pytestmark = pytest.mark.e2e

TEXTS = ["", "a", " ", "#", "##", " a ", "a\0\n\x7f", '"+,;<>\\=~/', "é東😀", "x" * 130]
ENCODINGS = {
    0x0C: "utf-8", 0x13: "latin-1", 0x14: "latin-1", 0x16: "latin-1", 0x12: "latin-1",
    0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x1A: "latin-1", 0x04: "utf-8", 0x2C: "utf-8",
}  # fmt: skip


def subject_by_openssl(encoded: bytes) -> bytes | None:
    run = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-subject", "-nameopt", "RFC2253"],
        input=encoded, capture_output=True,
    )  # fmt: skip
    return run.stdout.removeprefix(b"subject=")[:-1] if run.returncode == 0 else None


def odd_names(count: int) -> list[bytes]:
    """The same odd names each time: every string type, known and unknown attributes, several in an RDN."""
    chance = random.Random(2253)  # noqa: S311  (names, not secrets)
    kinds = [CN, PRIVATE, *sorted(short_names())]
    names = []
    for _ in range(count):
        attributes = []
        for _ in range(chance.randint(1, 4)):
            tag, encoding = chance.choice(list(ENCODINGS.items()))
            value = chance.choice(TEXTS).encode(encoding, "replace")
            if chance.random() < 0.1:
                value = chance.randbytes(5)
            attributes.append(attribute(chance.choice(kinds), value, tag))
        cut = chance.randint(0, len(attributes))
        names.append(tlv(SEQUENCE, tlv(SET, *attributes[:cut]), tlv(SET, *attributes[cut:])))
    return names


def test_subjects_are_openssls() -> None:
    need("openssl")
    loaded = 0
    for name in odd_names(200):
        encoded = certificate(subject=name)
        subject = subject_by_openssl(encoded)
        assert identify(encoded).subject == subject, name.hex()
        loaded += subject is not None
    assert 50 < loaded < 200
