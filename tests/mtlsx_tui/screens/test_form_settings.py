"""The settings of a profile as texts: what is written can be read again, and what cannot be meant is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    ConnectProperties,
    Reconnect,
    Will,
    WillProperties,
)
from mtlsx.identity.mapping import Mapping
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings, TlsVersion
from mtlsx_tui.screens.form_kinds import BYTES, BYTES_OR_NONE, PAIRS, Kind, seconds, whole
from mtlsx_tui.screens.form_settings import SETTINGS, texts_of, with_settings

PLAIN = Profile(name="dev", connection=ConnectionSettings(host="h", port=1))
FULL = Profile(
    name="dev",
    colour="#aabbcc",
    connection=ConnectionSettings(
        host="h",
        port=1,
        client_id_suffix=ClientIdSuffix.RANDOM,
        keepalive=30,
        clean_start=False,
        session_expiry=0xFFFF_FFFF,
        connect_timeout=2.5,
        headers=(("X-A", "b: c; d"),),
        properties=ConnectProperties(
            receive_maximum=10,
            maximum_packet_size=1000,
            request_response_information=True,
            request_problem_information=False,
            user_properties=(("k", "v"), (" k", "")),
        ),
        reconnect=Reconnect(enabled=False, initial_delay=0.5, maximum_delay=60, limit=3),
        will=Will(
            "gone",
            b"\x00\xff",
            2,
            retain=True,
            properties=WillProperties(
                will_delay_interval=1,
                payload_format_indicator=0,
                message_expiry_interval=2,
                content_type="text/plain",
                response_topic="answer",
                correlation_data=b"",
                user_properties=(("a;b", "c"),),
            ),
        ),
        tls=TlsSettings(
            # No connection could use these, but both differ from what they are by themselves.
            minimum_version=TlsVersion.V1_3,
            maximum_version=TlsVersion.V1_2,
            ciphers="HIGH",
        ),
    ),
    mapping=Mapping("dn", "md5", True, "GET ${clientid}", "emqx5.0"),
)


@pytest.mark.parametrize(("start", "end"), [(PLAIN, FULL), (FULL, PLAIN), (FULL, FULL)])
def test_each_setting_can_be_written_and_read(start: Profile, end: Profile) -> None:
    texts = texts_of(end)
    if end is PLAIN:
        texts |= {key: text for key, text in texts.items() if "will" in key}
    assert with_settings(start, texts) == (end, {})


def test_every_field_of_the_model_has_one() -> None:
    assert len({each.key for each in SETTINGS}) == len(SETTINGS)
    shown = {key for key, text in texts_of(FULL).items() if text != texts_of(PLAIN)[key]}
    assert shown == {each.key for each in SETTINGS}


@given(st.lists(st.tuples(st.text(), st.text())).map(tuple))
def test_pairs(pairs: tuple[tuple[str, str], ...]) -> None:
    if pairs != (("", ""),) or PAIRS.write(pairs).strip():
        assert PAIRS.read(PAIRS.write(pairs)) == pairs


@given(st.binary())
def test_payloads(data: bytes) -> None:
    assert BYTES.read(BYTES.write(data)) == data
    assert BYTES_OR_NONE.read(BYTES_OR_NONE.write(data)) == data


@given(st.floats(0, 86400))
def test_times(value: float) -> None:
    assert seconds(0, 86400).read(seconds(0, 86400).write(value)) == value


@given(st.sampled_from([each.kind for each in SETTINGS if not each.kind.choices]), st.text())
def test_whatever_is_typed_is_a_value_or_a_sentence(kind: Kind, text: str) -> None:
    said = ""
    try:
        kind.read(text)
    except ValueError as error:
        said = str(error)
    assert said == "" or (said[-1] in '."' and len(said) < 80), said


@pytest.mark.parametrize("text", ["", "-1", "65536", "1e3", "٣", "1_0", "9" * 5000])
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="A number from 0 to 65535"):
        whole(0, 65535).read(text)


def test_a_will_without_a_topic_is_none_or_a_mistake() -> None:
    profile, errors = with_settings(FULL, texts_of(FULL) | {"connection-will-topic": ""})
    assert errors == {"connection-will-topic": "A last will needs a topic."}
    assert profile.connection.will is None
    profile, errors = with_settings(PLAIN, texts_of(PLAIN) | {"connection-will-topic": "gone"})
    assert (profile.connection.will, errors) == (Will("gone"), {})


def test_what_cannot_be_meant_stays_as_it_was() -> None:
    texts = texts_of(FULL) | {"connection-keepalive": "soon", "connection-headers": "x"}
    profile, errors = with_settings(FULL, texts)
    assert profile == FULL
    assert set(errors) == {"connection-keepalive", "connection-headers"}


def test_a_value_that_a_field_cannot_hold_is_kept_where_nobody_touches_it() -> None:
    odd = replace(FULL, connection=replace(FULL.connection, properties=ConnectProperties(user_properties=(("", ""),))))  # fmt: skip
    assert with_settings(odd, texts_of(odd)) == (odd, {})
