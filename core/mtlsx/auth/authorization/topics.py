"""Topic names and filters as EMQX takes them: matching, validation, and the prefixes that mean something.

Everything is octets; levels are what stands between slashes. A filter that somebody subscribes is matched against
the filter of a rule as if it were a name, so that the rule ``g/+`` allows to subscribe ``g/#``.

Source: emqx_topic.erl and emqx_access_control.erl (6.3), emqx_topic.erl (4.x); vectors
``emqx-auth/topic_match.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Fault(StrEnum):
    """What is wrong with a topic, by EMQX's own names."""

    EMPTY = "empty_topic"
    TOO_LONG = "topic_too_long"
    NAME_WITH_WILDCARD = "topic_name_error"
    HASH_NOT_LAST = "topic_invalid_#"
    CHARACTER = "topic_invalid_char"
    SHARE_WITHOUT_FILTER = "share_subscription_topic_cannot_be_empty"
    SHARE_WITHOUT_GROUP = "share_subscription_group_name_cannot_be_empty"
    SHARE_GROUP_WITH_WILDCARD = "share_subscription_group_name_cannot_include_wildcard"
    SHARE_IN_SHARE = "$share_cannot_be_used_as_real_topic_filter"
    UNREADABLE = "exception"
    """It is not UTF-8, or a shared subscription without a second slash; EMQX's code raises."""
    FILTER = "invalid_topic_filter"
    NO_LOCAL = "invalid_subopts_nl"


class TopicError(ValueError):
    """A topic filter that cannot be subscribed. ``fault`` says why; the message is a sentence."""

    def __init__(self, fault: Fault, message: str) -> None:
        self.fault = fault
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter without its prefix: ``group`` is that of a shared subscription, ``$queue`` among them."""

    topic_filter: bytes
    group: bytes | None = None
    exclusive: bool = False


def matches(name: bytes, topic_filter: bytes) -> bool:
    """Whether ``topic_filter`` matches ``name``. A wildcard at its beginning does not match ``$`` at the name's."""
    return match_levels(levels(name), levels(topic_filter))


def levels(topic: bytes) -> tuple[bytes, ...]:
    """The levels of a topic, at least one."""
    return tuple(topic.split(b"/"))


def match_levels(
    name: Sequence[bytes], topic_filter: Sequence[bytes], *, guard_dollar: bool = True
) -> bool:
    """As ``matches``, of levels; without ``guard_dollar`` a wildcard at the beginning matches ``$…`` too."""
    if guard_dollar and name[0].startswith(b"$") and topic_filter[0] in (b"+", b"#"):
        return False
    if topic_filter[-1] == b"#":
        topic_filter = topic_filter[:-1]
        name = name[: len(topic_filter)]
    if name == topic_filter:
        return True
    return len(name) == len(topic_filter) and all(
        level in (b"+", other) for level, other in zip(topic_filter, name, strict=True)
    )


def validate(topic: bytes, kind: Literal["name", "filter"]) -> Fault | None:
    """What EMQX finds wrong with a topic name or filter; None where nothing is."""
    if not topic:
        return Fault.EMPTY
    if len(topic) > _MAXIMUM:
        return Fault.TOO_LONG
    if kind == "filter" and topic.startswith(_SHARE):
        return _validate_share(topic.removeprefix(_SHARE))
    words = levels(topic)
    fault = _validate_levels(words)
    if fault is None and kind == "name" and (b"+" in words or b"#" in words):
        return Fault.NAME_WITH_WILDCARD
    return fault


def parse(topic_filter: bytes, *, no_local: bool = False) -> Subscription:
    """What a filter in SUBSCRIBE is: shared (``$share/GROUP/…``, ``$queue/…``), ``$exclusive/…``, or ordinary.

    Raises ``TopicError`` for what EMQX does not accept, No Local with a shared subscription among it.
    """
    if topic_filter.startswith(_QUEUE):
        return _shared(b"$queue", topic_filter.removeprefix(_QUEUE), no_local)
    if topic_filter.startswith(_SHARE):
        group, slash, real = topic_filter.removeprefix(_SHARE).partition(b"/")
        if not slash or b"+" in group or b"#" in group:
            raise TopicError(
                Fault.FILTER, "A shared subscription has the form $share/GROUP/FILTER."
            )
        return _shared(group, real, no_local)
    if topic_filter.startswith(_EXCLUSIVE):
        real = topic_filter.removeprefix(_EXCLUSIVE)
        if not real:
            raise TopicError(Fault.FILTER, "An exclusive subscription needs a topic.")
        return Subscription(real, exclusive=True)
    return Subscription(topic_filter)


def without_delay(topic: bytes) -> bytes | None:
    """The topic behind ``$delayed/SECONDS/``, as often as it is there; None where no topic is behind it."""
    while topic.startswith(_DELAYED):
        _, slash, topic = topic.removeprefix(_DELAYED).partition(b"/")
        if not slash:
            return None
    return topic


_MAXIMUM = 65535  # octets
_SHARE, _QUEUE, _EXCLUSIVE, _DELAYED = b"$share/", b"$queue/", b"$exclusive/", b"$delayed/"


def _validate_share(rest: bytes) -> Fault | None:
    group, slash, real = rest.partition(b"/")
    if rest in (b"", b"/"):
        return Fault.SHARE_WITHOUT_FILTER
    if not slash:
        return Fault.UNREADABLE
    if not group:
        return Fault.SHARE_WITHOUT_GROUP
    if not real:
        return Fault.SHARE_WITHOUT_FILTER
    if real.startswith(_SHARE):
        return Fault.SHARE_IN_SHARE
    if b"+" in group or b"#" in group:
        return Fault.SHARE_GROUP_WITH_WILDCARD
    return _validate_levels(levels(real))


def _validate_levels(words: Sequence[bytes]) -> Fault | None:
    for position, word in enumerate(words):
        if word == b"#" and position == len(words) - 1:
            return None
        fault = Fault.HASH_NOT_LAST if word == b"#" else _validate_level(word)
        if fault is not None:
            return fault
    return None


def _validate_level(word: bytes) -> Fault | None:
    if word == b"+":
        return None
    # EMQX goes from character to character and stops at the first that it cannot take.
    bad = min((word.find(octet) for octet in (b"#", b"+", b"\0") if octet in word), default=None)
    try:
        word[:bad].decode()
    except UnicodeDecodeError:
        return Fault.UNREADABLE
    return None if bad is None else Fault.CHARACTER


def _shared(group: bytes, real: bytes, no_local: bool) -> Subscription:
    if real.startswith((_SHARE, _QUEUE)):
        raise TopicError(Fault.FILTER, "A shared subscription cannot hold another one.")
    if no_local:
        raise TopicError(Fault.NO_LOCAL, "A shared subscription cannot have No Local.")
    return Subscription(real, group=group)
