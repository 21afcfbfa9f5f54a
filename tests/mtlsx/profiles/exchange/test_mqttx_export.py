"""Profiles as MQTTX's JSON: what its importer demands, and the way back."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

from hypothesis import given, settings

from mtlsx.client.rules import check_settings, check_subscription
from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    Reconnect,
    Subscription,
    Transport,
    Will,
)
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Mapping
from mtlsx.profiles.exchange.mqttx import read_mqttx
from mtlsx.profiles.exchange.mqttx_export import write_mqttx
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings
from support.made_profiles import profiles

DEVICE = Profile(
    name="dev",
    connection=ConnectionSettings(
        host="broker.example",
        port=8883,
        reconnect=Reconnect(True, 4, 4),
        tls=TlsSettings(
            ca_file="/opt/ca.pem", certificate_file="/opt/dev.pem", key_file="/opt/dev.key"
        ),
    ),
    subscriptions=(Subscription("a/#", 1, user_properties=(("k", "1"), ("k", "2"))),),
)


def test_an_item_has_what_mqttxs_importer_demands() -> None:
    exported = write_mqttx([DEVICE])
    (item,) = json.loads(exported.data)
    assert uuid.UUID(item["id"])
    assert (item["isCollection"], item["parentId"], item["messages"]) == (False, None, [])
    for name in ("clientId", "name", "host", "port", "certType", "ca"):
        assert name in item
    assert (item["protocol"], item["ssl"], item["certType"]) == ("mqtts", True, "self")
    assert (item["mqttVersion"], item["reconnectPeriod"], item["connectTimeout"]) == (
        "5.0",
        4000,
        10,
    )
    assert item["password"] == ""
    assert json.loads(item["subscriptions"][0]["userProperties"]) == {"k": ["1", "2"]}
    assert exported.notes == ()


def test_what_mqttx_cannot_have_is_said() -> None:
    connection = replace(
        DEVICE.connection,
        client_id_suffix=ClientIdSuffix.RANDOM,
        headers=(("a", "b"),),
        will=Will("w", b"\xff"),
        reconnect=Reconnect(True, 1, 20),
        tls=TlsSettings(
            certificate_file="/opt/dev.pem", sni="x", verify_name=False, ciphers="HIGH"
        ),
    )
    profile = replace(DEVICE, group="g", mapping=Mapping("dn"), connection=connection)
    notes = write_mqttx([profile]).notes
    assert [note.removeprefix('"dev": ') for note in notes] == [
        "the group is left out.",
        "the broker's mapping is left out.",
        "the websocket headers are left out.",
        "the client id is fixed: MQTTX adds no random digits.",
        "MQTTX checks chain and name of the server together: both are off there.",
        "the server name (SNI) is left out.",
        "the ciphers are left out.",
        "MQTTX refuses a certificate without a CA file: name one there.",
        "MQTTX waits as long before each new attempt, and counts them for all connections.",
        "the last will holds bytes that are no text, which MQTTX cannot have.",
    ]


def is_connectable(profile: Profile) -> bool:
    try:
        check_settings(profile.connection)
        for each in profile.subscriptions:
            check_subscription(each)
    except UsageError:
        return False
    return True


@settings(deadline=None)
@given(profiles)
def test_any_profile_is_written_and_read_again(made: Profile) -> None:
    """Names, addresses and options come back; what MQTTX has no place for is in the notes."""
    exported = write_mqttx([made])
    (item,) = read_mqttx(json.loads(exported.data)).items
    before, after = made.connection, item.profile.connection
    if not made.connection.host:
        assert after.host == ""
    assert (after.host, after.port, after.version) == (before.host, before.port, before.version)
    if not (before.tls.certificate_file and not before.transport.uses_tls):
        assert after.transport is before.transport
    assert after.keepalive == before.keepalive
    assert after.clean_start is before.clean_start
    assert after.session_expiry == before.session_expiry
    assert after.properties.receive_maximum == before.properties.receive_maximum
    assert sorted(after.properties.user_properties) == sorted(before.properties.user_properties)
    if is_connectable(made):
        assert [each.topic_filter for each in item.profile.subscriptions] == [
            each.topic_filter for each in made.subscriptions
        ]
    assert item.profile.name == made.name.strip()


def test_a_plain_connection_comes_back_as_it_was() -> None:
    for transport in Transport:
        profile = replace(
            DEVICE,
            connection=replace(
                DEVICE.connection,
                transport=transport,
                tls=DEVICE.connection.tls if transport.uses_tls else TlsSettings(),
            ),
            subscriptions=(Subscription("a/#", 2, alias="all", colour="#123456", enabled=False),),
            order=3,
        )
        (item,) = read_mqttx(json.loads(write_mqttx([profile]).data)).items
        assert (item.profile, item.notes) == (profile, ())
