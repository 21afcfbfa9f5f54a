"""Reads the data types of MQTT (5.0, section 1.5) one after another out of a packet's bytes."""

from __future__ import annotations

from mtlsx.packets import demands
from mtlsx.packets.demands import Demand
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import decode_variable_byte_integer
from mtlsx.packets.texts import check_text


class Reader:
    """A position in ``data``, before ``end``. Everything that does not fit raises ``ProtocolError``.

    ``packet`` is the name for sentences, ``form`` the demand that a packet breaks which ends too early or too late.
    The methods' ``what`` names a field; ``missing`` is a demand of that field's own for where the packet ends
    before it.
    """

    __slots__ = ("_data", "_end", "at", "form", "packet")

    def __init__(
        self, data: bytes, packet: str, *, at: int = 0, end: int | None = None,
        form: Demand = demands.LENGTH,
    ) -> None:  # fmt: skip
        self.at = at
        self.packet = packet
        self.form = form
        self._data = data
        self._end = len(data) if end is None else end

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self._end - self.at

    def take(self, size: int, what: str, missing: Demand | None = None) -> bytes:
        """The next ``size`` bytes."""
        at = self.at
        if size > self._end - at:
            raise ProtocolError(missing or self.form, f"{self.packet} ends before its {what} does.")
        self.at = at + size
        return self._data[at : at + size]

    def integer(self, size: int, what: str, missing: Demand | None = None) -> int:
        """An integer of ``size`` bytes."""
        return int.from_bytes(self.take(size, what, missing))

    def variable_byte_integer(self, what: str, missing: Demand | None = None) -> int:
        if not self.left:
            raise ProtocolError(missing or self.form, f"{self.packet} ends before its {what}.")
        value, after = decode_variable_byte_integer(self._data, self.at)
        if after > self._end:
            raise ProtocolError(missing or self.form, f"{self.packet} ends before its {what} does.")
        if self._data[after - 1] == 0 and after - self.at > 1:
            raise ProtocolError(
                demands.SHORTEST_INTEGER,
                f"The {what} of {self.packet} has more bytes than it needs.",
            )
        self.at = after
        return value

    def binary(self, what: str, missing: Demand | None = None) -> bytes:
        """Binary data: two bytes of length, then that many."""
        return self.take(self.integer(2, what, missing), what, missing)

    def text(
        self, what: str, *, utf8: Demand = demands.UTF8, missing: Demand | None = None
    ) -> bytes:
        """A UTF-8 encoded string, checked, as octets."""
        text = self.binary(what, missing)
        check_text(text, f"{what} of {self.packet}", utf8=utf8)
        return text

    def packet_identifier(self, demand: Demand) -> int:
        """A packet identifier, which may not be 0."""
        identifier = self.integer(2, "packet identifier")
        if identifier == 0:
            raise ProtocolError(demand, f"The packet identifier of {self.packet} is 0.")
        return identifier

    def finish(self) -> None:
        """Refuse bytes that are left."""
        if self.left:
            raise ProtocolError(self.form, f"{self.packet} goes on behind its last field.")
