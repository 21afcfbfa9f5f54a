"""Decodes what a server answers: CONNACK, PUBREC and DISCONNECT."""

from __future__ import annotations

from dataclasses import dataclass, field

from mtlsx.packets.errors import MalformedPacketError
from mtlsx.packets.properties import Value, decode_properties


@dataclass(frozen=True, slots=True)
class Connack:
    """A CONNACK (MQTT 3.1.1, section 3.2; MQTT 5.0, section 3.2).

    ``code``: the return code (3.1, 3.1.1) or reason code (5.0); ``properties``: name to value, the last one
    where a name stands twice; ``user_properties`` in order.
    """

    session_present: bool
    code: int
    properties: dict[str, Value] = field(default_factory=dict)
    user_properties: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str | None:
        """The property ``name`` where it is there and a text."""
        value = self.properties.get(name)
        return value if isinstance(value, str) else None

    def integer(self, name: str) -> int | None:
        """The property ``name`` where it is there and an integer."""
        value = self.properties.get(name)
        return value if isinstance(value, int) else None

    def flag(self, name: str) -> bool | None:
        """The property ``name`` where it is there, as a boolean."""
        value = self.integer(name)
        return None if value is None else bool(value)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A PUBREC or another answer to a publication: packet identifier and reason code (0 before 5.0)."""

    packet_id: int
    code: int


@dataclass(frozen=True, slots=True)
class Disconnect:
    """A DISCONNECT of MQTT 5.0 as a server sends it (section 3.14)."""

    code: int
    reason_string: str | None = None
    server_reference: str | None = None


def decode_connack(body: bytes, *, version5: bool) -> Connack:
    """Decode the body of a CONNACK; raises ``MalformedPacketError``.

    A server that does not know MQTT 5 may answer in the 3.1.1 form, two bytes without properties
    (MQTT 5.0, section 4.13.2 leaves that open): it is understood.
    """
    if len(body) < 2:
        raise MalformedPacketError("a CONNACK has at least two bytes")
    session_present, code = bool(body[0] & 1), body[1]
    if not version5 or len(body) == 2:
        return Connack(session_present, code)
    pairs, _ = decode_properties(body, 2)
    return Connack(
        session_present,
        code,
        {name: value for name, value in pairs if name != "user_property"},
        tuple(value for _, value in pairs if isinstance(value, tuple)),
    )


def decode_acknowledgement(body: bytes) -> Acknowledgement:
    """Decode the body of a PUBACK, PUBREC, PUBREL or PUBCOMP; raises ``MalformedPacketError``."""
    if len(body) < 2:
        raise MalformedPacketError("an acknowledgement has at least two bytes")
    return Acknowledgement(int.from_bytes(body[:2]), body[2] if len(body) > 2 else 0)


def decode_disconnect(body: bytes) -> Disconnect:
    """Decode the body of an MQTT 5.0 DISCONNECT; raises ``MalformedPacketError``."""
    if not body:
        return Disconnect(0)
    if len(body) == 1:
        return Disconnect(body[0])
    found = dict(decode_properties(body, 1)[0])
    reason, reference = found.get("reason_string"), found.get("server_reference")
    return Disconnect(
        body[0],
        reason if isinstance(reason, str) else None,
        reference if isinstance(reference, str) else None,
    )
