"""``mtlsx auth hash``: the values it prints, as openssl, hashlib and a real Redis have them."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtlsx.auth.passwords import Bcrypt, Pbkdf2, Simple, matches, matches4, parse4
from support.openssl_pki import openssl
from support.programs import find, need
from support.terminal import at_a_terminal

if TYPE_CHECKING:
    from conftest import Program
    from support.cli import Cli, Result
    from support.redis_servers import RedisServer

PASSWORD = "hush hush"
OTHER_SHA = hashlib.new("sha1", b"other", usedforsecurity=False).hexdigest()
GIVEN = {"MTLSX_PASSWORD": PASSWORD}


@pytest.fixture
def with_password(monkeypatch: pytest.MonkeyPatch, program: Program) -> Program:
    """``program`` with MTLSX_PASSWORD."""
    monkeypatch.setenv("MTLSX_PASSWORD", PASSWORD)
    return program


def fields_of(program: Program, *arguments: str) -> dict[str, str]:
    run = program("auth", "hash", "--json", *arguments)
    assert run.code == 0
    fields: dict[str, str] = json.loads(run.stdout)["fields"]
    return fields


def rows_of(result: Result) -> list[tuple[str, str]]:
    assert (result.code, result.stderr) == (0, "")
    return [(line[:15].strip(), line[15:]) for line in result.stdout.splitlines()]


def test_the_default_is_emqx_s(cli: Cli) -> None:
    result = cli.run("auth", "hash", environment=GIVEN)
    (_, stored), (_, salt), *configured = rows_of(result)
    assert re.fullmatch("[0-9a-f]{32}", salt)
    assert stored == hashlib.sha256((salt + PASSWORD).encode()).hexdigest()
    assert [label for label, _ in rows_of(result)] == ["password_hash", "salt", "configured", ""]
    assert configured[0][1] == "password_hash_algorithm { name = sha256, salt_position = prefix }"
    assert configured[1][1] == 'cmd = "HMGET KEY password_hash salt"'
    assert PASSWORD not in result.stdout
    again = cli.run("auth", "hash", environment=GIVEN)
    assert again.stdout != result.stdout


@pytest.mark.parametrize("name", ["md5", "sha", "sha256", "sha512"])
def test_digests(with_password: Program, name: str) -> None:
    theirs = {"sha": "sha1"}.get(name, name)

    def digest(text: str) -> str:
        return hashlib.new(theirs, text.encode()).hexdigest()

    given = ("--algorithm", name, "--salt")
    assert fields_of(with_password, *given, "ä") == {
        "password_hash": digest("ä" + PASSWORD),
        "salt": "ä",
    }
    suffix = fields_of(with_password, *given, "ä", "--salt-position", "suffix")
    assert suffix["password_hash"] == digest(PASSWORD + "ä")
    disabled = fields_of(with_password, "--algorithm", name, "--salt-position", "disable")
    assert disabled == {"password_hash": digest(PASSWORD)}


@pytest.mark.e2e
def test_pbkdf2_is_that_of_openssl(with_password: Program) -> None:
    need("openssl")
    fields = fields_of(
        with_password, "--algorithm", "pbkdf2", "--mac-fun", "sha512", "--iterations", "1000",
        "--dk-length", "40", "--salt", "na7Cl",
    )  # fmt: skip
    printed = openssl(
        "kdf", "-keylen", "40", "-kdfopt", "digest:SHA512", "-kdfopt", f"pass:{PASSWORD}",
        "-kdfopt", "salt:na7Cl", "-kdfopt", "iter:1000", "PBKDF2",
    )  # fmt: skip
    assert fields["password_hash"] == printed.strip().replace(":", "").lower()


def test_pbkdf2_without_options_has_emqx_s_defaults(with_password: Program) -> None:
    run = with_password("auth", "hash", "--algorithm", "pbkdf2", "--json")
    content = json.loads(run.stdout)
    assert content["password_hash_algorithm"] == {
        "name": "pbkdf2",
        "mac_fun": "sha256",
        "iterations": 4096,
    }
    stored, salt = (content["fields"][name].encode() for name in ("password_hash", "salt"))
    assert matches(Pbkdf2(), stored, PASSWORD.encode(), salt)


def test_bcrypt(with_password: Program) -> None:
    fields = fields_of(with_password, "--algorithm", "bcrypt", "--salt-rounds", "5")
    assert list(fields) == ["password_hash"]
    stored = fields["password_hash"].encode()
    assert stored.startswith(b"$2a$05$")
    assert matches(Bcrypt(), stored, PASSWORD.encode(), None)
    assert not matches(Bcrypt(), stored, b"hush", None)


@pytest.mark.parametrize(
    ("password", "said"),
    [("x" * 73, "first 72 octets"), ("x\0y", "first NUL"), ("x" * 72, "")],
)
def test_what_bcrypt_does_not_count_is_said(
    program: Program, tmp_path: Path, password: str, said: str
) -> None:
    (tmp_path / "password").write_text(password)
    options = ("--algorithm", "bcrypt", "--salt-rounds", "4")
    run = program("auth", "hash", *options, "--password-file", tmp_path / "password")
    assert run.code == 0
    assert said in run.stderr
    assert bool(run.stderr) == bool(said)


def test_plain_is_the_password_and_warns(with_password: Program) -> None:
    run = with_password("auth", "hash", "--algorithm", "plain", "--json")
    content = json.loads(run.stdout)
    assert content["fields"] == {"password_hash": PASSWORD}
    assert content["password_hash_algorithm"] == {"name": "plain", "salt_position": "disable"}
    assert "stores the password itself" in run.stderr
    assert PASSWORD not in run.stderr
    salted = fields_of(with_password, "--algorithm", "plain", "--salt", "na7Cl")
    assert salted == {"password_hash": f"na7Cl{PASSWORD}", "salt": "na7Cl"}


def test_a_terminal_sees_no_control_characters(program: Program, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a\x1b[2Jb\x7f")
    for option in ((), ("--json",), ("--key", "k")):
        run = program(
            "auth", "hash", "--algorithm", "plain", "--password-file", tmp_path / "password",
            *option,
        )  # fmt: skip
        assert run.code == 0
        assert run.stdout.decode().replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "form",
    [
        *("plain", "sha256", "salt,sha256", "sha512,salt", "bcrypt", "salt,bcrypt"),
        *("bcrypt,salt", "pbkdf2,sha256,1000,20", "pbkdf2,md5,10,16"),
    ],
)
def test_values_of_4_are_found_right_by_4(with_password: Program, form: str) -> None:
    run = with_password("auth", "hash", "--password-hash", form, "--json")
    content = json.loads(run.stdout)
    assert (content["dialect"], content["password_hash"]) == ("emqx4.4", form)
    assert next(iter(content["fields"])) == "password"
    columns: list[bytes | None] = [value.encode() for value in content["fields"].values()]
    assert matches4(parse4(form), columns, PASSWORD.encode())
    assert not matches4(parse4(form), columns, b"hush")


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ((), "salt,sha256"),
        (("--salt-position", "suffix"), "sha256,salt"),
        (("--algorithm", "md5", "--salt-position", "disable"), "md5"),
        (("--algorithm", "plain"), "plain"),
        (("--algorithm", "bcrypt", "--salt-rounds", "4"), "bcrypt"),
        (("--algorithm", "pbkdf2", "--mac-fun", "sha"), "pbkdf2,sha,4096,20"),
    ],
)
def test_algorithms_of_5_have_a_form_in_4(
    with_password: Program, options: tuple[str, ...], form: str
) -> None:
    run = with_password("auth", "hash", "--dialect", "emqx4.2", *options)
    lines = run.stdout.decode().splitlines()
    assert lines[-2].endswith(f"auth.redis.password_hash = {form}")
    fields = "password salt" if "salt" in form or "pbkdf2" in form else "password"
    assert lines[-1].strip() == f"auth.redis.auth_cmd = HMGET KEY {fields}"


@pytest.mark.e2e
@pytest.mark.parametrize("key", ["tls_domain:346a004d", 'a key: it\'s $HOME `id` \\ "x"\n\ttls'])
def test_the_command_can_be_pasted(cli: Cli, redis_db: RedisServer, key: str) -> None:
    bash, redis_cli = find("bash"), find("redis-cli")
    for options, algorithm in (
        ((), Simple()),
        (("--algorithm", "bcrypt", "--salt-rounds", "4"), Bcrypt()),
        (("--algorithm", "pbkdf2", "--iterations", "10"), Pbkdf2(iterations=10)),
        (("--algorithm", "plain", "--salt", "n'a\t7Cl"), Simple("plain")),
    ):
        redis_db.flush()
        line = cli.run("auth", "hash", "--key", key, *options, environment=GIVEN).stdout
        assert line.startswith("redis-cli HSET ")
        assert line.count("\n") == 1
        pasted = line.replace("redis-cli", f"{shlex.quote(redis_cli)} -p {redis_db.port}", 1)
        subprocess.run([bash, "-c", pasted], check=True, capture_output=True)
        reply = redis_db.execute("HMGET", key.encode(), "password_hash", "salt")
        assert isinstance(reply, list)
        stored, salt = reply
        assert isinstance(stored, bytes)
        assert salt is None or isinstance(salt, bytes)
        assert matches(algorithm, stored, PASSWORD.encode(), salt)
        assert not matches(algorithm, stored, b"hush", salt)


def test_the_command_is_in_the_json(with_password: Program) -> None:
    run = with_password("auth", "hash", "--json", "--key", "k", "--salt-position", "disable")
    content = json.loads(run.stdout)
    stored = content["fields"]["password_hash"]
    assert content["command"] == ["redis-cli", "HSET", "k", "password_hash", stored]


def test_a_nul_cannot_be_pasted(program: Program, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a\0b")
    run = program(
        "auth", "hash", "--algorithm", "plain", "--key", "k",
        "--password-file", tmp_path / "password",
    )  # fmt: skip
    assert (run.code, run.stdout) == (2, b"")
    assert "A NUL cannot stand in a command." in run.stderr


def test_the_ways_to_give_a_password(cli: Cli, tmp_path: Path) -> None:
    options = ("auth", "hash", "--algorithm", "sha", "--salt-position", "disable")
    stored = f"password_hash  {OTHER_SHA}"
    (tmp_path / "password").write_text("other\n")
    option = cli.run(*options, "-P", "other", environment=GIVEN)
    assert option.stdout.startswith(stored)
    assert "others on this machine can see" in option.stderr
    file = cli.run(*options, "--password-file", tmp_path / "password", environment=GIVEN)
    assert (file.stdout.splitlines()[0], file.stderr) == (stored, "")
    nothing = cli.run(*options)
    assert (nothing.code, nothing.stdout) == (2, "")
    assert "There is no password. Give it with MTLSX_PASSWORD" in nothing.stderr
    missing = cli.run(*options, "--password-file", tmp_path / "missing")
    assert missing.code == 10


@pytest.mark.parametrize(
    ("asked", "environment"), [((), {}), (("--ask-password",), {"MTLSX_PASSWORD": "unused"})]
)
def test_somebody_at_a_terminal_is_asked_twice(
    asked: tuple[str, ...], environment: dict[str, str]
) -> None:
    options = ("--algorithm", "sha", "--salt-position", "disable", *asked)
    with at_a_terminal("auth", "hash", *options, **environment) as terminal:
        terminal.read_to("Password: ")
        terminal.type("other")
        terminal.read_to("Repeat for confirmation: ")
        terminal.type("otter")
        terminal.read_to("do not match")
        terminal.read_to("Password: ")
        terminal.type("other")
        terminal.read_to("Repeat for confirmation: ")
        terminal.type("other")
        terminal.read_to("exit 0")
    assert f"password_hash  {OTHER_SHA}" in terminal.shown
    assert "other" not in terminal.shown


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--algorithm", "sha", "--iterations", "3"], "--iterations cannot be meant for sha."),
        (["--dk-length", "3", "--mac-fun", "sha"], "--dk-length and --mac-fun cannot"),
        (["--algorithm", "bcrypt", "--salt-position", "prefix"], "--salt-position cannot"),
        (["--algorithm", "bcrypt", "--salt", "x"], "bcrypt makes its own salt."),
        (["--salt-rounds", "5"], "--salt-rounds is for bcrypt only."),
        (["--salt", "x", "--salt-position", "disable"], "--salt has no use"),
        (["--salt", "\udcff"], "The text of --salt is not UTF-8."),
        (["--key", "\udcff"], "The text of --key is not UTF-8."),
        (["--password-hash", "sha3"], '"sha3" is no password_hash of EMQX 4.x.'),
        (["--password-hash", "sha256", "--dialect", "emqx5.0"], "and emqx5.0 is not."),
        (["--password-hash", "sha256", "--algorithm", "sha"], "nothing to say for --algorithm."),
        (["--password-hash", "sha256", "--salt", "x"], "--salt has no use"),
        (["--algorithm", "pbkdf2", "--mac-fun", "md5"], "its pbkdf2 has no md5"),
        (["--ask-password"], "--ask-password needs a terminal"),
        (["-P", "x", "--ask-password"], "-P and --ask-password each give a password"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(
    with_password: Program, options: list[str], sentence: str
) -> None:
    run = with_password("auth", "hash", *options)
    assert (run.code, run.stdout) == (2, b"")
    assert sentence in run.stderr
    assert PASSWORD not in run.stderr
