"""The packet is looked at before the certificate; codes follow the protocol level."""

from __future__ import annotations

import pytest

from mtlsx.auth.connect import check
from mtlsx.auth.reasons import Reason, authentication_code, packet_code
from mtlsx.auth.settings import Identity
from mtlsx.packets.control_packets import Connect

LIMIT = 65535


@pytest.mark.parametrize(
    ("connect", "reason"),
    [
        (Connect(3, b""), Reason.CLIENT_IDENTIFIER_NOT_VALID),
        (Connect(4, b"", clean_start=False), Reason.CLIENT_IDENTIFIER_NOT_VALID),
        (Connect(5, b"", clean_start=False), Reason.CLIENT_IDENTIFIER_NOT_VALID),
        (Connect(5, b"x" * (LIMIT + 1)), Reason.CLIENT_IDENTIFIER_NOT_VALID),
        (Connect(6, b"c"), Reason.UNSUPPORTED_PROTOCOL_VERSION),
        (Connect(4, b""), None),
        (Connect(5, b""), None),
        (Connect(3, b"x" * 24), None),
        (Connect(5, b"x" * LIMIT), None),
    ],
)
def test_packets(connect: Connect, reason: Reason | None) -> None:
    found = check(connect, Identity(max_clientid_len=LIMIT))
    assert (found and found[0]) == reason
    assert found is None or found[1].endswith(".")


@pytest.mark.parametrize(("version", "refused"), [(3, True), (4, True), (5, False)])
def test_only_mqtt_5_can_do_without_a_clean_start(version: int, refused: bool) -> None:
    lenient = Identity(empty_clientid_needs_clean_start=False)
    found = check(Connect(version, b"", clean_start=False), lenient)
    assert (found is not None) is refused


def test_the_same_words_mean_different_codes_before_and_in_authentication() -> None:
    invalid = Reason.CLIENT_IDENTIFIER_NOT_VALID
    assert (packet_code(invalid, 5), packet_code(invalid, 4)) == (0x85, 2)
    assert (authentication_code(invalid, 5), authentication_code(invalid, 3)) == (0x80, 1)


def test_a_password_does_not_show() -> None:
    assert "pubic" not in repr(Connect(password=b"pubic"))
