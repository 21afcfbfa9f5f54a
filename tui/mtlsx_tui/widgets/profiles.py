"""The list of profiles: groups that fold, the state of each, and what came in unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mtlsx.certificates.times import Validity, ValidityState
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.colours import readable
from mtlsx_tui.widgets.options import Options
from mtlsx_tui.widgets.printable import pad, printable
from mtlsx_tui.widgets.status import DOTS

if TYPE_CHECKING:
    from textual import events

_NEW = "new"
_MOST_SHOWN = 9999


@dataclass(frozen=True, slots=True)
class Entry:
    """One profile in the list. ``validity``: of its certificate, None where that is not known. ``unchecked``: a
    check of its server is off.
    """

    name: str
    group: str | None = None
    state: State = State.DISCONNECTED
    unread: int = 0
    validity: Validity | None = None
    colour: str | None = None
    unchecked: bool = False


class ProfileList(Options):
    """The profiles, grouped. Posts ``Shown``, ``Opened`` and what a person wants of the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", show=False),
        Binding("delete", "delete", "Delete", show=False),
        Binding("d", "duplicate", "Duplicate", tooltip="Make a copy of the profile", show=False),
        Binding("shift+up", "move(-1)", "Move up", tooltip="Move the profile up", show=False),
        Binding("shift+down", "move(1)", "Move down", tooltip="Move it down", show=False),
        Binding("f", "search", "Find", tooltip="Search the profiles", show=False),
    ]

    class Shown(Message):
        """A person moved to a profile, which is now to be shown."""

        def __init__(self, name: str) -> None:
            self.name = name
            super().__init__()

    class Opened(Message):
        """A person pressed Enter on a profile."""

        def __init__(self, name: str) -> None:
            self.name = name
            super().__init__()

    class DeleteWanted(Message):
        """A person wants to delete a profile."""

        def __init__(self, name: str) -> None:
            self.name = name
            super().__init__()

    class DuplicateWanted(Message):
        """A person wants a copy of a profile."""

        def __init__(self, name: str) -> None:
            self.name = name
            super().__init__()

    class MoveWanted(Message):
        """A person wants a profile ``by`` places further down, or up where that is negative."""

        def __init__(self, name: str, by: int) -> None:
            self.name = name
            self.by = by
            super().__init__()

    class SearchWanted(Message):
        """A person wants to search."""

    class NewWanted(Message):
        """A person asked for a new profile."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id, compact=True, markup=False)
        self._entries: tuple[Entry, ...] = ()
        self._folded: set[str] = set()
        self._shown: str | None = None

    def show(self, entries: Sequence[Entry], shown: str | None) -> None:
        """Show ``entries``, in their order within each group, with the cursor on ``shown``."""
        if (tuple(entries), shown) == (self._entries, self._shown) and self.option_count:
            return
        rows_stay = [(e.name, e.group) for e in entries] == [
            (e.name, e.group) for e in self._entries
        ] and shown == self._shown
        self._entries, self._shown = tuple(entries), shown
        if rows_stay and self.option_count:
            self._repaint()
        else:
            self._rebuild()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._repaint())

    def on_resize(self, _event: events.Resize) -> None:
        self._repaint()

    def action_open(self) -> None:
        """Act on the row under the cursor: a profile opens, a group folds, the last row makes a new one."""
        option = self.highlighted_option
        if option is None or option.id is None:
            return
        kind, _, name = option.id.partition(":")
        if kind == "profile":
            self.post_message(self.Opened(name))
        else:
            self._act_on(kind, name)

    def action_delete(self) -> None:
        """Ask for the profile under the cursor to be deleted."""
        if (name := self._under_cursor()) is not None:
            self.post_message(self.DeleteWanted(name))

    def action_duplicate(self) -> None:
        """Ask for a copy of the profile under the cursor."""
        if (name := self._under_cursor()) is not None:
            self.post_message(self.DuplicateWanted(name))

    def action_move(self, by: int) -> None:
        """Ask for the profile under the cursor to be moved."""
        if (name := self._under_cursor()) is not None:
            self.post_message(self.MoveWanted(name, by))

    def action_search(self) -> None:
        """Ask for a search."""
        self.post_message(self.SearchWanted())

    def _under_cursor(self) -> str | None:
        option = self.highlighted_option
        kind, _, name = (option.id if option and option.id else "").partition(":")
        return name if kind == "profile" else None

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        kind, _, name = (event.option_id or "").partition(":")
        if kind == "profile" and name != self._shown:
            self._shown = name
            self.post_message(self.Shown(name))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        kind, _, name = (event.option_id or "").partition(":")
        self._act_on(kind, name)

    def _act_on(self, kind: str, name: str) -> None:
        if kind == "group":
            self._folded ^= {name}
            self._rebuild()
            self.highlighted = self.get_option_index(f"group:{name}")
        elif kind == _NEW:
            self.post_message(self.NewWanted())

    def _rebuild(self) -> None:
        self.set_options(Option(prompt, id=key) for key, prompt in self._rows())
        key = f"profile:{self._shown}"
        if any(option.id == key for option in self.options):
            self.highlighted = self.get_option_index(key)

    def _repaint(self) -> None:
        for key, prompt in self._rows():
            self.replace_option_prompt(key, prompt)

    def _rows(self) -> list[tuple[str, Content]]:
        rows: list[tuple[str, Content]] = []
        by_group = sorted(self._entries, key=lambda entry: entry.group or "")
        for group, members in groupby(by_group, key=lambda entry: entry.group or ""):
            indent = "  " if group else ""
            if group:
                rows.append((f"group:{group}", self._group_row(group)))
            if group not in self._folded:
                rows += [
                    (f"profile:{entry.name}", self._profile_row(entry, indent)) for entry in members
                ]
        rows.append((f"{_NEW}:", Content.styled("+ new", "$foreground-muted")))
        return rows

    def _group_row(self, group: str) -> Content:
        mark = "▸" if group in self._folded else "▾"
        return Content.styled(f"{mark} {printable(group)}", "$foreground-muted")

    def _profile_row(self, entry: Entry, indent: str) -> Content:
        dot, colour = DOTS[entry.state]
        count = ""
        if entry.unread:
            count = f" {entry.unread}" if entry.unread <= _MOST_SHOWN else f" {_MOST_SHOWN}+"
        alarm = " ⚠" if entry.unchecked else ""
        taken = cell_len(indent) + 2 + cell_len(alarm) + len(count) + 1
        room = self.scrollable_content_region.width - taken
        name = printable(entry.name)
        left, warning = _left(entry.validity)
        if not warning and cell_len(name) + len(left) > room:
            left = ""  # what is fine gives way to the name
        name = pad(name, max(4, room - len(left)))
        return Content.assemble(
            indent,
            (dot, colour),
            (f" {name}", readable(entry.colour, dark=self.app.current_theme.dark) or ""),
            (left, warning or "$foreground-muted"),
            (alarm, "$text-error bold"),
            (count, "$text-accent"),
        )


def _left(validity: Validity | None) -> tuple[str, str]:
    """How long a certificate is still good for, in a few cells, and the colour of a warning, "" for none."""
    match validity:
        case Validity(ValidityState.EXPIRED):
            return " expired", "$text-error"
        case Validity(ValidityState.NOT_YET_VALID, int(days)):
            return f" in {days}d", "$text-error"
        case Validity(ValidityState.ENDING, int(days)):
            return f" {days}d", "$text-warning"
        case Validity(ValidityState.VALID, int(days)):
            return f" {days}d", ""
    return "", ""
