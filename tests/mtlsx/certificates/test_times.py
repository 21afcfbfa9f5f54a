from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mtlsx.certificates import der
from mtlsx.certificates.times import Moment, Validity, ValidityState, read_moment, validity

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def moment(tag: int, text: str) -> Moment:
    return read_moment(der.read(bytes([tag, len(text)]) + text.encode()))


@pytest.mark.parametrize(
    ("tag", "text", "at", "strict"),
    [
        (0x17, "260601120000Z", NOW, True),
        (0x17, "500101000000Z", datetime(1950, 1, 1, tzinfo=UTC), True),
        (0x17, "491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), True),
        (0x18, "20260601120000Z", NOW, True),
        (0x18, "99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), True),
        (0x17, "2606011200Z", NOW, False),
        (0x17, "260601140000+0200", NOW, False),
        (0x18, "20260601063000-0530", NOW, False),
        (0x18, "20260601120000.5Z", NOW, False),
        (0x18, "20260601120000", NOW, False),
        (0x17, "261301120000Z", None, True),
        (0x18, "00000601120000Z", None, True),
        (0x18, "99991231235959-0100", None, False),
        (0x17, "20260601120000Z", None, False),
        (0x04, "260601120000Z", None, False),
        (0x17, "٢٦٠٦", None, False),
    ],
)
def test_times(tag: int, text: str, at: datetime | None, strict: bool) -> None:
    read = (
        moment(tag, text) if text.isascii() else read_moment(der.read(b"\x17\x08" + text.encode()))
    )
    assert (read.at, read.strict) == (at, strict)


def test_a_time_that_is_none_is_safe_to_show() -> None:
    assert str(moment(0x17, "\x1b[2J")) == r"\x1b[2J"
    assert str(moment(0x17, "260601120000Z")) == "2026-06-01 12:00:00 UTC"


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (-10, 212, Validity(ValidityState.VALID, 212)),
        (-10, 30, Validity(ValidityState.VALID, 30)),
        (-10, 29, Validity(ValidityState.ENDING, 29)),
        (-10, 0, Validity(ValidityState.ENDING, 0)),
        (-10, -1, Validity(ValidityState.EXPIRED, 1)),
        (3, 10, Validity(ValidityState.NOT_YET_VALID, 3)),
    ],
)
def test_validity(begins: int, ends: int, expected: Validity) -> None:
    period = [Moment("", NOW + timedelta(days=days), strict=True) for days in (begins, ends)]
    assert validity(*period, NOW) == expected


def test_validity_of_times_that_are_none() -> None:
    nothing = Moment("x", None, strict=False)
    assert validity(nothing, nothing, NOW) == Validity(ValidityState.UNKNOWN, None)
