"""What EMQX 4.x does to a command is said, and a command that nothing happens to is not warned of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.command_warnings import warnings4
from mtlsx.auth.placeholders import values4_of
from mtlsx.identity.redis_commands import CommandError, command_4


def warned(template: str, cn: bytes | None) -> str:
    values = values4_of(ClientInfo(b"c1", b"u1", cert_common_name=cn))
    return " ".join(map(str, warnings4(template, values, command_4(template, values))))


@pytest.mark.parametrize(
    ("template", "cn", "said"),
    [
        ("HMGET k:%C password", b"my device", "has a space: it breaks the command"),
        ("HMGET k:%C password", b"my device", "The command has 4 words, 3 were configured."),
        ("HMGET k:%C password", b"x\\1y", "has a backslash, which EMQX 4.x eats"),
        ("HMGET k:%C password", b"%u", "looks like a placeholder"),
        ("HMGET k:%C password", None, "has no value and stays in the command"),
        ("HMGET %C:%C password", b"dev", "Only the first %C"),
    ],
)
def test_warnings(template: str, cn: bytes | None, said: str) -> None:
    assert said in warned(template, cn)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.äöü", min_size=1))
def test_an_ordinary_name_is_not_warned_of(name: str) -> None:
    assert warned("HMGET k:%C password", name.encode()) == ""


@given(st.binary(min_size=1, max_size=12))
def test_a_command_that_comes_out_otherwise_than_it_reads_is_always_warned_of(cn: bytes) -> None:
    template = "HMGET k:%C password"
    try:
        text = warned(template, cn)
    except CommandError:
        return
    values = values4_of(ClientInfo(b"c1", b"u1", cert_common_name=cn))
    as_it_reads = (b"HMGET", b"k:" + cn, b"password")
    assert bool(text) or command_4(template, values) == as_it_reads
