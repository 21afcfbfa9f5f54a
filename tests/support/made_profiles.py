"""Any profile that there can be, as a Hypothesis strategy."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Reconnect,
    Subscription,
    Transport,
    Will,
    WillProperties,
)
from mtlsx.identity.mapping import CertificatePart, Dialect, Mapping
from mtlsx.payloads.formats import PayloadFormat
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings, TlsVersion

texts = st.text(max_size=20)
maybe_texts = st.none() | texts
labels = st.text(
    st.characters(categories=["L", "N", "P", "S"], include_characters=" "), min_size=1, max_size=40
).filter(str.strip)
wait_seconds = st.floats(min_value=0.001, max_value=86_400)
parts = st.sampled_from(get_args(CertificatePart))
qos = st.integers(0, 2)
intervals = st.none() | st.integers(0, 2**32 - 1)
user_properties = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
colours = st.none() | st.sampled_from(["#34c388", "ansi_red"])

profiles = st.builds(
    Profile,
    name=labels,
    group=st.none() | labels,
    colour=colours,
    order=intervals,
    connection=st.builds(
        ConnectionSettings,
        host=texts,
        port=st.integers(1, 65535),
        transport=st.sampled_from(Transport),
        version=st.sampled_from(MqttVersion),
        client_id=texts,
        client_id_suffix=st.sampled_from(ClientIdSuffix),
        username=maybe_texts,
        keepalive=st.integers(0, 65535),
        clean_start=st.booleans(),
        session_expiry=st.integers(0, 2**32 - 1),
        properties=st.builds(
            ConnectProperties,
            receive_maximum=st.none() | st.integers(1, 65535),
            maximum_packet_size=st.none() | st.integers(1, 2**32 - 1),
            request_response_information=st.booleans(),
            request_problem_information=st.booleans(),
            user_properties=user_properties,
        ),
        connect_timeout=wait_seconds,
        path=texts,
        headers=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        will=st.none()
        | st.builds(
            Will,
            topic=texts,
            payload=st.binary(),
            qos=qos,
            retain=st.booleans(),
            properties=st.builds(
                WillProperties,
                will_delay_interval=intervals,
                payload_format_indicator=st.none() | st.integers(0, 1),
                message_expiry_interval=intervals,
                content_type=maybe_texts,
                response_topic=maybe_texts,
                correlation_data=st.none() | st.binary(),
                user_properties=user_properties,
            ),
        ),
        reconnect=st.builds(
            Reconnect,
            enabled=st.booleans(),
            initial_delay=wait_seconds,
            maximum_delay=wait_seconds,
            limit=st.none() | st.integers(0, 1000),
        ),
        tls=st.builds(
            TlsSettings,
            ca_file=maybe_texts,
            certificate_file=maybe_texts,
            key_file=maybe_texts,
            alpn=st.lists(texts, max_size=3).map(tuple),
            sni=maybe_texts,
            verify_chain=st.booleans(),
            verify_name=st.booleans(),
            minimum_version=st.sampled_from(TlsVersion),
            maximum_version=st.sampled_from(TlsVersion),
            ciphers=maybe_texts,
            crl_file=maybe_texts,
        ),
    ),
    subscriptions=st.lists(
        st.builds(
            Subscription,
            topic_filter=texts,
            qos=qos,
            no_local=st.booleans(),
            retain_as_published=st.booleans(),
            retain_handling=qos,
            subscription_identifier=st.none() | st.integers(1, 268_435_455),
            user_properties=user_properties,
            alias=st.none() | labels,
            colour=colours,
            enabled=st.booleans(),
        ),
        max_size=4,
    ).map(tuple),
    mapping=st.builds(
        Mapping,
        peer_cert_as_username=parts,
        peer_cert_as_clientid=parts,
        use_username_as_clientid=st.booleans(),
        command=texts,
        dialect=st.sampled_from(get_args(Dialect)),
    ),
    view_format=st.none() | st.sampled_from(PayloadFormat),
    publish_format=st.sampled_from(PayloadFormat),
)
