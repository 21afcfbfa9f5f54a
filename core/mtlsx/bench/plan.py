"""What a bench is to do: how many devices, how they are called, what each of them does."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from mtlsx.client.rules import check_publication, check_settings, check_subscription
from mtlsx.client.settings import ConnectionSettings, Publication, Subscription
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect

Kind: TypeAlias = Literal["conn", "pub", "sub"]

_NUMBER = re.compile(r"%(0[0-9]{1,2})?i")
_MOST_DEVICES = 1_000_000
_LONGEST_PAYLOAD = 268_435_455  # octets: the longest MQTT packet (MQTT 5.0, section 2.1.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One bench.

    ``connection`` is what all devices share; in its client id, username, certificate and key file, ``%i`` is the
    device's number and ``%04i`` the same with zeros in front, in topics also ``%c`` its client id and ``%u`` its
    username. Devices ``first`` to ``first + count - 1`` start ``interval`` seconds apart. ``conn`` connects, and
    with ``stay`` keeps the connections; ``pub`` publishes ``publication`` every ``message_interval`` seconds, 0 is as
    fast as the broker takes it; with ``timestamp`` its payload begins with the time, which ``sub`` reads. ``sub``
    has ``subscriptions``. ``limit`` is the number of messages of all devices together, 0 for any; ``duration`` ends
    it after so many seconds, counted from when all devices have had their answer. ``dialect``: which broker the person
    says it is, in whose words refusals are explained; None where nobody said.
    """

    kind: Kind
    connection: ConnectionSettings
    count: int = 1000
    first: int = 1
    interval: float = 0.01
    stay: bool = False
    publication: Publication | None = None
    message_interval: float = 1.0
    timestamp: bool = False
    subscriptions: tuple[Subscription, ...] = ()
    limit: int = 0
    duration: float | None = None
    dialect: Dialect | None = None


def check_plan(plan: Plan) -> None:
    """Refuse a plan that cannot be meant. Raises UsageError."""
    if not 1 <= plan.count <= _MOST_DEVICES:
        raise UsageError(f"A bench has 1 to {_MOST_DEVICES:,} devices, not {plan.count}.")
    if plan.first < 0:
        raise UsageError(f"The first device cannot have the number {plan.first}.")
    for what, seconds in (
        ("between connections", plan.interval),
        ("between messages", plan.message_interval),
    ):
        if seconds < 0:
            raise UsageError(f"The time {what} cannot be less than 0.")
    if plan.limit < 0:
        raise UsageError(f"The number of messages cannot be {plan.limit}.", fix="0 is no limit.")
    if plan.connection.transport.uses_websocket:
        raise UsageError("A bench does not speak websockets.", fix="Use -l mqtts or -l mqtt.")
    if plan.count > 1 and not _NUMBER.search(plan.connection.client_id):
        raise UsageError(
            f'All devices would have the client id "{plan.connection.client_id}" and take it from each other.',
            fix="Put %i into it: the device's number.",
        )
    for number in (plan.first, plan.first + plan.count - 1):
        device = device_settings(plan, number)
        check_settings(device)
        if plan.publication is not None:
            check_publication(device_publication(plan.publication, device, number))
        for subscription in plan.subscriptions:
            check_subscription(device_subscription(subscription, device, number))
    if plan.publication is not None and len(plan.publication.payload) > _LONGEST_PAYLOAD:
        raise UsageError(f"A payload has at most {_LONGEST_PAYLOAD:,} bytes.")


def device_settings(plan: Plan, number: int) -> ConnectionSettings:
    """The connection of device ``number``."""
    connection = plan.connection
    tls = connection.tls
    return replace(
        connection,
        client_id=_numbered(connection.client_id, number),
        username=None if connection.username is None else _numbered(connection.username, number),
        tls=replace(
            tls,
            certificate_file=None
            if tls.certificate_file is None
            else _numbered(tls.certificate_file, number),
            key_file=None if tls.key_file is None else _numbered(tls.key_file, number),
        ),
    )


def device_publication(
    publication: Publication, device: ConnectionSettings, number: int
) -> Publication:
    """``publication`` with the topic of one device."""
    return replace(publication, topic=_topic(publication.topic, device, number))


def device_subscription(
    subscription: Subscription, device: ConnectionSettings, number: int
) -> Subscription:
    """``subscription`` with the topic filter of one device."""
    return replace(subscription, topic_filter=_topic(subscription.topic_filter, device, number))


def _topic(text: str, device: ConnectionSettings, number: int) -> str:
    filled = text.replace("%c", device.client_id).replace("%u", device.username or "")
    return _numbered(filled, number)


def _numbered(text: str, number: int) -> str:
    return _NUMBER.sub(lambda found: f"{number:{found[1] or ''}d}", text)
