"""Which reader a file gets, files that are none, and what no input brings about."""

from __future__ import annotations

import os
from contextlib import aclosing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtlsx.auth.connect import Peer
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.engine import Engine
from mtlsx.auth.stores.opening import Stores
from mtlsx.configuration.emqx import emqx
from mtlsx.configuration.load import load
from mtlsx.errors import MaterialError, UsageError
from mtlsx.packets.control_packets import Connect

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "examples").glob("*.toml"))
DOCUMENTS = [
    *((path.suffix, path.read_bytes()) for path in EXAMPLES),
    *(
        (".conf", content.encode())
        for path in EXAMPLES
        for name, content in emqx(load([path])).files.items()
        if name.endswith(".conf") and not name.startswith("acl")
    ),
]
SCRAPS = st.sampled_from(
    [b"", b" ", b"\n", b"=", b"{", b"}", b"[", b"]", b'"', b"#", b".", b",", b"\xff", b"\0", b"${", b"1", b"-1"]
)  # fmt: skip


def read(suffix: str, data: bytes) -> None:
    """Load ``data`` as a file; whatever is wrong with it must be an error of ours."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / f"file{suffix}"
        path.write_bytes(data)
        with suppress(UsageError, MaterialError):
            load([path])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_read(path: Path) -> None:
    found = load([path])
    assert found.notes == ()
    assert found.listeners
    named = path.stem if path.stem in DIALECTS else "emqx6"
    assert found.auth.dialect == named
    assert {listener.type for listener in found.listeners} <= {"ssl", "wss"} or path.stem == "open"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_the_engine_takes_the_examples(path: Path) -> None:
    configuration = load([path])
    no_clean_start = Connect(4, b"", clean_start=False)
    async with aclosing(Stores()) as stores:
        for listener in configuration.listeners:
            told = configuration.auth_for(listener)
            async with Engine(told, open_store=stores) as engine:
                assert (await engine.connect(no_clean_start, Peer())).code == 2


def test_there_is_an_example_for_each_dialect() -> None:
    assert {path.stem for path in EXAMPLES} >= {*DIALECTS, "open", "jwt"}


def test_paths_count_from_the_directory_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "acl.conf").write_text("{allow, all}.")
    (tmp_path / "broker.toml").write_text(
        '[[authorization.sources]]\ntype = "file"\npath = "acl.conf"'
    )
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert load(["broker.toml"]) == load([tmp_path / "broker.toml"])
    finally:
        os.chdir(before)


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "emqx.conf"
    path.write_bytes(b"\xef\xbb\xbfmqtt.max_inflight = 5")
    assert load([path]).mqtt.max_inflight == 5


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("missing.toml", None, "does not exist."),
        ("latin.toml", b"a = '\n\xe9'", ": line 2 is not UTF-8."),
        ("latin.conf", b"\n\n\xe9", ": line 3 is not UTF-8."),
        ("deep.toml", b"[" + b"a." * 5000 + b"b]", ""),
        ("deep.conf", b"a" + b".a" * 50_000 + b" = 1", ""),
        ("large.toml", b"#" * (4 * 1024 * 1024 + 1), "is larger than 4 MiB."),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, data: bytes | None, sentence: str) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError) as error:
        load([path])
    assert str(error.value).startswith(f"Configuration file {path}")
    assert str(error.value).endswith(sentence)


def test_a_directory_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UsageError, match=r"is not a regular file\.|cannot be read"):
            load([path])


def test_several_files_are_of_4_alone(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match=r"^Only a configuration of EMQX 4\.x has several files\."):
        load([tmp_path / "a.toml", tmp_path / "b.toml"])
    with pytest.raises(UsageError, match="No configuration file is given"):
        load([])


@given(
    st.sampled_from([".toml", ".conf"]),
    st.binary(max_size=80) | st.text(max_size=80).map(str.encode),
)
def test_no_bytes_make_it_raise_anything_but_its_errors(suffix: str, data: bytes) -> None:
    read(suffix, data)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(DOCUMENTS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), SCRAPS), min_size=1, max_size=3),
)
def test_no_change_to_a_document_makes_it_raise_anything_but_its_errors(
    document: tuple[str, bytes], changes: list[tuple[float, int, bytes]]
) -> None:
    suffix, data = document
    for where, length, scrap in changes:
        start = int(where * len(data))
        data = data[:start] + scrap + data[start + length :]
    read(suffix, data)
