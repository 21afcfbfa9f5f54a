"""Addresses of Redis: as redis-py reads them, or one sentence."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.demo.redis import RedisAddress, redis_address
from mtlsx.errors import UsageError
from mtlsx.secret import Secret


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", RedisAddress(host="localhost")),
        ("redis://[::1]:6380/2", RedisAddress(host="::1", port=6380, database=2)),
        (
            "rediss://emqx:p%40ss@r.example/",
            RedisAddress(host="r.example", username="emqx", password=Secret("p@ss"), tls=True),
        ),
    ],
)
def test_an_address(url: str, address: RedisAddress) -> None:
    assert redis_address(url) == address


def test_a_password_that_is_given_counts_before_the_one_in_the_address() -> None:
    assert redis_address("redis://:old@h", Secret("new")).password == Secret("new")


@pytest.mark.parametrize(
    "url",
    ["", "localhost:6379", "http://h", "redis://", "redis://h:x", "redis://h/one", "redis://h/-1",
     "unix:///run/redis.sock", "redis://h?db=1", "redis://[::1"],
)  # fmt: skip
def test_what_is_no_address_is_a_sentence(url: str) -> None:
    with pytest.raises(UsageError, match="no address of a Redis"):
        redis_address(url)


@given(st.text())
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    with suppress(UsageError):
        assert redis_address(f"redis://{text}").host
