"""``mtlsx demo --check``: the demo without a screen, each step and both decisions told."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from mtlsx.auth import trace
from mtlsx.client.connection import Connection
from mtlsx.client.events import Connected, Event, Failed, Published, Subscribed
from mtlsx.client.message import Message
from mtlsx.client.settings import MqttVersion, Publication, Reconnect
from mtlsx.packets.reason_codes import FAILURE
from mtlsx.secret import Secret
from mtlsx_tui.cli.auth_explain_text import DENIED, REFUSED, ladder
from mtlsx_tui.cli.headless import SESSION_OVER, EndedError, notice
from mtlsx_tui.cli.output import print_text
from mtlsx_tui.local_broker import LocalBroker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.demo.folder import Demo

T = TypeVar("T")

_PATIENCE: Final = 20.0  # seconds, for what takes milliseconds
_PAYLOAD: Final = b'{"c": 21.4}'
_VERSIONS: Final = {MqttVersion.V3_1: 3, MqttVersion.V3_1_1: 4, MqttVersion.V5: 5}
_WRONG: Final = Secret("not the password")


@dataclass(slots=True)
class Report:
    """What happened: ``steps``, each with a sentence, and what the broker told of its decisions."""

    version: int
    steps: list[tuple[str, str]] = field(default_factory=list)
    accepted: dict[str, Any] | None = None
    refused: dict[str, Any] | None = None
    error: EndedError | None = None


def run(demo: Demo, *, as_json: bool) -> int:
    """Check ``demo`` and print what happened; the exit code. Raises MtlsxError where the broker does not start."""
    report = Report(_VERSIONS[demo.profile("demo").connection.version])
    try:
        asyncio.run(_check(demo, report))
    except EndedError as error:
        report.error = error
    if as_json:
        click.echo(json.dumps(_as_json(report), indent=2).replace("\x7f", "\\u007f"))
    else:
        print_text(lambda width: _as_text(report, width))
    if report.error is None:
        return 0
    notice(str(report.error))
    return report.error.exit_code


async def _check(demo: Demo, report: Report) -> None:
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    broker = LocalBroker(
        [demo.configuration], seed=demo.seed, on_event=told.put_nowait, on_end=notice
    )
    (address,) = (await broker.start()).values()
    try:
        report.steps.append(
            (
                "listen",
                f"A broker as {demo.dialect} listens on {address[0]}:{address[1]}, with {demo.store}.",
            )
        )
        settings = replace(
            demo.profile("demo").connection,
            client_id="demo-check",
            reconnect=Reconnect(enabled=False),
        )
        await _use(demo, replace(settings, password=demo.password), report, told)
        await _be_refused(replace(settings, client_id="demo-wrong", password=_WRONG), report, told)
    finally:
        await broker.stop()


async def _use(
    demo: Demo,
    settings: ConnectionSettings,
    report: Report,
    told: asyncio.Queue[dict[str, Any]],
) -> None:
    """Connect as the device, subscribe, publish, and receive."""
    topic = demo.topics.removesuffix("#") + "temperature"
    async with _client(settings) as client:
        await client.next(Connected)
        report.accepted = await _decision(told, "client_connected", settings.client_id)
        name = report.accepted["username"]
        report.steps.append(("connect", f"The device is let in as {name}."))
        client.connection.subscribe(demo.profile("demo").subscriptions)
        subscribed = await client.next(Subscribed)
        if subscribed.codes[0] >= FAILURE:
            raise EndedError(f"The broker refused {demo.topics}: {subscribed.texts[0]}.", DENIED)
        report.steps.append(("subscribe", f"It has subscribed to {demo.topics}."))
        client.connection.publish(Publication(topic, _PAYLOAD, qos=1))
        published = await client.next(Published)
        if published.code >= FAILURE:
            raise EndedError(f"The broker refused {topic}: {published.text}.", DENIED)
        report.steps.append(("publish", f"It has published to {topic}."))
        message = await client.next(Message)
        if (message.topic, message.payload) != (topic, _PAYLOAD):
            raise EndedError(
                f"Another message than the one published came: {message.topic}.", SESSION_OVER
            )
        report.steps.append(("receive", f"It has received {_PAYLOAD.decode()}."))


async def _be_refused(
    settings: ConnectionSettings, report: Report, told: asyncio.Queue[dict[str, Any]]
) -> None:
    """Try to connect with a wrong password."""
    async with _client(settings) as client:
        outcome: Connected | Failed = await client.next(Connected, Failed)
    if isinstance(outcome, Connected):
        raise EndedError("The broker let the device in with a wrong password.", REFUSED)
    if outcome.verdict.exit_code != REFUSED:
        raise EndedError.by(outcome.verdict)
    report.refused = await _decision(told, "client_refused", settings.client_id)
    report.steps.append(("refuse", f"With a wrong password: {outcome.verdict.summary}"))


async def _decision(
    told: asyncio.Queue[dict[str, Any]], event: str, client_id: str
) -> dict[str, Any]:
    """What the broker says of its decision over a client."""
    async with _in_time("The broker did not tell of its decision"):
        while True:
            found = await told.get()
            if found["event"] == event and found["client_id"] == client_id:
                return found


class _Client:
    """A connection whose events and messages are awaited in their order."""

    def __init__(self, settings: ConnectionSettings) -> None:
        loop = asyncio.get_running_loop()
        self._happened: asyncio.Queue[Event | Message] = asyncio.Queue()

        def put(item: Event | Message) -> None:
            loop.call_soon_threadsafe(self._happened.put_nowait, item)

        self.connection = Connection(settings, on_event=put, on_message=put)

    async def next(self, *kinds: type[T]) -> T:
        """The next of ``kinds``. Raises EndedError where the connection fails before, unless that is one of them."""
        async with _in_time("The broker did not answer"):
            while True:
                item = await self._happened.get()
                if isinstance(item, kinds):
                    return item
                if isinstance(item, Failed):
                    raise EndedError.by(item.verdict)


@asynccontextmanager
async def _client(settings: ConnectionSettings) -> AsyncIterator[_Client]:
    client = _Client(settings)
    client.connection.start()
    try:
        yield client
    finally:
        await asyncio.to_thread(client.connection.stop)


@asynccontextmanager
async def _in_time(what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        raise EndedError(f"{what} within {_PATIENCE:g} s.", SESSION_OVER) from None


def _as_text(report: Report, width: int | None) -> str:
    good = click.style("✔", fg="green")
    blocks = [[f"{good} {sentence}" for _, sentence in report.steps]]
    for title, decision in (
        ("CONNECT with its certificate and password", report.accepted),
        ("CONNECT with a wrong password", report.refused),
    ):
        if decision is not None:
            steps = trace.from_json(decision["trace"])
            blocks.append([click.style(title, bold=True), *ladder(steps, report.version, width)])
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "steps": [{"step": step, "detail": sentence} for step, sentence in report.steps],
        "accepted": _decided(report.accepted),
        "refused": _decided(report.refused),
        "error": None if report.error is None else str(report.error),
        "exit_code": 0 if report.error is None else report.error.exit_code,
    }


def _decided(decision: dict[str, Any] | None) -> dict[str, Any] | None:
    """A decision with the same keys whether it let the client in or not."""
    if decision is None:
        return None
    return {
        "client_id": decision["client_id"],
        "username": decision["username"],
        "code": decision.get("code", 0),
        "trace": decision["trace"],
    }
