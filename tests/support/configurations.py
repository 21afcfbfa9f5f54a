"""Hypothesis strategies for whole configurations, of EMQX 5 and 6 and of 4.x."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from hypothesis import strategies as st

from mtlsx.auth.passwords import Algorithm4, Bcrypt, Digest, MacFun, Pbkdf2, SaltPosition, Simple
from mtlsx.auth.rules import ANY_QOS, Rule, Who
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    BuiltInDatabase,
    BuiltInUser,
    ClientAttribute,
    FileSource,
    Identity,
    JwtAuthentication,
    RedisAuthentication,
    RedisAuthentication4,
    RedisServer,
    RedisSource,
    RedisSource4,
    RedisTls,
)
from mtlsx.configuration.generation_4 import settled
from mtlsx.configuration.model import Configuration, Listener, Mqtt, SslOptions, Websocket
from mtlsx.identity.mapping import CertificatePart, Dialect
from mtlsx.secret import Secret

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
"""Any text."""
lines = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="#"), min_size=1, max_size=12
)
"""What the flat files of 4.x can hold."""
names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
milliseconds = st.integers(1, 86_400_000).map(lambda count: count / 1000)
parts = st.sampled_from(get_args(CertificatePart))
hosts = st.sampled_from(["127.0.0.1", "redis.example", "::1", "10.1.2.3"])
addresses = st.tuples(hosts, st.integers(1, 65535))
words = st.text("abc/+#${}é\U0001f600", min_size=1, max_size=8).map(str.encode)
expressions = st.sampled_from(["^a", "b$", "x+y", "[0-9]{2}", "é"])
networks = st.sampled_from(["127.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"])
algorithms = (
    st.builds(
        Simple,
        name=st.sampled_from(get_args(Digest)),
        salt_position=st.sampled_from(get_args(SaltPosition)),
    )
    | st.builds(Bcrypt, salt_rounds=st.integers(4, 31))
    | st.builds(
        Pbkdf2,
        mac_fun=st.sampled_from(get_args(MacFun)),
        iterations=st.integers(1, 10_000),
        dk_length=st.none() | st.integers(1, 128),
    )
)


def unique(values: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    """A few different values."""
    return st.lists(values, max_size=size, unique=True).map(tuple)


def paths(content: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Absolute paths."""
    return content.map(lambda text: "/" + text.replace("\0", ""))


def ssl_options(content: st.SearchStrategy[str]) -> st.SearchStrategy[SslOptions]:
    """TLS of a listener that no reader refuses."""
    asked = st.fixed_dictionaries(
        {
            "verify": st.just("verify_none"),
            "cacertfile": st.none() | paths(content),
            "fail_if_no_peer_cert": st.just(False),
        }
    ) | st.fixed_dictionaries(
        {
            "verify": st.just("verify_peer"),
            "cacertfile": paths(content),
            "fail_if_no_peer_cert": st.booleans(),
        }
    )
    return st.builds(
        lambda asked, **others: SslOptions(**asked, **others),
        asked,
        certfile=paths(content),
        keyfile=paths(content),
        password=st.none() | content.map(Secret),
        depth=st.integers(0, 255),
        versions=st.permutations(["tlsv1.3", "tlsv1.2"]).map(tuple) | st.just(("tlsv1.2",)),
        crlfile=st.none() | paths(content),
    )


