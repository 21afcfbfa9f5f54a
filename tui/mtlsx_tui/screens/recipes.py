"""Copy as: the connection of a profile as other programs take it, each to be seen whole before it is copied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mtlsx.errors import MtlsxError
from mtlsx.profiles.model import with_absolute_paths
from mtlsx_tui.messages import RecipesMade
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.options import Options
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx.recipes.recipe import Recipe

_WILDCARDS = frozenset("+#")


class RecipesScreen(HelpedScreen[None]):
    """Lists the programs, and shows the recipe of the one under the cursor."""

    AUTO_FOCUS = "#recipes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,ctrl+y", "copy", "Copy", tooltip="Copy this recipe"),
        Binding("escape,q", "leave", "Back", tooltip="Go back", key_display="esc"),
    ]

    def __init__(self, profile: Profile, library: ProfileLibrary) -> None:
        super().__init__()
        self._profile = profile
        self._library = library
        self._recipes: tuple[Recipe, ...] = ()

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Horizontal(id="recipes-body"):
            with Vertical(id="recipes-side"):
                yield Static("COPY AS", classes="title")
                yield Options(compact=True, markup=False, id="recipes")
            with Vertical(id="recipes-main"):
                yield Static("reading …", classes="title", id="recipe-name")
                with VerticalScroll(id="recipe-place"):
                    yield Static(id="recipe")
        yield KeyLine()

    def on_mount(self) -> None:
        profile = self._profile
        words = Status(profile=f"{profile.name}: copy as", group=profile.group)
        self.query_one(StatusLine).show(words)
        self._make()

    @work(thread=True, exclusive=True, group="recipes")
    def _make(self) -> None:
        from mtlsx.recipes.collection import recipes
        from mtlsx.recipes.files import read_files
        from mtlsx.recipes.recipe import Task

        try:
            settings = self._library.connection(self._profile)
        except MtlsxError:
            # No secret is written into a recipe; without it only its place is missing.
            settings = with_absolute_paths(
                self._profile.connection, self._library.profiles.directory
            )
        task = Task(settings=settings, files=read_files(settings.tls))
        if self._profile.subscriptions:
            first = self._profile.subscriptions[0]
            task = replace(task, topic_filter=first.topic_filter, qos=first.qos)
            if _WILDCARDS.isdisjoint(first.topic_filter):
                task = replace(task, topic=first.topic_filter)
        self.post_message(RecipesMade(recipes(task)))

    def on_recipes_made(self, message: RecipesMade) -> None:
        self._recipes = message.recipes
        options = self.query_one(OptionList)
        options.set_options(Option(each.name, id=each.name) for each in self._recipes)
        options.highlighted = 0

    @property
    def _recipe(self) -> Recipe | None:
        at = self.query_one(OptionList).highlighted
        return self._recipes[at] if at is not None and at < len(self._recipes) else None

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if (recipe := self._recipe) is not None:
            self.query_one("#recipe-name", Static).update(f"{recipe.name}  enter or y copies")
            self.clear_selection()
            self.query_one("#recipe", Static).update(Content(_fit(recipe.text)))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_copy()

    def action_copy(self) -> None:
        """Copy the recipe that is shown."""
        if (recipe := self._recipe) is not None:
            self.app.copy_to_clipboard(recipe.text)
            # Where the terminal takes no copies, what is selected can be copied by its own means.
            self.query_one("#recipe", Static).text_select_all()
            self.notify(f"Copied: {recipe.name}", timeout=2, markup=False)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)


def _fit(text: str) -> str:
    """``text`` made printable, line by line."""
    return "\n".join(map(printable, text.splitlines()))
