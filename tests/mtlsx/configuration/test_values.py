"""Durations, sizes and addresses as EMQX writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.configuration import values
from mtlsx.schema import WrongError
from support.configurations import addresses, milliseconds

seconds = values.duration(0, 10_000_000, number="s")
octets = values.size(0, 2**40)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("15s", 15),
        ("15m", 900),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("2D", 172_800),
        (5, 5),
        (0.5, 0.5),
    ],
)
def test_durations(written: object, expected: float) -> None:
    assert seconds(written, "key") == expected


def test_a_plain_number_may_be_milliseconds_as_in_emqx() -> None:
    assert values.duration(0, 100, number="ms")(1500, "key") == 1.5


@pytest.mark.parametrize(
    "written", ["", "5", "s", "5 s", "-5s", "5y", True, None, float("nan"), "9" * 99 + "s", 10**400]
)
def test_no_durations(written: object) -> None:
    with pytest.raises(WrongError, match=r'^key must be a duration such as "15s", "5m" or "1h30m"'):
        seconds(written, "key")


@given(milliseconds)
def test_durations_come_back(duration: float) -> None:
    assert seconds(values.duration_value(duration), "key") == duration


@pytest.mark.parametrize(
    ("written", "expected"),
    [("1MB", 1_048_576), ("64kb", 65_536), ("1GB", 2**30), ("10", 10), ("10B", 10), (7, 7)],
)
def test_sizes(written: object, expected: int) -> None:
    assert octets(written, "key") == expected


@pytest.mark.parametrize("written", ["", "1 MB", "-1", 1.5, True, "1TB", -1])
def test_no_sizes(written: object) -> None:
    with pytest.raises(WrongError, match=r'^key must be a size such as "1MB", "64KB" or a number'):
        octets(written, "key")


@given(st.integers(0, 2**40))
def test_sizes_come_back(size: int) -> None:
    assert octets(values.size_value(size), "key") == size


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (8883, ("", 8883)),
        ("8883", ("", 8883)),
        (":8883", ("", 8883)),
        ("0.0.0.0:8883", ("0.0.0.0", 8883)),  # noqa: S104  (only read)
        ("[::]:8883", ("::", 8883)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_where_a_listener_listens(written: object, expected: tuple[str, int]) -> None:
    assert values.bind(written, "key") == expected


@pytest.mark.parametrize(
    "written", ["", "a", 65536, "1:2:3", "::1:8883", "h:70000", True, "[x]:1", "a b:1"]
)
def test_where_no_listener_listens(written: object) -> None:
    with pytest.raises(WrongError, match=r"^key must be a port or an address such as"):
        values.bind(written, "key")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("127.0.0.1", ("127.0.0.1", 6379)),
        ("redis.example:7000", ("redis.example", 7000)),
        ("[::1]:7000", ("::1", 7000)),
        ("[::1]", ("::1", 6379)),
    ],
)
def test_one_redis(written: str, expected: tuple[str, int]) -> None:
    assert values.server(written, "key") == expected


@pytest.mark.parametrize("written", ["", ":6379", "h:0", "h:", "redis://h", "::1", "a,b"])
def test_no_redis(written: str) -> None:
    with pytest.raises(WrongError, match=r'^key must be an address such as "127\.0\.0\.1:6379"'):
        values.server(written, "key")


@given(st.lists(addresses, min_size=1).map(tuple))
def test_several_redis_come_back(servers: tuple[tuple[str, int], ...]) -> None:
    assert values.servers(values.servers_value(servers), "key") == servers


def test_several_redis_may_be_an_array() -> None:
    assert values.servers(["a", "b:1"], "key") == (("a", 6379), ("b", 1))


@pytest.mark.parametrize("written", [True, 1.5, ["x"], None, 2**80])
def test_a_secret_that_is_none_is_not_shown(written: Any) -> None:
    with pytest.raises(WrongError) as error:
        values.secret(written, "key")
    assert str(error.value) == "key must be a text in quotes; what stands there is not shown."


def test_a_secret_of_digits_needs_no_quotes() -> None:
    assert values.secret(1234, "key").reveal() == "1234"
