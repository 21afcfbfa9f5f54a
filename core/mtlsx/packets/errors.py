"""The one error of this room."""

from __future__ import annotations

from mtlsx.packets.demands import Demand


class ProtocolError(ValueError):
    """Bytes that break the standard.

    ``demand`` is what they break, ``sentence`` says how, without any of their contents.
    """

    def __init__(self, demand: Demand, sentence: str) -> None:
        super().__init__(sentence)
        self.demand = demand
        self.sentence = sentence

    @property
    def reason_code(self) -> int:
        """The reason code of MQTT 5.0 that answers this, in CONNACK or DISCONNECT."""
        return self.demand.reason_code

    def normative(self, version: int) -> str:
        """What is broken, as the standard of that protocol level numbers it: ``MQTT-3.1.2-3``.

        Where a standard makes the demand without numbering it, the number of the section.
        """
        return self.demand.v5 if version >= 5 else self.demand.v3
