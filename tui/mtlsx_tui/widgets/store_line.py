"""A line for commands to the embedded store, as in redis-cli, and the answer to the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


class StoreLine(Vertical):
    """Stays open for the next command. Posts ``Wanted`` and ``Closed``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close")]
    DEFAULT_CSS = """
    StoreLine {
        display: none;
        height: auto;
        padding: 0 1;
        background: $foreground 5%;
        border-top: hkey $primary;
        &.-open { display: block; }
        & > #store-title { text-style: bold; color: $text-primary; height: auto; }
        & > #store-scroll { height: auto; max-height: 6; }
        & #store-reply { height: auto; margin-left: 13; }
    }
    """

    class Wanted(Message):
        """A person wants this command to be executed."""

        def __init__(self, line: str) -> None:
            self.line = line
            super().__init__()

    class Closed(Message):
        """A person wants no more commands."""

    def compose(self) -> ComposeResult:
        yield Static(
            "Command to the embedded store; it is gone when the broker stops", id="store-title"
        )
        command = Input(
            placeholder="HSET tls_domain:dev-1 password secret  ·  KEYS *  ·  HGETALL key",
            compact=True,
            id="store-command",
        )
        yield Field("command", command, id="store-field")
        with VerticalScroll(id="store-scroll", can_focus=False):
            yield Static(id="store-reply")

    @property
    def is_open(self) -> bool:
        """Whether it takes commands."""
        return self.has_class("-open")

    def open(self) -> None:
        """Take commands."""
        self.add_class("-open")
        self._say("")
        self.screen.set_focus(self.query_one(Input))

    def action_close(self) -> None:
        """Take no more commands."""
        self.remove_class("-open")
        self.query_one(Input).value = ""
        self.post_message(self.Closed())

    def show_reply(self, reply: Any) -> None:
        """Show what the store answered."""
        self.query_one(Input).value = ""
        self._say("\n".join(reply_lines(reply)))

    def show_error(self, sentence: str) -> None:
        """Say why it was not done."""
        self._say(f"✘ {printable(sentence)}", "$text-error")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.post_message(self.Wanted(event.value))

    def _say(self, text: str, style: str = "$foreground") -> None:
        place = self.query_one("#store-reply", Static)
        place.display = bool(text)
        place.update(Content.styled(text, style))


def reply_lines(reply: Any, indent: str = "") -> list[str]:
    """A reply of the store, as the control of the broker gives it, in redis-cli's manner."""
    match reply:
        case None:
            return ["(nil)"]
        case int():
            return [f"(integer) {reply}"]
        case str():
            return [f'"{printable(reply)}"']
        case {"hex": digits}:
            return [f"0x{digits}"]
        case []:
            return ["(empty)"]
        case list():
            lines = []
            for number, item in enumerate(reply, 1):
                head = f"{number}) "
                first, *others = reply_lines(item, indent + " " * len(head))
                lines += [f"{indent if number > 1 else ''}{head}{first}", *others]
            return lines
    return [printable(str(reply))]
