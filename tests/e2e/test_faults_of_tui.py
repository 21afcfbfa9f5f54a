"""The faults of the laboratory on the screen: the ladder ends at the right stage, and the sentence is the same.

One application meets them all, one after the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from mtlsx.client.settings import Subscription
from mtlsx.probe.verdicts import KINDS
from mtlsx_tui.sessions import State
from support.faults.case import TOPIC, Ask, Case, keeps_secrets, says_why
from support.faults.catalogue import CASES
from support.open_app import OpenApp, open_app
from support.tui import screen_text, shown

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx_tui.sessions import Session

pytestmark = pytest.mark.e2e
on_one_loop = pytest.mark.asyncio(loop_scope="module")

# The screen shows them beside the topic, where they do not end the connection.
DENIED = {"subscribe-denied", "publish-denied"}
ENDING = [
    case for case in CASES if case.verdicts[0] not in DENIED or case.name.endswith("_hangs_up")
]
SUBSCRIBING = [
    case for case in CASES if case.verdicts[0] == "subscribe-denied" and case not in ENDING
]
# On 3.1.1 a publication that is denied looks like any other.
PUBLISHING = [
    case
    for case in CASES
    if case.verdicts[0] == "publish-denied" and case.name != "publication_denied_on_3_1_1"
]
# One for each verdict: on TLS 1.3, where the server judges our certificate late.
SOME = {
    verdict: min(
        (case for case in ENDING if case.verdicts[0] == verdict), key=lambda case: case.tls != "1.3"
    )
    for verdict in dict.fromkeys(case.verdicts[0] for case in ENDING)
}.values()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenApp]:
    async with open_app(tmp_path_factory.mktemp("profiles")) as app:
        yield app


def each(cases: Iterable[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", list(cases), ids=str)


def test_every_verdict_is_met_on_the_screen() -> None:
    met = {case.verdicts[0] for case in (*SOME, *SUBSCRIBING, *PUBLISHING)}
    assert met == {case.verdicts[0] for case in CASES}


@each(SOME)
@on_one_loop
async def test_the_screen_says_what_failed(
    case: Case, attempt: ConnectionSettings, app: OpenApp
) -> None:
    await connect_and_read(case, attempt, app)


@pytest.mark.slow
@each(case for case in ENDING if case not in SOME)
@on_one_loop
async def test_the_screen_says_what_failed_for_all(
    case: Case, attempt: ConnectionSettings, app: OpenApp
) -> None:
    await connect_and_read(case, attempt, app)


@each(SUBSCRIBING)
@on_one_loop
async def test_a_denied_subscription_is_shown_beside_its_filter(
    case: Case, attempt: ConnectionSettings, app: OpenApp
) -> None:
    async with app.connected(attempt, subscriptions=(Subscription(TOPIC),)) as session:
        await app.until(lambda: session.subscriptions[TOPIC].refused)
        text = await shown(app.pilot, f"✘ {TOPIC}", session.subscriptions[TOPIC].text)
    assert says_why(case, text)
    assert keeps_secrets(text)


@each(PUBLISHING)
@on_one_loop
async def test_a_denied_publication_is_shown_below_the_line(
    case: Case, attempt: ConnectionSettings, app: OpenApp
) -> None:
    async with app.connected(attempt) as session:
        await app.until(lambda: session.state is State.CONNECTED)
        to_qos_1, to_payload = ["tab", "right"], ["tab"] * 3
        await app.pilot.press("p", *TOPIC, *to_qos_1, *to_payload, *"hello", "enter")
        await app.until(lambda: session.refusal is not None)
        text = await shown(app.pilot, str(session.refusal))
        await app.pilot.press("escape")
    assert says_why(case, text)
    assert keeps_secrets(text)


async def connect_and_read(case: Case, attempt: ConnectionSettings, app: OpenApp) -> None:
    wanted = (Subscription(TOPIC),) if case.ask is Ask.TOPIC else ()
    async with app.connected(attempt, subscriptions=wanted) as session:
        await app.failed(session)
        check(case, session, screen_text(app.app))


def check(case: Case, session: Session, text: str) -> None:
    verdict = session.verdict
    assert verdict is not None
    assert verdict.id in case.verdicts, verdict
    assert verdict.refused_by is case.refused_by(verdict.id)
    assert case.candidates <= set(verdict.candidates)
    last = session.steps[-1]
    assert (last.stage, last.ok) == (KINDS[verdict.id].stage, False)
    assert "✘ failed" in text
    assert f"✘ {last.label}" in text
    assert says_why(case, str(verdict))
    assert keeps_secrets(text)
