"""The name check, on certificates that recipes and mistakes make."""

from __future__ import annotations

import pytest

from mtlsx.tls.names import name_error
from support.odd_certificates import certificate, san, tlv

DNS, IP = 0x82, 0x87


def named(*names: bytes) -> bytes:
    return certificate(extensions=(san(*names),))


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        ((tlv(DNS, b"localhost"),), "localhost", True),
        ((tlv(DNS, b"LocalHost"),), "localhost", True),
        ((tlv(DNS, b"*.example.org"),), "broker.example.org", True),
        ((tlv(DNS, b"*.example.org"),), "a.broker.example.org", False),
        ((tlv(IP, bytes((127, 0, 0, 1))),), "127.0.0.1", True),
        ((tlv(IP, bytes(15) + b"\1"),), "::1", True),
        ((tlv(DNS, b"localhost"),), "127.0.0.1", False),
        # An address as a DNS name is none (RFC 9525, section 6.1), and it does not spoil the others.
        ((tlv(DNS, b"127.0.0.1"),), "127.0.0.1", False),
        ((tlv(DNS, b"127.0.0.1"), tlv(IP, bytes((127, 0, 0, 1)))), "127.0.0.1", True),
        ((tlv(DNS, b"*"), tlv(DNS, b"localhost")), "localhost", True),
        ((tlv(DNS, b"*"),), "localhost", False),
        ((tlv(DNS, b"a*b.example.org"), tlv(DNS, b"x.example.org")), "x.example.org", True),
        ((tlv(0x81, b"me@example.org"),), "example.org", False),
    ],
)
def test_names(names: tuple[bytes, ...], host: str, fits: bool) -> None:
    error = name_error(named(*names), host)
    if fits:
        assert error is None
    else:
        assert error is not None
        assert f"{host} is not among its subject alternative names" in error


def test_a_common_name_does_not_count() -> None:
    error = name_error(certificate(), "localhost")
    assert error is not None
    assert "no subject alternative name" in error
