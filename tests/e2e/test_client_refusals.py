"""What becomes of a refused connection: whether it is tried again, and what the events say."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.connection import State
from mtlsx.client.events import Connected, Failed, Published, Subscribed
from mtlsx.client.settings import (
    ConnectionSettings,
    MqttVersion,
    Publication,
    Reconnect,
    Subscription,
    Transport,
)
from mtlsx.tls.settings import TlsSettings
from support.client import Client
from support.faults.case import Ask, Case, keeps_secrets, says_why
from support.faults.catalogue import CASES
from support.openssl_pki import DEVICE
from support.ports import closed_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pair, Pki

    StartMosquitto = Callable[..., Mosquitto]

pytestmark = pytest.mark.e2e

LOGIN = [case for case in CASES if case.ask is not Ask.TOPIC]
# One for each verdict; the others come through the same client when ``conn`` meets them.
FIRST = {case.verdicts[0]: str(case) for case in reversed(LOGIN)}.values()


def as_device(pki: Pki, port: int, device: Pair) -> ConnectionSettings:
    tls = TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(device.certificate),
        key_file=str(device.key),
    )
    return ConnectionSettings(host="localhost", port=port, tls=tls)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=[] if str(case) in FIRST else [pytest.mark.slow])
        for case in LOGIN
    ],
)
def test_the_verdict_names_the_cause(case: Case, attempt: ConnectionSettings) -> None:
    with Client(attempt) as client:
        outcome = client.outcome()
    assert isinstance(outcome, Failed), outcome
    verdict = outcome.verdict
    assert verdict.id in case.verdicts, outcome
    assert verdict.refused_by is case.refused_by(verdict.id)
    assert case.candidates <= set(verdict.candidates), verdict
    assert outcome.retry_in is None
    assert says_why(case, str(verdict))
    assert keeps_secrets(repr(outcome))
    assert (outcome.steps[-1].stage, outcome.steps[-1].ok) == (verdict.stage, False)
    assert all(step.ok is not False for step in outcome.steps[:-1])


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("device", ["device_of_another_ca", "device_expired"])
def test_a_refused_certificate_is_not_sent_again(
    pki: Pki, mosquitto: StartMosquitto, device: str, tls: str
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, tls=tls)
    settings = replace(
        as_device(pki, broker.port, getattr(pki, device)), reconnect=Reconnect(initial_delay=0.01)
    )
    with Client(settings) as client:
        refused = client.outcome()
        assert isinstance(refused, Failed)
        assert refused.retry_in is None
        assert client.connection.state is State.FAILED
    assert client.later_events() == []
    broker.wait_for_log("certificate verify failed")
    assert broker.log.count("certificate verify failed") == 1


def test_a_refused_password_is_not_sent_again(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(users={DEVICE: "right"})
    settings = ConnectionSettings(
        host="localhost",
        port=broker.port,
        transport=Transport.MQTT,
        username=DEVICE,
        client_id="stubborn",
        reconnect=Reconnect(initial_delay=0.01),
    )
    with Client(settings) as client:
        refused = client.outcome()
        assert isinstance(refused, Failed)
        assert refused.retry_in is None
    assert client.later_events() == []
    broker.wait_for_log("Sending CONNACK to")
    assert broker.log.count("Sending CONNACK to") == 1


def test_a_closed_port_is_tried_again(pki: Pki) -> None:
    with closed_port() as port:
        settings = replace(
            as_device(pki, port, pki.device),
            reconnect=Reconnect(initial_delay=0.01, maximum_delay=0.05),
        )
        with Client(settings) as client:
            failures = [client.outcome() for _ in range(4)]
    assert [failure.retry_in for failure in failures if isinstance(failure, Failed)] == [
        pytest.approx(delay) for delay in (0.01, 0.02, 0.04, 0.05)
    ]


@pytest.mark.parametrize("version", [MqttVersion.V3_1_1, MqttVersion.V5])
def test_an_acl_by_username_lets_a_device_have_its_own_topics_only(
    pki: Pki, mosquitto: StartMosquitto, version: MqttVersion
) -> None:
    broker = mosquitto(
        server=pki.server, client_ca=pki.ca.certificate, acl="pattern readwrite %u/#\n"
    )
    settings = replace(as_device(pki, broker.port, pki.device), version=version)
    with Client(settings) as client:
        client.event(Connected)
        client.connection.subscribe([Subscription(f"{DEVICE}/#", 1), Subscription("others/#", 1)])
        assert client.event(Subscribed).codes == (1, 1)
        client.connection.publish(Publication("others/set", b"1", 1))
        published = client.event(Published)
        if version is MqttVersion.V5:
            assert published.code == 0x87
            assert "Not authorized" in published.text
        broker.publish("others/state", "not yours")
        broker.publish(f"{DEVICE}/set", "yours")
        assert client.message().payload == b"yours"


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_broker_killed_after_connack_is_a_lost_connection(
    pki: Pki, mosquitto: StartMosquitto, tls: str
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, tls=tls)
    settings = replace(as_device(pki, broker.port, pki.device), reconnect=Reconnect(enabled=False))
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(settings)) for _ in range(10)]
        for client in clients:
            client.event(Connected)
        broker.kill()
        outcomes = [client.outcome() for client in clients]
    for outcome in outcomes:
        assert isinstance(outcome, Failed)
        assert (outcome.verdict.id, outcome.verdict.exit_code) == ("connection-lost", 16)
        assert outcome.retry_in is None
