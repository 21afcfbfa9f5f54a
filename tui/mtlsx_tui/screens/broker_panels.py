"""What each action of the broker screen asks for, and what the answers mean: values by key in, typed values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlsx.errors import UsageError
from mtlsx_tui.broker_log import Octets, text_of
from mtlsx_tui.widgets.asking import Asked

if TYPE_CHECKING:
    from mtlsx.configuration.adjusted import Adjustable

PARTS = ("disabled", "cn", "dn", "crt", "pem", "md5")
BY = ("clientid", "username", "peerhost")

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an action is about: a client, or one that was refused."""

    client_id: Octets | None
    username: Octets | None
    host: str | None

    @property
    def name(self) -> str:
        """How it is called on the screen."""
        return text_of(self.client_id) or self.host or ""

    def who(self, by: str) -> Octets | None:
        """Its value for one of ``BY``."""
        return {"clientid": self.client_id, "username": self.username, "peerhost": self.host}[by]


def file_questions(files: tuple[Path, ...], seed: Path | None) -> tuple[Asked, ...]:
    """A configuration, and what fills its embedded store."""
    return (
        Asked("file", "file", str(files[0]) if files else "", hint="broker.toml, emqx.conf", path=True),
        Asked("seed", "seed", str(seed or ""), hint="a file of Redis commands for the embedded store; may be empty", path=True),
    )  # fmt: skip


def chosen_files(values: Values) -> tuple[tuple[Path, ...], Path | None]:
    """The configuration and the seed. Raises UsageError."""
    file, seed = values["file"].strip(), values["seed"].strip()
    if not file:
        raise UsageError("It needs a configuration file.")
    return (_path(file),), _path(seed) if seed else None


def mapping_questions(current: Adjustable) -> tuple[Asked, ...]:
    """The mapping, and the commands of those who ask Redis."""
    commands = (
        ("authentication_cmd", "login cmd", current.authentication_cmd),
        ("authorization_cmd", "rules cmd", current.authorization_cmd),
    )
    return (
        Asked("peer_cert_as_username", "username", current.peer_cert_as_username, choices=PARTS),
        Asked("peer_cert_as_clientid", "client id", current.peer_cert_as_clientid, choices=PARTS),
        Asked(
            "use_username_as_clientid", "username as",
            "client id" if current.use_username_as_clientid else "username only",
            choices=("username only", "client id"),
        ),
        *(Asked(key, label, value) for key, label, value in commands if value is not None),
    )  # fmt: skip


def mapping(values: Values) -> Adjustable:
    """What was filled in."""
    from mtlsx.configuration.adjusted import Adjustable

    def command(key: str) -> str | None:
        return values[key].strip() if key in values else None

    return Adjustable(
        peer_cert_as_username=values["peer_cert_as_username"],
        peer_cert_as_clientid=values["peer_cert_as_clientid"],
        use_username_as_clientid=values["use_username_as_clientid"] == "client id",
        authentication_cmd=command("authentication_cmd"),
        authorization_cmd=command("authorization_cmd"),
    )


def ban_questions(subject: Subject | None) -> tuple[Asked, ...]:
    """Whom, and for how long."""
    return (
        *unban_questions(subject),
        Asked("seconds", "seconds", hint="empty: until it is lifted, or the broker stops"),
    )


def unban_questions(subject: Subject | None) -> tuple[Asked, ...]:
    """Whom. An empty text is the value of the client that is chosen."""
    hint = f"empty: that of {subject.name}" if subject else "a client id, a username or an address"
    return (Asked("by", "by", choices=BY), Asked("who", "who", hint=hint))


def ban(values: Values, subject: Subject | None) -> dict[str, Any]:
    """The arguments of ``ban`` and ``unban``. Raises UsageError."""
    by = values["by"]
    who: Octets | None = values["who"].strip() or (subject.who(by) if subject else None)
    if not who:
        raise UsageError(f"It needs a {by}.")
    arguments: dict[str, Any] = {"by": by, "who": who}
    if "seconds" in values:
        text = values["seconds"].strip()
        if text and not (text.isascii() and text.isdecimal() and 0 < int(text) < 10**9):
            raise UsageError("The time is a number of seconds above 0.")
        arguments["seconds"] = int(text) if text else None
    return arguments


def command(line: str) -> list[Octets]:
    """A line as for redis-cli in words, as the control of the broker takes them. Raises UsageError."""
    from mtlsx.identity.redis_commands import CommandError, split
    from mtlsx.identity.report import text_as_json

    try:
        words = split(line.encode(errors="surrogateescape"))
    except CommandError as error:
        raise UsageError(f"This is no command: {error}") from error
    return [word for word in map(text_as_json, words) if word is not None]


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"There is no such home directory: {text}") from error
