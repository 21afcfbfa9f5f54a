"""Topic names and filters against what EMQX's own code answered: ``--vectors DIR``, see ``support.vectors``."""

from __future__ import annotations

from typing import Any

import pytest

from mtlsx.auth.authorization.topics import TopicError, matches, parse, validate
from support.vector_values import octets, some


def test_topic_match(topic_match_vector: dict[str, Any]) -> None:
    given = topic_match_vector["input"]
    assert (
        matches(some(given["name"]), some(given["filter"]))
        is topic_match_vector["expected"]["match"]
    )


def test_topic_validate(topic_validate_vector: dict[str, Any]) -> None:
    given, expected = topic_validate_vector["input"], topic_validate_vector["expected"]
    assert validate(some(given["topic"]), given["type"]) == expected.get("reason")
    assert expected["valid"] is ("reason" not in expected)


def test_topic_parse(topic_parse_vector: dict[str, Any]) -> None:
    given, expected = topic_parse_vector["input"], topic_parse_vector["expected"]
    topic_filter = some(given["filter"])
    if "error" in expected:
        with pytest.raises(TopicError) as raised:
            parse(topic_filter, no_local=bool(given["nl"]))
        assert raised.value.fault == expected["error"]
        return
    found = parse(topic_filter, no_local=bool(given["nl"]))
    if "share" in expected:
        share = expected["share"]
        assert (found.topic_filter, found.group) == (some(share["topic"]), some(share["group"]))
    else:
        assert (found.topic_filter, found.group) == (octets(expected["plain"]), None)
    assert found.exclusive is expected.get("exclusive", False)
    if "validate" in expected:
        assert (validate(topic_filter, "filter") or True) == expected["validate"]
