"""Takes the bytes of a connection as they come and gives control packets.

    decoder = Decoder(max_packet_size=1024 * 1024)
    for packet in decoder.feed(data):
        ...

The packets in front of a fault are given before it raises. After that the stream cannot be read any further.
"""

from __future__ import annotations

from collections.abc import Iterator

from mtlsx.packets import demands
from mtlsx.packets.control_packets import MQTT_5, NO_PUBLISH_PROPERTIES, Connect, ControlPacket
from mtlsx.packets.decode import decode_body
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import PacketType, remaining_length
from mtlsx.packets.from_client import check_from_client
from mtlsx.packets.publish import decode_publish
from mtlsx.packets.writing import LONGEST_PACKET

_CONNECT, _PUBLISH = PacketType.CONNECT.value, PacketType.PUBLISH.value
_LONGEST_HEADER = 5


class Decoder:
    """One direction of a connection.

    Without a ``version`` it reads what a client sends: the first packet must be a CONNECT and sets ``version`` (the
    protocol level), and what only servers may send is refused. With one it reads what a server sends.
    ``max_packet_size`` is in octets, fixed header included: a larger packet is refused as soon as its length is
    there. No more than that and the bytes of the last ``feed`` are held.
    """

    __slots__ = ("_fault", "_from_client", "_need", "_rest", "max_packet_size", "version")

    def __init__(
        self, version: int | None = None, *, max_packet_size: int = LONGEST_PACKET + _LONGEST_HEADER
    ) -> None:
        self.version = version
        self.max_packet_size = max_packet_size
        self._from_client = version is None
        self._rest = bytearray()
        self._need = 0
        self._fault: ProtocolError | None = None

    def feed(self, data: bytes) -> Iterator[ControlPacket]:
        """The packets that ``data`` completes, one after another; raises ``ProtocolError``.

        Nothing happens until they are asked for. Whoever stops early finds the rest in the next ``feed``.
        """
        data = self._joined(data)
        at, end = 0, len(data)
        try:
            while end - at > 1:
                first, length, body_at = data[at], data[at + 1], at + 2
                if length > 0x7F:
                    length, body_at = remaining_length(data, at + 1)
                    if body_at == 0:
                        break
                after = body_at + length
                if self.version is None or after - at > self.max_packet_size:
                    self._check_beginning(first >> 4, after - at)
                if after > end:
                    self._need = after - at
                    break
                packet: ControlPacket
                if first >> 4 == _PUBLISH:
                    packet = decode_publish(first & 15, data, body_at, after, self.version or 0)
                    if packet.properties is not NO_PUBLISH_PROPERTIES:
                        self._check_sender(packet)
                else:
                    packet = self._decode(first, data[body_at:after])
                if body_at - at > 2 and data[body_at - 1] == 0:
                    self._check_padding()
                at = after
                yield packet
        except ProtocolError as error:
            self._fault = error
            at = end
            raise
        finally:
            self._rest += data[at:]

    def _joined(self, data: bytes) -> bytes:
        """``data`` behind what is left from before; nothing where that does not complete a packet."""
        if self._fault is not None:
            raise self._fault
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < self._need:
                return b""
            data = bytes(rest)
            rest.clear()
        self._need = 0
        return data

    def _check_beginning(self, kind: int, size: int) -> None:
        if self.version is None and kind != _CONNECT:
            raise ProtocolError(demands.CONNECT_FIRST, "The first packet is not a CONNECT.")
        if size > self.max_packet_size:
            raise ProtocolError(
                demands.MAXIMUM_PACKET_SIZE,
                f"A packet of {size} octets is larger than {self.max_packet_size}.",
            )

    def _decode(self, first: int, body: bytes) -> ControlPacket:
        kind = first >> 4
        if kind == 0:
            raise ProtocolError(demands.TYPE, "Packet type 0 is reserved.")
        if kind == _CONNECT:
            return self._connect(first, body)
        packet = decode_body(kind, first & 15, body, self.version or 0)
        self._check_sender(packet)
        return packet

    def _connect(self, first: int, body: bytes) -> ControlPacket:
        if not self._from_client:
            raise ProtocolError(demands.DIRECTION, "CONNECT comes from clients only.")
        if self.version is not None:
            raise ProtocolError(demands.CONNECT_ONCE, "There is a second CONNECT.")
        connect = decode_body(_CONNECT, first & 15, body, 0)
        if isinstance(connect, Connect):
            self.version = connect.version
        return connect

    def _check_sender(self, packet: ControlPacket) -> None:
        if self._from_client:
            check_from_client(packet)

    def _check_padding(self) -> None:
        if self.version == MQTT_5:
            raise ProtocolError(
                demands.SHORTEST_INTEGER, "A remaining length has more bytes than it needs."
            )
