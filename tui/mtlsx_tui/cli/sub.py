"""``mtlsx sub``: subscribe, and print what arrives."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mtlsx.client.events import Subscribed
from mtlsx.client.message import Message
from mtlsx.client.rules import check_subscription
from mtlsx.client.settings import MqttVersion, Subscription
from mtlsx.errors import UsageError
from mtlsx.packets.reason_codes import FAILURE
from mtlsx.probe.judge import judge_subscribe
from mtlsx_tui.cli.connection_options import connection_options, reconnect_options
from mtlsx_tui.cli.connection_settings import (
    connection_settings,
    dialect_of,
    saved_profile,
    seconds,
)
from mtlsx_tui.cli.headless import SESSION_OVER, EndedError, HeadlessClient
from mtlsx_tui.cli.output import failed, message_json, message_line
from mtlsx_tui.cli.payload_formats import BINARY, CHOICES, shown
from mtlsx_tui.cli.publish_properties import user_property
from mtlsx_tui.cli.sections import SectionedCommand, option

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx_tui.cli.connection_options import ConnectionArguments
    from mtlsx_tui.cli.connection_settings import Saved

SUBSCRIBE = "Subscribing"
OUTPUT = "Output"

_OPTIONS = "-nl, -rap, -rh, -si and -up"


@click.command("sub", cls=SectionedCommand)
@option(
    SUBSCRIBE,
    "-t",
    "--topic",
    "topics",
    multiple=True,
    metavar="FILTER",
    help="Topic filter; repeatable.  [the profile's]",
)
@option(
    SUBSCRIBE,
    "-q",
    "--qos",
    "qos",
    multiple=True,
    type=int,
    metavar="0|1|2",
    help="Highest QoS: one for all filters, or one for each.  [0]",
)
@option(SUBSCRIBE, "-nl", "--no-local", is_flag=True, help="Not what we publish (MQTT 5).")
@option(
    SUBSCRIBE,
    "-rap",
    "--retain-as-published",
    is_flag=True,
    help="Keep the retain flag of the publisher (MQTT 5).",
)
@option(
    SUBSCRIBE,
    "-rh",
    "--retain-handling",
    type=int,
    metavar="0|1|2",
    help="Retained messages: send, send if new, do not send (MQTT 5).  [0]",
)
@option(
    SUBSCRIBE,
    "-si",
    "--subscription-identifier",
    type=int,
    metavar="N",
    help="Number that the broker puts on what these filters bring (MQTT 5).",
)
@option(
    SUBSCRIBE,
    "-up",
    "--user-properties",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="User property of SUBSCRIBE; repeatable (MQTT 5).",
)
@option(OUTPUT, "-C", "count", type=int, metavar="N", help="End after N messages.")
@option(
    OUTPUT,
    "-W",
    "wait",
    type=float,
    metavar="SECONDS",
    help="End so long after the connection: 0, or 16 if -C asked for more messages.",
)
@option(
    OUTPUT,
    "-f",
    "--format",
    "payload_format",
    type=click.Choice(CHOICES),
    help="Print payloads so; binary: with nothing between them.  [as they are, one a line]",
)
@option(OUTPUT, "-v", "--verbose", is_flag=True, help="Print the topic before the payload.")
@option(OUTPUT, "--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@connection_options
@reconnect_options
def command(
    arguments: ConnectionArguments,
    topics: tuple[str, ...],
    qos: tuple[int, ...],
    no_local: bool,
    retain_as_published: bool,
    retain_handling: int | None,
    subscription_identifier: int | None,
    user_properties: tuple[str, ...],
    count: int | None,
    wait: float | None,
    payload_format: str | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Subscribe and print what arrives, one payload a line, until Ctrl+C, -C or -W.

    A refused subscription ends it with exit code 15, a lost connection with 16 (-rp connects again instead).
    """
    if count is not None and count < 1:
        raise UsageError("-C takes a number of messages from 1.")
    asked = _Asked(count, seconds("-W", wait), payload_format, verbose=verbose, as_json=as_json)
    saved = saved_profile(arguments.profile, os.environ)
    settings = connection_settings(arguments, os.environ, saved)
    options = {
        "no_local": no_local,
        "retain_as_published": retain_as_published,
        "retain_handling": retain_handling or 0,
        "subscription_identifier": subscription_identifier,
        "user_properties": tuple(map(user_property, user_properties)),
    }
    subscriptions = _subscriptions(topics, qos, options, settings, saved)
    try:
        _print_messages(HeadlessClient(settings, dialect_of(saved)), subscriptions, asked)
    except EndedError as error:
        return failed(error)
    return 0


