"""Lists of devices: where they come from, and every line that cannot be issued, named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.errors import UsageError
from mtlsx.pki.devices import (
    Device,
    from_csv,
    from_list,
    numbered,
    random_uuids,
    require_issuable,
    wanted,
)
from mtlsx.secret import Secret


def judge(devices: list[Device], *, any_name: bool = False) -> str:
    """What is said against them, "" where nothing is."""
    try:
        require_issuable(
            devices, source="d.csv", any_name=any_name, identity_of=lambda device: device.cn
        )
    except UsageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_tells_of_each_device(separator: str) -> None:
    text = 'cn,place,subject,password\r\ndev-1,hall 3,/O=Acme,"a b"\r\n\r\ndev-2,,,\r\n'
    data = b"\xef\xbb\xbf" + text.replace(",", separator).encode()
    devices, others = from_csv(data, source="d.csv")
    assert devices == [
        Device("dev-1", subject="/O=Acme", password=Secret("a b"), where=2),
        Device("dev-2", where=4),
    ]
    assert others == ("place",)
    assert "a b" not in repr(devices)


def test_names_in_a_csv_file() -> None:
    devices, _ = from_csv(b"cn,names\ndev-1,a.example; 192.0.2.1\n", source="d.csv")
    assert devices[0].names == ("a.example", "192.0.2.1")
    made = wanted(devices[0], "/O=Acme", 9)
    assert [str(name.value) for name in made.alternative_names] == ["a.example", "192.0.2.1"]
    assert made.subject.rfc4514_string() == "CN=dev-1,O=Acme"


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"dev-1\ndev-2\n", "the first line must name the columns"),
        (b"cn,cn\na,b\n", "each once"),
        (b"cn,names\na\n", "line 2 has 1 fields, and the first line names 2"),
        (b'cn\n"a\n', "line 2"),
        (b"cn\n\xff\n", "line 2 is not UTF-8"),
        (b"", "must name the columns"),
    ],
)
def test_what_is_no_csv_file_is_refused(data: bytes, part: str) -> None:
    with pytest.raises(UsageError) as error:
        from_csv(data, source="d.csv")
    assert str(error.value).startswith("d.csv")
    assert part in str(error.value)


@given(st.binary())
def test_any_file_is_read_or_refused(data: bytes) -> None:
    for read in (from_csv, from_list):
        try:
            read(data, source="d.csv")
        except UsageError as error:
            said = str(error)
            assert said.startswith("d.csv")


def test_a_list_has_a_name_on_each_line() -> None:
    assert from_list(b"SN001\r\n\r\n SN002 \n", source="l") == [
        Device("SN001", where=1), Device("SN002", where=3),
    ]  # fmt: skip


def test_numbers_and_uuids() -> None:
    assert [each.cn for each in numbered("dev-%i", 9, 2)] == ["dev-9", "dev-10"]
    assert [each.cn for each in numbered("d%04ix", 1, 2)] == ["d0001x", "d0002x"]
    assert len({each.cn for each in random_uuids(50)}) == 50
    for pattern in ("dev", "%i-%i"):
        with pytest.raises(UsageError, match="must hold %i once"):
            numbered(pattern, 1, 1)
    with pytest.raises(UsageError, match="0 devices cannot be made"):
        random_uuids(0)


def test_every_line_that_is_wrong_is_named() -> None:
    devices, _ = from_csv(
        b"cn,names,subject\nok,,\na/b,,\nok,,\nx,..,\ny,,/Foo=1\nz,,/CN=2\n\xc2\x85,,\n",
        source="d.csv",
    )
    said = judge(devices)
    assert said.splitlines()[:-1] == [
        "d.csv has 6 lines that cannot be issued; nothing was:",
        "  line 3: The CN a/b holds /, which splits a topic into levels",
        "  line 4: ok is there twice, first in line 2",
        "  line 5: .. is not a DNS name",
        "  line 6: Subject attribute 'Foo' is not known",
        "  line 7: The subject already has a CN",
        "  line 8: The CN  is empty: EMQX would take the username from CONNECT",
    ]


def test_names_that_make_trouble_can_be_let_in() -> None:
    devices = [Device("a b", where=1), Device("c/d", where=2)]
    assert judge(devices, any_name=True) == ""
    assert "line 1: " in judge(devices)
    assert "cannot be" in judge([Device("x" * 65, where=1)], any_name=True)


def test_many_faults_are_counted() -> None:
    said = judge([Device("a b", where=line) for line in range(1, 31)])
    assert "has 30 lines" in said
    assert "and 10 more" in said


def test_no_device_is_a_fault() -> None:
    assert judge([]) == "d.csv names no device."
