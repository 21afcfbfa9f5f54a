"""Vectors are found in folders that hold other things too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.vectors import DEFAULT_FOLDER, find_vectors

IDENTITY = {"id": "a", "der_b64": "MAA=", "expected": {}}


@pytest.mark.parametrize(
    "content",
    ["", "{", "3", "{}", "[]", '["id"]', '[{"name": "a"}]', '{"id": "a", "expected": {}}', "\0"],
)
def test_other_json_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    (tmp_path / "latin.json").write_bytes(b'[{"id": "\xe9"}]')
    (tmp_path / "folder.json").mkdir()
    assert find_vectors(tmp_path) == {}


def test_vectors_are_sorted_by_kind(tmp_path: Path) -> None:
    deep = tmp_path / "deep" / "deeper"
    deep.mkdir(parents=True)
    vectors = [IDENTITY, {"id": "b", "kind": "split"}, {"id": "c"}, {"id": "d", "kind": 4}]
    (deep / "some.json").write_text(json.dumps(vectors))
    found = find_vectors(tmp_path)
    ids = {kind: [vector["id"] for vector in vectors] for kind, vectors in found.items()}
    assert ids == {"identity": ["a"], "split": ["b"], "unknown": ["c", "d"]}


def test_the_shared_vectors_are_all_there() -> None:
    found = find_vectors(DEFAULT_FOLDER)
    assert len(found["identity"]) == 344
    assert len(found["observed"]) == 304
    assert "unknown" not in found
