"""Each demand on a server's behaviour has a test that says that it shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.normative import V3, V5, shown, shows

HERE = Path(__file__).parent


def test_every_demand_is_shown() -> None:
    wanted = {f"v5 {number}" for number in V5} | {f"v3 {number}" for number in V3}
    assert wanted - shown(HERE).keys() == set()


def test_a_number_that_is_none_cannot_be_claimed() -> None:
    with pytest.raises(ValueError, match=r"9\.9\.9-9"):
        shows(v5="3.1.2-4 9.9.9-9")
