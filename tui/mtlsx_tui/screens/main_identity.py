"""The identity card of the main screen: reads the certificate of the profile that is shown, once for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work

from mtlsx.errors import MtlsxError
from mtlsx.profiles.model import with_absolute_paths
from mtlsx_tui.messages import IdentityRead
from mtlsx_tui.screens import words
from mtlsx_tui.widgets.identity import IdentityCard

if TYPE_CHECKING:
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.identity import Inspection
    from mtlsx_tui.sessions import Session


class ProfileIdentity(IdentityCard):
    """The card of one profile. ``now``: seconds since the epoch, for the age of certificates."""

    def __init__(self, library: ProfileLibrary, *, now: Callable[[], float]) -> None:
        super().__init__()
        self._library = library
        self._now = now
        self._read: dict[str, Inspection] = {}
        self._profile: Profile | None = None
        self._session: Session | None = None

    @property
    def inspection(self) -> Inspection | None:
        """What the files of the profile that is shown say; None while they are being read."""
        return None if self._profile is None else self._read.get(self._profile.name)

    def forget(self) -> None:
        """The profiles may have changed: read their files anew."""
        self._read.clear()

    def show_profile(self, profile: Profile, session: Session | None) -> None:
        """Show the identity of ``profile``, as it is in force in its session."""
        self._profile, self._session = profile, session
        inspection = self.inspection
        if inspection is None:
            self.show_note("reading …")
            self._inspect(profile)
        elif inspection.identity is not None:
            self.show(words.in_force(inspection.identity, session))
        else:
            self.show_note(inspection.note, bad=bool(inspection.errors))

    @work(thread=True, exclusive=True, group="identity")
    def _inspect(self, profile: Profile) -> None:
        try:
            settings = self._library.connection(profile)
        except MtlsxError:
            # Most files need no secret to be read; connecting will say what is wrong with them.
            settings = with_absolute_paths(profile.connection, self._library.profiles.directory)
        from mtlsx_tui.inspection import inspect

        inspection = inspect(settings, profile.mapping, now=self._now())
        self.post_message(IdentityRead(profile.name, inspection))

    def on_identity_read(self, message: IdentityRead) -> None:
        message.stop()
        self._read[message.profile] = message.inspection
        if self._profile is not None and message.profile == self._profile.name:
            self.show_profile(self._profile, self._session)
