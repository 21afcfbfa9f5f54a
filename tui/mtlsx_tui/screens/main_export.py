"""The panel of the main screen that writes the messages that are shown into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from mtlsx.client.export import ExportFormat, export_messages
from mtlsx.errors import MtlsxError
from mtlsx_tui.widgets.asking import Asked, AskPanel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtlsx.client.message import Message as MqttMessage

_FILE = "messages.jsonl"
_KEEP, _REPLACE = "keep it", "replace it"


class ExportPanel(AskPanel):
    """Asks for a file and writes it. Posts ``Exported``, and ``Closed`` where a person does not want it."""

    class Exported(Message):
        """The messages are in the file, as the sentence says."""

        def __init__(self, sentence: str) -> None:
            self.sentence = sentence
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self._messages: Sequence[MqttMessage] = ()

    async def open_for(self, messages: Sequence[MqttMessage]) -> None:
        """Ask where to write ``messages``."""
        self._messages = messages
        await self.open(
            "export",
            f"Write {len(messages):,} messages: NAME.csv makes CSV, any other name JSON lines",
            (
                Asked("file", "file", _FILE, path=True),
                Asked("existing", "existing", _KEEP, choices=(_KEEP, _REPLACE)),
            ),
        )

    @on(AskPanel.Answered)
    def _answered(self, message: AskPanel.Answered) -> None:
        message.stop()
        self._write(message.values, self._messages)

    @on(AskPanel.Closed)
    def _forget(self) -> None:
        self._messages = ()

    @work(thread=True, exclusive=True, group="export")
    def _write(self, values: Mapping[str, str], messages: Sequence[MqttMessage]) -> None:
        path = Path(values["file"].strip() or _FILE).expanduser()
        wanted = ExportFormat.CSV if path.suffix.lower() == ".csv" else ExportFormat.JSON_LINES
        try:
            export_messages(path, messages, wanted, replace=values["existing"] == _REPLACE)
        except MtlsxError as error:
            self.app.call_from_thread(self.show_error, str(error))
        else:
            sentence = f"{len(messages):,} messages written to {path.absolute()}"
            self.app.call_from_thread(self._written, sentence)

    def _written(self, sentence: str) -> None:
        self._messages = ()
        self.close()
        self.post_message(self.Exported(sentence))
