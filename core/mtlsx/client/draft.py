"""Messages as a person writes them, and those that were sent, to be sent again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.client.settings import MqttVersion, Publication
from mtlsx.errors import UsageError
from mtlsx.payloads.formats import PayloadFormat, encode

if TYPE_CHECKING:
    from mtlsx.client.settings import PublishProperties

MOST_SENT = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to publish; ``text`` is its payload, written in ``format``."""

    topic: str = ""
    text: str = ""
    format: PayloadFormat = PayloadFormat.TEXT
    qos: int = 0
    retain: bool = False
    properties: PublishProperties | None = None

    def publication(self, version: MqttVersion) -> Publication:
        """What to publish. Raises UsageError: properties before MQTT 5; PayloadError: not written in its format."""
        if self.properties is not None and version is not MqttVersion.V5:
            raise UsageError(
                f"MQTT {version} has no properties.", fix="Leave them empty, or use MQTT 5."
            )
        payload = encode(self.text.encode(), self.format)
        return Publication(self.topic, payload, self.qos, self.retain, self.properties)


class SentDrafts:
    """What was sent, the newest first, each once."""

    def __init__(self, drafts: Iterable[Draft] = ()) -> None:
        self._drafts = list(drafts)[:MOST_SENT]

    def __len__(self) -> int:
        return len(self._drafts)

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """At most a hundred."""
        return tuple(self._drafts)

    @property
    def topics(self) -> tuple[str, ...]:
        """Their topics, each once."""
        return tuple(dict.fromkeys(draft.topic for draft in self._drafts))

    def add(self, draft: Draft) -> None:
        """Put ``draft`` first."""
        others = [each for each in self._drafts if each != draft]
        self._drafts = [draft, *others][:MOST_SENT]
