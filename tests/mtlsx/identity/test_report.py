"""The shape of ``brokers`` in ``mtlsx cert identity --json``."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.report import BROKERS, as_json, shown
from support.odd_certificates import CN, PRINTABLE, attribute, certificate, san, tlv


def test_all_brokers_and_keys() -> None:
    encoded = certificate(attribute(CN, "a"), extensions=(san(tlv(0x82, b"b")),))
    emqx = {
        "cn": "a",
        "dn": "CN=a",
        "crt": {"length": len(encoded), "sha256": hashlib.sha256(encoded).hexdigest()},
        "san": {"dns": ["b"]},
        "refused": None,
    }
    found = as_json(encoded)
    for broker in ("emqx", "emqx_otp29"):
        digests = {key: found[broker].pop(key) for key in ("pem", "md5")}
        assert all(isinstance(value, str) for value in digests.values())
    assert found == {
        "emqx": emqx,
        "emqx_otp29": emqx,
        "mosquitto": {"identity": "a", "subject": "CN=a"},
        "rabbitmq": {"common_name": "a", "distinguished_name": "CN=a"},
    }
    assert tuple(found) == BROKERS


def test_text_that_is_not_utf8_is_hexadecimal() -> None:
    found = as_json(certificate(attribute(CN, b"\xff", PRINTABLE)))
    assert found["emqx"]["cn"] == {"hex": "ff"}
    assert found["mosquitto"]["identity"] == {"hex": "ff"}


@pytest.mark.parametrize("broker", BROKERS)
def test_one_broker_alone(broker: str) -> None:
    assert list(as_json(certificate(), [broker])) == [broker]


@given(st.binary())
def test_any_bytes_can_be_reported(data: bytes) -> None:
    json.dumps(as_json(data))


@given(st.binary())
def test_what_is_shown_is_printable(text: bytes) -> None:
    assert shown(text).isprintable()


def test_backslashes_stay_single() -> None:
    assert shown(rb"CN=a\,b") == r"CN=a\,b"
    assert shown(b"a\x1b\xff\xe2\x80\xae") == r"a\x1b\xff\u202e"