def listeners(
    content: st.SearchStrategy[str], **others: st.SearchStrategy[Any]
) -> st.SearchStrategy[tuple[Listener, ...]]:
    """Listeners, those of one type together, as documents have them."""

    def of_type(kind: str) -> st.SearchStrategy[list[Listener]]:
        own = dict(others)
        if kind not in ("ssl", "wss"):
            own.pop("peer_cert_as_username", None)
            own.pop("peer_cert_as_clientid", None)
        one = st.builds(
            Listener,
            type=st.just(kind),
            name=names,
            bind=st.tuples(st.just("") | hosts, st.integers(0, 65535)),
            enable=st.booleans(),
            ssl_options=ssl_options(content) if kind in ("ssl", "wss") else st.none(),
            websocket=st.builds(Websocket, st.from_regex(r"/[a-z0-9/]{0,9}", fullmatch=True))
            if kind in ("ws", "wss")
            else st.just(Websocket()),
            max_connections=st.none() | st.integers(1, 2**31),
            **own,
        )
        return st.lists(one, max_size=2, unique_by=lambda listener: listener.name)

    # Made once: to make a strategy takes longer than to draw from it.
    of_types = {kind: of_type(kind) for kind in ("tcp", "ssl", "ws", "wss")}
    kinds = st.permutations(list(of_types))
    return kinds.flatmap(lambda order: st.tuples(*map(of_types.__getitem__, order))).map(
        lambda groups: tuple(listener for group in groups for listener in group)
    )


counts = st.none() | st.integers(1, 2**32 - 1)
mqtts = st.builds(
    Mqtt,
    idle_timeout=st.none() | milliseconds,
    max_packet_size=st.integers(1, 268_435_460) | st.sampled_from([1024, 5 * 1024**2]),
    max_topic_levels=st.integers(1, 65535),
    max_topic_alias=st.integers(0, 65535),
    max_qos_allowed=st.integers(0, 2),
    retain_available=st.booleans(),
    wildcard_subscription=st.booleans(),
    shared_subscription=st.booleans(),
    exclusive_subscription=st.booleans(),
    ignore_loop_deliver=st.booleans(),
    server_keepalive=st.none() | st.integers(1, 65535),
    keepalive_multiplier=st.floats(0.1, 1000),
    max_inflight=st.integers(1, 65535),
    receive_maximum=st.none() | st.integers(1, 65535),
    max_awaiting_rel=st.just(0) | counts,
    await_rel_timeout=milliseconds,
    max_subscriptions=counts,
    max_mqueue_len=st.just(0) | counts,
    mqueue_store_qos0=st.booleans(),
    session_expiry_interval=st.just(0.0) | milliseconds,
    message_expiry_interval=st.none() | milliseconds,
)


def identities(*, newest: bool) -> st.SearchStrategy[Identity]:
    """Who a client is; ``newest`` with what only EMQX 6 has."""
    only_6: dict[str, Any] = {
        "clientid_override": st.sampled_from(["", "username", "concat([username,'-',clientid])"]),
        "client_attrs_init": st.lists(
            st.builds(ClientAttribute, st.just("nth(1,tokens(clientid,'-'))"), texts), max_size=2
        ).map(tuple),
    }
    return st.builds(
        Identity,
        peer_cert_as_username=parts,
        peer_cert_as_clientid=parts,
        use_username_as_clientid=st.booleans(),
        max_clientid_len=st.integers(23, 65535),
        empty_clientid_needs_clean_start=st.booleans(),
        **(only_6 if newest else {}),
    )


@cache
def redis_tls(content: st.SearchStrategy[str]) -> st.SearchStrategy[RedisTls | None]:
    """TLS towards Redis."""
    files = st.none() | paths(content)
    return st.none() | st.builds(
        RedisTls,
        cacertfile=files,
        certfile=files,
        keyfile=files,
        server_name_indication=st.none() | content,
        verify=st.sampled_from(["verify_none", "verify_peer"]),
    )


def redis_servers() -> st.SearchStrategy[RedisServer]:
    """Redis as EMQX 5 and 6 know it: alone, behind a Sentinel, a Cluster; or the embedded store."""
    common: dict[str, Any] = {
        "username": st.none() | texts,
        "password": st.none() | texts.map(Secret),
        "pool_size": st.integers(1, 1024),
        "ssl": redis_tls(texts),
        "timeout": milliseconds,
    }
    database = st.integers(0, 65535)
    several = st.lists(addresses, min_size=1, max_size=3).map(tuple)
    return (
        st.builds(RedisServer, servers=st.tuples(addresses), database=database, **common)
        | st.builds(RedisServer, embedded=st.just(True), database=database, **common)
        | st.builds(
            RedisServer,
            redis_type=st.just("sentinel"),
            servers=several,
            sentinel=texts,
            sentinel_username=st.none() | texts,
            sentinel_password=st.none() | texts.map(Secret),
            database=database,
            **common,
        )
        | st.builds(RedisServer, redis_type=st.just("cluster"), servers=several, **common)
    )


