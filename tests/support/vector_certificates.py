"""The certificates of the identity vectors, without what brokers make of them: whole, and damaged."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path

_DIRECTORY = Path(__file__).parents[1] / "vectors" / "identity"


def vector_certificates() -> dict[str, bytes]:
    """The DER of each vector by its id."""
    return {
        vector["id"]: base64.b64decode(vector["der_b64"])
        for file in sorted(_DIRECTORY.glob("*.json"))
        for vector in json.loads(file.read_text(encoding="utf-8"))
    }


def mutated_certificates(count: int) -> Iterator[bytes]:
    """``count`` damaged vectors, the same each time: bits flipped, bytes replaced, inserted, cut off."""
    chance = random.Random(20260601)  # noqa: S311  (damage, not secrets)
    originals = list(vector_certificates().values())
    for _ in range(count):
        data = bytearray(chance.choice(originals))
        for _ in range(chance.randint(1, 4)):
            _damage(data, chance)
        yield bytes(data)


def _damage(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data)) if data else 0
    match chance.randrange(8):
        case 0 | 1 | 2:
            data[at : at + 1] = bytes([data[at] ^ 1 << chance.randrange(8)] if data else [])
        case 3 | 4:
            # What lengths and tags are made of: zero, indefinite, long form, high tag number, containers.
            data[at : at + 1] = bytes(
                [chance.choice([0x00, 0x80, 0x84, 0xFF, 0x1F, 0x30, 0x31, 0xA0])]
            )
        case 5 | 6:
            data[at:at] = chance.randbytes(chance.randint(1, 4))
        case _:
            del data[at : at + chance.choice([1, 2, 40, len(data)])]
