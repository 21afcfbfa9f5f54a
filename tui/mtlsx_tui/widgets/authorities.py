"""The list of authorities: what each is called, and how much it issued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mtlsx_tui.widgets.options import Options
from mtlsx_tui.widgets.printable import pad, printable

if TYPE_CHECKING:
    from textual import events

    from mtlsx_tui.authorities import View

_NEW = "+"


class AuthorityList(Options):
    """The authorities, and a last row that makes a new one. Posts ``Shown`` and ``NewWanted``."""

    class Shown(Message):
        """A person moved to an authority, which is now to be shown."""

        def __init__(self, name: str) -> None:
            self.name = name
            super().__init__()

    class NewWanted(Message):
        """A person asked for a new authority."""

    def __init__(self) -> None:
        super().__init__(compact=True, markup=False)
        self._views: tuple[View, ...] = ()
        self._shown: str | None = None

    def show(self, views: Sequence[View], shown: str | None) -> None:
        """Show ``views``, with the cursor on ``shown``."""
        self._views, self._shown = tuple(views), shown
        self._rebuild()

    def on_resize(self, _event: events.Resize) -> None:
        self._rebuild()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        name = event.option_id
        if name is not None and name not in (_NEW, self._shown):
            self._shown = name
            self.post_message(self.Shown(name))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id == _NEW:
            self.post_message(self.NewWanted())

    def _rebuild(self) -> None:
        room = self.scrollable_content_region.width
        rows = []
        for view in self._views:
            count = f" {len(view.rows):,}"
            name = pad(
                ("" if view.is_root else "· ") + printable(view.name), max(4, room - len(count))
            )
            rows.append(Option(Content.assemble(name, (count, "$foreground-muted")), id=view.name))
        rows.append(Option(Content.styled("+ new", "$foreground-muted"), id=_NEW))
        self.set_options(rows)
        if any(view.name == self._shown for view in self._views) and self._shown is not None:
            self.highlighted = self.get_option_index(self._shown)
