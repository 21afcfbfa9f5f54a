"""The settings file: defaults, values, and what is wrong with it in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlsx.errors import UsageError
from mtlsx_tui.settings import FILE_NAME, Settings, load_settings


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "missing") == Settings(100_000, 64 * 1024 * 1024)


def test_what_is_set_is_taken(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("max_messages = 5\n")
    assert load_settings(tmp_path) == Settings(max_messages=5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_messages = 0", "max_messages must be a whole number from 1 to 10,000,000, not 0."),
        ("max_mesages = 9", "did you mean max_messages"),
        ("max_messages = = 1", "line 1"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        load_settings(tmp_path)
    assert str(path) in str(caught.value)
    assert path.read_text() == text


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path)
