"""The plot of the topics' screen: one number of the payloads of the topic that a person looks at, over time.

Which number is remembered for each topic. What came before is looked for in the messages that are kept, and only when
somebody rests on a topic: whoever runs through the list waits for no plot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from mtlsx.client.numbers import NumberSeries, Path, look_back, paths_to_numbers
from mtlsx_tui.widgets.plot import NumberPlot

if TYPE_CHECKING:
    from mtlsx.client.ring import MessageRing
    from mtlsx.client.topics import Topic

_REST = 3
"""After how many looks at the same topic its plot begins."""


class TopicPlot(NumberPlot):
    """Plots a number of one topic. ``ring``: the messages of all."""

    def __init__(self, ring: MessageRing) -> None:
        super().__init__()
        self._ring = ring
        self._paths: dict[str, Path] = {}
        self._topic: Topic | None = None
        self._numbers: NumberSeries | None = None
        self._next = 0
        self._rested = 0

    @property
    def topic(self) -> Topic | None:
        """The topic that is looked at."""
        return self._topic

    @property
    def path(self) -> Path | None:
        """The way to the number that is plotted, if one is."""
        return None if self._numbers is None else self._numbers.path

    def look_at(self, topic: Topic | None) -> None:
        """A person looks at ``topic``; called again and again, as long as that is so."""
        if topic is not self._topic:
            self._topic = topic
            self._numbers = None
            self._rested = 0
            self.show(None)
        elif self._numbers is None:
            self._rested += 1
            if self._rested >= _REST:
                self._begin()

    def take_news(self) -> None:
        """Take over what came since."""
        numbers, after = self._numbers, self._ring.next
        if numbers is not None and self._next:
            if numbers.add(self._ring.slice(self._next, after)):
                self._show_numbers()
            self._next = after

    def next_number(self) -> None:
        """Plot the next number of the payload."""
        choices = self._choices_there
        if choices:
            at = choices.index(self.path) + 1 if self.path in choices else 0
            self.choose(choices[at % len(choices)])

    def choose(self, path: Path) -> None:
        """Plot the number at ``path``, now and whenever a person looks at this topic."""
        if self._topic is not None:
            self._paths[self._topic.name] = path
            self._next = 0
            self._begin()
            self._show_numbers()

    @property
    def _choices_there(self) -> list[Path]:
        return [] if self._topic is None else paths_to_numbers(self._topic.last.payload)

    def _begin(self) -> None:
        """Begin the series, of the path chosen for the topic, or of its first number; no plot without either."""
        topic, choices = self._topic, self._choices_there
        path = None if topic is None else self._paths.get(topic.name)
        if path is None and choices:
            path = choices[0]
        self.visible = path is not None
        if topic is not None and path is not None:
            self._numbers = NumberSeries(topic.name, path)
            self._look_back(topic, self._numbers)

    @work(thread=True, exclusive=True, group="series")
    def _look_back(self, topic: Topic, begun: NumberSeries) -> None:
        numbers, after = look_back(topic.name, begun.path, self._ring)
        self.app.call_from_thread(self._looked_back, begun, numbers, after)

    def _looked_back(self, begun: NumberSeries, numbers: NumberSeries, after: int) -> None:
        if self._numbers is begun:
            self._numbers, self._next = numbers, after
            self.take_news()
            self._show_numbers()

    def _show_numbers(self) -> None:
        self.show(self._numbers, len(self._choices_there))
