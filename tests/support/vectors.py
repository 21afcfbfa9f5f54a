"""Conformance vectors from any folder: ``pytest --vectors DIR`` (default ``tests/vectors``).

Every JSON file below the folder that is an array of objects with an ``id`` holds vectors. Their ``kind`` says
what they test; those without one that have ``der_b64`` and ``expected`` are identity vectors. A test that takes
the argument ``<kind>_vector`` runs once for each vector of that kind, under the vector's id. Kinds that no
collected test takes are counted below the number of collected tests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_FOLDER = Path(__file__).parents[1] / "vectors"
IDENTITY = "identity"
UNKNOWN = "unknown"
_ARGUMENT = "_vector"

_folder = pytest.StashKey[Path]()
_found = pytest.StashKey[dict[str, list[dict[str, Any]]]]()


def find_vectors(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The vectors in all JSON files below ``folder`` by kind, in the order of file names and of the arrays.

    A file that is no array of objects with an ``id`` is passed over: folders hold other things too.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.rglob("*.json")):
        for vector in _array(path):
            found.setdefault(_kind(vector), []).append({**vector, "path": path})
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vectors",
        metavar="DIR",
        type=Path,
        default=DEFAULT_FOLDER,
        help="run the conformance vectors in all JSON files below DIR",
    )


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--vectors")
    if not folder.is_dir():
        raise pytest.UsageError(f"--vectors: {folder} is no folder")
    config.stash[_folder] = folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in metafunc.fixturenames:
        if name.endswith(_ARGUMENT):
            vectors = _vectors(metafunc.config).get(name.removesuffix(_ARGUMENT), [])
            metafunc.parametrize(name, vectors, ids=[str(vector["id"]) for vector in vectors])


def pytest_report_collectionfinish(
    config: pytest.Config, items: Sequence[pytest.Item]
) -> list[str]:
    taken = {name.removesuffix(_ARGUMENT) for item in items for name in _arguments(item)}
    if not taken:
        return []
    found = _vectors(config)
    counts = [f"{kind} {len(vectors)}" for kind, vectors in found.items() if kind in taken]
    others = [f"{kind} {len(vectors)}" for kind, vectors in found.items() if kind not in taken]
    lines = [f"vectors from {config.stash[_folder]}: {', '.join(counts) or 'none'}"]
    return lines + ([f"vectors that no test takes: {', '.join(others)}"] if others else [])


def _vectors(config: pytest.Config) -> dict[str, list[dict[str, Any]]]:
    if _found not in config.stash:
        config.stash[_found] = find_vectors(config.stash[_folder])
    return config.stash[_found]


def _arguments(item: pytest.Item) -> list[str]:
    return [name for name in getattr(item, "fixturenames", ()) if name.endswith(_ARGUMENT)]


def _array(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    if isinstance(content, list) and all(
        isinstance(item, dict) and "id" in item for item in content
    ):
        return content
    return []


def _kind(vector: dict[str, Any]) -> str:
    kind = vector.get("kind")
    if kind is None and {"der_b64", "expected"} <= vector.keys():
        return IDENTITY
    return kind if isinstance(kind, str) else UNKNOWN
