"""Hypothesis strategies for control packets: everything that the standard of a version lets be sent."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from hypothesis import strategies as st

from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_31,
    MQTT_311,
    Auth,
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Will,
)
from mtlsx.packets.properties import (
    AnswerProperties,
    AuthProperties,
    ConnackProperties,
    ConnectProperties,
    DisconnectProperties,
    PublishProperties,
    SubscribeProperties,
    UnsubscribeProperties,
    WillProperties,
)

versions = st.sampled_from([MQTT_31, MQTT_311, MQTT_5])
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
texts = words.map(str.encode)
topics = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), min_size=1, max_size=20)
    .filter(lambda topic: not topic.startswith("$share/"))
    .map(str.encode)
)
levels = st.one_of(st.just(b"+"), topics.map(lambda topic: topic.replace(b"/", b"")))
topic_filters = st.builds(
    lambda before, last: b"/".join([*before, last]) or b"/",
    st.lists(levels, max_size=3),
    st.one_of(levels, st.just(b"#")),
)
packet_ids = st.integers(1, 0xFFFF)
qualities = st.integers(0, 2)
codes = st.integers(0, 0xFF)
_four_bytes = st.integers(0, 0xFFFF_FFFF)
_two_bytes = st.integers(0, 0xFFFF)
_from_one = st.integers(1, 0xFFFF)

PROPERTIES: dict[str, st.SearchStrategy[Any]] = {
    "payload_format_indicator": st.integers(0, 1),
    "message_expiry_interval": _four_bytes,
    "content_type": texts,
    "response_topic": topics,
    "correlation_data": st.binary(max_size=20),
    "subscription_identifier": st.integers(1, 268_435_455),
    "subscription_identifiers": st.lists(st.integers(1, 268_435_455), max_size=3).map(tuple),
    "session_expiry_interval": _four_bytes,
    "assigned_client_identifier": texts,
    "server_keep_alive": _two_bytes,
    "authentication_method": texts,
    "authentication_data": st.binary(max_size=20),
    "request_problem_information": st.booleans(),
    "will_delay_interval": _four_bytes,
    "request_response_information": st.booleans(),
    "response_information": words,
    "server_reference": words,
    "reason_string": words,
    "receive_maximum": _from_one,
    "topic_alias_maximum": _two_bytes,
    "topic_alias": _from_one,
    "maximum_qos": st.integers(0, 1),
    "retain_available": st.booleans(),
    "user_properties": st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    "maximum_packet_size": st.integers(1, 0xFFFF_FFFF),
    "wildcard_subscription_available": st.booleans(),
    "subscription_identifier_available": st.booleans(),
    "shared_subscription_available": st.booleans(),
}


@cache  # to make a strategy takes longer than to draw from it
def properties_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Properties of that kind, each of them there or not."""
    return st.fixed_dictionaries(
        {}, optional={each.name: PROPERTIES[each.name] for each in fields(kind)}
    ).map(lambda found: kind(**found))


@cache
def packets(version: int) -> st.SearchStrategy[ControlPacket]:
    """Any control packet that ``version`` can say, both directions."""
    five = version == MQTT_5

    def properties(kind: type[Any]) -> st.SearchStrategy[Any]:
        return properties_of(kind) if five else st.just(kind())

    connect_properties = properties(ConnectProperties).filter(
        lambda found: found.authentication_data is None or found.authentication_method is not None
    )
    auth_properties = properties(AuthProperties).filter(
        lambda found: found.authentication_method is not None
    )
    answer = (packet_ids, codes if five else st.just(0), properties(AnswerProperties))
    wills = st.builds(
        Will, topics, st.binary(max_size=50), qualities, st.booleans(), properties(WillProperties)
    )
    optional = st.one_of(st.none(), texts)
    subscriptions = st.builds(
        Subscription,
        topic_filters,
        qualities,
        st.booleans() if five else st.just(False),
        st.booleans() if five else st.just(False),
        qualities if five else st.just(0),
    )
    return st.one_of(
        st.builds(
            Connect, st.just(version), texts, st.booleans(), _two_bytes, optional,
            st.one_of(st.none(), st.binary(max_size=20)), st.one_of(st.none(), wills),
            connect_properties,
        ),
        st.builds(
            Connack,
            st.booleans() if version > MQTT_31 else st.just(False),
            codes if five else st.integers(0, 5),
            properties(ConnackProperties),
        ),
        st.builds(
            Publish, topics, st.binary(max_size=200), st.just(0), st.booleans(), st.just(False),
            st.just(0), properties(PublishProperties),
        ),
        st.builds(
            Publish, topics, st.binary(max_size=200), st.integers(1, 2), st.booleans(),
            st.booleans(), packet_ids, properties(PublishProperties),
        ),
        st.builds(Puback, *answer),
        st.builds(Pubrec, *answer),
        st.builds(Pubrel, *answer),
        st.builds(Pubcomp, *answer),
        st.builds(
            Subscribe,
            packet_ids,
            st.lists(subscriptions, min_size=1, max_size=4).map(tuple),
            properties(SubscribeProperties),
        ),
        st.builds(
            Suback,
            packet_ids,
            st.lists(codes if five else st.sampled_from([0, 1, 2, 0x80]), max_size=4).map(tuple),
            properties(AnswerProperties),
        ),
        st.builds(
            Unsubscribe,
            packet_ids,
            st.lists(topic_filters, min_size=1, max_size=4).map(tuple),
            properties(UnsubscribeProperties),
        ),
        st.builds(
            Unsuback,
            packet_ids,
            st.lists(codes, max_size=4).map(tuple) if five else st.just(()),
            properties(AnswerProperties),
        ),
        st.just(Pingreq()),
        st.just(Pingresp()),
        st.builds(Disconnect, codes if five else st.just(0), properties(DisconnectProperties)),
        *([st.just(Auth()), st.builds(Auth, codes, auth_properties)] if five else []),
    )  # fmt: skip
