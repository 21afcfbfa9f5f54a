"""What running EMQX brokers decided, asked of the engine alone: all of it that needs no broker.

Left to the broker: whether a TLS handshake succeeds, takeover, and the code 16 of a PUBACK (no subscribers).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.engine import Engine, Permission
from mtlsx.auth.settings import RedisServer
from support import observed
from support.vector_stores import Recorded

if TYPE_CHECKING:
    from support.vector_stores import OpenVectorStore

NO_SUBSCRIBERS = 0x10


async def test_observed(
    observed_vector: dict[str, Any], open_vector_store: OpenVectorStore
) -> None:
    folder: Path = observed_vector["path"].parent
    config, client = observed_vector["config"], observed_vector["client"]
    expected = observed_vector["observed"]
    store = Recorded(await open_vector_store({"db": observed.redis(folder)}))
    engine = Engine(
        observed.settings(observed_vector, RedisServer()),
        open_store=lambda _: store,
        make_client_id=lambda: observed.octets(expected["clientid"]) or b"",
    )
    async with engine:
        admission = await engine.connect(
            observed.connect(client), observed.peer(folder, config, client)
        )
        assert admission.code == expected["connack"]
        assert _monitored(store) == observed.commands(expected["redis"])
        if not admission.accepted:
            return
        known = admission.client
        assert known is not None
        assert known.username == observed.octets(expected["username"])
        assert known.client_id == observed.octets(expected["clientid"])
        assert known.cert_common_name == observed.octets(expected["cn"])
        assert known.cert_subject == observed.octets(expected["dn"])
        assert known.is_superuser is expected["is_superuser"]
        for act in expected["acts"]:
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
    assert _monitored(store) == observed.commands(act["redis"])


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


def _monitored(store: Recorded) -> list[tuple[bytes, ...]]:
    """What MONITOR shows: not the commands that Redis refuses for their number of words."""
    return [command for command in store.commands if len(command) == 2 or command[0] != b"HGETALL"]
