"""Choosing a file by keyboard or mouse: a path that completes itself, and a panel to look around in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import DirectoryTree, Static

from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

_MOST_NAMES = 5000
"""How many names of a directory are looked at for a completion."""


class PathSuggester(Suggester):
    """Completes the path that is being typed with the first name, in order, that begins so."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The completed path, in the words of ``value``; directories end in a slash."""
        return await asyncio.to_thread(complete_path, value) if value else None


def complete_path(typed: str) -> str | None:
    """``typed`` completed to the first file or directory that begins so, None where there is none."""
    parent, _, start = typed.rpartition("/")
    directory = Path(f"{parent}/" if "/" in typed else ".").expanduser()
    try:
        names = sorted(
            entry.name + ("/" if entry.is_dir() else "")
            for _, entry in zip(range(_MOST_NAMES), directory.iterdir(), strict=False)
            if entry.name.startswith(start) and (start or not entry.name.startswith("."))
        )
    except (OSError, RuntimeError):  # RuntimeError: there is no such home directory
        return None
    return typed + names[0][len(start) :] if names else None


def typed_path(typed: str) -> Path:
    """A path with the home directory for ``~``, as it is where there is none."""
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        return Path(typed)


class PlainTree(DirectoryTree):
    """A directory tree without pictures: their width differs from terminal to terminal."""

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "
    ICON_FILE = "  "


class FilePanel(Vertical):
    """A tree of directories for one path at a time. Posts ``Chosen`` and ``Closed``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close"),
        Binding("backspace", "up", "Parent directory"),
    ]
    DEFAULT_CSS = """
    FilePanel {
        & > DirectoryTree { height: 1fr; background: transparent; }
        & > #files-place { color: $text-muted; height: auto; }
    }
    """

    class Chosen(Message):
        """A person chose a file."""

        def __init__(self, path: Path) -> None:
            self.path = path
            super().__init__()

    class Closed(Message):
        """A person chose nothing."""

    def compose(self) -> ComposeResult:
        yield Static("CHOOSE A FILE", classes="title", id="files-title")
        yield Static(id="files-place")

    def open(self, title: str, typed: str) -> None:
        """Look around, beginning near ``typed`` (a path, or nothing)."""
        self.query_one("#files-title", Static).update(Content(title))
        self._look_at(nearest_directory(typed))

    def action_close(self) -> None:
        """Choose nothing."""
        self.post_message(self.Closed())

    def action_up(self) -> None:
        """Look at the parent directory."""
        self._look_at(Path(self.query_one(DirectoryTree).path).parent)

    @on(DirectoryTree.FileSelected)
    def _file_selected(self, event: DirectoryTree.FileSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(event.path))

    def _look_at(self, directory: Path) -> None:
        place = Content(f"{printable(str(directory))}  ⌫ parent")
        self.query_one("#files-place", Static).update(place)
        trees = self.query(DirectoryTree)
        if trees:
            tree = trees.first()
            tree.path = directory
        else:
            tree = PlainTree(directory)
            tree.guide_depth = 2
            tree.show_root = False
            self.mount(tree)
        tree.focus()


def nearest_directory(typed: str) -> Path:
    """The directory to begin in: that of ``typed`` if it exists, else the nearest above it."""
    try:
        path = Path(typed).expanduser().absolute()
    except RuntimeError:  # there is no such home directory
        path = Path.cwd()
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path
