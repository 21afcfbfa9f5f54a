"""The MQTT 5 properties of a message as options, with MQTTX CLI's names."""

from __future__ import annotations

import dataclasses
import functools
import os
from typing import TYPE_CHECKING, Any

from mtlsx.client.settings import PublishProperties
from mtlsx.errors import UsageError
from mtlsx_tui.cli.sections import option

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

SECTION = "Message properties (MQTT 5)"

_LONGEST_EXPIRY = 0xFFFF_FFFF


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PropertyArguments:
    """What was given on the command line; None, False or an empty tuple is what was not."""

    payload_format_indicator: bool
    message_expiry_interval: int | None
    content_type: str | None
    response_topic: str | None
    correlation_data: str | None
    user_properties: tuple[str, ...]


_OPTIONS = (
    option(
        SECTION, "-up", "--user-properties", multiple=True, metavar="'NAME: VALUE'",
        help="User property; repeatable.",
    ),
    option(SECTION, "-ct", "--content-type", metavar="TEXT", help="Content type."),
    option(SECTION, "-rt", "--response-topic", metavar="TOPIC", help="Where to answer."),
    option(SECTION, "-cd", "--correlation-data", metavar="TEXT", help="What to answer with."),
    option(
        SECTION, "-e", "--message-expiry-interval", type=int, metavar="SECONDS",
        help="How long it is worth delivering.",
    ),
    option(
        SECTION, "-pf", "--payload-format-indicator", is_flag=True, help="The payload is UTF-8."
    ),
)  # fmt: skip


def publish_property_options(function: Function) -> Function:
    """Give a command the options, as the argument ``properties``, a ``PropertyArguments``."""
    names = [field.name for field in dataclasses.fields(PropertyArguments)]

    @functools.wraps(function)
    def with_properties(*arguments: Any, **values: Any) -> Any:
        given = PropertyArguments(**{name: values.pop(name) for name in names})
        return function(*arguments, properties=given, **values)

    decorated: Function = with_properties
    for each in reversed(_OPTIONS):
        decorated = each(decorated)
    return decorated


def publish_properties(given: PropertyArguments, *, version5: bool) -> PublishProperties | None:
    """The properties, None without any. Raises UsageError for wrong ones, and for any before MQTT 5."""
    if given == PropertyArguments(
        payload_format_indicator=False,
        message_expiry_interval=None,
        content_type=None,
        response_topic=None,
        correlation_data=None,
        user_properties=(),
    ):
        return None
    if not version5:
        raise UsageError("-up, -ct, -rt, -cd, -e and -pf are of MQTT 5; use -V 5.")
    expiry = given.message_expiry_interval
    if expiry is not None and not 0 <= expiry <= _LONGEST_EXPIRY:
        raise UsageError(f"-e takes seconds from 0 to {_LONGEST_EXPIRY}.")
    if given.response_topic is not None and not _is_topic_name(given.response_topic):
        raise UsageError(f'-rt "{given.response_topic}" is not one topic (no wildcards).')
    correlation = given.correlation_data
    return PublishProperties(
        payload_format_indicator=1 if given.payload_format_indicator else None,
        message_expiry_interval=expiry,
        content_type=given.content_type,
        response_topic=given.response_topic,
        correlation_data=None if correlation is None else os.fsencode(correlation),
        user_properties=tuple(map(user_property, given.user_properties)),
    )


def user_property(text: str) -> tuple[str, str]:
    """A user property from ``NAME: VALUE``. Raises UsageError."""
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(f"User property \"{text}\" is not 'NAME: VALUE'.")
    return name.strip(), value.removeprefix(" ")


def _is_topic_name(text: str) -> bool:
    return bool(text) and not set(text) & set("+#\0")
