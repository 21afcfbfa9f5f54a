"""Profiles as TOML: nothing is lost on the way there and back, and what is wrong is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.client.settings import (
    ConnectionSettings,
    Subscription,
    Will,
)
from mtlsx.errors import UsageError
from mtlsx.profiles.document import dump, parse
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from support.made_profiles import profiles

ESSENTIAL = Profile(
    name="dev-346a",
    connection=ConnectionSettings(host="broker.example", port=8883),
)


@settings(deadline=None)
@given(profiles)
def test_every_profile_comes_back_as_it_was(profile: Profile) -> None:
    assert parse(dump(profile), source="it") == profile


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"\Ait"):
        parse(data, source="it")


def test_a_document_says_what_is_essential_and_what_was_chosen() -> None:
    profile = replace(
        ESSENTIAL,
        group="factory",
        connection=replace(ESSENTIAL.connection, tls=TlsSettings(ca_file="ca.pem")),
        subscriptions=(Subscription("factory/#", qos=1),),
    )
    assert dump(profile).decode() == (
        'name = "dev-346a"\n'
        'group = "factory"\n'
        "subscriptions = [\n"
        '    { topic_filter = "factory/#", qos = 1 },\n'
        "]\n"
        "\n"
        "[connection]\n"
        'host = "broker.example"\n'
        "port = 8883\n"
        'transport = "mqtts"\n'
        'version = "5"\n'
        "\n"
        "[connection.tls]\n"
        'ca_file = "ca.pem"\n'
    )


def test_a_payload_that_is_no_text_is_base64() -> None:
    will = Will("state", payload=b"\xff\x00")
    profile = replace(ESSENTIAL, connection=replace(ESSENTIAL.connection, will=will))
    assert b'[connection.will.payload]\nbase64 = "/wA="' in dump(profile)


def document(*lines: str) -> bytes:
    """The smallest profile with more lines in its table ``connection``."""
    return "\n".join(
        ['name = "dev"', "[connection]", 'host = "broker.example"', "port = 8883", *lines]
    ).encode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            b'name = "dev"\n[connection]\nhost = "x"\nport = = 1\n',
            "it is not TOML: Invalid value (at line 4, column 8).",
        ),
        (b'name = "dev"\nh = "\xff"\n', "it: line 2 is not UTF-8."),
        (b"x = " + b"[" * 5000, "it: its values are nested too deep."),
        (b"", "it: name is missing."),
        (b'name = "dev"', "it: connection is missing."),
        (b'name = "dev"\nconnection = 1', "it: connection must be a table, not 1."),
        (
            document('pasword = "x"'),
            "it: connection.pasword is not a setting; allowed here: host, port, transport, ",
        ),
        (document('prot = "x"'), "it: connection.prot is not a setting (did you mean port?); allowed here: host,"),
        (
            document('transport = "tls"'),
            'it: connection.transport must be one of "mqtt", "mqtts", "ws", "wss", not "tls".',
        ),
        (
            document("version = 5"),
            'it: connection.version must be one of "3.1", "3.1.1", "5", not 5.',
        ),
        (document("keepalive = true"), "from 0 to 65535, not true."),
        (document("keepalive = 0x" + "f" * 9000), "from 0 to 65535, not a huge number."),
        (document("keepalive = " + "9" * 9000), "it is not TOML: Exceeds the limit"),
        (document("connect_timeout = nan"), "must be a number of seconds from 0.001 to 86400, not nan."),
        (document("clean_start = 1979-05-27"), "must be true or false, not a date or time."),
        (document('headers = [["a"]]'), 'headers[0] must be a ["name", "value"] pair, not an array.'),
        (document('tls.alpn = "mqtt"'), 'connection.tls.alpn must be an array of texts, not "mqtt".'),
        (document('will.topic = "t"', "will.payload = 1"), "connection.will.payload must be a text or"),
        (document('will.payload = "p"'), "it: connection.will.topic is missing."),
        (
            document("[[subscriptions]]", 'topic_filter = "a"', "[[subscriptions]]", "qos = 1"),
            "it: subscriptions[1].topic_filter is missing.",
        ),
        (
            document("[mapping]", 'peer_cert_as_username = "san"'),
            'username must be one of "disabled", "cn", "dn", "crt", "pem", "md5", not "san".',
        ),
        (b'name = "a\\nb"', "it: name must be a text of one line, 1 to 200 characters,"),
        (b'name = " "', "it: name must be a text of one line"),
        (b'name = "dev"\ncolour = "#12"', 'colour must be "#rrggbb" or the name of a colour, not "#12".'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(data, source="it")
    assert str(caught.value).startswith("it")
    assert sentence in str(caught.value)


def test_a_long_or_unprintable_value_is_not_shown_whole() -> None:
    with pytest.raises(UsageError) as caught:
        parse(document(f'transport = "\\u001b[2J{"x" * 500}"'), source="it")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "profile",
    [
        replace(ESSENTIAL, name=""),
        replace(ESSENTIAL, name="\ud800"),
        replace(ESSENTIAL, connection=replace(ESSENTIAL.connection, port=70_000)),
        replace(ESSENTIAL, connection=replace(ESSENTIAL.connection, host="\ud800")),
        replace(ESSENTIAL, connection=replace(ESSENTIAL.connection, connect_timeout=float("nan"))),
    ],
)
def test_a_profile_that_could_not_be_read_again_is_not_written(profile: Profile) -> None:
    with pytest.raises(UsageError):
        dump(profile)


@pytest.mark.parametrize(
    "connection",
    [
        replace(ESSENTIAL.connection, password=Secret("hush")),
        replace(ESSENTIAL.connection, tls=TlsSettings(passphrase=Secret("hush"))),
    ],
)
def test_a_profile_holds_no_secret(connection: ConnectionSettings) -> None:
    with pytest.raises(ValueError, match="holds no password"):
        Profile(name="dev", connection=connection)
