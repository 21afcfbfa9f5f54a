"""The index says what was said to it, whatever the names, and nothing that was cut off."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.errors import UsageError
from mtlsx.pki.certify import Kind
from mtlsx.pki.crls import Reason
from mtlsx.pki.index import HEADER, Entry, Index, Revocation, crl_line, revoked_line

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def entry(serial: str = "4A", cn: str | None = "dev-1", dn: str = "CN=dev-1", **more: str) -> Entry:
    return Entry(serial, NOW, Kind.DEVICE, NOW.replace(year=2027), cn, dn, **more)


def read(*lines: str) -> Index:
    index = Index("index.txt")
    data = HEADER + "".join(lines).encode()
    assert index.read(data) == len(data)
    return index


@given(st.none() | TEXT, TEXT)
def test_every_entry_comes_back(cn: str | None, dn: str) -> None:
    said = entry(cn=cn, dn=dn, fleet="f1", renews="3B")
    assert said.line().count("\n") == 1
    assert read(said.line()).entries == {"4A": said}


def test_a_revoked_certificate_is_live_no_more() -> None:
    index = read(entry("4A").line(), entry("4B").line())
    assert [each.serial for each in index.live(cn="dev-1")] == ["4A", "4B"]
    index.read(revoked_line("4A", Revocation(NOW, Reason.KEY_COMPROMISE)).encode())
    assert [each.serial for each in index.live(cn="dev-1")] == ["4B"]
    assert [each.serial for each in index.live(dn="CN=dev-1")] == ["4B"]
    assert index.revoked == {"4A": Revocation(NOW, Reason.KEY_COMPROMISE)}


def test_the_last_list_gives_the_number() -> None:
    assert read(crl_line(1, NOW, NOW), crl_line(2, NOW, NOW)).crl_number == 2
    assert read().crl_number == 0


def test_what_was_cut_off_was_never_said() -> None:
    whole = entry("4A").line().encode()
    cut = entry("4B").line().encode()
    for length in range(len(cut)):
        index = Index("index.txt")
        assert index.read(whole + cut[:length]) == len(whole)
        assert list(index.entries) == ["4A"]


@pytest.mark.parametrize(
    "line",
    [
        entry("4A").line(),  # the same serial number twice
        "2026-11-26T08:00:00Z\t77\trevoked\tsuperseded\n",
        "2026-11-26T08:00:00Z\t4A\trevoked\tboredom\n",
        "2026-11-26T08:00:00Z\t4A\teaten\n",
        "yesterday\t4B\tissued\tdevice\t2027-11-26T08:00:00Z\t-\t\t-\n",
        "nonsense\n",
    ],
)
def test_a_line_that_cannot_be_meant_is_named(line: str) -> None:
    with pytest.raises(UsageError, match=r"index\.txt, line 6 is no line of an index"):
        read(entry("4A").line(), line)


@given(st.binary())
def test_bytes_of_any_kind_are_refused_or_read(data: bytes) -> None:
    said = ""
    try:
        Index("index.txt").read(data)
    except UsageError as error:
        said = str(error)
    assert said.isprintable()
