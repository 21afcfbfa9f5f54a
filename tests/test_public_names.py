"""What other programs may import from mtlsx: the names are there, take what they took, and say what they do."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

FUNCTIONS = {
    "mtlsx.configuration.load:load": (
        "(paths: Sequence[str | Path], *, dialect: Dialect | None = None) -> Configuration"
    ),
    "mtlsx.configuration.emqx:emqx": (
        "(configuration: Configuration, *, with_secrets: bool = False, entries: Sequence[Entry] = ()) -> Export"
    ),
    "mtlsx.certificates.load:load_file": "(path: str, *, passphrase: Secret | None = None) -> Material",
    "mtlsx.certificates.load:load_bytes": (
        "(data: bytes, *, source: str, passphrase: Secret | None = None) -> Material"
    ),
    "mtlsx.certificates.load:public_key_matches": "(certificate: bytes, key: bytes) -> bool",
    "mtlsx.certificates.describe:describe": "(encoded: bytes) -> CertificateDescription",
    "mtlsx.identity.mosquitto:identify": "(certificate: bytes) -> MosquittoIdentity",
    "mtlsx.identity.report:as_json": (
        "(certificate: bytes, brokers: Collection[str] | None = None) -> dict[str, dict[str, Any]]"
    ),
    "mtlsx.client.connection:Connection": (
        "(settings: ConnectionSettings, *, on_event: Callable[[Event], None],"
        " on_message: Callable[[Message], object], dialect: Dialect | None = None) -> None"
    ),
    "mtlsx.client.connection:Connection.start": "(self) -> None",
    "mtlsx.client.connection:Connection.stop": "(self, timeout: float = 5.0) -> None",
    "mtlsx.client.connection:Connection.subscribe": "(self, subscriptions: Sequence[Subscription]) -> int",
    "mtlsx.client.connection:Connection.unsubscribe": "(self, topic_filters: Sequence[str]) -> int",
    "mtlsx.client.connection:Connection.publish": "(self, publication: Publication) -> int",
    "mtlsx.probe.probe:probe": (
        "(target: Target, *, clock: Callable[[], float] = <built-in function monotonic>) -> Report"
    ),
    "mtlsx.auth.engine:Engine": (
        "(settings: AuthSettings, *, open_store: OpenStore | None = None,"
        " load_keys: KeyLoader | None = None, clock: Callable[[], float] = <built-in function time>,"
        " make_client_id: Callable[[], bytes] = <function random_client_id>,"
        " is_banned: Callable[[ClientInfo], bool] | None = None, diagnose: bool = False) -> None"
    ),
    "mtlsx.auth.engine:Engine.connect": "(self, connect: Connect, peer: Peer) -> Admission",
    "mtlsx.auth.engine:Engine.publish": (
        "(self, client: ClientInfo, topic: bytes, *, qos: int = 0, retain: bool = False) -> Permission"
    ),
    "mtlsx.auth.engine:Engine.subscribe": (
        "(self, client: ClientInfo, topic_filter: bytes, *, qos: int = 0) -> Permission"
    ),
    "mtlsx.auth.engine:Engine.aclose": "(self) -> None",
    "mtlsx.auth.trace:as_text": "(steps: Iterable[Step]) -> str",
    "mtlsx.auth.trace:as_json": "(steps: Iterable[Step]) -> list[dict[str, Any]]",
}
VALUES = {
    "mtlsx.packets.control_packets:Connect",
    "mtlsx.auth.connect:Peer",
    "mtlsx.auth.client:ClientInfo",
    "mtlsx.auth.engine:Admission",
    "mtlsx.auth.engine:Permission",
    "mtlsx.auth.settings:AuthSettings",
    "mtlsx.auth.stores.store:Store",
    "mtlsx.auth.stores.store:StoreError",
    "mtlsx.configuration.model:Configuration",
    "mtlsx.configuration.model:Listener",
    "mtlsx.configuration.model:Mqtt",
    "mtlsx.configuration.emqx:Export",
    "mtlsx.errors:MtlsxError",
    "mtlsx.errors:UsageError",
    "mtlsx.errors:MaterialError",
    "mtlsx.secret:Secret",
    "mtlsx.certificates.material:Material",
    "mtlsx.certificates.describe:CertificateDescription",
    "mtlsx.identity.emqx:EmqxIdentity",
    "mtlsx.identity.mapping:Mapping",
    "mtlsx.tls.settings:TlsSettings",
    "mtlsx.tls.record:HandshakeRecord",
    "mtlsx.probe.verdicts:Verdict",
    "mtlsx.client.settings:ConnectionSettings",
    "mtlsx.client.settings:Subscription",
    "mtlsx.client.settings:Publication",
    "mtlsx.client.message:Message",
    "mtlsx.client.ring:MessageRing",
    "mtlsx.profiles.model:Profile",
    "mtlsx.profiles.store:ProfileStore",
    "mtlsx.profiles.secrets:SecretStore",
}


def find(name: str) -> object:
    module, _, path = name.partition(":")
    found: object = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("name", "signature"), FUNCTIONS.items())
def test_a_function_takes_what_it_took(name: str, signature: str) -> None:
    function = find(name)
    assert callable(function)
    found = str(inspect.signature(function)).replace("'", "")
    assert re.sub(" at 0x[0-9a-f]+", "", found) == signature


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *VALUES}))
def test_a_public_name_says_what_it_is(name: str) -> None:
    # A class that inherits its docstring, or a dataclass that only has a generated one, says nothing.
    found = find(name)
    text = vars(found)["__doc__"] if inspect.isclass(found) else found.__doc__
    assert text
    assert not text.startswith(f"{name.rpartition(':')[2]}(")
