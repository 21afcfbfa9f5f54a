"""Subject alternative names as EMQX takes them from a decoded certificate: entries in, texts by kind out.

Only dNSName, iPAddress, rfc822Name and uniformResourceIdentifier count; other kinds, and addresses that are
not of 4 or 16 octets, are left out silently.

Source: esockd 5.17 (peer_cert_san), Erlang's inet:ntoa.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mtlsx.identity.otp_asn1 import CONTEXT, Element, string_octets


def texts(names: Sequence[Element] | None) -> Mapping[str, tuple[bytes, ...]] | None:
    """The values (UTF-8) by ``dns``, ``ip``, ``email`` and ``uri`` in encoded order; None where there are none.

    Octets from 0x80 up count as Latin-1, so a name in raw UTF-8 comes out encoded twice.
    """
    if not names:
        return None
    found: dict[str, list[bytes]] = {}
    for tag, content in names:
        key = _KEYS.get(tag)
        if key is None:
            continue
        octets = string_octets(content)
        if key == "ip":
            address = _address(octets)
            if address is not None:
                found.setdefault(key, []).append(address.encode())
        else:
            found.setdefault(key, []).append(octets.decode("latin-1").encode())
    return {key: tuple(values) for key, values in found.items()} or None


_KEYS = {CONTEXT | 1: "email", CONTEXT | 2: "dns", CONTEXT | 6: "uri", CONTEXT | 7: "ip"}


def _address(octets: bytes) -> str | None:
    if len(octets) == 4:
        return ".".join(map(str, octets))
    if len(octets) != 16:
        return None
    groups = [int.from_bytes(octets[start : start + 2], "big") for start in range(0, 16, 2)]
    for prefix, text in _HOLDING_IPV4.items():
        if octets.startswith(prefix) and octets not in _SHORT:
            return text + ".".join(map(str, octets[12:]))
    zone = ""
    if groups[0] in (_LINK_LOCAL, _LINK_LOCAL_MULTICAST) and groups[1]:
        zone = f"%0{groups[1]}"
        groups[1] = 0
    start, length = _longest_zeros(groups)
    if length < 2:
        return ":".join(f"{group:x}" for group in groups) + zone
    head, tail = groups[:start], groups[start + length :]
    return "::".join(":".join(f"{group:x}" for group in part) for part in (head, tail)) + zone


_SHORT = (bytes(16), bytes(15) + b"\x01")
_HOLDING_IPV4 = {bytes(10) + b"\xff\xff": "::ffff:", bytes(12): "::"}
# In these Erlang takes the second group for the number of an interface.
_LINK_LOCAL, _LINK_LOCAL_MULTICAST = 0xFE80, 0xFF02


def _longest_zeros(groups: Sequence[int]) -> tuple[int, int]:
    """Where the longest run of zeros begins, the first of several, and how long it is."""
    best = (0, 0)
    start = 0
    for index, group in enumerate(groups):
        if group:
            start = index + 1
        elif index + 1 - start > best[1]:
            best = (start, index + 1 - start)
    return best
