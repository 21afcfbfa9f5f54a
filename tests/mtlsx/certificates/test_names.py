from __future__ import annotations

import pytest

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import common_names, format_name, parse_name
from support.vector_certificates import vector_certificates

CN, O, UID = "0603550403", "060355040a", "060a0992268993f22c640101"  # noqa: E741  (as in names)


def tlv(tag: int, *parts: bytes | str) -> bytes:
    content = b"".join(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)
    return bytes([tag, len(content)]) + content


def name(*rdns: tuple[bytes, ...]) -> bytes:
    return tlv(0x30, *(tlv(0x31, *rdn) for rdn in rdns))


def test_order_types_and_raw_values_are_kept() -> None:
    first = tlv(0x30, O, tlv(0x13, b"Z"))
    second = tlv(0x30, CN, tlv(0x1E, b"\0a"))
    third = tlv(0x30, UID, tlv(0x0C, b"7"))
    parsed = parse_name(name((first,), (third, second), ()))
    assert [[attribute.oid for attribute in rdn] for rdn in parsed] == [
        ["2.5.4.10"],
        ["0.9.2342.19200300.100.1.1", "2.5.4.3"],
        [],
    ]
    attribute = parsed[1][1]
    assert (attribute.tag, attribute.value) == (der.BMP_STRING, b"\0a")
    assert (attribute.raw, attribute.pair) == (tlv(0x1E, b"\0a"), second)


@pytest.mark.parametrize(
    "encoded",
    [
        tlv(0x31),
        tlv(0x30, tlv(0x30)),
        name((tlv(0x31),)),
        name((tlv(0x30, CN),)),
        name((tlv(0x30, CN, tlv(0x0C, b"a"), tlv(0x0C, b"b")),)),
        name((tlv(0x30, tlv(0x0C, b"a"), CN),)),
        name() + b"\0",
    ],
)
def test_what_is_no_name_is_an_error(encoded: bytes) -> None:
    with pytest.raises(DerError):
        parse_name(encoded)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (tlv(0x0C, b"a, b+c"), r"CN=a\, b\+c"),
        (tlv(0x0C, "gerät".encode()), "CN=gerät"),
        (tlv(0x14, "gerät".encode("latin-1")), "CN=gerät"),
        (tlv(0x1E, "ж".encode("utf-16-be")), "CN=ж"),
        (tlv(0x1C, "😀".encode("utf-32-be")), "CN=😀"),
        (tlv(0x0C, b"\x1b[31m\x07"), r"CN=\x1b[31m\x07"),
        (tlv(0x0C, b"a\\n"), r"CN=a\\n"),
        (tlv(0x0C, b"\xff"), "CN=#0c01ff"),
        (tlv(0x02, b"\x2a"), "CN=#02012a"),
        (tlv(0x0C, b""), "CN="),
    ],
)
def test_values_for_people(value: bytes, shown: str) -> None:
    assert format_name(parse_name(name((tlv(0x30, CN, value),)))) == shown


def test_names_for_people_show_their_shape() -> None:
    cn, uid = tlv(0x30, CN, tlv(0x0C, b"x")), tlv(0x30, UID, tlv(0x0C, b"7"))
    private = tlv(0x30, "06042a030405", tlv(0x0C, b"y"))
    parsed = parse_name(name((), (uid, cn), (private,)))
    assert format_name(parsed) == "(empty set), UID=7 + CN=x, 1.2.3.4.5=y"
    assert format_name(()) == "(empty)"
    assert common_names(parsed) == ("x",)


def test_every_vector_has_an_outline_names_and_extensions() -> None:
    for certificate in vector_certificates().values():
        fields = parse_certificate(certificate)
        assert fields.issuer
        assert isinstance(fields.subject, tuple)
        assert all(extension.oid.count(".") > 1 for extension in fields.extensions)
        assert fields.tbs.raw in certificate


@pytest.mark.parametrize(
    ("vector", "version", "serial"),
    [("v2-1", 2, 0x11FA), ("ser-6", 3, -(2**127)), ("ctl-c0-1", 3, 0x1139)],
)
def test_versions_and_serial_numbers(vector: str, version: int, serial: int) -> None:
    fields = parse_certificate(vector_certificates()[vector])
    assert (fields.version, fields.serial) == (version, serial)


def test_doubled_extensions_are_both_there() -> None:
    oids = [each.oid for each in parse_certificate(vector_certificates()["san-twice-1"]).extensions]
    assert oids.count("2.5.29.17") == 2


def test_a_subject_that_cannot_be_read_hides_nothing_else() -> None:
    certificate = vector_certificates()["ctl-c0-1"]
    fields = parse_certificate(certificate)
    at = fields.subject_element.content
    broken = parse_certificate(certificate[:at] + b"\x05" + certificate[at + 1 :])
    assert broken.serial == fields.serial
    assert broken.issuer == fields.issuer
    assert broken.extensions == fields.extensions
    with pytest.raises(DerError, match="relative name: tag 0x05"):
        _ = broken.subject
