"""What may not be sent, and the sentence it gets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.paho_client import publish_size
from mtlsx.client.rules import check_publication, check_settings, check_subscription
from mtlsx.client.settings import (
    ConnectionSettings,
    MqttVersion,
    Publication,
    PublishProperties,
    Subscription,
    Will,
)
from mtlsx.errors import UsageError

GOOD = ConnectionSettings(host="localhost", port=8883)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": " "}, "No host"),
        ({"host": "a..b"}, "not a valid name"),
        ({"port": 0}, "Port 0"),
        ({"port": 65_536}, "Port 65536"),
        ({"keepalive": 65_536}, "65536"),
        ({"connect_timeout": 0.0}, "timeout"),
        ({"version": MqttVersion.V3_1_1, "clean_start": False}, "client id"),
        ({"client_id": "a\0b"}, "NUL"),
        ({"username": "\udcff"}, "Unicode"),
        ({"client_id": "x" * 65_536}, "65536 bytes"),
        ({"will": Will("a/+")}, "last will"),
        ({"will": Will("a", qos=3)}, "QoS 3"),
    ],
)
def test_settings_that_no_broker_can_be_asked_with(change: dict[str, object], words: str) -> None:
    check_settings(GOOD)
    with pytest.raises(UsageError, match=words):
        check_settings(replace(GOOD, **change))


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "\ud800"])
def test_topic_names_that_are_refused(topic: str) -> None:
    with pytest.raises(UsageError):
        check_publication(Publication(topic))


# MQTT 5.0, sections 4.7.1.2 and 4.7.1.3: the specification's own examples.
@pytest.mark.parametrize(
    "topic_filter", ["#", "sport/tennis/#", "+", "+/tennis/#", "sport/+/p1", "/"]
)
def test_topic_filters_that_are_valid(topic_filter: str) -> None:
    check_subscription(Subscription(topic_filter))


@pytest.mark.parametrize("topic_filter", ["", "sport/tennis#", "sport/tennis/#/ranking", "sport+"])
def test_topic_filters_that_are_not(topic_filter: str) -> None:
    with pytest.raises(UsageError):
        check_subscription(Subscription(topic_filter))


@given(st.text(), st.integers())
def test_nothing_but_a_usage_error_comes_of_any_text(text: str, qos: int) -> None:
    with suppress(UsageError):
        check_subscription(Subscription(text, qos))
    with suppress(UsageError):
        check_publication(Publication(text, b"", qos))
    with suppress(UsageError):
        check_settings(replace(GOOD, host=text, client_id=text, username=text))


@pytest.mark.parametrize(
    ("publication", "version", "size"),
    [
        (Publication("a", b""), MqttVersion.V3_1_1, 2 + 3),
        (Publication("a", b"", 1), MqttVersion.V3_1_1, 2 + 3 + 2),
        (Publication("a", b""), MqttVersion.V5, 2 + 3 + 1),
        (Publication("a", bytes(124)), MqttVersion.V3_1_1, 2 + 127),
        (Publication("a", bytes(125)), MqttVersion.V3_1_1, 3 + 128),
        (
            Publication("a", b"", properties=PublishProperties(content_type="x")),
            MqttVersion.V5,
            2 + 3 + 1 + 4,
        ),
    ],
)
def test_the_size_of_a_publish_packet(
    publication: Publication, version: MqttVersion, size: int
) -> None:
    assert publish_size(publication, version) == size
