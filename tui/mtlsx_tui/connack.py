"""What the server said in its CONNACK, as names and texts: the same in the terminal UI and in ``mtlsx conn``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.client.events import ConnackFacts
    from mtlsx.client.settings import ConnectionSettings


def session_facts(settings: ConnectionSettings, facts: ConnackFacts) -> Iterator[tuple[str, str]]:
    """The session that was agreed, and what the server told of itself. Texts may hold anything."""
    client_id = facts.client_id or "chosen by the server, which does not tell it"
    yield "Client id", client_id + (", chosen by the server" * facts.client_id_assigned)
    if settings.sends_empty_username:
        yield "Username", "empty, because a password was sent without one"
    yield "Session", "continued" if facts.session_present else "new"
    if facts.session_expiry is not None:
        yield "Expiry", f"{facts.session_expiry} s, set by the server"
    if facts.server_keepalive is None:
        yield "Keep alive", f"{settings.keepalive} s"
    else:
        yield "Keep alive", f"{facts.server_keepalive} s, set by the server"
    for label, text in (
        ("Reason", facts.reason_string),
        ("Response", facts.response_information),
        ("Server", facts.server_reference),
        ("Method", facts.authentication_method),
    ):
        if text is not None:
            yield label, text
    for name, value in facts.user_properties:
        yield "Property", f"{name}: {value}"


def limit_facts(facts: ConnackFacts) -> Iterator[tuple[str, str]]:
    """What the server takes at the most, and what it has not."""
    limits = [
        form.format(value)
        for form, value in (
            ("receive maximum {:,}", facts.receive_maximum),
            ("packets of {:,} bytes", facts.maximum_packet_size),
            ("topic aliases {:,}", facts.topic_alias_maximum),
            ("QoS {}", facts.maximum_qos),
        )
        if value is not None
    ]
    if limits:
        yield "Limits", ", ".join(limits)
    missing = [
        name
        for name, available in (
            ("retained messages", facts.retain_available),
            ("wildcards", facts.wildcard_available),
            ("subscription identifiers", facts.subscription_identifiers_available),
            ("shared subscriptions", facts.shared_available),
        )
        if available is False
    ]
    if missing:
        yield "Lacks", ", ".join(missing)
