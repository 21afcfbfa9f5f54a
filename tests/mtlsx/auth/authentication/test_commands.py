"""Commands of authenticators: what EMQX refuses is refused with a sentence; values never add a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authentication.commands import FIELDS, parse_command
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.placeholders import AUTHENTICATION, values_of
from mtlsx.errors import UsageError
from mtlsx.identity.redis_commands import CommandError

TEXTS = st.text(max_size=20).map(str.encode)
CLIENTS = st.builds(
    ClientInfo,
    client_id=TEXTS,
    username=st.none() | TEXTS,
    cert_common_name=st.none() | TEXTS,
    cert_subject=st.none() | TEXTS,
    cert_pem=st.none() | TEXTS,
)
PLACEHOLDERS = [f"${{{name}}}" for name in AUTHENTICATION if not name.endswith("*")]


@pytest.mark.parametrize(
    ("cmd", "said"),
    [
        ("", "is empty"),
        ("HGETALL k", "must be HGET or HMGET, not HGETALL"),
        ("HMGET k password nickname", "asks for nickname"),
        ("HMGET k salt", "must ask for password_hash or password"),
        ("HMGET 'k password", "cannot be split into words"),
    ],
)
def test_what_emqx_refuses(cmd: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_command(cmd)


@given(
    st.lists(st.sampled_from([*PLACEHOLDERS, "tls_domain:", "/", "${nope}", "${$}"]), min_size=1),
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=6, unique=True),
    CLIENTS,
    st.none() | TEXTS,
)
def test_no_value_adds_a_word(
    key: list[str], fields: list[bytes], client: ClientInfo, password: bytes | None
) -> None:
    fields = [b"password", *fields]
    command = parse_command(f"HMGET {''.join(key)} {b' '.join(fields).decode()}")
    words = command.words(values_of(client, password=password))
    assert words[0] == b"HMGET"
    assert words[2:] == tuple(fields)


@given(st.binary(max_size=60), CLIENTS)
def test_nothing_but_its_own_errors(cmd: bytes, client: ClientInfo) -> None:
    try:
        command = parse_command(cmd.decode(errors="surrogateescape"))
    except UsageError:
        return
    assert len(command.words(values_of(client))) >= 3


def test_a_key_that_is_not_utf_8_is_an_error_as_in_emqx() -> None:
    command = parse_command("HMGET k:${username} password")
    with pytest.raises(CommandError, match="not UTF-8"):
        command.words(values_of(ClientInfo(b"c", b"\xff")))
