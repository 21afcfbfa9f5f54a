"""Profiles and their secrets together, in the order in which a crash loses neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtlsx.profiles.arrangement import free_name, moved
from mtlsx.profiles.model import Profile, with_absolute_paths
from mtlsx.profiles.secrets import SecretKind, SecretStore
from mtlsx.profiles.store import Listing, ProfileStore

if TYPE_CHECKING:
    from pathlib import Path

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.secret import Secret


@dataclass(frozen=True, slots=True)
class Guest:
    """A profile that is in no file, with its password; its file paths are absolute."""

    profile: Profile
    password: Secret | None = field(default=None, repr=False)


class ProfileLibrary:
    """Everything under one configuration directory (``mtlsx.profiles.directories``).

    Profiles are in ``profiles/``, secrets that the keyring does not take in ``secrets/``. ``guests`` are listed with
    the others, under names that no other has, and written nowhere until a person saves them.
    """

    def __init__(self, config_directory: Path, *, guests: Sequence[Guest] = ()) -> None:
        self.profiles = ProfileStore(config_directory / "profiles")
        self.secrets = SecretStore(config_directory / "secrets")
        self._guests = {guest.profile.name: guest for guest in guests}

    def list(self) -> Listing:
        """All profiles, the guests first, and all files that could not be read. Raises as ``ProfileStore.list``."""
        listing = self.profiles.list()
        guests = tuple(guest.profile for guest in self._guests.values())
        return replace(listing, profiles=(*guests, *listing.profiles))

    def connection(self, profile: Profile) -> ConnectionSettings:
        """The settings to connect with: absolute file paths, and the secrets that are stored.

        Asks the keyring, so it may take seconds. Raises UsageError where the file of secrets is damaged.
        """
        settings = with_absolute_paths(profile.connection, self.profiles.directory)
        if (guest := self._guests.get(profile.name)) is not None:
            return replace(settings, password=guest.password)
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
        if (guest := self._guests.get(former_name or profile.name)) is not None:
            return self._save_guest(guest, profile)
        if former_name is None or former_name == profile.name:
            return self.profiles.save(profile)
        self.profiles.require_free(profile.name)
        self.secrets.copy(former_name, profile.name)
        path = self.profiles.save(profile, former_name=former_name)
        self.secrets.delete(former_name)
        return path

    def remember(self, profile: Profile) -> None:
        """Keep what changed in passing: in the profile's file, a guest's only until the program ends.

        Raises what ``ProfileStore.save`` raises.
        """
        guest = self._guests.get(profile.name)
        if guest is None:
            self.profiles.save(profile)
        else:
            self._guests[profile.name] = replace(guest, profile=profile)

    def duplicate(self, name: str) -> Profile:
        """Save a copy of a profile under a free name, with its secrets, give the copy.

        Raises UsageError where there is none of that name, and what ``save`` raises.
        """
        profiles = self.list().profiles
        original = next((each for each in profiles if each.name == name), None)
        if original is None:
            original = self.profiles.get(name)  # says that there is none, and which there are
        copy = replace(original, name=free_name(name, {each.name for each in profiles}))
        if (guest := self._guests.get(name)) is not None:
            self._save_guest(guest, copy)
            self._guests[name] = guest
        else:
            self.secrets.copy(name, copy.name)
            self.profiles.save(copy)
        return copy

    def move(self, name: str, by: int) -> None:
        """Move a profile ``by`` places down (up, where negative) within its group; a guest stays where it is.

        Raises UsageError where there is none of that name, and what ``ProfileStore.save`` raises.
        """
        if name in self._guests:
            return
        self.profiles.get(name)
        for profile in moved(self.profiles.list().profiles, name, by):
            self.profiles.save(profile)

    def delete(self, name: str) -> None:
        """Delete a profile and its secrets."""
        if self._guests.pop(name, None) is not None:
            return
        self.profiles.delete(name)
        self.secrets.delete(name)

    def _save_guest(self, guest: Guest, profile: Profile) -> Path:
        """Make a guest a profile like any other."""
        self.profiles.require_free(profile.name)
        if guest.password is not None:
            self.secrets.set(profile.name, SecretKind.PASSWORD, guest.password)
        path = self.profiles.save(profile)
        del self._guests[guest.profile.name]
        return path
