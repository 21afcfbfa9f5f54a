"""Profiles and their secrets together, in the order in which a crash loses neither."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mtlsx.profiles.model import Profile, with_absolute_paths
from mtlsx.profiles.secrets import SecretKind, SecretStore
from mtlsx.profiles.store import ProfileStore

if TYPE_CHECKING:
    from pathlib import Path

    from mtlsx.client.settings import ConnectionSettings


class ProfileLibrary:
    """Everything under one configuration directory (``mtlsx.profiles.directories``).

    Profiles are in ``profiles/``, secrets that the keyring does not take in ``secrets/``.
    """

    def __init__(self, config_directory: Path) -> None:
        self.profiles = ProfileStore(config_directory / "profiles")
        self.secrets = SecretStore(config_directory / "secrets")

    def connection(self, profile: Profile) -> ConnectionSettings:
        """The settings to connect with: absolute file paths, and the secrets that are stored.

        Asks the keyring, so it may take seconds. Raises UsageError where the file of secrets is damaged.
        """
        settings = with_absolute_paths(profile.connection, self.profiles.directory)
        return replace(
            settings,
            password=self.secrets.get(profile.name, SecretKind.PASSWORD),
            tls=replace(
                settings.tls, passphrase=self.secrets.get(profile.name, SecretKind.PASSPHRASE)
            ),
        )

    def save(self, profile: Profile, *, former_name: str | None = None) -> Path:
        """Save a profile, over the one of ``former_name`` where it is renamed: its secrets go with it.

        Raises what ``ProfileStore.save`` and ``SecretStore`` raise; a secret that cannot be removed from
        its old name is reported after the profile is saved.
        """
        if former_name is None or former_name == profile.name:
            return self.profiles.save(profile)
        self.profiles.require_free(profile.name)
        self.secrets.copy(former_name, profile.name)
        path = self.profiles.save(profile, former_name=former_name)
        self.secrets.delete(former_name)
        return path

    def delete(self, name: str) -> None:
        """Delete a profile and its secrets."""
        self.profiles.delete(name)
        self.secrets.delete(name)
