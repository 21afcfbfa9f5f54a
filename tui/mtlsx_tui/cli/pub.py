"""``mtlsx pub``: publish a message, a file, standard input, or each of its lines."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from mtlsx.client.events import Published
from mtlsx.client.rules import check_publication
from mtlsx.client.settings import MqttVersion, Publication
from mtlsx.errors import UsageError
from mtlsx.packets.reason_codes import FAILURE
from mtlsx.payloads.errors import PayloadError
from mtlsx.probe.judge import judge_publish
from mtlsx_tui.cli.connection_options import connection_options
from mtlsx_tui.cli.connection_settings import connection_settings, dialect_of, saved_profile
from mtlsx_tui.cli.headless import Budget, EndedError, HeadlessClient
from mtlsx_tui.cli.output import failed
from mtlsx_tui.cli.payload_formats import CHOICES, written
from mtlsx_tui.cli.publish_properties import publish_properties, publish_property_options
from mtlsx_tui.cli.sections import SectionedCommand, option

if TYPE_CHECKING:
    from mtlsx_tui.cli.connection_options import ConnectionArguments
    from mtlsx_tui.cli.publish_properties import PropertyArguments

MESSAGE = "Message"
OUTPUT = "Output"

_LARGEST = 268_435_455  # bytes: the longest MQTT packet (MQTT 5.0, section 2.1.4)
_WINDOW = 100  # lines that are read and not acknowledged yet


@click.command("pub", cls=SectionedCommand)
@option(MESSAGE, "-t", "--topic", metavar="TOPIC", help="Where to publish.")
@option(MESSAGE, "-m", "--message", metavar="TEXT", help="The payload; '' is an empty one.")
@option(MESSAGE, "-s", "--stdin", "whole", is_flag=True, help="Standard input is the payload.")
@option(
    MESSAGE,
    "-M",
    "--multiline",
    "by_line",
    is_flag=True,
    help="Each line of standard input that is not empty is a message.",
)
@option(MESSAGE, "--file-read", "file", metavar="FILE", help="The content of FILE is the payload.")
@option(
    MESSAGE,
    "-f",
    "--format",
    "payload_format",
    type=click.Choice(CHOICES),
    help="How the payload is written: cbor and msgpack are made from JSON.  [binary]",
)
@option(MESSAGE, "-q", "--qos", type=int, default=0, metavar="0|1|2", help="QoS.  [0]")
@option(MESSAGE, "-r", "--retain", is_flag=True, help="The broker keeps it for later subscribers.")
@option(OUTPUT, "--json", "as_json", is_flag=True, help="Print one JSON object a message.")
@connection_options
@publish_property_options
def command(
    arguments: ConnectionArguments,
    properties: PropertyArguments,
    topic: str | None,
    message: str | None,
    whole: bool,
    by_line: bool,
    file: str | None,
    payload_format: str | None,
    qos: int,
    retain: bool,
    as_json: bool,
) -> int:
    """Publish, and wait until the broker has it (QoS 1 and 2: until it has said so).

    A refused message ends it with exit code 15, a lost connection with 16.
    """
    if topic is None:
        raise UsageError("No topic was given: name one with -t.")
    _require_one_source(message, file, whole=whole, by_line=by_line)
    saved = saved_profile(arguments.profile, os.environ)
    settings = connection_settings(arguments, os.environ, saved)
    publication = Publication(
        topic,
        payload=b"" if by_line else written(_payload(message, file), payload_format),
        qos=qos,
        retain=retain,
        properties=publish_properties(properties, version5=settings.version is MqttVersion.V5),
    )
    check_publication(publication)
    if properties.payload_format_indicator and not by_line:
        _require_text(publication.payload)
    try:
        with HeadlessClient(settings, dialect_of(saved)) as client:
            client.connect()
            if by_line:
                _publish_lines(client, publication, payload_format, as_json=as_json)
            else:
                _publish(client, publication, as_json=as_json)
    except EndedError as error:
        return failed(error)
    return 0


def _require_one_source(
    message: str | None, file: str | None, *, whole: bool, by_line: bool
) -> None:
    sources = {"-m": message is not None, "-s": whole, "-M": by_line, "--file-read": bool(file)}
    given = [option for option, used in sources.items() if used]
    if not given:
        raise UsageError("No payload was given: use -m, --file-read, -s or -M.")
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} each give a payload; use one of them.")


def _payload(message: str | None, file: str | None) -> bytes:
    if message is not None:
        return os.fsencode(message)
    name = "Standard input" if file is None else f"File {file}"
    try:
        with _standard_input() if file is None else Path(file).open("rb") as source:
            data = source.read(_LARGEST + 1)
    except OSError as error:
        raise _unreadable(name, error) from error
    if len(data) > _LARGEST:
        raise _too_long(name)
    return data


def _standard_input() -> BinaryIO:
    """Standard input as a file object of our own.

    A thread that waits for a line in ``sys.stdin`` itself would keep the interpreter from ending.
    """
    if sys.stdin is None:
        raise UsageError("There is no standard input.")
    try:
        return os.fdopen(sys.stdin.fileno(), "rb", closefd=False)
    except OSError as error:
        raise _unreadable("Standard input", error) from error


def _unreadable(name: str, error: OSError) -> UsageError:
    return UsageError(f"{name} cannot be read: {error.strerror}.")


def _too_long(name: str) -> UsageError:
    return UsageError(f"{name} is longer than an MQTT packet can be ({_LARGEST} bytes).")


def _require_text(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise UsageError("-pf says that the payload is UTF-8, which it is not.") from None


def _publish(client: HeadlessClient, publication: Publication, *, as_json: bool) -> None:
    """Publish and wait for the answer. Raises EndedError."""
    client.publish(publication)
    answer_by = client.deadline()
    while True:
        match client.next(until=answer_by):
            case Published() as answer:
                return _report(answer, as_json=as_json)
            case None:
                raise client.unanswered("did not acknowledge the message")


class _End(Enum):
    """What comes after the last line."""

    OF_INPUT = auto()


def _publish_lines(
    client: HeadlessClient, publication: Publication, payload_format: str | None, *, as_json: bool
) -> None:
    """Publish each line of standard input like ``publication``; raises EndedError at the first refusal.

    Raises UsageError at the first line that is not written in its format.
    """
    window = Budget(most=_WINDOW)
    # A daemon, because it may wait for ever for a line.
    threading.Thread(
        target=_read_lines,
        args=(_standard_input(), client, window, payload_format),
        name="lines",
        daemon=True,
    ).start()
    reading, unanswered = True, 0
    try:
        while reading or unanswered:
            match client.next(until=client.deadline() if unanswered else None):
                case bytes() as line:
                    client.publish(replace(publication, payload=line))
                    unanswered += 1
                case Published() as answer:
                    unanswered -= 1
                    window.give_back(len(answer.publication.payload))
                    _report(answer, as_json=as_json)
                case _End.OF_INPUT:
                    reading = False
                case UsageError() as error:
                    raise error
                case None:
                    raise client.unanswered("did not acknowledge the message")
    finally:
        window.close()


def _read_lines(
    source: BinaryIO, client: HeadlessClient, window: Budget, payload_format: str | None
) -> None:
    number = 0
    try:
        while line := source.readline(_LARGEST + 1):
            number += 1
            content = line.removesuffix(b"\n")
            if len(content) > _LARGEST:
                client.hand_over(_too_long("A line of standard input"))
                return
            if content:
                payload = written(content, payload_format)
                if not window.take(len(payload)):
                    return
                client.hand_over(payload)
    except PayloadError as error:
        text = f"Line {number} of standard input: {error.summary}"
        client.hand_over(UsageError(text, fix=error.fix))
        return
    except OSError as error:
        client.hand_over(_unreadable("Standard input", error))
        return
    client.hand_over(_End.OF_INPUT)


def _report(answer: Published, *, as_json: bool) -> None:
    publication = answer.publication
    if as_json:
        content = {
            "topic": publication.topic,
            "bytes": len(publication.payload),
            "qos": publication.qos,
            "retain": publication.retain,
            "code": answer.code,
            "reason": answer.text,
        }
        click.echo(json.dumps(content, ensure_ascii=False))
    if answer.code >= FAILURE:
        raise EndedError.by(judge_publish("The broker", publication.topic, answer.text))
