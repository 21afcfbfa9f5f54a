"""Secrets go to a keyring that works, else to a private file, and never wait for one that does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import pytest

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.profiles.secrets import SecretKind, SecretPlace, SecretStore
from mtlsx.secret import Secret

PASSWORD = SecretKind.PASSWORD
PASSPHRASE = SecretKind.PASSPHRASE


class Working(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 5  # type: ignore[assignment]  # keyring's own way to declare it

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class Forgetful(Working):
    """A keyring that takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Raising(Working):
    """A keyring that is locked, say."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("the collection is locked")


class Hanging(Working):
    """A keyring that asks a question on a screen where nobody looks."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.released.wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)


class EmptyChain(keyring.backends.chainer.ChainerBackend):
    """What keyring chooses where it finds no backend; the real one would find those of this module."""

    backends = ()


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    now = keyring.get_keyring()
    if isinstance(now, Hanging):
        now.released.set()
    keyring.set_keyring(before)


@pytest.fixture
def store(tmp_path: Path) -> SecretStore:
    return SecretStore(tmp_path / "secrets", patience=0.2)


def use(backend: keyring.backend.KeyringBackend) -> keyring.backend.KeyringBackend:
    keyring.set_keyring(backend)
    return backend


def files(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("*.json"))


def test_a_working_keyring_holds_them_and_nothing_is_written(
    store: SecretStore, tmp_path: Path
) -> None:
    use(Working())
    assert store.set("dev", PASSWORD, Secret("hush")) is SecretPlace.KEYRING
    assert store.set("dev", PASSPHRASE, Secret("psst")) is SecretPlace.KEYRING
    assert store.get("dev", PASSWORD) == Secret("hush")
    assert store.get("dev", PASSPHRASE) == Secret("psst")
    assert list(tmp_path.iterdir()) == []


def test_two_configurations_do_not_share_entries(store: SecretStore, tmp_path: Path) -> None:
    use(Working())
    store.set("dev", PASSWORD, Secret("hush"))
    assert SecretStore(tmp_path / "other").get("dev", PASSWORD) is None


@pytest.mark.parametrize(
    "backend",
    [
        keyring.backends.fail.Keyring,
        keyring.backends.null.Keyring,
        EmptyChain,
        Raising,
        Forgetful,
        Hanging,
    ],
)
def test_else_they_are_in_a_private_file(
    store: SecretStore, tmp_path: Path, backend: type[keyring.backend.KeyringBackend]
) -> None:
    use(backend())
    assert store.get("dev", PASSWORD) is None
    assert store.set("dev", PASSWORD, Secret("hush")) is SecretPlace.FILE
    assert store.set("dev", PASSPHRASE, Secret("psst")) is SecretPlace.FILE
    assert store.get("dev", PASSWORD) == Secret("hush")
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(path.read_bytes()) == {
        "profile": "dev",
        "password": "hush",
        "passphrase": "psst",
    }


def test_a_keyring_in_a_chain_is_used(
    store: SecretStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chained = Working()
    chain = keyring.backends.chainer.ChainerBackend
    monkeypatch.setattr(chain, "backends", [keyring.backends.fail.Keyring(), chained])
    use(chain())
    assert store.set("dev", PASSWORD, Secret("hush")) is SecretPlace.KEYRING
    assert list(chained.entries.values()) == ["hush"]


def test_a_keyring_that_hung_is_not_asked_again(store: SecretStore) -> None:
    backend = Hanging()
    use(backend)
    for _ in range(5):
        assert store.get("dev", PASSWORD) is None
    assert backend.asked == 1


def test_what_the_keyring_did_not_take_is_newer_than_what_it_has(store: SecretStore) -> None:
    working = Working()
    use(working)
    store.set("dev", PASSWORD, Secret("old"))
    use(Raising())
    other = SecretStore(store._directory)
    other.set("dev", PASSWORD, Secret("new"))
    use(working)
    assert SecretStore(store._directory).get("dev", PASSWORD) == Secret("new")


def test_a_secret_that_moves_to_the_keyring_leaves_the_file(
    store: SecretStore, tmp_path: Path
) -> None:
    use(keyring.backends.fail.Keyring())
    store.set("dev", PASSWORD, Secret("hush"))
    use(Working())
    assert store.set("dev", PASSWORD, Secret("hush")) is SecretPlace.KEYRING
    assert files(tmp_path) == []
    assert store.get("dev", PASSWORD) == Secret("hush")


def test_deleting_takes_both_places(store: SecretStore, tmp_path: Path) -> None:
    working = Working()
    use(keyring.backends.fail.Keyring())
    store.set("dev", PASSWORD, Secret("hush"))
    use(working)
    store.set("dev", PASSPHRASE, Secret("psst"))
    store.delete("dev")
    assert files(tmp_path) == []
    assert working.entries == {}
    store.delete("dev")


def test_deleting_one_keeps_the_other(store: SecretStore) -> None:
    use(keyring.backends.fail.Keyring())
    store.set("dev", PASSWORD, Secret("hush"))
    store.set("dev", PASSPHRASE, Secret("psst"))
    store.delete("dev", PASSWORD)
    assert store.get("dev", PASSWORD) is None
    assert store.get("dev", PASSPHRASE) == Secret("psst")


def test_a_keyring_that_may_still_hold_one_is_said(store: SecretStore) -> None:
    use(Raising())
    with pytest.raises(MtlsxError, match='may still hold the password of "dev"'):
        store.delete("dev")


def test_a_copy_has_the_same_secrets_and_no_others(store: SecretStore) -> None:
    use(Working())
    store.set("new", PASSPHRASE, Secret("left over"))
    store.set("old", PASSWORD, Secret("hush"))
    store.copy("old", "new")
    assert store.get("new", PASSWORD) == Secret("hush")
    assert store.get("new", PASSPHRASE) is None


def test_a_secret_that_cannot_be_stored_has_to_be_asked_for(tmp_path: Path) -> None:
    use(keyring.backends.fail.Keyring())
    (tmp_path / "secrets").write_text("a file where the directory should be")
    with pytest.raises(MtlsxError) as caught:
        SecretStore(tmp_path / "secrets").set("dev", PASSWORD, Secret("hush"))
    assert "hush" not in str(caught.value)


def test_a_file_that_is_none_is_named(store: SecretStore) -> None:
    use(keyring.backends.fail.Keyring())
    store._path("dev").mkdir(parents=True)
    with pytest.raises(MtlsxError, match=r"\.json cannot be read: (not a regular file|Is a dir)"):
        store.get("dev", PASSWORD)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"password": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_kept_and_named(
    store: SecretStore, tmp_path: Path, content: bytes
) -> None:
    use(keyring.backends.fail.Keyring())
    store.set("dev", PASSWORD, Secret("hush"))
    (path,) = files(tmp_path)
    path.write_bytes(content)
    with pytest.raises(UsageError, match=str(path)):
        store.get("dev", PASSWORD)
    with pytest.raises(UsageError, match="damaged"):
        store.set("dev", PASSWORD, Secret("other"))
    assert path.read_bytes() == content
