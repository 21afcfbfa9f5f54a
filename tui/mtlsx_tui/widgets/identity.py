"""The identity card: what the broker makes of the certificate, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from mtlsx.certificates.times import ValidityState, validity_text
from mtlsx_tui.widgets.printable import fit, printable
from mtlsx_tui.widgets.wrapped import broken

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from mtlsx_tui.identity import Identity

_WIDE_LABEL = len("client id ")
_SHORT_LABEL = len("md5  ")
_ROOM_FOR_TWO = 84
"""Cells from which the certificate and what follows from it stand side by side."""
_ROOM_FOR_HEAD = 56
"""Cells from which the title and the certificate's validity fit on one line."""

_COLOURS = {
    ValidityState.VALID: "",
    ValidityState.ENDING: "$text-warning",
    ValidityState.EXPIRED: "$text-error bold",
    ValidityState.NOT_YET_VALID: "$text-error bold",
    ValidityState.UNKNOWN: "$text-warning",
}


class Value(Widget):
    """A name and a value, on one line or whole; a click asks for a copy."""

    DEFAULT_CSS = """
    Value {
        height: 1;
        text-wrap: nowrap;
        &:hover { background: $block-hover-background; }
    }
    """

    label_cells: reactive[int] = reactive(_WIDE_LABEL)
    """How much of the line the name takes."""

    class CopyWanted(Message):
        """A person clicked on a value."""

        def __init__(self, name: str, text: str) -> None:
            self.name = name
            self.text = text
            super().__init__()

    def __init__(self, label: str, *, whole: bool, id: str) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._label = label
        self._whole = whole
        self._text: str | None = None
        self._absent = ""
        self._remark = ""

    def show(self, text: str | None, *, absent: str = "none", remark: str = "") -> None:
        """Show ``text``, or in its place why there is none; ``remark`` says where it comes from."""
        self._text, self._absent, self._remark = text, absent, remark
        self._make_room()
        self.refresh()

    def on_resize(self) -> None:
        self._make_room()

    def render(self) -> Content:
        label = f"{self._label:<{self.label_cells}}"
        lines = Content("\n" + " " * self.label_cells).join(self._lines())
        return Content.assemble((label, "$foreground-muted"), lines)

    def _make_room(self) -> None:
        if self._whole:
            self.styles.height = len(self._lines())

    def _lines(self) -> list[Content]:
        if self._text is None:
            return [Content.styled(self._absent, "$foreground-muted")]
        text, remark = printable(self._text), Content.styled(self._remark, "$foreground-muted")
        room = max(1, self.size.width - self.label_cells)
        if not self._whole:
            return [Content(fit(text, room - remark.cell_length)) + remark]
        lines = [Content(line) for line in broken(text, room)]
        if lines[-1].cell_length + remark.cell_length <= room:
            lines[-1] += remark
        else:
            lines.append(remark)
        return lines

    def on_click(self, event: events.Click) -> None:
        if self._text is not None:
            event.stop()
            self.post_message(self.CopyWanted(self._label, self._text))


class IdentityCard(Vertical):
    """Shows one identity, or in words why there is none. ``whole``: with values over several lines."""

    DEFAULT_CSS = """
    IdentityCard {
        height: auto;
        & > #card-head {
            height: 1;
            & > Static { width: 1fr; }
            & > #card-certificate { width: auto; }
        }
        &.-slim > #card-head { layout: vertical; height: auto; }
        & > #card-values {
            height: auto;
            & > Vertical { height: auto; width: 1fr; }
            & > #card-certificate-side { padding-right: 2; }
        }
        &.-stacked > #card-values { layout: vertical; }
        & > #card-note { display: none; color: $text-muted; }
        & > #card-traps { display: none; height: auto; max-height: 6; }
        & #card-warnings { color: $text-warning; }
        &.-note > #card-note { display: block; }
        &.-note > #card-values { display: none; }
        &.-traps > #card-traps { display: block; }
    }
    """

    def __init__(self, *, whole: bool = False) -> None:
        super().__init__()
        self._whole = whole

    def compose(self) -> ComposeResult:
        with Horizontal(id="card-head"):
            yield Static("AS THE BROKER SEES IT", classes="title")
            yield Static(id="card-certificate")
        with Horizontal(id="card-values"):
            with Vertical(id="card-certificate-side"):
                yield Value("cn", whole=self._whole, id="card-cn")
                yield Value("dn", whole=self._whole, id="card-dn")
                yield Value("md5", whole=self._whole, id="card-md5")
            with Vertical(id="card-broker-side"):
                yield Value("username", whole=self._whole, id="card-username")
                yield Value("client id", whole=self._whole, id="card-client-id")
                yield Value("redis", whole=self._whole, id="card-redis")
        yield Static(id="card-note")
        with VerticalScroll(id="card-traps"):
            yield Static(id="card-warnings")

    def on_resize(self, event: events.Resize) -> None:
        stacked = event.size.width < _ROOM_FOR_TWO
        self.set_class(stacked, "-stacked")
        self.set_class(event.size.width < _ROOM_FOR_HEAD, "-slim")
        for name in ("cn", "dn", "md5"):
            self._value(name).label_cells = _WIDE_LABEL if stacked else _SHORT_LABEL

    def show(self, identity: Identity) -> None:
        """Show what the broker makes of a certificate."""
        self.set_class(False, "-note")
        self._value("cn").show(identity.cn)
        self._value("dn").show(identity.dn)
        self._value("md5").show(identity.md5)
        self._value("username").show(identity.username, remark=_source(identity.username_from))
        self._value("client-id").show(
            identity.client_id or None,
            absent="the broker assigns one",
            remark=_source(identity.client_id_from),
        )
        self._value("redis").show(identity.redis)
        self.query_one("#card-certificate", Static).update(_certificate(identity))
        warnings = list(identity.traps)
        if identity.refused:
            warnings.insert(0, f"The broker refuses this certificate: {identity.refused}.")
        self.set_class(bool(warnings), "-traps")
        self.query_one("#card-warnings", Static).update(
            Content("\n".join(f"⚠ {printable(warning)}" for warning in warnings))
        )

    def show_note(self, text: str, *, bad: bool = False) -> None:
        """Show why there is no identity, in place of one."""
        self.set_class(True, "-note")
        self.set_class(False, "-traps")
        self.query_one("#card-certificate", Static).update("")
        note = Content.styled(f"✘ {text}", "$text-error") if bad else Content(text)
        self.query_one("#card-note", Static).update(note)

    def _value(self, name: str) -> Value:
        return self.query_one(f"#card-{name}", Value)


def _source(name: str | None) -> str:
    return f"  (from {name})" if name else ""


def _certificate(identity: Identity) -> Content:
    life = Content.styled(validity_text(identity.validity), _COLOURS[identity.validity.state])
    return Content.assemble(
        ("cert: ", "$foreground-muted"), life, (f", {identity.key}", "$foreground-muted")
    )
