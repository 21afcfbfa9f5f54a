"""Passwords and passphrases as a command is given them: options, files, the environment, a question.

Each comes back as a ``Secret``; no message ever holds one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mtlsx.errors import MaterialError, UsageError
from mtlsx.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.tls.settings import TlsSettings
    from mtlsx_tui.cli.connection_options import ConnectionArguments

_LONGEST = 64 * 1024  # bytes of a file that holds a secret
_LAST_NEWLINE = re.compile(rb"\r?\n\Z")


def password(
    arguments: ConnectionArguments, environ: Mapping[str, str], saved: ConnectionSettings
) -> Secret | None:
    """The password: from an option, MTLSX_PASSWORD, or the ``saved`` connection; None without one.

    Raises UsageError and MaterialError.
    """
    given = given_password(
        arguments.password, arguments.password_file, environ, ask=arguments.ask_password
    )
    if given is not None:
        return given
    # A saved password belongs to the saved username.
    return saved.password if arguments.username in {None, saved.username} else None


def given_password(
    option: str | None,
    file: str | None,
    environ: Mapping[str, str],
    *,
    ask: bool,
    twice: bool = False,
) -> Secret | None:
    """The password from -P (``option``), --password-file, --ask-password or MTLSX_PASSWORD; None without one.

    ``twice``: who is asked must type it twice. Raises UsageError and MaterialError.
    """
    ways = [
        name
        for name, used in (
            ("-P", option is not None),
            ("--password-file", file is not None),
            ("--ask-password", ask),
        )
        if used
    ]
    if len(ways) > 1:
        raise UsageError(f"{' and '.join(ways)} each give a password; use one of them.")
    if option is not None:
        click.echo(
            "mtlsx: others on this machine can see a password given with -P;"
            " prefer MTLSX_PASSWORD, --password-file or --ask-password.",
            err=True,
        )
        return secret_from(option, "-P")
    if file is not None:
        return secret_in_file("Password", file)
    if ask:
        if not _somebody_is_there():
            raise UsageError(
                "--ask-password needs a terminal to ask on.",
                fix="Use --password-file or MTLSX_PASSWORD.",
            )
        return _ask("Password", twice=twice)
    if environ.get("MTLSX_PASSWORD"):
        return secret_from(environ["MTLSX_PASSWORD"], "MTLSX_PASSWORD")
    return None


def new_password(
    option: str | None, file: str | None, environ: Mapping[str, str], *, ask: bool
) -> Secret:
    """As ``given_password``; where none is given, somebody at the terminal is asked, twice.

    Raises UsageError, also where nobody is there, and MaterialError.
    """
    given = given_password(option, file, environ, ask=ask, twice=True)
    if given is not None:
        return given
    if not _somebody_is_there():
        raise UsageError(
            "There is no password.", fix="Give it with MTLSX_PASSWORD or --password-file."
        )
    return _ask("Password", twice=True)


def passphrase(
    arguments: ConnectionArguments, environ: Mapping[str, str], tls: TlsSettings
) -> Secret | None:
    """The passphrase of the key that ``tls`` names: from a file, MTLSX_PASSPHRASE, or saved in ``tls``.

    Where there is none, the key is encrypted and somebody is at a terminal, asks. Raises UsageError and
    MaterialError.
    """
    key_file = tls.key_file or tls.certificate_file
    if key_file is None:
        return None
    if arguments.passphrase_file is not None:
        return secret_in_file("Passphrase", arguments.passphrase_file)
    if environ.get("MTLSX_PASSPHRASE"):
        return secret_from(environ["MTLSX_PASSPHRASE"], "MTLSX_PASSPHRASE")
    if tls.passphrase is None and _somebody_is_there() and _is_encrypted(key_file):
        return _ask(f"Passphrase of {key_file}")
    return tls.passphrase


def authority_passphrase(
    file: str | None, environ: Mapping[str, str], *, name: str, needed: bool
) -> Secret | None:
    """What opens the key of the authority ``name``: from a file, MTLSX_PASSPHRASE, or, where ``needed``, a question.

    Raises UsageError and MaterialError.
    """
    if file is not None:
        return secret_in_file("Passphrase", file)
    if environ.get("MTLSX_PASSPHRASE"):
        return secret_from(environ["MTLSX_PASSPHRASE"], "MTLSX_PASSPHRASE")
    return _ask(f"Passphrase of authority {name}") if needed and _somebody_is_there() else None


def key_passphrase(file: str | None, environ: Mapping[str, str], *, encrypt: bool) -> Secret | None:
    """What closes a new key or archive: from a file, MTLSX_KEY_PASSPHRASE, or, with ``encrypt``, asked for twice.

    Raises UsageError and MaterialError.
    """
    if file is not None:
        return secret_in_file("Passphrase", file)
    if environ.get("MTLSX_KEY_PASSPHRASE"):
        return secret_from(environ["MTLSX_KEY_PASSPHRASE"], "MTLSX_KEY_PASSPHRASE")
    if not encrypt:
        return None
    if not _somebody_is_there():
        raise UsageError(
            "--encrypt needs a terminal to ask for the passphrase on.",
            fix="Use --key-passphrase-file or MTLSX_KEY_PASSPHRASE.",
        )
    return _ask("Passphrase for the key", twice=True)


def seal_passphrase(
    file: str | None, environ: Mapping[str, str], *, twice: bool = False
) -> Secret | None:
    """What seals the secrets of a bundle: from a file, MTLSX_PASSPHRASE, or a question; None where nobody is there.

    ``twice``: who is asked must type it twice. Raises UsageError and MaterialError.
    """
    if file is not None:
        return secret_in_file("Passphrase", file)
    if environ.get("MTLSX_PASSPHRASE"):
        return secret_from(environ["MTLSX_PASSPHRASE"], "MTLSX_PASSPHRASE")
    if not _somebody_is_there():
        return None
    return _ask("Passphrase of the sealed secrets", twice=twice)


def secret_in_file(what: str, path: str) -> Secret:
    """The secret in a file, without the newline at its end; ``what`` names it in a message.

    Raises MaterialError where the file cannot be read, or holds no UTF-8 or too much.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LONGEST + 1)
    except FileNotFoundError as error:
        raise MaterialError("file-missing", f"{what} file {path} does not exist.") from error
    except OSError as error:
        raise MaterialError(
            "file-unreadable", f"{what} file {path} cannot be read: {error.strerror}."
        ) from error
    if len(data) > _LONGEST:
        raise MaterialError("file-unreadable", f"{what} file {path} is longer than 64 KiB.")
    try:
        return Secret(_LAST_NEWLINE.sub(b"", data).decode())
    except UnicodeDecodeError as error:
        raise MaterialError("file-unreadable", f"{what} file {path} is not UTF-8.") from error


def secret_from(text: str, source: str) -> Secret:
    """A secret that was given as text by ``source``, an option or a variable; raises UsageError."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"The secret from {source} is not UTF-8.") from None
    return Secret(text)


def _is_encrypted(path: str) -> bool:
    from mtlsx.certificates.load import load_file

    try:
        return any(key.encrypted for key in load_file(path).keys)
    except MaterialError as error:
        # Other faults are told, with all their evidence, when the connection is made.
        return error.verdict == "key-encrypted"


def _somebody_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _ask(what: str, *, twice: bool = False) -> Secret:
    return Secret(click.prompt(what, hide_input=True, confirmation_prompt=twice, err=True))
