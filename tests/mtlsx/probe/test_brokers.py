"""Which broker it is, where it shows itself, and what it means by its codes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.mapping import Dialect
from mtlsx.packets.control_packets import Connack
from mtlsx.packets.properties import ConnackProperties
from mtlsx.probe.brokers import Broker, Maker, recognise
from mtlsx.probe.dialects import HABITS, HANGS_UP, habit
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge import judge_close_before_connack, judge_connack
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.settings import TlsSettings
from support.made_pki import NOW, make

DEVICE = make("dev")


def assigned(client_id: bytes, maximum_qos: int | None = None) -> Connack:
    return Connack(
        False,
        0,
        ConnackProperties(assigned_client_identifier=client_id, maximum_qos=maximum_qos),
    )


@pytest.mark.parametrize(
    "host", ["a1b2-ats.iot.eu-central-1.amazonaws.com", "x.iot.cn-north-1.amazonaws.com.cn"]
)
def test_a_host_of_aws(host: str) -> None:
    shown = recognise(host)
    assert shown is not None
    assert shown.maker is Maker.AWS_IOT
    assert host in shown.because


@pytest.mark.parametrize("host", ["iot.example.com", "amazonaws.com", "s3.amazonaws.com"])
def test_another_host(host: str) -> None:
    assert recognise(host) is None


def test_what_a_broker_shows() -> None:
    mosquitto = assigned(b"auto-0F3C1B5A-9E1D-A2B3-C4D5-E6F708192A3B")
    rabbitmq = assigned(b"9Fz4kq0lQb2m-_5xTq1Vgw", maximum_qos=1)
    for shown, maker in (
        (recognise("h", alpn="x-amzn-mqtt-ca"), Maker.AWS_IOT),
        (recognise("h", connack=mosquitto), Maker.MOSQUITTO),
        (recognise("h", connack=rabbitmq), Maker.RABBITMQ),
        (recognise("h", server_header="RabbitMQ"), Maker.RABBITMQ),
        (recognise("h", dialect="emqx5.0"), Maker.EMQX),
    ):
        assert shown is not None
        assert shown.maker is maker


def test_what_shows_nothing() -> None:
    assert recognise("h", connack=assigned(b"9Fz4kq0lQb2m-_5xTq1Vgw")) is None
    assert recognise("h", connack=Connack(False, 5), server_header="Cowboy") is None
    assert recognise("h", server_chain=(DEVICE.der, b"junk")) is None


def test_the_certificate_that_emqx_is_shipped_with() -> None:
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(x509.Name.from_rfc4514_string("CN=RootCA,O=EMQ,ST=Stockholm,C=SE"))
        .public_key(DEVICE.key.public_key())
        .serial_number(0x1000)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(DEVICE.key, hashes.SHA256())
    )
    shown = recognise("h", server_chain=(certificate.public_bytes(Encoding.DER),))
    assert shown is not None
    assert (shown.maker, shown.generation) == (Maker.EMQX, None)


@given(
    st.text(),
    st.none() | st.text(),
    st.lists(st.binary(), max_size=2),
    st.binary(),
    st.none() | st.integers(0, 2),
    st.none() | st.text(),
)
def test_never_crash(
    host: str,
    alpn: str | None,
    chain: list[bytes],
    client_id: bytes,
    qos: int | None,
    header: str | None,
) -> None:
    shown = recognise(
        host, alpn=alpn, server_chain=chain, connack=assigned(client_id, qos), server_header=header
    )
    assert shown is None or shown.because.isprintable()


# What they mean

EMQX = {generation: Broker(Maker.EMQX, generation, "") for generation in ("4", "5.0", "6", None)}


@pytest.mark.parametrize(
    ("generation", "code", "words"),
    [
        ("4", 5, "wrong, missing or empty password"),
        ("4", 0x87, "wrong, missing or empty password"),
        ("5.0", 5, "not in Redis, or Redis is down"),
        ("5.0", 4, "differs from the stored one, or none was sent"),
        ("6", 0x87, "no authenticator accepted"),
        ("6", 0x86, "the password differs"),
        (None, 5, "no authenticator accepted"),
    ],
)
def test_the_generations_of_emqx(generation: str | None, code: int, words: str) -> None:
    meant = habit(EMQX[generation], code)
    assert meant is not None
    assert words in meant.meaning


def test_emqx_6_without_a_password() -> None:
    meant = habit(EMQX["6"], 0x87, password=False)
    assert meant is not None
    assert "no password was sent" in meant.meaning
    sent = habit(EMQX["6"], 0x87, password=True)
    assert sent is not None
    assert sent is not meant


def test_a_code_that_means_what_it_says() -> None:
    assert habit(EMQX["4"], 3) is None


@pytest.mark.parametrize("each", HABITS, ids=lambda each: f"{each.maker}-{min(each.codes)}")
def test_habits_read_well(each: object) -> None:
    for words in (each.meaning, each.fix):  # type: ignore[attr-defined]
        assert not re.search(r"\.\s+[A-Z]", words)
    assert not each.meaning.endswith(".")  # type: ignore[attr-defined]
    assert each.fix.endswith(".")  # type: ignore[attr-defined]
    assert each.source  # type: ignore[attr-defined]


def side(host: str = "h", dialect: Dialect | None = None, *, password: bool = True) -> LocalSide:
    return LocalSide(
        host, 8883, TlsSettings(), (DEVICE.der,), None, NOW,
        dialect=dialect, sends_password=password,
    )  # fmt: skip


def test_a_refusal_is_explained_in_the_dialect_that_was_chosen() -> None:
    judged = judge_connack(
        Connack(False, 0x87), side(dialect="emqx6", password=False), version5=True
    )
    assert judged.id == "not-authorized"
    assert "no password was sent" in judged.summary
    assert judged.fix == "Send the password that the store holds for this client."


def test_an_unknown_broker_is_not_explained() -> None:
    judged = judge_connack(Connack(False, 0x87), side(), version5=True)
    assert "EMQX" not in judged.summary


def test_aws_hangs_up_for_its_policy() -> None:
    record = HandshakeRecord(ended=Ended.AGREED, judged=True)
    host = "a-ats.iot.eu-west-1.amazonaws.com"
    judged = judge_close_before_connack(record, side(host), b"", None)
    assert judged.id == "closed-without-connack"
    assert "iot:Connect" in judged.summary
    assert habit(Broker(Maker.AWS_IOT, None, ""), HANGS_UP) is not None
