"""Whatever a server answers, the probe ends with a verdict: no traceback, no hang (``timeout`` in pyproject.toml)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from support.faults.fuzzing import Fuzzer, fuzzer

if TYPE_CHECKING:
    from support.openssl_pki import Pki

pytestmark = pytest.mark.e2e

SOME, STEP, ALL, LOT = 420, 70, 10_000, 200


@pytest.fixture(scope="module")
def probed(pki: Pki) -> Iterator[Fuzzer]:
    with fuzzer(pki) as probed:
        yield probed


@pytest.mark.parametrize("first", range(0, SOME, STEP))
def test_some_answers(probed: Fuzzer, first: int) -> None:
    kinds = {probed.attempt(number).kind for number in range(first, first + STEP)}
    assert len(kinds) == 6


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, ALL, LOT))
def test_ten_thousand_answers(probed: Fuzzer, first: int) -> None:
    for number in range(first, first + LOT):
        probed.attempt(number)
