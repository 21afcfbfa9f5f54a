from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.identity.otp_asn1 import UndecodableError
from mtlsx.identity.otp_generations import OTP_25, OTP_29, Generation
from mtlsx.identity.otp_names import Attribute, read_rdn


def rdn(kind: int, tag: int, value: bytes) -> bytes:
    """An RDN of one attribute 2.5.4.x, in DER."""
    pair = bytes((6, 3, 0x55, 4, kind, tag, len(value))) + value
    return bytes((0x31, len(pair) + 2, 0x30, len(pair))) + pair


@settings(deadline=None)
@given(
    st.sampled_from((3, 5, 6, 10, 46, 65, 127)),
    st.sampled_from((0x0C, 0x13, 0x14, 0x16, 0x1C, 0x1E)),
    st.binary(max_size=117),
    st.sampled_from((OTP_25, OTP_29)),
)
def test_an_attribute_is_read_alike_in_its_shortest_form_and_in_others(
    kind: int, tag: int, value: bytes, generation: Generation
) -> None:
    shortest = rdn(kind, tag, value)
    with_a_long_length = b"\x31\x81" + shortest[1:]
    assert read_or_why(shortest, generation) == read_or_why(with_a_long_length, generation)


def read_or_why(encoded: bytes, generation: Generation) -> tuple[Attribute, ...] | str:
    try:
        return read_rdn(encoded, generation)
    except UndecodableError as error:
        return str(error)


@pytest.mark.parametrize("position", [1, 3, 10])
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_length_that_does_not_fit_is_seen_in_the_shortest_form_too(
    position: int, difference: int
) -> None:
    encoded = bytearray(rdn(3, 0x0C, b"device-1"))
    encoded[position] += difference
    with pytest.raises(UndecodableError):
        read_rdn(bytes(encoded), OTP_29)


def test_several_attributes_of_one_rdn() -> None:
    one, other = (rdn(kind, 0x13, value)[2:] for kind, value in ((3, b"a"), (10, b"b")))
    assert read_rdn(bytes((0x31, len(one + other))) + one + other, OTP_25) == (
        Attribute("2.5.4.3", b"a"),
        Attribute("2.5.4.10", b"b"),
    )
