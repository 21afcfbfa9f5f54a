"""Authorization against what EMQX's own code answered: ``--vectors DIR``, see ``support.vectors``.

Each vector that has a store runs on a real Redis and on the embedded store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.auth.authorization.authorizer import Authorizer
from mtlsx.auth.authorization.redis import RedisRules, parse_command
from mtlsx.auth.authorization.redis_4 import RedisRules4
from mtlsx.auth.authorization.source import SourceAnswer, Terms
from mtlsx.auth.placeholders import values_of
from mtlsx.auth.rules import Action
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    RedisServer,
    RedisSource,
    RedisSource4,
)
from mtlsx.auth.trace import Outcome
from mtlsx.errors import UsageError
from support.vector_stores import Recorded
from support.vector_values import client_info, some, words

if TYPE_CHECKING:
    from support.vector_stores import OpenVectorStore

SERVER = RedisServer()
CHARACTERS = {"plus": "+", "hash": "#", "slash": "/"}


def test_authz_cmd(authz_cmd_vector: dict[str, Any]) -> None:
    cmd, expected = authz_cmd_vector["input"]["cmd"], authz_cmd_vector["expected"]
    if "ok" not in expected:
        with pytest.raises(UsageError):
            parse_command(cmd)
    else:
        assert parse_command(cmd).placeholders == {*expected["ok"]["placeholders"]}


def test_tmpl5_authz(tmpl5_authz_vector: dict[str, Any]) -> None:
    given, expected = tmpl5_authz_vector["input"], tmpl5_authz_vector["expected"]
    v4 = given.get("compatibility_mode") == "v4"
    command = parse_command(given["cmd"], v4=v4)
    assert command.render(values_of(client_info(given["client"]))) == words(expected["argv"])


async def test_authz5(authz5_vector: dict[str, Any], open_vector_store: OpenVectorStore) -> None:
    given, expected = authz5_vector["input"], authz5_vector["expected"]
    store = Recorded(await open_vector_store(given["redis"]))
    settings = _settings5(given)
    source = RedisRules(
        RedisSource(SERVER, given["cmd"], given.get("compatibility_mode", "none")),
        store,
        Terms.of(settings),
    )
    client, topic = client_info(given["client"]), some(given["topic"])
    action = Action(**given["action"])
    answer = await source.authorize(client, action, topic, [])
    assert _said(answer) == _expected(expected["source"], given["redis"], answer)
    query = expected.get("query")
    assert store.commands == ([] if query is None else [words(query)])
    verdict = await Authorizer(settings, [source]).authorize(client, action, topic, [])
    assert verdict.allowed is (expected["decision"] == "allow")


async def test_authz4(authz4_vector: dict[str, Any], open_vector_store: OpenVectorStore) -> None:
    given, expected = authz4_vector["input"], authz4_vector["expected"]
    store = await open_vector_store(given["redis"])
    no_match = given.get("acl_nomatch", "allow")
    settings = AuthSettings("emqx4.4", authorization=Authorization(no_match))
    source = RedisRules4(RedisSource4(SERVER, given["cmd"]), store, Terms.of(settings))
    client, topic = client_info(given["client"]), some(given["topic"])
    action = Action(given["action"])
    answer = await source.authorize(client, action, topic, [])
    assert _said(answer) == _expected(expected["source"], given["redis"], answer)
    verdict = await Authorizer(settings, [source]).authorize(client, action, topic, [])
    assert verdict.allowed is (expected["decision"] == "allow")


def _settings5(given: dict[str, Any]) -> AuthSettings:
    conf = given.get("emqx_conf", {})
    allow = conf.get("authorization.topic_template_allow", {})
    known = {f"authorization.{name}" for name in ("no_match", "ignore_backend_failures")}
    assert conf.keys() <= known | {"authorization.topic_template_allow"}
    return AuthSettings(
        security_profile=given.get("security_profile", "legacy"),
        authorization=Authorization(
            no_match=conf.get("authorization.no_match", "deny"),
            ignore_backend_failures=conf.get("authorization.ignore_backend_failures", False),
            topic_template_allow=frozenset(
                CHARACTERS[name] for name, allowed in allow.items() if allowed
            ),
        ),
    )


def _said(answer: SourceAnswer) -> str:
    return str(answer.outcome)


def _expected(source: Any, redis: dict[str, Any], answer: SourceAnswer) -> str:
    if "crash" not in str(source):
        return str(source)
    if "raise" in redis:
        # A store that raises is one that fails: for EMQX not the same, but both count alike.
        assert answer.outcome in (Outcome.IGNORE, Outcome.DENY)
        return str(answer.outcome)
    return "crash"