class _Asked(NamedTuple):
    """What to print, and when to end."""

    limit: int | None
    wait: float | None
    payload_format: str | None
    verbose: bool
    as_json: bool


def _subscriptions(
    topics: tuple[str, ...],
    qos: tuple[int, ...],
    options: dict[str, Any],
    settings: ConnectionSettings,
    saved: Saved | None,
) -> tuple[Subscription, ...]:
    if not topics:
        remembered = saved.profile.subscriptions if saved else ()
        enabled = tuple(each for each in remembered if each.enabled)
        if not enabled:
            raise UsageError("No topic filter was given: name one with -t.")
        if qos or _any(options):
            raise UsageError(f"-q, {_OPTIONS} go with -t; the profile has its own.")
        return enabled
    if len(qos) not in {0, 1, len(topics)}:
        raise UsageError(
            f"-q was given {len(qos)} times for {len(topics)} topic filters.",
            fix="Give it once for all of them, or once for each.",
        )
    if options["retain_handling"] not in {0, 1, 2}:
        raise UsageError("-rh takes 0, 1 or 2.")
    if _any(options) and settings.version is not MqttVersion.V5:
        raise UsageError(f"{_OPTIONS} are of MQTT 5; this is MQTT {settings.version}.")
    levels = qos if len(qos) == len(topics) else (qos or (0,)) * len(topics)
    subscriptions = tuple(
        Subscription(topic, level, **options) for topic, level in zip(topics, levels, strict=True)
    )
    for subscription in subscriptions:
        check_subscription(subscription)
    return subscriptions


def _any(options: dict[str, Any]) -> bool:
    return any(options.values()) or options["subscription_identifier"] is not None


def _print_messages(
    client: HeadlessClient, subscriptions: tuple[Subscription, ...], asked: _Asked
) -> None:
    """Print until it is enough. Raises EndedError where it is over before."""
    printed = 0
    with client:
        client.connect()
        end = None if asked.wait is None else time.monotonic() + asked.wait
        client.subscribe(subscriptions)
        unanswered = len(subscriptions)
        answer_by: float | None = client.deadline()
        while printed != asked.limit:
            match client.next(until=answer_by or end):
                case Message() as message:
                    sys.stdout.buffer.write(_line(message, asked))
                    printed += 1
                    if client.nothing_waits() or printed == asked.limit:
                        sys.stdout.buffer.flush()
                case Subscribed() as answer:
                    _require_all_granted(answer)
                    unanswered -= len(answer.subscriptions)
                    answer_by = answer_by if unanswered > 0 else None
                case None if answer_by is not None:
                    raise client.unanswered("did not answer SUBSCRIBE")
                case None if asked.limit is not None:
                    text = f"{printed} of {asked.limit} messages came within {asked.wait:g} s."
                    raise EndedError(text, SESSION_OVER)
                case None:
                    return


def _line(message: Message, asked: _Asked) -> bytes:
    text = shown(message, asked.payload_format)
    if asked.as_json:
        return message_json(message, text, asked.payload_format)
    newline = asked.payload_format != BINARY
    return message_line(message, with_topic=asked.verbose, text=text, newline=newline)


def _require_all_granted(answer: Subscribed) -> None:
    refused = [
        (subscription.topic_filter, text)
        for subscription, code, text in zip(
            answer.subscriptions, answer.codes, answer.texts, strict=True
        )
        if code >= FAILURE
    ]
    if refused:
        raise EndedError.by(judge_subscribe("The broker", refused, answer.reason_string))
