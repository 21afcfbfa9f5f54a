"""The demo's folder: its configuration is read as any other, its secrets are private, what is there stays."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from typing import get_args

import pytest

from mtlsx.configuration.load import load
from mtlsx.demo.folder import DEVICE, Demo, is_there, make, opened
from mtlsx.demo.redis import RedisAddress
from mtlsx.errors import MaterialError, UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.identity.redis_commands import quoted
from mtlsx.secret import Secret

DIALECTS = get_args(Dialect)
PORT = 18883


def contents(directory: Path) -> dict[Path, bytes]:
    """All files below ``directory``."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return make(tmp_path_factory.mktemp("made") / "demo", "emqx6", PORT)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_configuration_is_that_of_mutual_tls_with_passwords_and_rules(
    tmp_path: Path, dialect: Dialect
) -> None:
    demo = make(tmp_path / "demo", dialect, PORT)
    configuration = load([demo.configuration])
    (listener,) = configuration.listeners
    options = listener.ssl_options
    assert (listener.type, listener.bind) == ("ssl", ("127.0.0.1", PORT))
    assert options is not None
    assert (options.verify, options.fail_if_no_peer_cert) == ("verify_peer", True)
    for file in (options.cacertfile, options.certfile, options.keyfile, options.crlfile):
        assert file is not None
        assert Path(file).is_file()
    settings = configuration.auth_for(listener)
    assert settings.dialect == dialect
    assert settings.identity.peer_cert_as_username == "cn"
    assert settings.authorization.no_match == "deny"
    assert settings.security_profile == ("hardened" if dialect == "emqx6" else "legacy")
    assert configuration.notes == ()


def test_the_store_holds_the_device_and_nothing_else(demo: Demo) -> None:
    assert [each.key.decode() for each in demo.hashes] == [
        f"tls_domain:{DEVICE}",
        f"mqtt_acl:{DEVICE}",
    ]
    assert demo.hashes[1].fields == ((b"devices/${username}/#", b"all"),)
    assert demo.password.reveal().encode() not in (demo.directory / "seed.redis").read_bytes()
    assert demo.seed == demo.directory / "seed.redis"


def test_only_the_owner_reads_secrets(demo: Demo) -> None:
    private = {
        path.relative_to(demo.directory).as_posix()
        for path in demo.directory.rglob("*")
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) == 0o600
    }
    assert {"password", "seed.redis", "broker.toml", "device/device.key"} <= private
    assert {"server/localhost.key", "pki/demo/ca.key"} <= private
    assert stat.S_IMODE(demo.directory.stat().st_mode) == 0o700


def test_the_profile_connects_as_the_device_and_holds_no_secret(demo: Demo) -> None:
    profile = demo.profile("demo")
    connection = profile.connection
    assert (connection.host, connection.port, connection.password) == ("localhost", PORT, None)
    assert [each.topic_filter for each in profile.subscriptions] == [f"devices/{DEVICE}/#"]
    for file in (connection.tls.ca_file, connection.tls.certificate_file, connection.tls.key_file):
        assert file is not None
        assert Path(file).is_absolute()
        assert Path(file).is_file()


def test_it_is_the_same_when_it_is_opened_again(demo: Demo) -> None:
    before = contents(demo.directory)
    assert is_there(demo.directory)
    assert opened(demo.directory) == demo
    assert contents(demo.directory) == before


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(UsageError, match="is not empty, and holds no demo"):
        is_there(tmp_path)
    assert not is_there(tmp_path / "missing")


def test_it_is_made_in_an_empty_folder_too(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert not is_there(tmp_path / "empty")
    make(tmp_path / "empty", "emqx6", PORT)
    assert is_there(tmp_path / "empty")


def test_what_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mtlsx.demo.folder.readme", stop)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "demo", "emqx6", PORT)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(demo: Demo, tmp_path: Path) -> None:
    shutil.copytree(demo.directory, tmp_path / "copy")
    (tmp_path / "copy" / "password").unlink()
    with pytest.raises(MaterialError, match="password of the demo does not exist"):
        opened(tmp_path / "copy")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_real_redis_stands_in_the_configuration(tmp_path: Path, dialect: Dialect) -> None:
    password = Secret('a "quoted" \\ Gerät')
    redis = RedisAddress(host="::1", port=6390, database=3, password=password, tls=True)
    demo = make(tmp_path / "demo", dialect, PORT, redis)
    assert (demo.redis.servers, demo.redis.database) == ((("::1", 6390),), 3)
    assert demo.redis.password == password
    assert demo.redis.ssl is not None
    assert demo.redis.ssl.verify == "verify_peer"
    assert (demo.seed, demo.store) == (None, "the Redis at ::1:6390, database 3")
    assert "--seed" not in (demo.directory / "README.txt").read_text()


def test_a_username_for_redis_cannot_be_told_to_emqx_4(tmp_path: Path) -> None:
    redis = RedisAddress(host="localhost", username="emqx")
    with pytest.raises(UsageError, match="no username"):
        make(tmp_path / "demo", "emqx4.4", PORT, redis)
    assert make(tmp_path / "demo", "emqx6", PORT, redis).redis.username == "emqx"


def test_the_seed_is_read_as_it_was_written(demo: Demo) -> None:
    written = (demo.directory / "seed.redis").read_text().splitlines()
    again = [
        quoted([b"HSET", each.key, *(part for pair in each.fields for part in pair)])
        for each in demo.hashes
    ]
    assert again == [line for line in written if line.startswith("HSET")]
