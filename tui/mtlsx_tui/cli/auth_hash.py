"""``mtlsx auth hash``: what to store for a password, for people, as JSON, or as a redis-cli command to paste."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass, field
from typing import Any, get_args

import click

from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.hashing import BCRYPT_COUNTS
from mtlsx.auth.passwords import (
    Algorithm,
    Algorithm4,
    Bcrypt,
    CrashError,
    Digest,
    MacFun,
    Pbkdf2,
    SaltPosition,
    Simple,
    as_4,
    as_5,
    make,
    needs_salt,
    new_salt,
    parse4,
)
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.identity.report import shown
from mtlsx_tui.cli.given_secrets import new_password
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.sections import SectionedCommand, option

PASSWORD = "Password (MTLSX_PASSWORD; where none is given, you are asked)"  # noqa: S105  (a heading)
ALGORITHM = "How it is stored"
OUTPUT = "Output"
_ALGORITHMS = (*get_args(Digest), "bcrypt", "pbkdf2")


@dataclass(frozen=True, slots=True)
class Entry:
    """What to store: the fields of a Redis hash, and how EMQX must be set to find it right.

    ``algorithm4`` is set for 4.x, whose plugin computes the same as ``algorithm``.
    """

    dialect: Dialect
    algorithm: Algorithm
    algorithm4: Algorithm4 | None
    fields: dict[str, bytes] = field(repr=False)


@click.command("hash", cls=SectionedCommand)
@option(
    ALGORITHM, "--algorithm", type=click.Choice(_ALGORITHMS),
    help="EMQX's password_hash_algorithm.  [sha256]",
)  # fmt: skip
@option(
    ALGORITHM, "--salt-position", type=click.Choice(get_args(SaltPosition)),
    help="Of plain, md5 and sha….  [prefix; disable for plain without --salt]",
)  # fmt: skip
@option(ALGORITHM, "--salt", metavar="TEXT", help="The salt.  [128 random bits in hex]")
@option(
    ALGORITHM, "--salt-rounds", type=click.IntRange(4, 31), metavar="N",
    help="Cost of bcrypt: 2^N rounds.  [10]",
)  # fmt: skip
@option(ALGORITHM, "--mac-fun", type=click.Choice(get_args(MacFun)), help="Of pbkdf2.  [sha256]")
@option(
    ALGORITHM, "--iterations", type=click.IntRange(1, 999_999_999), metavar="N",
    help="Of pbkdf2.  [4096]",
)  # fmt: skip
@option(
    ALGORITHM, "--dk-length", type=click.IntRange(1, 65_535), metavar="OCTETS",
    help="Length of pbkdf2's key.  [that of mac_fun's digest]",
)  # fmt: skip
@option(
    ALGORITHM, "--dialect", type=click.Choice(get_args(Dialect)),
    help="The EMQX it is for.  [emqx4.4 with --password-hash, else emqx6]",
)  # fmt: skip
@option(
    ALGORITHM, "--password-hash", metavar="FORM",
    help="EMQX 4.x's auth.redis.password_hash in place of --algorithm: sha256, salt,sha256,"
    " sha256,salt, bcrypt, pbkdf2,sha256,1000,20 …",
)  # fmt: skip
@option(
    PASSWORD, "-P", "--password",
    help="Others on this machine can see it: prefer MTLSX_PASSWORD or the next two.",
)  # fmt: skip
@option(PASSWORD, "--password-file", metavar="FILE", help="Holds the password.")
@option(PASSWORD, "--ask-password", is_flag=True, help="Ask, also where MTLSX_PASSWORD is set.")
@option(
    OUTPUT, "--key", metavar="KEY",
    help="Print the redis-cli command that stores it in the Redis hash KEY, ready to paste.",
)  # fmt: skip
@option(OUTPUT, "--json", "json_", is_flag=True, help="Print one JSON object.")
def command(
    salt: str | None,
    salt_rounds: int | None,
    dialect: Dialect | None,
    password_hash: str | None,
    password: str | None,
    password_file: str | None,
    key: str | None,
    *,
    ask_password: bool,
    json_: bool,
    **settings: Any,
) -> None:
    """Make what Redis must hold for EMQX to find a password right.

    The fields have the names that EMQX reads, and below them stands how it must be configured. What is plain is the
    password itself; otherwise the password is never shown.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    dialect = dialect or ("emqx6" if password_hash is None else "emqx4.4")
    algorithm, algorithm4 = _algorithms(dialect, password_hash, given, salted=salt is not None)
    if salt_rounds is not None:
        if not isinstance(algorithm, Bcrypt):
            raise UsageError("--salt-rounds is for bcrypt only.")
        algorithm = Bcrypt(salt_rounds)
    octets = _salt(algorithm, salt)
    secret = new_password(password, password_file, os.environ, ask=ask_password)
    plain = secret.reveal().encode()
    _warn(algorithm, plain)
    try:
        stored = make(algorithm, plain, octets, dialect=DIALECTS[dialect])
    except CrashError as error:
        raise UsageError(str(error)) from error
    fields = {"password_hash" if algorithm4 is None else "password": stored}
    if needs_salt(algorithm4 or algorithm):
        fields["salt"] = octets
    entry = Entry(dialect, algorithm, algorithm4, fields)
    if json_:
        click.echo(json.dumps(_as_json(entry, key), indent=2).replace("\x7f", "\\u007f"))
    elif key is not None:
        click.echo(" ".join(map(_shell_word, _words(entry, key))))
    else:
        click.echo(_as_text(entry))


