"""Commands to Redis against what EMQX's own modules made of the same templates and values."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.redis_commands import CommandError, command_4, command_5, quoted, split
from support.vectors import DEFAULT_FOLDER, find_vectors

VECTORS = find_vectors(DEFAULT_FOLDER)


def octets(value: Any) -> bytes | None:
    """A value of the vectors: text, or base64 of what is none."""
    if isinstance(value, dict):
        return base64.b64decode(value["$b64"])
    return None if value is None else str(value).encode()


def of_kind(kind: str) -> Any:
    return pytest.mark.parametrize("vector", VECTORS[kind], ids=lambda vector: vector["id"])


@of_kind("split")
def test_split(vector: dict[str, Any]) -> None:
    line, expected = octets(vector["input"]["line"]) or b"", vector["expected"]
    if "error" in expected:
        with pytest.raises(CommandError):
            split(line)
    else:
        assert split(line) == [octets(word) for word in expected["ok"]]


@of_kind("tmpl4")
def test_command_of_4(vector: dict[str, Any]) -> None:
    client = vector["input"]["client"]
    names = {"C": "cn", "d": "dn", "c": "clientid", "u": "username"}
    values = {letter: octets(client.get(name)) for letter, name in names.items()}
    command = command_4(vector["input"]["cmd"], values)
    assert list(command) == [octets(word) for word in vector["expected"]["argv"]]


@of_kind("tmpl5_authn")
def test_command_of_5(vector: dict[str, Any]) -> None:
    if "error" in vector["expected"]:
        return  # refused when it is configured, for its fields
    client = vector["input"]["client"]
    names = {"cert_common_name": "cn", "cert_subject": "dn", "clientid": "clientid"}
    names |= {name: name for name in ("username", "peerport", "listener")}
    values = {placeholder: octets(client.get(name)) for placeholder, name in names.items()}
    values["client_attrs.color"] = octets(client.get("client_attrs", {}).get("color"))
    if "exception" in vector["expected"]:
        with pytest.raises(CommandError):
            command_5(vector["input"]["cmd"], values)
    else:
        command = command_5(vector["input"]["cmd"], values)
        assert list(command) == [octets(word) for word in vector["expected"]["argv"]]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"a\\", b"a\\"),
        (b"\\0", b"0"),
        (b"\\g0", b"%C"),
        (b"\\g{0}x", b"%Cx"),
        (b"\\g1x", b"x"),
        (b"\\123x", b"x"),
        (b"\\g", b"g"),
        (b"\\&", b"\\%C"),
        (b"\\" + b"1" * 5000, b""),
        (b"a&b", b"a&b"),
    ],
)
def test_backslashes_of_4(value: bytes, key: bytes) -> None:
    """As re:replace of OTP 25 has them."""
    command = command_4("GET a%C", {"C": value, "d": None, "c": None, "u": None})
    assert command == (b"GET", b"a" + key)


@pytest.mark.parametrize("value", [b"\\gx", b"\\g{", b"\\g{}", b"\\g{1"])
def test_a_group_without_a_number_crashes_4(value: bytes) -> None:
    with pytest.raises(CommandError):
        command_4("GET %C", {"C": value, "d": None, "c": None, "u": None})


@given(st.lists(st.binary()))
def test_quoted_words_are_printable_and_can_be_split_again(words: list[bytes]) -> None:
    line = quoted(words)
    assert line.isprintable()
    assert split(line.encode()) == words


@given(st.binary())
def test_a_value_never_adds_words_in_5(value: bytes) -> None:
    try:
        command = command_5("HMGET key:${username} password", {"username": value})
    except CommandError:
        return
    assert command == (b"HMGET", b"key:" + value, b"password")