@cache
def rules(dialect: Dialect) -> st.SearchStrategy[Rule]:
    """Rules that a file of ``dialect`` can hold."""
    in_4 = dialect in ("emqx4.4", "emqx4.2")
    octets = words | st.binary(min_size=1, max_size=4)
    newer: dict[str, Any] = {
        "username_re": st.none() | expressions,
        "client_id_re": st.none() | expressions,
        "zone": st.none() | texts,
        "zone_re": st.none() | expressions,
        "listener": st.none() | texts,
        "listener_re": st.none() | expressions,
    }
    who = st.builds(
        Who,
        usernames=unique(octets),
        client_ids=unique(octets),
        networks=unique(networks),
        **({} if in_4 else newer),
    )
    some = st.lists(words | words.map(lambda word: b"eq " + word), max_size=3).map(tuple)
    actions = st.sampled_from(["publish", "subscribe", "all"])
    conditions: dict[str, Any] = {
        "qos": st.just(ANY_QOS) | st.sets(st.integers(0, 2), min_size=1).map(frozenset),
        "retain": st.none() | st.booleans(),
    }
    return st.builds(
        Rule,
        permission=st.sampled_from(["allow", "deny"]),
        action=actions,
        topic_filters=some if dialect == "emqx5.0" else some | st.none(),
        who=who,
        reason_code=st.none() | st.integers(0x80, 0xFF),
        **({} if in_4 else conditions),
    )


def authenticators(dialect: Dialect) -> st.SearchStrategy[Any]:
    """Authenticators of EMQX 5 and 6."""
    users = st.lists(
        st.builds(
            BuiltInUser, user_id=texts, password_hash=texts, salt=texts, is_superuser=st.booleans()
        ),
        max_size=3,
        unique_by=lambda user: user.user_id,
    ).map(tuple)
    common: dict[str, Any] = {
        "from_field": st.sampled_from(["password", "username"]),
        "verify_claims": st.dictionaries(texts, texts, max_size=3).map(
            lambda claims: tuple(claims.items())
        ),
        "acl_claim_name": texts,
        "disconnect_after_expire": st.booleans(),
        "enable": st.booleans(),
    }
    if dialect == "emqx6":
        common["on_missing_jwt"] = st.sampled_from([None, "ignore", "deny"])
    key = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"
    return (
        st.builds(
            RedisAuthentication,
            redis=redis_servers(),
            cmd=st.sampled_from(
                [
                    "HMGET tls_domain:${cert_common_name} password",
                    'HGET "a b:${username}" password_hash',
                ]
            ),
            password_hash_algorithm=algorithms,
            enable=st.booleans(),
        )
        | st.builds(
            BuiltInDatabase,
            users=users,
            user_id_type=st.sampled_from(["username", "clientid"]),
            password_hash_algorithm=algorithms,
            enable=st.booleans(),
        )
        | st.builds(
            JwtAuthentication,
            secret=texts.map(Secret),
            secret_base64_encoded=st.booleans(),
            **common,
        )
        | st.builds(JwtAuthentication, public_key=st.just(key), **common)
        | st.builds(
            JwtAuthentication,
            endpoint=st.sampled_from(["https://127.0.0.1/jwks.json", "file:/x/jwks.json"]),
            refresh_interval=milliseconds,
            **common,
        )
    )


def sources(dialect: Dialect) -> st.SearchStrategy[Any]:
    """Sources of rules of EMQX 5 and 6."""
    modes = ["none", "v4"] if dialect == "emqx6" else ["none"]
    return st.builds(
        RedisSource,
        redis=redis_servers(),
        cmd=st.just("HGETALL mqtt_acl:${username}"),
        compatibility_mode=st.sampled_from(modes),
        enable=st.booleans(),
    ) | st.builds(
        FileSource,
        rules=st.lists(rules(dialect), max_size=4).map(tuple),
        enable=st.booleans(),
    )


