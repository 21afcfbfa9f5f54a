"""The screen of the local broker: start and stop, who it lets in and why not, its mapping, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from mtlsx.errors import MtlsxError
from mtlsx_tui.broker_log import text_of
from mtlsx_tui.broker_session import Phase
from mtlsx_tui.screens import broker_panels as panels
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.asking import AskPanel
from mtlsx_tui.widgets.broker_clients import ClientTable, ClientTitles
from mtlsx_tui.widgets.broker_decisions import DecisionTable
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.ladder import Ladder
from mtlsx_tui.widgets.lines import LineTable
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.status import Status, StatusLine
from mtlsx_tui.widgets.store_line import StoreLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx_tui.broker_log import Client, Decision
    from mtlsx_tui.broker_session import BrokerSession

_TICK = 1 / 12
"""Seconds between two looks at what the broker told."""

EMPTY = """\
[b]A broker on this machine[/b]

It lets clients in by their certificates, as EMQX does with the same configuration, and shows step by step \
why each was let in or refused. It runs while mtlsx does, and only programs on this machine reach it unless \
its configuration says otherwise.

  [$text-primary b]f[/]   chooses a configuration: broker.toml, or the emqx.conf of an EMQX
  [$text-primary b]s[/]   starts the broker with it

[b]mtlsx demo[/b] makes a whole set-up to begin with: authorities, certificates, \
a configuration, and a device that is let in.
"""
KEYS = (
    Binding("s", "start", "Start", tooltip="Start the broker"),
    Binding("s", "stop", "Stop", tooltip="Stop the broker"),
    Binding("f", "ask('file')", "File", tooltip="Choose the configuration file"),
    Binding("m", "ask('mapping')", "Mapping", tooltip="Change the mapping and the Redis commands"),
    Binding("c", "store", "Command", tooltip="Execute a command in the embedded store"),
    Binding("k", "kick", "Kick", tooltip="Disconnect the chosen client"),
    Binding("b", "ask('ban')", "Ban", tooltip="Ban a client id, a username or an address"),
    Binding("u", "ask('unban')", "Unban", tooltip="Lift a ban", show=False),
    Binding("x", "revoke", "Revoke", tooltip="Open the authorities, to revoke a certificate"),
    Binding("r", "reload", "Reload", tooltip="Read the configuration and its files anew"),
    Binding("escape", "leave", "Back", tooltip="Go back; the broker goes on", key_display="esc"),
)


class BrokerScreen(HelpedScreen[None]):
    """Shows what ``session`` has. ``open_pki`` opens the authorities above it; None: there are none."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(self, session: BrokerSession, *, open_pki: Callable[[], None] | None) -> None:
        super().__init__()
        self._session = session
        self._open_pki = open_pki
        self._seen: object = None
        self._error: str | None = None
        # Kept here: keys are looked at also before these are in place, and when they are not any more.
        self._client_table, self._decision_table = ClientTable(), DecisionTable()
        self._panel, self._store_line = AskPanel(), StoreLine()

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Static(EMPTY, id="broker-empty")
        with Vertical(id="broker-live"):
            yield Static(id="broker-about")
            with Container(id="broker-body"):
                with Vertical(id="broker-lists"):
                    yield Static(id="broker-clients-title", classes="title")
                    with Vertical(id="broker-clients"):
                        yield ClientTitles()
                        yield self._client_table
                    yield Static(id="broker-decisions-title", classes="title")
                    yield self._decision_table
                yield Ladder()
        yield self._store_line
        yield self._panel
        yield Static(id="broker-note")
        yield KeyLine()

    def on_mount(self) -> None:
        self._note(None)
        self._tick()
        self.set_interval(_TICK, self._tick)
        self._leave_panel()
        self._look()

    # What is shown

    def _tick(self) -> None:
        """Bring the screen in line with the session, where something changed."""
        session = self._session
        now = (session.phase, session.files, session.adjustable, session.error, session.log.changes)
        if now == self._seen:
            return
        self._seen = now
        if session.error != self._error:
            self._error = session.error
            self._note(session.error, bad=True)
        empty = not session.files
        self.query_one("#broker-empty").display = empty
        self.query_one("#broker-live").display = not empty
        self._show_status()
        self._show_lists()
        self.refresh_bindings()

    def _show_status(self) -> None:
        session = self._session
        state, words = {
            Phase.STOPPED: (State.DISCONNECTED, "stopped"),
            Phase.STARTING: (State.CONNECTING, "starting"),
            Phase.RUNNING: (State.CONNECTED, "running"),
        }[session.phase]
        name = session.files[0].name if session.files else "the local broker"
        group = "broker" if session.files else None
        self.query_one(StatusLine).show(
            Status(profile=name, group=group, state=state, words=words if session.files else "")
        )
        self.query_one("#broker-about", Static).update(self._about())

    def _about(self) -> Content:
        """Where it listens, and how it maps: a line each."""
        session = self._session
        addresses = session.local.addresses if session.local is not None else {}
        listens = " · ".join(
            f"{name} {_address(host, port)}" for name, (host, port) in addresses.items()
        )
        starting = session.phase is Phase.STARTING
        lines = [("listens", listens or ("starting …" if starting else "not now: s starts it"))]
        found = session.adjustable
        if found is not None:
            username, client_id = found.peer_cert_as_username, found.peer_cert_as_clientid
            client_from = "the username" if found.use_username_as_clientid else _from(client_id)
            lines.append(
                ("mapping", f"username from {_from(username)} · client id from {client_from}")
            )
            commands = [
                f"{name} {text}"
                for name, text in (
                    ("login", found.authentication_cmd), ("rules", found.authorization_cmd)
                )
                if text is not None
            ]  # fmt: skip
            lines.append(("redis", " · ".join(commands) or "not asked"))
        return Content("\n").join(
            Content.assemble((f"{name:<9}", "$foreground-muted"), printable(text))
            for name, text in lines
        )

    def _show_lists(self) -> None:
        log = self._session.log
        clients, decisions = log.clients, log.decisions
        self.query_one("#broker-clients-title", Static).update(f"CLIENTS  {len(clients):,}")
        self.query_one("#broker-decisions-title", Static).update(f"DECISIONS  {len(decisions):,}")
        table = self._client_table
        table.show(clients, table.key(table.row) if table.row is not None else None)
        newest = self._decision_table
        follow = newest.row is None or newest.at_first
        newest.show(decisions, None if follow or newest.row is None else newest.row.number)

    @on(LineTable.Moved)
    def _moved(self) -> None:
        self.query_one(Ladder).show(self._decision_table.row)
        self.refresh_bindings()

    # Actions

    def action_start(self) -> None:
        """Start the broker, or choose a file first."""
        if not self._session.files:
            self._ask("file")
            return
        self._note(None)
        # Of the application: the broker starts also where the screen is left meanwhile.
        self.app.run_worker(self._session.start(), group="broker")
        self.call_later(self._tick)

    def action_stop(self) -> None:
        """Stop the broker."""
        self._note(None)
        self.app.run_worker(self._session.stop(), group="broker")

    def action_ask(self, action: str) -> None:
        """Ask for what an action needs."""
        self._ask(action)

    @work(group="ask", exclusive=True)
    async def _ask(self, action: str) -> None:
        session = self._session
        self._note(None)
        subject = self._subject()
        if action == "mapping" and session.adjustable is None:
            return
        self._store_line.remove_class("-open")
        match action:
            case "file":
                title = "The configuration of the broker; it is read, and never written"
                asked = panels.file_questions(session.files, session.seed)
            case "mapping" if session.adjustable is not None:
                title = "Where names come from, and what Redis is asked; kept in a copy of the file"
                asked = panels.mapping_questions(session.adjustable)
            case "ban":
                title = "Ban: no new connection is let in; k ends one that is there"
                asked = panels.ban_questions(subject)
            case _:
                title, asked = "Lift a ban", panels.unban_questions(subject)
        await self._panel.open(action, title, asked)

    @on(AskPanel.Answered)
    def _answered(self, message: AskPanel.Answered) -> None:
        self._perform(message.action, message.values, self._subject())

    @work(group="perform", exclusive=True)
    async def _perform(
        self, action: str, values: Mapping[str, str], subject: panels.Subject | None
    ) -> None:
        try:
            done = await self._done(action, values, subject)
        except MtlsxError as error:
            self._panel.show_error(str(error))
            return
        self._note(done)
        self._leave_panel()
        self._tick()

    async def _done(
        self, action: str, values: Mapping[str, str], subject: panels.Subject | None
    ) -> str:
        session = self._session
        if action == "file":
            await session.choose(*panels.chosen_files(values))
            return f"Chosen: {session.files[0]}. s starts the broker."
        if action == "mapping":
            await session.adjust(panels.mapping(values))
            running = session.phase is Phase.RUNNING
            return (
                "In force for clients that connect from now on."
                if running
                else "In force when the broker starts."
            )
        arguments = panels.ban(values, subject)
        found = await session.ask(action, **arguments)
        who = f"{arguments['by']} {text_of(arguments['who'])}"
        if action == "ban":
            return f"Banned: {who}."
        return f"Not banned any more: {who}." if found else f"There is no ban of {who}."

    def action_kick(self) -> None:
        """Disconnect the chosen client."""
        subject = self._subject()
        if subject is not None and subject.client_id is not None:
            self._ask_broker(
                "kick",
                lambda found: (
                    f"Kicked {subject.name}." if found else f"{subject.name} is not connected."
                ),
                client_id=subject.client_id,
            )

    def action_revoke(self) -> None:
        """Open the authorities."""
        if self._open_pki is not None:
            self._open_pki()

    @work(group="perform", exclusive=True)
    async def action_reload(self) -> None:
        """Read everything anew."""
        self._note(None)
        try:
            await self._session.reload()
        except MtlsxError as error:
            self._note(str(error), bad=True)
        else:
            self._note("Read anew. Clients that are connected keep what they came with.")

    @work(group="perform", exclusive=True)
    async def _ask_broker(self, do: str, words: Callable[[Any], str], **arguments: Any) -> None:
        try:
            found = await self._session.ask(do, **arguments)
        except MtlsxError as error:
            self._note(str(error), bad=True)
        else:
            self._note(words(found))

    @work(group="look", exclusive=True)
    async def _look(self) -> None:
        try:
            await self._session.look()
        except MtlsxError as error:
            self._note(str(error), bad=True)

    # The store

    def action_store(self) -> None:
        """Open the line for commands."""
        self._note(None)
        self._store_line.open()

    @on(StoreLine.Wanted)
    def _command_wanted(self, message: StoreLine.Wanted) -> None:
        self._execute(message.line)

    @work(group="store", exclusive=True)
    async def _execute(self, line: str) -> None:
        place = self._store_line
        try:
            reply = await self._session.ask("execute", command=panels.command(line))
        except MtlsxError as error:
            place.show_error(str(error))
        else:
            place.show_reply(reply)

    # Keys

    @on(AskPanel.Closed)
    @on(StoreLine.Closed)
    def _leave_panel(self) -> None:
        self._panel.close()
        table = self._decision_table
        self.set_focus(table if self._session.files else None)

    def action_leave(self) -> None:
        """Leave the screen."""
        self.dismiss()

    def _subject(self) -> panels.Subject | None:
        """The client under the cursor of the table that has, or had, the focus."""
        row: Client | Decision | None = self._decision_table.row
        table = self._client_table
        if table.has_focus or row is None:
            row = table.row or row
        if row is None:
            return None
        return panels.Subject(row.client_id, row.username, row.host)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key is offered where it does something."""
        if self._panel.is_open or self._store_line.is_open:
            return action in {"leave", "help"} or action.startswith("app.")
        phase, subject = self._session.phase, self._subject()
        running = phase is Phase.RUNNING
        match action, parameters:
            case ("start", _) | ("ask", ("file",)):
                return phase is Phase.STOPPED
            case ("stop" | "reload" | "store", _) | ("ask", ("ban" | "unban",)):
                return running
            case "kick", _:
                return running and subject is not None and subject.client_id is not None
            case "ask", ("mapping",):
                return self._session.adjustable is not None and phase is not Phase.STARTING
            case "revoke", _:
                return self._open_pki is not None and bool(self._session.files)
        return True

    def _note(self, text: str | None, *, bad: bool = False) -> None:
        place = self.query_one("#broker-note", Static)
        place.display = text is not None
        mark, style = ("✘", "$text-error") if bad else ("✔", "$text-success")
        place.update(Content.styled(f"{mark} {printable(text or '')}", style))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _from(part: str) -> str:
    return "CONNECT" if part == "disabled" else f"the certificate's {part}"
