"""A configuration with another mapping and other commands: nothing else changes, and no file but the copy."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from mtlsx.configuration.adjusted import Adjustable, adjustable, copy_of, write_copy
from mtlsx.configuration.load import load
from mtlsx.errors import UsageError

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def copied(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    path.write_bytes((EXAMPLES / name).read_bytes())
    return path


def test_what_emqx_6_says_is_read(tmp_path: Path) -> None:
    assert adjustable([copied(tmp_path, "emqx6.toml")]) == Adjustable(
        peer_cert_as_username="cn",
        authentication_cmd="HMGET tls_domain:${cert_common_name} password_hash salt is_superuser",
        authorization_cmd="HGETALL mqtt_acl:${username}",
    )


def test_what_emqx_4_says_is_read_from_its_listeners(tmp_path: Path) -> None:
    assert adjustable([copied(tmp_path, "emqx4.2.toml")]) == Adjustable(
        peer_cert_as_username="dn",
        use_username_as_clientid=True,
        authentication_cmd="HMGET tls_subject:%d password salt",
        authorization_cmd="HGETALL mqtt_acl:%u",
    )


@pytest.mark.parametrize("name", ["emqx6.toml", "emqx5.0.toml", "emqx4.4.toml", "open.toml"])
def test_a_copy_without_changes_says_the_same(tmp_path: Path, name: str) -> None:
    path = copied(tmp_path, name)
    copy = write_copy([path], adjustable([path]))
    assert copy == tmp_path / f"{path.stem}.adjusted.toml" == copy_of([path])
    assert load([copy]) == load([path])
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_only_what_is_wanted_changes(tmp_path: Path) -> None:
    path = copied(tmp_path, "emqx6.toml")
    before = path.read_bytes()
    wanted = replace(
        adjustable([path]),
        peer_cert_as_clientid="dn",
        authentication_cmd="HMGET dev:${clientid} password_hash",
    )
    copy = write_copy([path], wanted)
    assert adjustable([copy]) == wanted
    former, now = load([path]), load([copy])
    assert now.auth.identity.peer_cert_as_clientid == "dn"
    assert now.auth.identity.peer_cert_as_username == "cn"
    assert now.auth.authorization == former.auth.authorization
    assert now.listeners == former.listeners
    assert path.read_bytes() == before
    # It is ours, and is written again.
    assert write_copy([path], adjustable([path])) == copy
    assert load([copy]) == former


def test_in_4_the_listeners_with_tls_change(tmp_path: Path) -> None:
    path = copied(tmp_path, "emqx4.4.toml")
    wanted = replace(
        adjustable([path]), peer_cert_as_username="dn", authorization_cmd="HGETALL acl:%c"
    )
    copy = write_copy([path], wanted)
    assert adjustable([copy]) == wanted
    assert load([copy]).auth.identity.peer_cert_as_username == "dn"


def test_the_files_of_emqx_itself_are_copied_as_toml(tmp_path: Path) -> None:
    flat = tmp_path / "emqx.conf"
    flat.write_text(
        "listener.ssl.external = 127.0.0.1:8883\n"
        "listener.ssl.external.keyfile = etc/key.pem\n"
        "listener.ssl.external.certfile = etc/cert.pem\n"
    )
    copy = write_copy([flat], replace(adjustable([flat]), peer_cert_as_username="cn"))
    assert load([copy]).auth.dialect == "emqx4.4"
    assert load([copy]).auth.identity.peer_cert_as_username == "cn"
    hocon = tmp_path / "broker.conf"
    hocon.write_text("mqtt { peer_cert_as_username = dn }\nauthorization { no_match = deny }\n")
    copy = write_copy([hocon], replace(adjustable([hocon]), use_username_as_clientid=True))
    identity = load([copy]).auth.identity
    assert (identity.peer_cert_as_username, identity.use_username_as_clientid) == ("dn", True)


def test_a_value_that_is_not_allowed_is_named_and_nothing_written(tmp_path: Path) -> None:
    path = copied(tmp_path, "emqx6.toml")
    with pytest.raises(UsageError, match=r"emqx6\.toml: authentication.*cmd"):
        write_copy([path], replace(adjustable([path]), authentication_cmd="DEL everything"))
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = copied(tmp_path, "emqx6.toml")
    copy_of([path]).write_text("mine\n")
    with pytest.raises(UsageError, match="is in the way"):
        write_copy([path], adjustable([path]))
    assert copy_of([path]).read_text() == "mine\n"


def test_a_file_that_is_no_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        adjustable([tmp_path / "missing.toml"])
    path = tmp_path / "bad.toml"
    path.write_text("[mqtt]\npeer_cert_as_username = 'x'\n")
    with pytest.raises(UsageError, match=r"bad\.toml: mqtt\.peer_cert_as_username"):
        adjustable([path])
