"""Pictures of screens: taken in each theme of one application, and compared with those that somebody found good."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeAlias

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.widgets import Input, TextArea

from support.tui import settle

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion
    from textual.pilot import Pilot

    from mtlsx_tui.app import MtlsxApp

TEXTUAL = "8.2.8"

same_textual = pytest.mark.skipif(
    version("textual") != TEXTUAL, reason=f"the pictures were taken with Textual {TEXTUAL}"
)

Play: TypeAlias = Callable[["Pilot[None]"], Awaitable[None]]
Pictured: TypeAlias = Callable[["MtlsxApp", Play], Awaitable[None]]


class Svg(SingleFileSnapshotExtension):
    """A file for each picture, which any browser shows."""

    file_extension = "svg"
    _write_mode = WriteMode.TEXT


def picturing(snapshot: SnapshotAssertion, size: tuple[int, int]) -> Pictured:
    """Compares a picture in each theme of what ``play`` leads to, in a terminal of ``size`` (columns, lines)."""
    kept = snapshot.use_extension(Svg)

    async def compare(app: MtlsxApp, play: Play) -> None:
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await play(pilot)
            for theme in ("dark", "light"):
                app.theme = f"textual-{theme}"
                await settle(pilot)
                for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
                    field.cursor_blink = False
                await pilot.pause()
                assert app.export_screenshot(simplify=True) == kept(name=theme), (
                    "It looks different."
                )

    return compare
