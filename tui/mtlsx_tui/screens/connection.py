"""The connection of a profile from within: what CONNACK said, what TLS agreed, and the packets as they go."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from mtlsx.probe.verdicts import Stage
from mtlsx_tui.connack import limit_facts, session_facts
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.lines import LineTable
from mtlsx_tui.widgets.printable import fit, printable
from mtlsx_tui.widgets.status import Status, StatusLine
from mtlsx_tui.widgets.stream import clock_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult

    from mtlsx.client.packet_log import LoggedPacket
    from mtlsx_tui.sessions import Session

_TICK = 0.25
"""Seconds between two looks at the log."""
_LABEL = 12
_CERTIFICATES = {Stage.SERVER_CERTIFICATE: "Server", Stage.CLIENT_CERTIFICATE: "Client"}


class PacketRow(NamedTuple):
    """A packet and its number in the connection, from 0."""

    number: int
    packet: LoggedPacket


class PacketTable(LineTable[PacketRow]):
    """The packets, a line each."""

    def columns(self, row: PacketRow, width: int) -> list[tuple[str, str]]:
        """Time, direction, name and size, and what it says."""
        packet = row.packet
        arrow, colour = ("↑", "warning") if packet.outgoing else ("↓", "good")
        start = [
            (f" {clock_time(packet.at)} ", "muted"),
            (f"{arrow} ", colour),
            (f"{packet.kind.name:<12}", "text"),
            (f"{packet.size:>7,} B  ", "muted"),
        ]
        room = width - sum(len(text) for text, _ in start)
        return [*start, (fit(printable(packet.text), room), "bad" if packet.refused else "text")]

    def key(self, row: PacketRow) -> object:
        return row.number


class ConnectionScreen(HelpedScreen[None]):
    """Shows the session that ``current`` returns; that may be another one after a reconnect by hand."""

    AUTO_FOCUS = "#packets"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", tooltip="Copy the log"),
        Binding("escape,i,q", "dismiss", "Back", tooltip="Go back", key_display="esc"),
    ]

    def __init__(self, current: Callable[[], Session | None]) -> None:
        super().__init__()
        self._current = current
        self._total = -1
        self._rows: list[PacketRow] = []
        self._table = PacketTable(id="packets")
        self._facts = Static(id="connection-facts")
        self._head = Static(id="packets-head", classes="title")

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Static("WHAT THE SERVER SAID", classes="title")
        yield self._facts
        yield self._head
        yield self._table
        yield KeyLine()

    def on_mount(self) -> None:
        self._look()
        self.set_interval(_TICK, self._look)

    def _look(self) -> None:
        session = self._current()
        log = session.connection.packets if session and session.connection else None
        total = log.total if log else 0
        if session is None or total == self._total:
            return
        at_end = not self._rows or self._table.row is self._rows[-1]
        packets = log.lines() if log else []
        self._total = total
        self._rows = [PacketRow(at, each) for at, each in enumerate(packets, total - len(packets))]
        key = self._table.row.number if self._table.row and not at_end else total - 1
        self._table.show(self._rows, key)
        self.query_one(StatusLine).show(Status(profile=f"{session.profile}: the connection"))
        self._facts.update(Content("\n").join(_line(*each) for each in _facts(session)))
        kept = f", the last {len(packets):,}" if len(packets) < total else ""
        self._head.update(f"PACKETS  {total:,}{kept}")

    def action_copy(self) -> None:
        """Copy the log as text."""
        lines = (
            f"{clock_time(each.at)} {'>' if each.outgoing else '<'} {each.kind.name} {printable(each.text)}"
            for _, each in self._rows
        )
        self.app.copy_to_clipboard("\n".join(lines))
        self.notify(f"Copied: {len(self._rows):,} lines", timeout=2)


def _facts(session: Session) -> Iterator[tuple[str, str]]:
    if session.facts is None or session.settings is None:
        yield "CONNACK", "has not come"
        return
    facts = chain(session_facts(session.settings, session.facts), limit_facts(session.facts))
    yield from facts
    handshake = session.handshake
    if handshake is None:
        yield "TLS", "none"
    else:
        alpn = f", ALPN {handshake.alpn}" if handshake.alpn else ""
        yield "TLS", f"{handshake.version}, {handshake.cipher}{alpn}"
        for step in session.steps:
            if step.stage in _CERTIFICATES:
                yield _CERTIFICATES[step.stage], step.detail


def _line(label: str, text: str) -> Content:
    return Content.assemble((f"{label:<{_LABEL}}", "$foreground-muted"), f"  {printable(text)}")