def configurations(dialect: Dialect) -> st.SearchStrategy[Configuration]:
    """Configurations of ``emqx6`` and ``emqx5.0``."""
    newest = dialect == "emqx6"
    authorization: dict[str, Any] = {}
    auth: dict[str, Any] = {}
    if newest:
        authorization = {
            "ignore_backend_failures": st.booleans(),
            "topic_template_allow": st.sets(st.sampled_from("+#/")).map(frozenset),
        }
        auth = {
            "security_profile": st.sampled_from(["legacy", "hardened"]),
            "ignore_backend_failures": st.booleans(),
        }
    return st.builds(
        Configuration,
        listeners=listeners(
            texts,
            zone=texts,
            enable_authn=st.sampled_from(["true", "false", "quick_deny_anonymous"]),
        ),
        mqtt=mqtts,
        auth=st.builds(
            AuthSettings,
            dialect=st.just(dialect),
            identity=identities(newest=newest),
            authentication=st.lists(authenticators(dialect), max_size=3).map(tuple),
            authorization=st.builds(
                Authorization,
                no_match=st.sampled_from(["allow", "deny"]),
                deny_action=st.sampled_from(["ignore", "disconnect"]),
                sources=st.lists(sources(dialect), max_size=3).map(tuple),
                **authorization,
            ),
            **auth,
        ),
    )


commands_4 = lines.map(lambda word: f"HMGET {word}")
_listeners_4 = listeners(
    lines,
    zone=st.sampled_from(["default", "inner", "outer"]),
    peer_cert_as_username=st.none() | parts,
    peer_cert_as_clientid=st.none() | parts,
)
_identities_4 = identities(newest=False)


@st.composite
def configurations_4(draw: st.DrawFn, dialect: Dialect) -> Configuration:
    """Configurations of ``emqx4.4`` and ``emqx4.2``."""
    found, identity = settled(draw(_listeners_4), draw(_identities_4))
    redis = draw(_redis_servers_4())
    commands: Sequence[str | None] = draw(st.tuples(*[st.none() | commands_4] * 3))
    authentication = ()
    if commands[0] is not None:
        hashed = draw(
            st.sampled_from(
                [("plain",), ("salt", "sha256"), ("bcrypt",), ("pbkdf2", "sha256", "10", "20")]
            )
        )
        authentication = (
            RedisAuthentication4(redis, commands[0], commands[1], Algorithm4(hashed)),
        )
    own: list[RedisSource4 | FileSource] = []
    if commands[2] is not None:
        own.append(RedisSource4(redis, commands[2]))
    if draw(st.booleans()):
        own.append(FileSource(tuple(draw(st.lists(rules(dialect), max_size=4)))))
    return Configuration(
        listeners=found,
        mqtt=draw(mqtts),
        auth=AuthSettings(
            dialect=dialect,
            identity=identity,
            authentication=authentication,
            allow_anonymous=draw(st.booleans()),
            authorization=Authorization(
                no_match=draw(st.sampled_from(["allow", "deny"])),
                deny_action=draw(st.sampled_from(["ignore", "disconnect"])),
                sources=tuple(own),
            ),
        ),
    )


@st.composite
def _redis_servers_4(draw: st.DrawFn) -> RedisServer:
    kind = draw(st.sampled_from(["single", "sentinel", "cluster"]))
    common: dict[str, Any] = {
        "database": draw(st.integers(0, 65535)),
        "password": draw(st.none() | lines.map(Secret)),
        "pool_size": draw(st.integers(1, 1024)),
        "ssl": draw(redis_tls(lines)),
        "timeout": draw(milliseconds),
    }
    if kind == "single":
        return RedisServer(servers=(draw(addresses),), **common)
    several = tuple(draw(st.lists(addresses, min_size=1, max_size=3)))
    sentinel = draw(lines) if kind == "sentinel" else None
    return RedisServer(redis_type=kind, servers=several, sentinel=sentinel, **common)
