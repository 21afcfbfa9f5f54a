"""Redis commands that store devices as the authenticators of a configuration will look them up: for ``redis-cli``.

In: the configuration, and entries: what a device's placeholders stand for, and what is stored for it. Out: one
command a line; where a key cannot be made of what is known, a comment that shows its shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mtlsx.auth.authentication.commands import parse_command
from mtlsx.auth.settings import BuiltInDatabase, RedisAuthentication, RedisAuthentication4
from mtlsx.configuration.model import Configuration
from mtlsx.identity.redis_commands import CommandError, command_4, quoted, split

_PLACEHOLDERS_4 = {"u": "username", "c": "clientid", "C": "cert_common_name", "d": "cert_subject"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One device. ``values`` by placeholder of EMQX 5 and 6 (``username``, ``cert_common_name``, …); the rest as it
    stands in Redis."""

    values: Mapping[str, bytes]
    password_hash: str = field(repr=False)
    salt: str = field(default="", repr=False)
    is_superuser: bool = False


def seeding(
    configuration: Configuration, entries: Sequence[Entry] = (), *, with_secrets: bool = False
) -> str:
    """The commands for all authenticators on Redis; empty where there are none."""
    entries = [*entries, *_users(configuration)]
    lines: list[str] = []
    for settings in configuration.auth.authentication:
        if isinstance(settings, RedisAuthentication):
            lines += _seeding_5(settings, entries, with_secrets=with_secrets)
        elif isinstance(settings, RedisAuthentication4):
            lines += _seeding_4(settings, entries, with_secrets=with_secrets)
    return "\n".join(lines) + "\n" if lines else ""


def _users(configuration: Configuration) -> Iterator[Entry]:
    """The users of the built-in databases."""
    for settings in configuration.auth.authentication:
        if isinstance(settings, BuiltInDatabase):
            for user in settings.users:
                yield Entry(
                    {settings.user_id_type: user.user_id.encode()},
                    user.password_hash,
                    user.salt,
                    user.is_superuser,
                )


def _seeding_5(
    settings: RedisAuthentication, entries: Sequence[Entry], *, with_secrets: bool
) -> Iterator[str]:
    command = parse_command(settings.cmd)
    fields = [name.decode() for name in command.fields]
    yield f"# {settings.cmd}"
    made = False
    for entry in entries:
        if set(command.key.names) <= set(entry.values):
            made = True
            key = command.key.render(entry.values)
            yield _hset(key, fields, entry, with_secrets=with_secrets)
    if not made:
        yield f"# HSET {quoted(split(settings.cmd.encode())[1:2])} {_shape(fields)}"


def _seeding_4(
    settings: RedisAuthentication4, entries: Sequence[Entry], *, with_secrets: bool
) -> Iterator[str]:
    yield f"# {settings.auth_cmd}"
    words = settings.auth_cmd.split()
    fields = words[2:]
    needed = {name for letter, name in _PLACEHOLDERS_4.items() if f"%{letter}" in settings.auth_cmd}
    made = False
    for entry in entries:
        if needed <= set(entry.values) and len(words) > 2:
            values = {letter: entry.values.get(name) for letter, name in _PLACEHOLDERS_4.items()}
            try:
                command = command_4(settings.auth_cmd, values)
            except CommandError:
                continue
            made = True
            yield _hset(command[1], fields, entry, with_secrets=with_secrets)
    if not made and len(words) > 2:
        yield f"# HSET {words[1]} {_shape(fields)}"


def _hset(key: bytes, fields: Sequence[str], entry: Entry, *, with_secrets: bool) -> str:
    stored = {
        "salt": entry.salt if with_secrets or not entry.salt else "${SALT}",
        "is_superuser": "1" if entry.is_superuser else "0",
    }
    hashed = entry.password_hash if with_secrets else "${PASSWORD_HASH}"
    words = [b"HSET", key]
    for name in fields:
        if name != "clientid_override" and (name != "salt" or entry.salt):
            words += [name.encode(), stored.get(name, hashed).encode()]
    return quoted(words)


def _shape(fields: Sequence[str]) -> str:
    return " ".join(f"{name} <{name}>" for name in fields)
