"""``mtlsx demo``: its broker in a child process, and the terminal UI beside it, connected as its device."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import TYPE_CHECKING

from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import Guest, ProfileLibrary
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.local_broker import LocalBroker
from mtlsx_tui.settings import load_settings

if TYPE_CHECKING:
    from mtlsx.demo.folder import Demo

_NAME = "demo"


def run(demo: Demo) -> None:
    """Open the terminal UI on this user's profiles and ``demo``'s, and leave it when the person does.

    Raises UsageError for a settings file that cannot be read, and MtlsxError where the broker does not start.
    """
    asyncio.run(_run(demo))


async def _run(demo: Demo) -> None:
    directory = config_directory(os.environ)
    profile = demo.profile(_free_name(ProfileLibrary(directory)))
    # What the broker tells is for whoever takes it over from here: the application.
    broker = LocalBroker(
        [demo.configuration],
        seed=demo.seed,
        on_event=lambda _: None,
        on_end=lambda why: app.notify(
            why, title="The broker ended", severity="error", markup=False
        ),
    )
    app = MtlsxApp(
        ProfileLibrary(directory, guests=[Guest(profile, demo.password)]),
        settings=load_settings(directory),
        pki=demo.pki,
        opened=profile.name,
        local_broker=broker,
    )
    await broker.start()
    try:
        await app.run_async()
    finally:
        await broker.stop()


def _free_name(library: ProfileLibrary) -> str:
    """A name for the demo's profile that none of the person's has."""
    taken = {profile.name for profile in library.list().profiles}
    names = itertools.chain([_NAME], (f"{_NAME} {number}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)
