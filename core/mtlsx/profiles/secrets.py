"""Passwords and passphrases of profiles: in the system's keyring, else in a file only its owner can read.

The keyring is used where there is one that keyring itself recommends and where it answers within a second;
a keyring that hangs, fails or asks a question that nobody sees must not stop anybody from connecting.
Secrets that it does not take are in ``DIRECTORY/*.json`` (mode 0600), one file per profile. A secret that
could be stored in neither has to be asked for again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import read_bounded, reason, sync_directory, write_private
from mtlsx.secret import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

_LARGEST = 1024 * 1024  # bytes of one file of secrets


class SecretKind(StrEnum):
    """Which secret of a profile."""

    PASSWORD = "password"  # noqa: S105  (its name)
    PASSPHRASE = "passphrase"  # noqa: S105  (its name)


class SecretPlace(StrEnum):
    """Where a secret was put."""

    KEYRING = "keyring"
    FILE = "file"


class SecretStore:
    """The secrets of the profiles of one configuration; ``directory`` is for those the keyring does not take.

    ``patience``: seconds that the keyring has for an answer. One that failed to answer is not asked again
    by this store. All methods may take that long: call them where nobody waits for the screen.
    """

    def __init__(self, directory: Path, *, patience: float = 1.0) -> None:
        self._directory = directory
        self._keyring = _Keyring(service=f"mtlsx {directory}", patience=patience)

    def get(self, profile: str, kind: SecretKind) -> Secret | None:
        """The secret, or None where none is stored or the keyring that has it does not answer.

        Raises UsageError where the file of secrets is damaged.
        """
        # The file first: it holds what the keyring did not take, which is newer than what the keyring has.
        stored = self._read(profile).get(kind)
        if stored is None:
            stored = self._keyring.get(_entry(profile, kind))
        return None if stored is None else Secret(stored)

    def set(self, profile: str, kind: SecretKind, secret: Secret) -> SecretPlace:
        """Store the secret and say where. Raises MtlsxError where it could be stored nowhere."""
        stored = self._read(profile)
        if self._keyring.set(_entry(profile, kind), secret.reveal()):
            if stored.pop(kind, None) is not None:
                self._write(profile, stored)
            return SecretPlace.KEYRING
        self._write(profile, {**stored, kind: secret.reveal()})
        return SecretPlace.FILE

    def delete(self, profile: str, kind: SecretKind | None = None) -> None:
        """Forget a secret of the profile (both where ``kind`` is None), wherever it is.

        Raises MtlsxError where it may still be in a place that cannot be reached.
        """
        kinds = list(SecretKind) if kind is None else [kind]
        stored = self._read(profile)
        kept = {name: text for name, text in stored.items() if name not in kinds}
        if kept != stored:
            self._write(profile, kept)
        for each in kinds:
            if not self._keyring.delete(_entry(profile, each)):
                raise MtlsxError(
                    f'The keyring does not answer; it may still hold the {each} of "{profile}".',
                    fix=f'Look there for "{self._keyring.service}".',
                )

    def copy(self, profile: str, new_profile: str) -> None:
        """Give ``new_profile`` the secrets of ``profile``, and no others."""
        for kind in SecretKind:
            secret = self.get(profile, kind)
            if secret is None:
                self.delete(new_profile, kind)
            else:
                self.set(new_profile, kind, secret)

    def _path(self, profile: str) -> Path:
        return self._directory / f"{hashlib.sha256(profile.encode()).hexdigest()[:32]}.json"

    def _read(self, profile: str) -> dict[str, str]:
        path = self._path(profile)
        try:
            content = json.loads(read_bounded(path, _LARGEST))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise MtlsxError(f"File of secrets {path} cannot be read: {reason(error)}.") from error
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or not all(
            isinstance(text, str) for text in content.values()
        ):
            raise UsageError(
                f'File of secrets {path} of profile "{profile}" is damaged.',
                fix="Move it away; the secrets will be asked for again.",
            )
        content.pop("profile", None)
        return content

    def _write(self, profile: str, secrets: dict[str, str]) -> None:
        path = self._path(profile)
        try:
            if secrets:
                content = {"profile": profile, **secrets}
                write_private(path, json.dumps(content, indent=2).encode())
            else:
                path.unlink(missing_ok=True)
                sync_directory(path.parent)
        except OSError as error:
            raise MtlsxError(
                f'The secrets of "{profile}" cannot be stored in {path}: {reason(error)}.',
                fix="They will be asked for again.",
            ) from error


class _NoAnswerError(Exception):
    """There is a keyring, and it failed or did not answer in time."""


class _Keyring:
    """The system's keyring, with a limit to our patience; without a working one it is an empty one."""

    def __init__(self, *, service: str, patience: float) -> None:
        self.service = service
        self._patience = patience
        self._backend: KeyringBackend | None = None
        self._gave_up = False

    def get(self, entry: str) -> str | None:
        try:
            return self._ask(lambda backend: backend.get_password(self.service, entry))
        except _NoAnswerError:
            return None

    def set(self, entry: str, text: str) -> bool:
        """Whether the keyring holds the text now."""

        def store(backend: KeyringBackend) -> bool:
            backend.set_password(self.service, entry, text)
            return backend.get_password(self.service, entry) == text

        try:
            return self._ask(store) or False
        except _NoAnswerError:
            return False

    def delete(self, entry: str) -> bool:
        """Whether the keyring surely does not hold the entry any more."""

        def forget(backend: KeyringBackend) -> None:
            if backend.get_password(self.service, entry) is not None:
                backend.delete_password(self.service, entry)

        try:
            self._ask(forget)
        except _NoAnswerError:
            return False
        return True

    def _ask(self, question: Callable[[KeyringBackend], T]) -> T | None:
        """The backend's answer, None where there is no backend. Raises _NoAnswerError."""
        import keyring  # late, and not on the keyring's time: it takes a while to load

        if self._backend is None:
            self._backend = self._answer(lambda: _recommended(keyring.get_keyring()))
        backend = self._backend
        return None if backend is None else self._answer(lambda: question(backend))

    def _answer(self, question: Callable[[], T]) -> T:
        if self._gave_up:
            raise _NoAnswerError
        answers: list[T] = []

        def ask() -> None:
            # Keyrings are plugins and raise whatever they like; all of it means that this one does not work.
            with contextlib.suppress(Exception):
                answers.append(question())

        thread = threading.Thread(target=ask, name="keyring", daemon=True)
        thread.start()
        thread.join(self._patience)
        self._gave_up = thread.is_alive()
        if not answers:
            raise _NoAnswerError
        return answers[0]


def _recommended(backend: KeyringBackend) -> KeyringBackend | None:
    """``backend`` where keyring recommends it; of a chain of backends the first one.

    The ones that are not recommended store nothing, fail, or store in plain text.
    """
    from keyring.core import recommended

    for candidate in getattr(backend, "backends", [backend]):
        if recommended(candidate):
            return candidate  # type: ignore[no-any-return]  # keyring does not type the chain
    return None


def _entry(profile: str, kind: SecretKind) -> str:
    return f"{kind}/{profile}"
