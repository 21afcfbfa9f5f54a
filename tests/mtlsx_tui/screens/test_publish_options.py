"""Options are read from what a person wrote, and written as that again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.settings import PublishProperties
from mtlsx.errors import UsageError
from mtlsx_tui.screens.publish_options import Options, questions, read_options, summary

WORD = st.text("abcé/01", min_size=1)
OPTIONS = st.builds(
    Options,
    st.builds(
        PublishProperties,
        payload_format_indicator=st.sampled_from([None, 1]),
        message_expiry_interval=st.none() | st.integers(0, 0xFFFF_FFFF),
        content_type=st.none() | WORD,
        response_topic=st.none() | WORD,
        correlation_data=st.none() | st.binary(min_size=1),
        user_properties=st.lists(st.tuples(WORD, WORD), max_size=3).map(tuple),
    ).map(lambda made: None if made == PublishProperties() else made),
    st.none() | st.integers(1, 86_400).map(float),
)


def answers(options: Options, **written: str) -> dict[str, str]:
    return {asked.key: asked.value for asked in questions(options)} | written


@given(OPTIONS)
def test_what_is_asked_for_is_read_back(options: Options) -> None:
    assert read_options(answers(options)) == options
    assert bool(summary(options)) == (options != Options())


@pytest.mark.parametrize(
    ("key", "written", "sentence"),
    [
        ("repeat", "soon", "not a number of seconds to repeat after"),
        ("repeat", "0", "not a number of seconds to repeat after"),
        ("repeat", "nan", "not a number of seconds to repeat after"),
        ("message_expiry_interval", "1.5", "not a number of whole seconds"),
        ("message_expiry_interval", "4294967296", "not a number of whole seconds"),
        ("message_expiry_interval", "9" * 5000, "not a number of whole seconds"),
        ("response_topic", "a/#", "not one topic"),
        ("correlation_data", "0xzz", "not 0x and hexadecimal digits"),
        ("user_properties", "a: b; c", '"c" is not "name: value"'),
    ],
)
def test_what_cannot_be_meant_is_refused(key: str, written: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_options(answers(Options(), **{key: written}))
