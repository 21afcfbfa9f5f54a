"""The built-in list of users, as emqx_authn_mnesia decides."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from mtlsx.auth.authentication.answer import Answer
from mtlsx.auth.authentication.built_in import BuiltInAuthenticator
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import DIALECTS, EMQX_6, Dialect
from mtlsx.auth.passwords import Bcrypt, Pbkdf2, Simple, make
from mtlsx.auth.reasons import Reason
from mtlsx.auth.settings import BuiltInDatabase, BuiltInUser
from mtlsx.auth.trace import Compared, Outcome, Replied, Trace, as_text
from mtlsx.packets.control_packets import Connect
from mtlsx.packets.properties import ConnectProperties

DIGEST = hashlib.sha256(b"saltpublic").hexdigest()
SALT = {Bcrypt: b"$2b$04$" + b"a" * 22, Pbkdf2: b"salt"}
ALICE = BuiltInUser("alice", DIGEST, "salt")
ROOT = BuiltInUser("root", DIGEST.upper(), "salt", is_superuser=True)


async def answered(
    *,
    client: ClientInfo | None = None,
    password: bytes | None = b"public",
    method: bytes | None = None,
    dialect: Dialect = EMQX_6,
    **settings: Any,
) -> tuple[Answer, Trace]:
    trace: Trace = []
    database = BuiltInDatabase(**({"users": (ALICE, ROOT)} | settings))
    answer = await BuiltInAuthenticator(database, dialect).authenticate(
        client or ClientInfo(b"dev-1", b"alice"),
        Connect(password=password, properties=ConnectProperties(authentication_method=method)),
        trace,
    )
    return answer, trace


async def test_the_right_password() -> None:
    answer, trace = await answered()
    assert (answer.outcome, answer.grant.is_superuser) == (Outcome.OK, False)
    assert [type(step) for step in trace] == [Replied, Compared]
    assert "The built-in database has the username alice." in as_text(trace)


async def test_a_superuser() -> None:
    answer, _ = await answered(client=ClientInfo(b"dev-1", b"root"))
    assert answer.grant.is_superuser


async def test_a_wrong_password_is_an_error_that_shows_nothing() -> None:
    answer, trace = await answered(password=b"pubic-secret")
    assert (answer.outcome, answer.reason) == (Outcome.ERROR, Reason.BAD_USERNAME_OR_PASSWORD)
    for secret in ("pubic-secret", DIGEST):
        assert secret not in as_text(trace) + answer.detail


@pytest.mark.parametrize("client", [ClientInfo(b"alice", b"bob"), ClientInfo(b"alice")])
async def test_an_unknown_user_is_left_to_others(client: ClientInfo) -> None:
    answer, _ = await answered(client=client)
    assert answer.outcome is Outcome.IGNORE


async def test_users_by_client_id() -> None:
    answer, trace = await answered(client=ClientInfo(b"alice"), user_id_type="clientid")
    assert answer.outcome is Outcome.OK
    assert "the client id alice" in as_text(trace)


async def test_a_user_id_that_is_no_text_is_unknown() -> None:
    answer, trace = await answered(client=ClientInfo(b"dev-1", b"\xff\n"))
    assert answer.outcome is Outcome.IGNORE
    assert '"\\xff\\x0a"' in as_text(trace)


async def test_without_a_password_emqx_6_has_no_opinion_and_5_0_refuses_who_is_known() -> None:
    assert (await answered(password=None))[0].outcome is Outcome.IGNORE
    older = DIALECTS["emqx5.0"]
    assert (await answered(password=None, dialect=older))[0].outcome is Outcome.ERROR
    stranger = ClientInfo(b"dev-1", b"bob")
    answer, _ = await answered(password=None, dialect=older, client=stranger)
    assert answer.outcome is Outcome.IGNORE


async def test_an_empty_password_is_one() -> None:
    user = BuiltInUser("alice", "")
    answer, _ = await answered(
        users=(user,), password=b"", password_hash_algorithm=Simple("plain", "disable")
    )
    assert answer.outcome is Outcome.OK


async def test_enhanced_authentication_is_left_to_others() -> None:
    answer, trace = await answered(method=b"SCRAM-SHA-256")
    assert (answer.outcome, trace) == (Outcome.IGNORE, [])


@pytest.mark.parametrize("algorithm", [Bcrypt(salt_rounds=4), Pbkdf2(iterations=5000)])
async def test_slow_algorithms(algorithm: Bcrypt | Pbkdf2) -> None:
    user = BuiltInUser("alice", make(algorithm, b"public", SALT[type(algorithm)]).decode(), "salt")
    answer, _ = await answered(users=(user,), password_hash_algorithm=algorithm)
    assert answer.outcome is Outcome.OK
    answer, _ = await answered(users=(user,), password_hash_algorithm=algorithm, password=b"x")
    assert answer.outcome is Outcome.ERROR


async def test_an_algorithm_on_which_emqx_raises_is_a_crash() -> None:
    answer, _ = await answered(password_hash_algorithm=Pbkdf2(mac_fun="ripemd160"))
    assert answer.outcome is Outcome.CRASH
