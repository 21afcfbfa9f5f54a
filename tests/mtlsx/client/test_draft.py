"""Messages as they are written, and the list of those that were sent."""

from __future__ import annotations

import pytest

from mtlsx.client.draft import MOST_SENT, Draft, SentDrafts
from mtlsx.client.settings import MqttVersion, Publication, PublishProperties
from mtlsx.errors import UsageError
from mtlsx.payloads.errors import PayloadError
from mtlsx.payloads.formats import PayloadFormat


def test_a_draft_is_published_in_its_format() -> None:
    properties = PublishProperties(content_type="application/cbor")
    draft = Draft("t", '{"c": 1}', PayloadFormat.CBOR, 1, True, properties)
    expected = Publication("t", b"\xa1\x61c\x01", 1, True, properties)
    assert draft.publication(MqttVersion.V5) == expected


def test_a_payload_that_is_not_in_its_format_is_refused() -> None:
    with pytest.raises(PayloadError):
        Draft("t", '{"c": ', PayloadFormat.JSON).publication(MqttVersion.V5)


def test_properties_are_refused_before_mqtt_5() -> None:
    draft = Draft("t", properties=PublishProperties(content_type="text/plain"))
    with pytest.raises(UsageError, match=r"MQTT 3\.1\.1 has no properties"):
        draft.publication(MqttVersion.V3_1_1)


def test_what_was_sent_is_kept_once_the_newest_first() -> None:
    sent = SentDrafts()
    for text in ("1", "2", "1"):
        sent.add(Draft("t", text))
    sent.add(Draft("u", "1"))
    assert sent.drafts == (Draft("u", "1"), Draft("t", "1"), Draft("t", "2"))
    assert sent.topics == ("u", "t")
    for number in range(MOST_SENT + 5):
        sent.add(Draft("t", str(number)))
    assert len(sent) == MOST_SENT
