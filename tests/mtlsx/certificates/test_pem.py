from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.certificates import pem
from mtlsx.certificates.pem import PemError

BLOCK = "-----BEGIN THING-----\nAAEC\nAwQ=\n-----END THING-----\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(BLOCK, 1, id="plain"),
        pytest.param(BLOCK.replace("\n", "\r\n"), 1, id="CRLF"),
        pytest.param(BLOCK.replace("\n", "\r"), 1, id="CR"),
        pytest.param(BLOCK.removesuffix("\n"), 1, id="no newline at the end"),
        pytest.param("Bag Attributes\n    name: x\n\n" + BLOCK + "more\n", 4, id="text around"),
        pytest.param(BLOCK.replace("\n", "\n    "), 1, id="indented"),
        pytest.param(BLOCK.replace("AAEC", "AA EC\n"), 1, id="odd line lengths"),
        pytest.param(BLOCK.replace("AAEC", "Note: x\n\nAAEC"), 1, id="headers"),
    ],
)
def test_blocks_are_found_and_decoded(text: str, line: int) -> None:
    (block,) = pem.blocks(text)
    assert (block.label, block.line, block.der, block.encrypted) == (
        "THING",
        line,
        b"\0\1\2\3\4",
        False,
    )


def test_several_blocks_keep_their_order_and_lines() -> None:
    found = pem.blocks(BLOCK + "\n" + BLOCK.replace("THING", "OTHER") + BLOCK)
    assert [(block.label, block.line) for block in found] == [
        ("THING", 1),
        ("OTHER", 6),
        ("THING", 10),
    ]


def test_traditional_encryption_is_seen_and_its_headers_kept() -> None:
    (block,) = pem.blocks(
        " -----BEGIN RSA PRIVATE KEY-----\r\n Proc-Type: 4,ENCRYPTED\r\n DEK-Info: AES-128-CBC,00\r\n"
        " \r\n AAEC\r\n -----END RSA PRIVATE KEY-----"
    )
    assert block.encrypted
    assert block.text == (
        b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n"
        b"\nAAEC\n-----END RSA PRIVATE KEY-----\n"
    )


@pytest.mark.parametrize(
    ("text", "line", "label", "message"),
    [
        ("x\n-----BEGIN A-----\nAAEC\n", 2, "A", "block A has no END line"),
        ("-----BEGIN A-----\nAAEC\n" + BLOCK, 1, "A", "block A has no END line"),
        ("\n-----END A-----\n", 2, "A", "END A without its BEGIN line"),
        ("-----BEGIN A-----\nAAEC\n-----END B-----\n", 3, "B", "END B closes block A of line 1"),
        ("-----BEGIN A-----\n-----END A-----\n", 1, "A", "block A is empty"),
        ("-----BEGIN A-----\nAAEC\nA!EC\n-----END A-----\n", 3, "A", "'!' is not base64"),
        ("-----BEGIN A-----\nMIIB...\n-----END A-----\n", 2, "A", "'.' is not base64"),
        ("-----BEGIN A-----\nN: x\n\nAé==\n-----END A-----", 4, "A", r"'\xe9' is not base64"),
        (
            "-----BEGIN A-----\nAAE\n-----END A-----\n",
            1,
            "A",
            "cut short or damaged (3 characters)",
        ),
        ("-----BEGIN A-----\nAA==AAEC\n-----END A-----\n", 1, "A", "cut short or damaged"),
        (r"-----BEGIN A-----\nAAEC\n-----END A-----\n", 1, "A", r"written as \n, as in JSON"),
        ("-----BEGIN A-----AAEC\n-----END A-----\n", 1, "A", "BEGIN is not a label between dashes"),
        ("-----BEGIN A\n-----END A-----\n", 1, "A", "BEGIN is not a label between dashes"),
        ("-----BEGIN \x1b[2J-----\n", 1, "\x1b[2J", "BEGIN is not a label between dashes"),
    ],
)
def test_a_block_that_is_not_whole_is_an_error_with_its_line(
    text: str, line: int, label: str, message: str
) -> None:
    with pytest.raises(PemError) as caught:
        pem.blocks(text)
    assert (caught.value.line, caught.value.label) == (line, label)
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_text_without_blocks() -> None:
    assert pem.blocks("just text\n") == ()
    assert not pem.is_pem("just text\n")
    assert pem.is_pem(BLOCK)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["-----BEGIN A-----", "-----END A-----", "AAEC", "K: v", "", "é", "-----BEGIN "]
        )
    )
)
def test_any_lines_give_blocks_or_the_modules_own_error(lines: list[str]) -> None:
    try:
        found = pem.blocks("\n".join(lines))
    except PemError as error:
        line = error.line
    else:
        assert len(found) == lines.count("-----BEGIN A-----")
        return
    assert 1 <= line <= len(lines)
