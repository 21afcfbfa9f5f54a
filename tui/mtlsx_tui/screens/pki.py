"""The PKI screen: authorities and what they issued; issue, renew, revoke, export, and profiles of devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mtlsx.errors import MtlsxError
from mtlsx_tui.authorities import Row, Survey, View, survey
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.screens.pki_panels import perform, questions
from mtlsx_tui.widgets.asking import AskPanel
from mtlsx_tui.widgets.authorities import AuthorityList
from mtlsx_tui.widgets.issued import IssuedTable
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.pki.workbench import Workbench
    from mtlsx.profiles.library import ProfileLibrary

EMPTY = """\
No authorities yet.

n makes one. It issues certificates for servers and devices, revokes them, and says so \
in lists that brokers read. Everything is kept in plain files:
"""
KEYS = (
    Binding("n", "ask('new')", "New", tooltip="Make an authority"),
    Binding("i", "ask('issue')", "Issue", tooltip="Issue a certificate"),
    Binding("r", "ask('renew')", "Renew", tooltip="Renew this certificate or authority"),
    Binding("x", "ask('revoke')", "Revoke", tooltip="Revoke this certificate"),
    Binding("e", "ask('export')", "Export", tooltip="Export this certificate with all it needs"),
    Binding("p", "ask('profile')", "Profile", tooltip="Make a profile of this device"),
    Binding("l", "ask('crl')", "CRL", tooltip="Make the next revocation list"),
    Binding("slash", "filter", "Find", tooltip="Find certificates by name", key_display="/"),
    Binding("escape", "leave", "Back", tooltip="Go back"),
)


class PkiScreen(HelpedScreen[bool]):
    """Shows one authority at a time; ends with whether profiles were made.

    ``now``: seconds since the epoch.
    """

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(
        self, workbench: Workbench, library: ProfileLibrary, *, now: Callable[[], float]
    ) -> None:
        super().__init__()
        self._workbench = workbench
        self._library = library
        self._now = now
        self._views: dict[str, View] = {}
        self._shown: str | None = None
        self._asked_of: str | None = None
        self._read = False
        self._made_profiles = False
        # Made here, and not looked up: keys are asked about also before these are mounted, and after.
        self._list = AuthorityList()
        self._table = IssuedTable(id="pki-issued")
        self._panel = AskPanel()

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Horizontal(id="pki-body"):
            with Vertical(id="pki-side"):
                yield Static("AUTHORITIES", classes="title")
                yield self._list
            with Vertical(id="pki-main"):
                yield Static(id="pki-empty")
                yield Static(id="pki-authority")
                yield Input(
                    placeholder="part of a name or serial number", compact=True, id="pki-filter"
                )
                yield self._table
                yield Static(id="pki-none")
                yield Static(id="pki-detail")
        yield self._panel
        yield Static(id="pki-note")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(StatusLine).show(Status(profile="certificates"))
        self.query_one("#pki-filter").display = False
        self.query_one("#pki-note").display = False
        self._show()
        self._load(None, None, at_table=False)

    # What is shown

    @property
    def _view(self) -> View | None:
        return None if self._shown is None else self._views.get(self._shown)

    def _show(self, serial: str | None = None) -> None:
        view = self._view
        for place in ("#pki-authority", "#pki-issued", "#pki-detail", "#pki-none"):
            self.query_one(place).display = view is not None
        empty = self.query_one("#pki-empty", Static)
        empty.display = view is None and self._read
        where = Content.styled(printable(str(self._workbench.directory)), "$foreground-muted")
        empty.update(Content.assemble(EMPTY, where))
        self._list.show(tuple(self._views.values()), self._shown)
        if view is None:
            self.query_one("#pki-filter").display = False
        else:
            self.query_one("#pki-authority", Static).update(_authority_lines(view))
            self._show_rows(serial)
        self.refresh_bindings()

    def _show_rows(self, serial: str | None = None) -> None:
        view = self._view
        if view is None:
            return
        wanted = self.query_one("#pki-filter", Input).value.casefold()
        rows = [
            row
            for row in view.rows
            if wanted in row.name.casefold() or wanted in row.serial.casefold()
        ]
        none = self.query_one("#pki-none", Static)
        self._table.display = bool(rows)
        none.display = not rows
        none.update(
            "Nothing like that." if view.rows else "Nothing issued yet: i issues a certificate."
        )
        self._table.show(rows, serial)

    @on(IssuedTable.Moved)
    def _row_changed(self) -> None:
        detail = self.query_one("#pki-detail", Static)
        row = self._table.row
        detail.display = row is not None
        if row is not None:
            detail.update(_detail(row))
        self.refresh_bindings()

    @on(AuthorityList.Shown)
    def _moved_to(self, message: AuthorityList.Shown) -> None:
        self._shown = message.name
        self.query_one("#pki-filter", Input).value = ""
        self._show()

    @work(thread=True, exclusive=True, group="pki")
    def _load(self, then_show: str | None, serial: str | None, *, at_table: bool) -> None:
        found = survey(self._workbench, self._now())
        self.app.call_from_thread(self._loaded, found, then_show, serial, at_table)

    def _loaded(
        self, found: Survey, then_show: str | None, serial: str | None, at_table: bool
    ) -> None:
        self._read = True
        if found.error is not None:
            self._note(found.error, bad=True)
        self._views = {view.name: view for view in found.views}
        candidates = (then_show, self._shown, *self._views)
        self._shown = next((name for name in candidates if name in self._views), None)
        self._show(serial)
        if self.focused is None or at_table:
            self.set_focus(self._table if self._table.display else self._list)

    # Actions

    @on(AuthorityList.NewWanted)
    async def _new_wanted(self) -> None:
        await self.action_ask("new")

    async def action_ask(self, action: str) -> None:
        """Ask for what an action needs."""
        self._note(None)
        view = signer = self._view
        if action == "renew" and (authority := self._authority_to_renew()) is not None:
            action, view = "renew-authority", authority
            signer = self._views.get(authority.signer or "")
        self._asked_of = None if view is None else view.name
        title, asked = questions(action, view, self._table.row, signer)
        await self._panel.open(action, title, asked)

    @on(AskPanel.Answered)
    def _answered(self, message: AskPanel.Answered) -> None:
        self._perform(message.action, message.values, self._asked_of, self._table.row)

    @work(thread=True, exclusive=True, group="perform")
    def _perform(
        self, action: str, values: Mapping[str, str], name: str | None, row: Row | None
    ) -> None:
        try:
            done = perform(action, values, self._workbench, self._library, name, row)
        except MtlsxError as error:
            self.app.call_from_thread(self._panel.show_error, str(error))
        else:
            self.app.call_from_thread(self._performed, action, values, done, row)

    def _performed(
        self, action: str, values: Mapping[str, str], done: str, row: Row | None
    ) -> None:
        self._made_profiles |= action == "profile"
        self._note(done)
        self._close_panel()
        # What was issued is the newest, and so the first.
        at_newest = action in ("issue", "renew")
        serial = None if at_newest or row is None else row.serial
        then_show = values["name"].strip() if action == "new" else None
        self._load(then_show, serial, at_table=at_newest)

    @on(AskPanel.Closed)
    def _close_panel(self) -> None:
        self._panel.close()
        self.set_focus(self._table if self._table.display else self._list)

    def _authority_to_renew(self) -> View | None:
        """The authority that a person is at: in the list of them, or among what another one issued."""
        if isinstance(self.focused, AuthorityList):
            return self._view
        row = self._table.row
        serial = row.serial if row is not None and row.standing != "revoked" else None
        return next((view for view in self._views.values() if view.serial == serial), None)

    def action_filter(self) -> None:
        """Find certificates by a part of their name."""
        field = self.query_one("#pki-filter", Input)
        field.display = True
        self.set_focus(field)

    @on(Input.Changed, "#pki-filter")
    def _filter_changed(self) -> None:
        self._show_rows()

    @on(Input.Submitted, "#pki-filter")
    def _filter_done(self) -> None:
        self.set_focus(self._table)

    def action_leave(self) -> None:
        """Leave the filter, or the screen."""
        field = self.query_one("#pki-filter", Input)
        if field.display:
            field.value = ""
            field.display = False
            self._close_panel()
        else:
            self.dismiss(self._made_profiles)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key is offered where it does something."""
        if action in ("ask", "filter") and self._panel.is_open:
            return False
        row = self._table.row if self._view is not None else None
        match action, parameters:
            case "ask", ("renew",) if (
                self._view is not None and self._authority_to_renew() is not None
            ):
                return True
            case "ask", ("renew" | "revoke",):
                return row is not None and row.kind != "ca" and row.standing != "revoked"
            case "ask", ("export",):
                return row is not None and row.kind != "ca"
            case "ask", ("profile",):
                return row is not None and row.kind == "device" and row.has_key
            case ("ask", ("issue" | "crl",)) | ("filter", _):
                return self._view is not None
        return True

    def _note(self, text: str | None, *, bad: bool = False) -> None:
        place = self.query_one("#pki-note", Static)
        place.display = text is not None
        mark = "✘" if bad else "✔"
        place.update(
            Content.styled(
                f"{mark} {printable(text or '')}", "$text-error" if bad else "$text-success"
            )
        )


def _authority_lines(view: View) -> Content:
    kind = "root authority" if view.is_root else "authority"
    key = "key encrypted" if view.encrypted else "key not encrypted"
    colour = "$text-error" if view.days < 0 else "$text-warning" if view.days < 90 else ""
    return Content.assemble(
        (printable(view.name), "bold"),
        ("  " + printable(view.subject), "$foreground-muted"),
        "\n",
        (f"{kind}, ", "$foreground-muted"),
        (f"{view.days:,} days left", colour),
        (f", {key}, {view.crl}", "$foreground-muted"),
    )


def _detail(row: Row) -> Content:
    facts = [
        ("CN", printable(row.cn or "none")),
        ("DN", printable(row.dn)),
        ("serial", row.serial),
        ("valid", f"{row.issued:%Y-%m-%d} to {row.until:%Y-%m-%d %H:%M} UTC"),
        ("key", "kept here" if row.has_key else "with its owner, or in the authority's folder"),
    ]
    if row.about:
        facts.append(("note", row.about))
    return Content("\n").join(
        Content.assemble((f"{label:<8}", "$foreground-muted"), text) for label, text in facts
    )
