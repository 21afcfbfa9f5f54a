"""What vectors of ``emqx-observed`` say, as values: settings, CONNECT, the peer, what Redis held and was asked."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from mtlsx.auth.connect import Peer
from mtlsx.auth.passwords import Algorithm, Algorithm4, Bcrypt, Pbkdf2, Simple
from mtlsx.auth.rules import Rule, Who
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    FileSource,
    Identity,
    RedisAuthentication,
    RedisAuthentication4,
    RedisServer,
    RedisSource,
    RedisSource4,
    SourceSettings,
)
from mtlsx.certificates.load import load_file
from mtlsx.identity.mapping import Dialect
from mtlsx.packets.control_packets import Connect

DIALECTS: dict[str, Dialect] = {"4.2": "emqx4.2", "4.4": "emqx4.4", "5.0": "emqx5.0"}

# EMQX's own acl.conf, which 4.x asks after Redis.
STOCK = FileSource(
    (
        Rule("allow", "subscribe", (b"$SYS/#",), Who(usernames=(b"dashboard",))),
        Rule("allow", "all", (b"$SYS/#", b"#"), Who(networks=("127.0.0.1",))),
        Rule("deny", "subscribe", (b"$SYS/#", b"eq #")),
        Rule("allow"),
    ),
    "acl.conf",
)


def settings(vector: dict[str, Any], server: RedisServer) -> AuthSettings:
    """The settings of the broker that was observed, with its Redis at ``server``."""
    config = vector["config"]
    dialect = DIALECTS[vector["broker"].rpartition(".")[0]]
    is_4 = dialect.startswith("emqx4")
    sources: list[SourceSettings] = []
    if config["acl_cmd"] is not None:
        source = (
            RedisSource4(server, config["acl_cmd"])
            if is_4
            else RedisSource(server, config["acl_cmd"])
        )
        sources.append(source)
    if is_4 and config["acl_file"] == "stock":
        sources.append(STOCK)
    return AuthSettings(
        dialect=dialect,
        identity=Identity(
            peer_cert_as_username=config["peer_cert_as_username"] or "disabled",
            peer_cert_as_clientid=config["peer_cert_as_clientid"] or "disabled",
            use_username_as_clientid=config["use_username_as_clientid"] == "true",
        ),
        authentication=()
        if config["auth_cmd"] is None
        else (_authentication(config, server, is_4=is_4),),
        allow_anonymous=config["allow_anonymous"] == "true",
        authorization=Authorization(
            config["acl_nomatch"], config["acl_deny_action"], sources=tuple(sources)
        ),
    )


def _authentication(
    config: dict[str, Any], server: RedisServer, *, is_4: bool
) -> RedisAuthentication | RedisAuthentication4:
    words = config["password_hash"].split(",")
    if is_4:
        return RedisAuthentication4(
            server, config["auth_cmd"], config["super_cmd"], Algorithm4(tuple(words))
        )
    return RedisAuthentication(server, config["auth_cmd"], _algorithm(words))


def _algorithm(words: list[str]) -> Algorithm:
    if words[-1] == "bcrypt":
        return Bcrypt()
    if words[0] == "pbkdf2":
        return Pbkdf2(words[1], int(words[2]), int(words[3]))
    position = "disable" if len(words) == 1 else "prefix" if words[0] == "salt" else "suffix"
    (name,) = (word for word in words if word != "salt")
    return Simple(name, position)  # type: ignore[arg-type]


def connect(client: dict[str, Any]) -> Connect:
    """The CONNECT that the client sent."""
    return Connect(
        version=client["protocol"],
        client_id=client["clientid"].encode(),
        clean_start=client["clean"],
        username=octets(client["username"]),
        password=octets(client["password"]),
    )


def peer(folder: Path, config: dict[str, Any], client: dict[str, Any]) -> Peer:
    """Who the client was for the broker, which asks for no certificate with verify_none."""
    if client["certificate"] is None or config["verify"] == "verify_none":
        return Peer()
    return Peer(
        load_file(str(folder / "certificates" / f"{client['certificate']}.pem")).certificates[0]
    )


@cache
def redis(folder: Path) -> list[list[str]]:
    """The commands that fill a Redis with what the observed one held."""
    content = json.loads((folder / "redis.json").read_bytes())
    return [
        ["HSET", key, *(word for pair in fields.items() for word in pair)]
        for key, fields in content.items()
    ]


def commands(observed: list[list[Any]]) -> list[tuple[bytes, ...]]:
    """Redis commands as MONITOR showed them."""
    return [tuple(octets(word) or b"" for word in command) for command in observed]


def octets(value: Any) -> bytes | None:
    """A text of a vector as octets."""
    if value is None:
        return None
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else str(value).encode()
