"""Users of built-in databases as Mosquitto's password file, where their passwords are known.

Only ``plain`` keeps the password itself, and Mosquitto compares a hash of its own: ``$7$``, PBKDF2 with SHA-512, as
mosquitto_passwd writes it.

Source: Mosquitto 2.0 (mosquitto_passwd.c, password_mosq.h).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mtlsx.auth.passwords import Simple
from mtlsx.auth.settings import AuthSettings, BuiltInDatabase, BuiltInUser
from mtlsx.configuration.mosquitto_acl import is_line

_ITERATIONS = 101  # what mosquitto_passwd takes; the broker computes them at every login, between its messages
_SALT_SIZE = 12  # octets; Mosquitto 2.0 reads no other
_KEY_SIZE = 64
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Users:
    """``text``: the password file; ``superusers``: who may do everything; ``notes``: who is not in it, and why."""

    text: str = field(repr=False)
    superusers: tuple[str, ...]
    notes: tuple[str, ...]


def users(settings: AuthSettings) -> Users:
    """The users of all built-in databases that go by username; the first of a name counts."""
    found: dict[str, str] = {}
    unknown: list[str] = []
    unwritable: list[str] = []
    superusers: list[str] = []
    for database, user in _by_username(settings):
        if user.user_id in found or user.user_id in unknown:
            continue
        password = _password(database, user)
        if not is_line(user.user_id) or ":" in user.user_id or user.user_id.startswith("#"):
            unwritable.append(repr(user.user_id))
            continue
        if password is None:
            unknown.append(user.user_id)
        else:
            found[user.user_id] = password
        if user.is_superuser:
            superusers.append(user.user_id)
    notes = []
    if unknown:
        notes.append(
            f"Not in the password file, as only a hash of the password is known: {_listed(unknown)}; set them with"
            " mosquitto_passwd."
        )
    if unwritable:
        notes.append(
            f"Not in the password file, as no line can hold the name: {_listed(unwritable)}."
        )
    lines = [f"{name}:{hashed(password)}\n" for name, password in found.items()]
    return Users("".join(lines), tuple(superusers), tuple(notes))


def hashed(password: str) -> str:
    """What stands behind the colon for ``password``, with a new salt."""
    salt = secrets.token_bytes(_SALT_SIZE)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, _KEY_SIZE)
    return f"$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(key).decode()}"


def _by_username(settings: AuthSettings) -> Iterator[tuple[BuiltInDatabase, BuiltInUser]]:
    for database in settings.authentication:
        if isinstance(database, BuiltInDatabase) and database.user_id_type == "username":
            for user in database.users if database.enable else ():
                yield database, user


def _password(database: BuiltInDatabase, user: BuiltInUser) -> str | None:
    """The password itself; None where what is stored does not tell it."""
    algorithm = database.password_hash_algorithm
    if not isinstance(algorithm, Simple) or algorithm.name != "plain":
        return None
    stored, salt = user.password_hash, user.salt
    if algorithm.salt_position == "prefix" and stored.startswith(salt):
        return stored.removeprefix(salt)
    if algorithm.salt_position == "suffix" and stored.endswith(salt):
        return stored.removesuffix(salt)
    return stored if algorithm.salt_position == "disable" else None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} others" if more > 0 else "")
