"""The Redis command of an authenticator of EMQX 5 and 6: checked when it is configured, then only its key changes.

Source: emqx_authn_redis.erl, emqx_auth_redis_validations.erl (6.3); vectors ``emqx-auth`` (kinds ``authn_cmd``
and ``tmpl5_authn``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mtlsx.auth.placeholders import AUTHENTICATION
from mtlsx.errors import UsageError
from mtlsx.identity.redis_commands import CommandError, split
from mtlsx.identity.templates import Template

FIELDS = (b"password_hash", b"password", b"salt", b"is_superuser", b"clientid_override")
"""The fields that EMQX reads, in the order in which messages list them."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that looks a client up: its name as written, its key, and the fields it asks for."""

    name: bytes
    key: Template
    fields: tuple[bytes, ...]

    def words(self, values: Mapping[str, bytes | None]) -> tuple[bytes, ...]:
        """The words as they are sent; a value never splits or adds words.

        Raises ``CommandError`` where the key is not UTF-8, on which EMQX raises.
        """
        key = self.key.render(values)
        try:
            key.decode()
        except UnicodeDecodeError as error:
            raise CommandError("The key is not UTF-8, on which EMQX raises.") from error
        return (self.name, key, *self.fields)


def parse_command(cmd: str) -> Command:
    """The command that ``cmd`` configures; raises ``UsageError`` where EMQX refuses it."""
    try:
        words = split(cmd.encode(errors="surrogateescape"))
    except CommandError as error:
        raise UsageError(
            f"The Redis command {cmd!r} cannot be split into words: {error}"
        ) from error
    if not words:
        raise UsageError("The Redis command is empty.", fix=_EXAMPLE)
    name, fields = words[0], tuple(words[2:])
    if name.lower() not in (b"hget", b"hmget"):
        raise UsageError(
            f"The Redis command {cmd!r} must be HGET or HMGET, not {_text(name)}.", fix=_EXAMPLE
        )
    unknown = [_text(field) for field in fields if field not in FIELDS]
    if unknown:
        known = ", ".join(map(_text, FIELDS))
        raise UsageError(
            f"The Redis command {cmd!r} asks for {', '.join(unknown)}; EMQX reads {known}.",
            fix="A key with spaces needs quotes.",
        )
    if not {b"password_hash", b"password"} & {*fields}:
        raise UsageError(
            f"The Redis command {cmd!r} must ask for password_hash or password.", fix=_EXAMPLE
        )
    return Command(name, Template.parse(words[1], AUTHENTICATION), fields)


_EXAMPLE = "Write it like HMGET tls_domain:${cert_common_name} password_hash salt is_superuser."


def _text(word: bytes) -> str:
    return word.decode(errors="backslashreplace")
