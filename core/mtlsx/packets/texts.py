"""What texts, topic names and topic filters may hold (MQTT 5.0, sections 1.5.4, 4.7 and 4.8.2).

Only what the standards forbid with MUST is refused: ill-formed UTF-8, surrogates and NUL. Control characters and
non-characters pass, as they do in EMQX and Mosquitto. A byte order mark is part of its text (MQTT-1.5.4-3).
"""

from __future__ import annotations

from mtlsx.packets import demands
from mtlsx.packets.demands import Demand
from mtlsx.packets.errors import ProtocolError

SHARED = b"$share/"
"""What the topic filter of a shared subscription begins with."""

_NUL, _HASH, _PLUS = b"\0#+"


def check_text(
    text: bytes, what: str, *, utf8: Demand = demands.UTF8, no_nul: Demand = demands.NO_NUL
) -> None:
    """Refuse ``text`` where it is not UTF-8 or holds NUL. ``what`` names it in the sentence: "client id of CONNECT"."""
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            raise ProtocolError(utf8, f"The {what} is not UTF-8.") from None
    if _NUL in text:
        raise ProtocolError(no_nul, f"The {what} holds NUL.")


def check_topic_name(
    topic: bytes,
    what: str,
    *,
    utf8: Demand = demands.TOPIC_NAME,
    wildcards: Demand = demands.TOPIC_NAME_WILDCARDS,
) -> None:
    """Refuse what is not a topic name; an empty one passes, since an alias may stand for it."""
    check_text(topic, what, utf8=utf8, no_nul=demands.TOPIC_NO_NUL)
    if _HASH in topic or _PLUS in topic:
        raise ProtocolError(wildcards, f"The {what} holds a wildcard.")


def is_plain(topic: bytes) -> bool:
    """Whether a topic name is right at first sight: not empty, ASCII, without NUL and wildcards."""
    return (
        topic.isascii()
        and _NUL not in topic
        and _HASH not in topic
        and _PLUS not in topic
        and topic != b""
    )


def check_topic_filter(topic_filter: bytes, what: str, *, utf8: Demand, shares: bool) -> None:
    """Refuse what is not a topic filter; ``shares``: the version knows shared subscriptions."""
    check_text(topic_filter, what, utf8=utf8, no_nul=demands.TOPIC_NO_NUL)
    if shares and topic_filter.startswith(SHARED):
        topic_filter = _shared_filter(topic_filter, what)
    if not topic_filter:
        raise ProtocolError(demands.FILTER_NOT_EMPTY, f"The {what} is empty.")
    if _HASH in topic_filter:
        before, _, after = topic_filter.partition(b"#")
        if after or (before and not before.endswith(b"/")):
            raise ProtocolError(
                demands.MULTI_LEVEL_WILDCARD, f"In the {what}, # is not the whole last level."
            )
    if _PLUS in topic_filter and any(
        _PLUS in level and level != b"+" for level in topic_filter.split(b"/")
    ):
        raise ProtocolError(
            demands.SINGLE_LEVEL_WILDCARD, f"In the {what}, + is not a whole level."
        )


def _shared_filter(topic_filter: bytes, what: str) -> bytes:
    """The filter within a shared subscription's."""
    name, separator, shared = topic_filter[len(SHARED) :].partition(b"/")
    if not name:
        raise ProtocolError(demands.SHARE_NAME, f"The {what} has no share name.")
    if _HASH in name or _PLUS in name:
        raise ProtocolError(
            demands.SHARE_NAME_FORM, f"The share name in the {what} holds a wildcard."
        )
    if not separator or not shared:
        raise ProtocolError(
            demands.SHARE_NAME_FORM, f"The {what} has no topic filter behind its share name."
        )
    return shared
