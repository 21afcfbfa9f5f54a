"""What running EMQX brokers decided, asked of the engine alone: all of it that needs no broker.

Left to the broker: whether a TLS handshake succeeds, takeover, and the code 16 of a PUBACK (no subscribers).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.connect import Peer
from mtlsx.auth.engine import Engine, Permission
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
from support.vector_stores import Recorded

if TYPE_CHECKING:
    from support.vector_stores import OpenVectorStore

SERVER = RedisServer()
DIALECTS: dict[str, Dialect] = {"4.2": "emqx4.2", "4.4": "emqx4.4", "5.0": "emqx5.0"}
NO_SUBSCRIBERS = 0x10

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


async def test_observed(
    observed_vector: dict[str, Any], open_vector_store: OpenVectorStore
) -> None:
    folder: Path = observed_vector["path"].parent
    config, client = observed_vector["config"], observed_vector["client"]
    observed = observed_vector["observed"]
    store = Recorded(await open_vector_store({"db": _redis(folder)}))
    engine = Engine(
        _settings(observed_vector),
        open_store=lambda _: store,
        make_client_id=lambda: _octets(observed["clientid"]) or b"",
    )
    async with engine:
        admission = await engine.connect(_connect(client), _peer(folder, config, client))
        assert admission.code == observed["connack"]
        assert _monitored(store) == _commands(observed["redis"])
        if not admission.accepted:
            return
        known = admission.client
        assert known is not None
        assert known.username == _octets(observed["username"])
        assert known.client_id == _octets(observed["clientid"])
        assert known.cert_common_name == _octets(observed["cn"])
        assert known.cert_subject == _octets(observed["dn"])
        assert known.is_superuser is observed["is_superuser"]
        for act in observed["acts"]:
            await _check_act(engine, store, known, act)


async def _check_act(
    engine: Engine, store: Recorded, client: ClientInfo, act: dict[str, Any]
) -> None:
    store.commands.clear()
    kind, *arguments = act["act"]
    packets = act["got"]
    if kind == "pub":
        topic, qos = arguments
        permission = await engine.publish(client, topic.encode(), qos=qos)
        _check_publish(permission, qos, packets)
    elif kind == "sub":
        filters = arguments[0] if isinstance(arguments[0], list) else arguments
        permissions = [await engine.subscribe(client, one.encode(), qos=1) for one in filters]
        if packets[0]["packet"] == "SUBACK":
            codes = [1 if one.allowed else one.code for one in permissions]
            assert codes == packets[0]["codes"]
        else:
            assert any(permission.disconnect for permission in permissions)
    assert _monitored(store) == _commands(act["redis"])


def _check_publish(permission: Permission, qos: int, packets: list[dict[str, Any]]) -> None:
    closed = {"packet": "CLOSED"} in packets
    assert permission.disconnect is closed
    if closed:
        told = packets[0] if packets[0]["packet"] == "DISCONNECT" else {}
        assert (permission.packet, permission.code) == (told.get("packet"), told.get("code"))
    elif not packets:
        assert qos == 0
    elif packets[0]["code"] in (0, NO_SUBSCRIBERS):
        # MQTT 3.1.1 has no way to say no: a denied message gets the same answer.
        assert permission.packet is None
    else:
        assert (permission.packet, permission.code) == (packets[0]["packet"], packets[0]["code"])


def _settings(vector: dict[str, Any]) -> AuthSettings:
    config = vector["config"]
    dialect = DIALECTS[vector["broker"].rpartition(".")[0]]
    is_4 = dialect.startswith("emqx4")
    sources: list[SourceSettings] = []
    if config["acl_cmd"] is not None:
        source = (
            RedisSource4(SERVER, config["acl_cmd"])
            if is_4
            else RedisSource(SERVER, config["acl_cmd"])
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
        authentication=() if config["auth_cmd"] is None else (_authentication(config, is_4=is_4),),
        allow_anonymous=config["allow_anonymous"] == "true",
        authorization=Authorization(
            config["acl_nomatch"], config["acl_deny_action"], sources=tuple(sources)
        ),
    )


def _authentication(
    config: dict[str, Any], *, is_4: bool
) -> RedisAuthentication | RedisAuthentication4:
    words = config["password_hash"].split(",")
    if is_4:
        return RedisAuthentication4(
            SERVER, config["auth_cmd"], config["super_cmd"], Algorithm4(tuple(words))
        )
    return RedisAuthentication(SERVER, config["auth_cmd"], _algorithm(words))


def _algorithm(words: list[str]) -> Algorithm:
    if words[-1] == "bcrypt":
        return Bcrypt()
    if words[0] == "pbkdf2":
        return Pbkdf2(words[1], int(words[2]), int(words[3]))
    position = "disable" if len(words) == 1 else "prefix" if words[0] == "salt" else "suffix"
    (name,) = (word for word in words if word != "salt")
    return Simple(name, position)  # type: ignore[arg-type]


def _connect(client: dict[str, Any]) -> Connect:
    return Connect(
        version=client["protocol"],
        client_id=client["clientid"].encode(),
        clean_start=client["clean"],
        username=_octets(client["username"]),
        password=_octets(client["password"]),
    )


def _peer(folder: Path, config: dict[str, Any], client: dict[str, Any]) -> Peer:
    # With verify_none EMQX does not ask for a certificate.
    if client["certificate"] is None or config["verify"] == "verify_none":
        return Peer()
    return Peer(
        load_file(str(folder / "certificates" / f"{client['certificate']}.pem")).certificates[0]
    )


@cache
def _redis(folder: Path) -> list[list[str]]:
    content = json.loads((folder / "redis.json").read_bytes())
    return [
        ["HSET", key, *(word for pair in fields.items() for word in pair)]
        for key, fields in content.items()
    ]


def _monitored(store: Recorded) -> list[tuple[bytes, ...]]:
    """What MONITOR shows: not the commands that Redis refuses for their number of words."""
    return [command for command in store.commands if len(command) == 2 or command[0] != b"HGETALL"]


def _commands(observed: list[list[Any]]) -> list[tuple[bytes, ...]]:
    return [tuple(_octets(word) or b"" for word in command) for command in observed]


def _octets(value: Any) -> bytes | None:
    if value is None:
        return None
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else str(value).encode()
