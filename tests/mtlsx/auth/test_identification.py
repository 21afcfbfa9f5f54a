"""From certificate and CONNECT to a client: who wins, what falls back, what goes no further."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.connect import Peer
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.identification import Identifier, Refused
from mtlsx.auth.settings import ClientAttribute, Identity
from mtlsx.auth.trace import Step, Trace, Warned
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.packets.control_packets import Connect
from support.made_pki import make

NAMED = make("dev-1", names=("dev-1.example",)).der
NAMELESS = make(None).der
CONTROL = make("bad\x01cn").der
CONNECT = Connect(client_id=b"c1", username=b"alice", password=b"secret")


def identify(
    connect: Connect = CONNECT,
    certificate: bytes | None = NAMED,
    dialect: Dialect = "emqx6",
    **settings: Any,
) -> tuple[ClientInfo | Refused, list[Step]]:
    trace: Trace = []
    identifier = Identifier(
        Identity(**settings), DIALECTS[dialect], make_client_id=lambda: b"random"
    )
    return identifier.identify(connect, Peer(certificate), trace), trace


def client(*arguments: Any, **settings: Any) -> ClientInfo:
    found, _ = identify(*arguments, **settings)
    assert isinstance(found, ClientInfo)
    return found


def warnings(trace: list[Step]) -> str:
    return " ".join(str(step) for step in trace if isinstance(step, Warned))


def test_the_certificate_wins_over_connect() -> None:
    found, trace = identify(peer_cert_as_username="cn")
    assert isinstance(found, ClientInfo)
    assert found.username == b"dev-1"
    assert "does not count" in warnings(trace)


@pytest.mark.parametrize("certificate", [None, NAMELESS])
def test_without_a_common_name_the_client_is_whoever_it_says(certificate: bytes | None) -> None:
    found, trace = identify(CONNECT, certificate, peer_cert_as_username="cn")
    assert isinstance(found, ClientInfo)
    assert found.username == b"alice"
    assert "whoever it says it is" in warnings(trace)


@pytest.mark.parametrize(
    ("settings", "client_id"),
    [
        ({}, b"c1"),
        ({"peer_cert_as_clientid": "cn"}, b"dev-1"),
        ({"peer_cert_as_clientid": "cn", "use_username_as_clientid": True}, b"alice"),
        ({"clientid_override": "concat([username,'-',cn])"}, b"alice-dev-1"),
        ({"clientid_override": "nth(9, ['a'])"}, b"c1"),
        ({"clientid_override": "''"}, b"c1"),
    ],
)
def test_the_strongest_client_id_wins(settings: dict[str, Any], client_id: bytes) -> None:
    assert client(**settings).client_id == client_id


def test_an_empty_client_id_gets_a_random_one() -> None:
    assert client(Connect(client_id=b"")).client_id == b"random"


def test_an_undefined_username_has_no_effect_on_the_client_id() -> None:
    assert client(Connect(client_id=b"c1"), use_username_as_clientid=True).client_id == b"c1"


@pytest.mark.parametrize(
    ("dialect", "accepted"), [("emqx6", False), ("emqx4.4", False), ("emqx4.2", True)]
)
def test_an_empty_username_as_client_id(dialect: Dialect, accepted: bool) -> None:
    connect = Connect(client_id=b"c1", username=b"")
    found, _ = identify(connect, None, dialect, use_username_as_clientid=True)
    assert isinstance(found, ClientInfo) is accepted
    if isinstance(found, Refused):
        assert found.code == 0x85


@pytest.mark.parametrize(("dialect", "accepted"), [("emqx6", False), ("emqx5.0", True)])
def test_control_characters_in_the_common_name(dialect: Dialect, accepted: bool) -> None:
    found, trace = identify(CONNECT, CONTROL, dialect)
    assert isinstance(found, ClientInfo) is accepted
    if isinstance(found, Refused):
        assert found.code is None
        assert "control characters" in str(trace[0])
        assert "\x01" not in "".join(map(str, trace))


def test_client_attributes_and_their_failures() -> None:
    found, trace = identify(
        client_attrs_init=(
            ClientAttribute("concat([cn, '/', nth(1, cert_san.dns)])", "where"),
            ClientAttribute("''", "nothing"),
            ClientAttribute("password", "word"),
        )
    )
    assert isinstance(found, ClientInfo)
    assert found.client_attrs == {"where": b"dev-1/dev-1.example", "word": b"secret"}
    assert "nothing is not set" in warnings(trace)
    assert "secret" not in "".join(map(str, trace))


def test_an_expression_that_cannot_be_meant_is_refused_when_it_is_configured() -> None:
    with pytest.raises(UsageError):
        Identifier(Identity(clientid_override="concat(["), DIALECTS["emqx6"])


@given(
    st.builds(
        Connect,
        version=st.integers(0, 9),
        client_id=st.binary(max_size=30),
        clean_start=st.booleans(),
        username=st.none() | st.binary(max_size=30),
        password=st.none() | st.binary(max_size=30),
    ),
    st.none() | st.binary(max_size=60) | st.sampled_from([NAMED, NAMELESS, CONTROL]),
    st.sampled_from(sorted(DIALECTS)),
    st.sampled_from(["disabled", "cn", "dn", "crt", "pem", "md5"]),
)
def test_nothing_a_client_sends_makes_it_raise(
    connect: Connect, certificate: bytes | None, dialect: Dialect, part: Any
) -> None:
    found, trace = identify(
        connect, certificate, dialect, peer_cert_as_username=part, peer_cert_as_clientid=part
    )
    assert isinstance(found, ClientInfo | Refused)
    assert all("\n" not in str(step) for step in trace)
