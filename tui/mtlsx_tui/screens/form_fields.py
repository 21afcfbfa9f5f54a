"""The fields of the profile form. The field of a setting is ``#field-NAME``, its control ``#form-NAME``."""

from __future__ import annotations

from textual.widgets import Button, Input

from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.files import PathSuggester


def text_field(label: str, value: str, placeholder: str = "", *, key: str | None = None) -> Field:
    """A line of text; its setting is ``key``, or named like its label."""
    key = key or label
    return Field(label, input_of(key, value, placeholder), id=f"field-{key}")


def choice_field(label: str, key: str, values: tuple[str, ...], value: str) -> Field:
    """One of a few values."""
    return Field(label, Choice(values, value, id=f"form-{key}"), id=f"field-{key}")


def file_field(label: str, key: str, value: str, placeholder: str) -> Field:
    """A path that completes itself, with a button to look around (``#browse-NAME``)."""
    path = input_of(key, value, placeholder)
    path.suggester = PathSuggester()
    browse = mouse_button("choose", classes="browse", id=f"browse-{key}")
    return Field(label, path, browse, id=f"field-{key}")


def secret_field(kind: str) -> Field:
    """A password or passphrase; a button forgets the stored one (``#forget-NAME``)."""
    forget = mouse_button("forget", classes="forget", id=f"forget-{kind}")
    forget.display = False
    secret = Input(password=True, compact=True, id=f"form-{kind}")
    return Field(kind, secret, forget, id=f"field-{kind}")


def input_of(key: str, value: str, placeholder: str = "") -> Input:
    """The control of a line of text."""
    return Input(
        value, placeholder=placeholder, compact=True, select_on_focus=False, id=f"form-{key}"
    )


def mouse_button(label: str, *, id: str, classes: str = "") -> Button:  # noqa: A002  (Textual's name)
    """A button for the mouse: the key that does the same is in the footer, and tab goes from field to field."""
    button = Button(label, compact=True, classes=classes, id=id)
    button.can_focus = False
    return button
