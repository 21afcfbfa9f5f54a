"""Names to addresses to a connection, on the loopback."""

from __future__ import annotations

import socket
import threading

import pytest

from mtlsx.probe.dialing import Address, dial, host_and_port, is_address, resolve
from support.ports import closed_port, silent_port


def loopback(port: int) -> Address:
    return Address(socket.AF_INET, "127.0.0.1", ("127.0.0.1", port))


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("192.0.2.7", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("localhost", False),
        ("1.2", False),
    ],
)
def test_an_address_is_told_from_a_name(host: str, known: bool) -> None:
    assert is_address(host) is known


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert host_and_port("2001:db8::7", 8883) == "[2001:db8::7]:8883"
    assert host_and_port("broker", 8883) == "broker:8883"


def test_a_name_has_addresses() -> None:
    addresses = resolve("localhost", 8883, 10)

    assert {address.ip for address in addresses} & {"127.0.0.1", "::1"}
    assert str(resolve("127.0.0.1", 8883, 10)[0]) == "127.0.0.1:8883"


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a..b", "x" * 70])
def test_a_name_without_an_address_is_an_error_of_the_resolver(host: str) -> None:
    with pytest.raises(socket.gaierror):
        resolve(host, 8883, 10)


def test_a_name_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    tested = threading.Event()

    def never(*_: object, **__: object) -> list[object]:
        tested.wait()
        return []

    monkeypatch.setattr("mtlsx.probe.dialing.socket.getaddrinfo", never)
    try:
        with pytest.raises(socket.gaierror, match="did not answer in time"):
            resolve("broker.example", 8883, 0.05)
    finally:
        tested.set()


def test_the_first_address_that_answers_is_taken() -> None:
    with closed_port() as closed, silent_port() as open_port:
        connected, address = dial((loopback(closed), loopback(open_port)), 10)
        with connected:
            assert address == loopback(open_port)
            assert connected.getpeername() == ("127.0.0.1", open_port)


def test_a_refusal_says_more_than_no_route() -> None:
    nowhere = Address(socket.AF_INET, "255.255.255.255", ("255.255.255.255", 9))
    with closed_port() as closed, pytest.raises(ConnectionRefusedError):
        dial((nowhere, loopback(closed), nowhere), 10)
    with pytest.raises(OSError, match=r"."):
        dial((nowhere,), 10)
