"""The decoder of Erlang/OTP: what it takes and what it does not, type by type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity import otp_asn1
from mtlsx.identity.otp_asn1 import (
    Element,
    Optional,
    Type,
    UndecodableError,
    check,
    element_of,
    encode,
    oid_text,
    string_octets,
)

OID = otp_asn1.object_identifier(16)
INTEGER = otp_asn1.integer()
POINT = otp_asn1.sequence(OID, Optional(otp_asn1.BOOLEAN), Optional(otp_asn1.implicit(0, INTEGER)))
TEXT = otp_asn1.string(otp_asn1.PRINTABLE, 1, 3)
WIDE = otp_asn1.string(otp_asn1.BMP, 1, 2, width=2)
EITHER = otp_asn1.choice(TEXT, otp_asn1.NULL)
ALGORITHM = otp_asn1.algorithm({"1.2.3": otp_asn1.NULL}, longest_arc=16, others="none")


def taken(kind: Type, encoded: str) -> bool:
    try:
        check(kind, element_of(bytes.fromhex(encoded)))
    except UndecodableError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [
        (INTEGER, "020105"),
        (INTEGER, "0200"),  # of no octets: 0
        (INTEGER, "02020005"),  # not the shortest form
        (INTEGER, "02810105"),  # nor the shortest length
        (OID, "06022a03"),
        (OID, "06022a83"),  # an unfinished arc
        (otp_asn1.BOOLEAN, "010101"),
        (otp_asn1.NULL, "0500"),
        (otp_asn1.BIT_STRING, "030100"),
        (otp_asn1.BIT_STRING, "03030f8000"),
        (otp_asn1.BIT_STRING, "230503030061" + "62"),
        (otp_asn1.OCTET_STRING, "240504010104" + "00"),  # in pieces
        (otp_asn1.NAMED_BITS, "03020780"),
        (TEXT, "1303c3a9ff"),  # no alphabet
        (TEXT, "330613016113016200"),
        (TEXT, "3380130161130162" + "0000"),  # of indefinite length
        (WIDE, "1e0400610062"),
        (EITHER, "0500"),
        (POINT, "300406022a03"),
        (POINT, "300a06022a030101ff800105"),
        (otp_asn1.sequence_of(INTEGER), "3000"),
        (otp_asn1.set_of(INTEGER), "3106020105020101"),
        (otp_asn1.explicit(1, INTEGER), "a103020105"),
        (otp_asn1.explicit(1, EITHER), "a1020500"),
        (otp_asn1.enumerated({1, 3}), "0a0103"),
        (otp_asn1.ANY, "9f2100"),
        (ALGORITHM, "300406022a03"),
        (ALGORITHM, "300606022a030500"),
        (ALGORITHM, "300406022a04"),
        (otp_asn1.UTF8_STRING, "2c00"),
    ],
)
def test_taken(kind: Type, encoded: str) -> None:
    assert taken(kind, encoded)


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [
        (INTEGER, "220302010500"),
        (otp_asn1.integer(minimum=0), "0201ff"),
        (INTEGER, "030105"),
        (INTEGER, "028002010000"),  # a plain value of indefinite length
        (OID, "0600"),
        (OID, "0612" + "81" * 17 + "01"),
        (otp_asn1.BOOLEAN, "0100"),
        (otp_asn1.BOOLEAN, "0102ffff"),
        (otp_asn1.NULL, "050100"),
        (otp_asn1.BIT_STRING, "0300"),
        (otp_asn1.BIT_STRING, "030109"),
        (otp_asn1.NAMED_BITS, "030103"),
        (otp_asn1.NAMED_BITS, "03020980"),
        (otp_asn1.OCTET_STRING, "2400"),
        (TEXT, "1300"),
        (TEXT, "130461626364"),
        (WIDE, "1e03006100"),
        (WIDE, "1e00"),
        (EITHER, "020105"),
        (POINT, "3000"),
        (POINT, "10" + "0406022a03"),
        (POINT, "300a06022a03800105" + "0101ff"),  # out of order
        (otp_asn1.sequence_of(INTEGER), "30020500"),
        (otp_asn1.explicit(1, INTEGER), "a106020105020105"),
        (otp_asn1.explicit(1, INTEGER), "810105"),
        (otp_asn1.enumerated({1, 3}), "0a0102"),
        (ALGORITHM, "300706022a03020105"),
        (ALGORITHM, "300606022a040500"),
        (ALGORITHM, "300806022a0305000500"),
        (ALGORITHM, "3000"),
        (otp_asn1.ANY, "3003020105"[:-2]),
    ],
)
def test_not_taken(kind: Type, encoded: str) -> None:
    assert not taken(kind, encoded)


def test_an_arc_may_have_as_many_octets_as_the_generation_allows() -> None:
    arc = bytes([0x69] + [0x81] * 18 + [0x01])
    assert oid_text(arc, 19).startswith("2.25.")
    with pytest.raises(UndecodableError):
        oid_text(arc, 16)


def test_a_value_is_handed_on_in_the_shortest_form() -> None:
    assert encode(element_of(bytes.fromhex("0c810161"))) == bytes.fromhex("0c0161")
    assert encode(element_of(bytes.fromhex("30800c01610000"))) == bytes.fromhex("30030c0161")
    assert encode(Element(12, b"a" * 300)) == bytes.fromhex("0c82012c") + b"a" * 300


@given(st.recursive(
    st.builds(Element, st.sampled_from([2, 4, 12, 0x80, 0x9F21]), st.binary(max_size=200)),
    lambda inner: st.builds(Element, st.sampled_from([16, 17, 0xA1 & ~0x20]), st.lists(inner, max_size=4)),
    max_leaves=20,
))  # fmt: skip
def test_encoding_and_reading_are_inverse(element: Element) -> None:
    assert element_of(encode(element)) == element


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        element = element_of(data)
    except UndecodableError:
        return
    assert element_of(encode(element)) == element


def test_nesting_has_an_end() -> None:
    with pytest.raises(UndecodableError):
        element_of(b"\x30\x80" * 5000 + b"\0\0" * 5000)


def test_a_string_in_pieces_is_put_together() -> None:
    assert string_octets([Element(12, b"a"), Element(12, [Element(4, b"b")])]) == b"ab"
