"""Authentication against what EMQX's own code answered: ``--vectors DIR``, see ``support.vectors``.

Each vector that has a store runs on a real Redis and on the embedded store.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.auth.authentication.answer import Answer
from mtlsx.auth.authentication.chain import Chain
from mtlsx.auth.authentication.commands import parse_command
from mtlsx.auth.authentication.redis import RedisAuthenticator
from mtlsx.auth.authentication.redis_4 import RedisAuthenticator4
from mtlsx.auth.connect import Peer
from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.engine import Engine
from mtlsx.auth.failures import FailurePolicy
from mtlsx.auth.passwords import Algorithm4
from mtlsx.auth.placeholders import values4_of, values_of
from mtlsx.auth.reasons import authentication_code
from mtlsx.auth.settings import (
    AuthSettings,
    Identity,
    RedisAuthentication,
    RedisAuthentication4,
    RedisServer,
)
from mtlsx.auth.trace import Outcome
from mtlsx.errors import UsageError
from mtlsx.identity.redis_commands import CommandError, command_4, split
from mtlsx.packets.control_packets import Connect
from mtlsx.packets.properties import ConnectProperties
from support.vector_stores import Recorded
from support.vector_values import algorithm, client_info, octets, some, words

if TYPE_CHECKING:
    from support.vector_stores import OpenVectorStore

EMQX_6 = DIALECTS["emqx6"]
SERVER = RedisServer()


def test_connack(connack_vector: dict[str, Any]) -> None:
    reason, expected = connack_vector["input"]["reason"], connack_vector["expected"]
    assert authentication_code(reason, 5) == expected["v5"]
    assert authentication_code(reason, 4) == authentication_code(reason, 3) == expected["v311"]


def test_split(split_vector: dict[str, Any]) -> None:
    line, expected = some(split_vector["input"]["line"]), split_vector["expected"]
    if "error" in expected:
        with pytest.raises(CommandError):
            split(line)
    else:
        assert tuple(split(line)) == words(expected["ok"])


def test_authn_cmd(authn_cmd_vector: dict[str, Any]) -> None:
    cmd, expected = authn_cmd_vector["input"]["cmd"], authn_cmd_vector["expected"]
    if "error" in expected:
        with pytest.raises(UsageError):
            parse_command(cmd)
        return
    command = parse_command(cmd)
    assert command.key.names == {*expected["ok"]["placeholders"]}
    assert command.name == some(expected["ok"]["name"])
    assert command.fields == words(expected["ok"]["fields"])


def test_tmpl5_authn(tmpl5_authn_vector: dict[str, Any]) -> None:
    given, expected = tmpl5_authn_vector["input"], tmpl5_authn_vector["expected"]
    if "argv" not in expected:
        with pytest.raises((CommandError, UsageError)):
            _rendered(given)
    else:
        assert _rendered(given) == words(expected["argv"])


def _rendered(given: dict[str, Any]) -> tuple[bytes, ...]:
    password = octets(given["client"].get("password"))
    values = values_of(client_info(given["client"]), password=password)
    return parse_command(given["cmd"]).words(values)


def test_tmpl4(tmpl4_vector: dict[str, Any]) -> None:
    given, expected = tmpl4_vector["input"], tmpl4_vector["expected"]
    values = values4_of(client_info(given["client"]))
    if "argv" not in expected:
        with pytest.raises(CommandError):
            command_4(given["cmd"], values)
    else:
        assert command_4(given["cmd"], values) == words(expected["argv"])


async def test_authn5(authn5_vector: dict[str, Any], open_vector_store: OpenVectorStore) -> None:
    given, expected = authn5_vector["input"], authn5_vector["expected"]
    store = Recorded(await open_vector_store(given["redis"]))
    settings = AuthSettings(
        security_profile=given.get("security_profile", "legacy"),
        ignore_backend_failures=_ignores_failures(given),
    )
    policy = FailurePolicy.of_authentication(settings)
    authenticator = RedisAuthenticator(
        RedisAuthentication(SERVER, given["cmd"], algorithm(given["algorithm"])),
        EMQX_6,
        store,
        policy,
    )
    client, connect = client_info(given["client"]), _connect(given)
    answer = await authenticator.authenticate(client, connect, [])
    # A connector that raises is a failure like any other here; what follows from it is the same.
    if "raise" not in given["redis"]:
        assert _answer(answer) == _expected_answer(expected["provider"])
    assert store.commands == ([] if expected["query"] is None else [words(expected["query"])])
    chain = Chain(settings, [authenticator])
    decision = await chain.authenticate(client, connect, [])
    assert _answer(decision) == _expected_answer(expected["chain"])
    for version, code in ((5, expected["connack_v5"]), (4, expected["connack_v311"])):
        accepted = decision.reason is None
        assert (0 if accepted else authentication_code(str(decision.reason), version)) == code


def _connect(given: dict[str, Any]) -> Connect:
    return Connect(
        password=octets(given["password"]),
        properties=ConnectProperties(authentication_method=octets(given.get("auth_method"))),
    )


def _answer(answer: Answer) -> object:
    if answer.outcome is Outcome.OK:
        grant = answer.grant
        override = (
            {}
            if grant.clientid_override is None
            else {"clientid_override": grant.clientid_override}
        )
        return {"ok": {"is_superuser": grant.is_superuser, **override}}
    if answer.outcome is Outcome.ERROR:
        return {"error": str(answer.reason)}
    return str(answer.outcome)


def _expected_answer(expected: Any) -> object:
    if isinstance(expected, dict) and "crash" in expected:
        return "crash"
    if isinstance(expected, dict) and "clientid_override" in expected.get("ok", {}):
        ok = expected["ok"]
        return {"ok": {**ok, "clientid_override": some(ok["clientid_override"])}}
    return expected


async def test_authn4(authn4_vector: dict[str, Any], open_vector_store: OpenVectorStore) -> None:
    given, expected = authn4_vector["input"], authn4_vector["expected"]
    store = Recorded(await open_vector_store(given["redis"]))
    settings = RedisAuthentication4(
        SERVER,
        given["auth_cmd"],
        given["super_cmd"],
        Algorithm4(tuple(map(str, given["type"]))),
    )
    authenticator = RedisAuthenticator4(settings, store)
    answer = await authenticator.authenticate(
        client_info(given["client"]), Connect(password=octets(given["password"])), []
    )
    assert _result4(answer) == expected["result"]
    assert store.commands == [words(command) for command in expected["commands"]]
    if "is_superuser" in expected:
        assert answer.grant.is_superuser is expected["is_superuser"]


def _result4(answer: Answer) -> str:
    return "success" if answer.outcome is Outcome.OK else str(answer.reason or answer.outcome)


async def test_connect(connect_vector: dict[str, Any], open_vector_store: OpenVectorStore) -> None:
    given, expected = connect_vector["input"], connect_vector["expected"]
    store = Recorded(await open_vector_store(given["redis"]))
    engine = Engine(_settings(given), open_store=lambda _: store)
    admission = await engine.connect(_packet(given["packet"]), _peer(given))
    if "exception" in expected:
        assert (admission.accepted, admission.code) == (False, None)
        return
    assert (admission.accepted, admission.code) == (expected["accepted"], expected["connack"])
    assert store.commands == [words(command) for command in expected["queries"]]
    if expected["accepted"]:
        client = admission.client
        assert client is not None
        told = dict(expected["clientinfo"])
        is_random = str(told["clientid"]).startswith("<random")
        assert (
            len(client.client_id) == 16 if is_random else client.client_id == some(told["clientid"])
        )
        assert client.username == octets(told["username"])
        assert client.cert_common_name == octets(told["cn"])
        assert client.cert_subject == octets(told["dn"])
        assert client.is_superuser is told["is_superuser"]
        assigned = (
            client.client_id
            if expected["assigned"] == "<same as clientid>"
            else octets(expected["assigned"])
        )
        assert admission.assigned_client_id == assigned
    else:
        assert str(admission.reason) == expected["reason"]


def _settings(given: dict[str, Any]) -> AuthSettings:
    return AuthSettings(
        security_profile=given.get("security_profile", "legacy"),
        ignore_backend_failures=_ignores_failures(given),
        identity=Identity(**given.get("mqtt_conf", {})),
        enable_authn=str(given.get("enable_authn", True)).lower(),  # type: ignore[arg-type]
        authentication=tuple(
            RedisAuthentication(SERVER, one["cmd"], algorithm(one["algorithm"]))
            for one in given["authenticators"] or ()
        ),
    )


def _ignores_failures(given: dict[str, Any]) -> bool:
    """EMQX's configuration in a vector, whose keys are paths; what is below one may be an object."""
    conf = given.get("emqx_conf", {})
    nested = conf.get("authentication_settings", {})
    return bool(
        conf.get("authentication_settings.ignore_backend_failures")
        or nested.get("ignore_backend_failures")
    )


def _packet(packet: dict[str, Any]) -> Connect:
    return Connect(
        version=packet["proto_ver"],
        client_id=some(packet["clientid"]),
        clean_start=packet.get("clean_start", True),
        username=octets(packet["username"]),
        password=octets(packet["password"]),
        properties=ConnectProperties(
            authentication_method=octets(packet.get("properties", {}).get("Authentication-Method"))
        ),
    )


def _peer(given: dict[str, Any]) -> Peer:
    der = given.get("peer_cert_der_b64")
    return Peer(None if der is None else base64.b64decode(der))