def _algorithms(
    dialect: Dialect, password_hash: str | None, given: dict[str, Any], *, salted: bool
) -> tuple[Algorithm, Algorithm4 | None]:
    """The algorithm, and in 4.x how its setting has it too."""
    four = dialect in ("emqx4.4", "emqx4.2")
    if password_hash is None:
        algorithm = _algorithm(given, salted=salted)
        return algorithm, as_4(algorithm) if four else None
    if not four:
        raise UsageError(
            f"--password-hash is a setting of EMQX 4.x, and {dialect} is not.",
            fix="Use --algorithm and the options that go with it.",
        )
    if given:
        raise UsageError(f"--password-hash leaves nothing to say for {_options(given)}.")
    algorithm4 = parse4(password_hash)
    return as_5(algorithm4), algorithm4


def _algorithm(given: dict[str, Any], *, salted: bool) -> Algorithm:
    name = given.get("algorithm", "sha256")
    values = {option_: value for option_, value in given.items() if option_ != "algorithm"}
    mine = {"bcrypt": set(), "pbkdf2": {"mac_fun", "iterations", "dk_length"}}.get(
        name, {"salt_position"}
    )
    others = {option_: value for option_, value in values.items() if option_ not in mine}
    if others:
        raise UsageError(f"{_options(others)} cannot be meant for {name}.")
    if name == "bcrypt":
        return Bcrypt()
    if name == "pbkdf2":
        return Pbkdf2(**values)
    # As EMQX itself stores a plain password.
    position = "disable" if name == "plain" and not salted else "prefix"
    return Simple(name, values.get("salt_position", position))


def _options(names: dict[str, Any]) -> str:
    return " and ".join(f"--{name.replace('_', '-')}" for name in names)


def _salt(algorithm: Algorithm, given: str | None) -> bytes:
    if given is None:
        return new_salt(algorithm)
    if isinstance(algorithm, Bcrypt):
        raise UsageError("bcrypt makes its own salt.", fix="Leave out --salt.")
    if not needs_salt(algorithm):
        raise UsageError("--salt has no use where the password is stored without a salt.")
    return _utf8(given, "--salt")


def _utf8(text: str, source: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"The text of {source} is not UTF-8.") from None


def _warn(algorithm: Algorithm, password: bytes) -> None:
    if isinstance(algorithm, Simple) and algorithm.name == "plain":
        notice("plain stores the password itself: whoever reads Redis, or this, has it.")
    if isinstance(algorithm, Bcrypt):
        counted = password.partition(b"\0")[0]
        if counted != password:
            notice("EMQX's bcrypt ends the password at its first NUL.")
        if len(counted) > BCRYPT_COUNTS:
            notice(f"bcrypt looks at the first {BCRYPT_COUNTS} octets of the password only.")


def _as_text(entry: Entry) -> str:
    rows = [(name, shown(value)) for name, value in entry.fields.items()]
    fields = " ".join(entry.fields)
    if entry.algorithm4 is None:
        settings = ", ".join(f"{name} = {value}" for name, value in _setting(entry).items())
        rows += [
            ("configured", f"password_hash_algorithm {{ {settings} }}"),
            ("", f'cmd = "HMGET KEY {fields}"'),
        ]
    else:
        rows += [
            ("configured", f"auth.redis.password_hash = {','.join(entry.algorithm4.words)}"),
            ("", f"auth.redis.auth_cmd = HMGET KEY {fields}"),
        ]
    return "\n".join(f"{label:<15}{value}" for label, value in rows)


def _setting(entry: Entry) -> dict[str, str | int]:
    """``password_hash_algorithm`` of EMQX 5 and 6, for an authenticator that only reads."""
    algorithm = entry.algorithm
    if isinstance(algorithm, Bcrypt):
        return {"name": "bcrypt"}
    if isinstance(algorithm, Simple):
        return {"name": algorithm.name, "salt_position": algorithm.salt_position}
    values: dict[str, str | int] = {
        "name": "pbkdf2",
        "mac_fun": algorithm.mac_fun,
        "iterations": algorithm.iterations,
    }
    if algorithm.dk_length is not None:
        values["dk_length"] = algorithm.dk_length
    return values


def _as_json(entry: Entry, key: str | None) -> dict[str, Any]:
    if entry.algorithm4 is None:
        setting: dict[str, Any] = {"password_hash_algorithm": _setting(entry)}
    else:
        setting = {"password_hash": ",".join(entry.algorithm4.words)}
    fields = {name: value.decode() for name, value in entry.fields.items()}
    content = {"dialect": entry.dialect, **setting, "fields": fields}
    return content if key is None else {**content, "command": _words(entry, key)}


def _words(entry: Entry, key: str) -> list[str]:
    _utf8(key, "--key")
    words = ["redis-cli", "HSET", key]
    for name, value in entry.fields.items():
        words += [name, value.decode()]
    return words


def _shell_word(word: str) -> str:
    """``word`` as a shell takes it; control characters as bash, zsh and ksh know them, so that it stays a line."""
    if word.isprintable():
        return shlex.quote(word)
    if "\0" in word:
        raise UsageError("A NUL cannot stand in a command.", fix="Use --json.")
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\x{octet:02x}" for octet in character.encode())
