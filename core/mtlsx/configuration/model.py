"""What the local broker is told: where it listens, how it speaks MQTT, whom it lets in. By EMQX's own names.

Source: EMQX 6.3's schema (emqx_schema.erl) for names and defaults.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from mtlsx.auth.settings import AuthSettings, EnableAuthn
from mtlsx.identity.mapping import CertificatePart, Dialect
from mtlsx.secret import Secret

ListenerType: TypeAlias = Literal["tcp", "ssl", "ws", "wss"]
TlsVersion: TypeAlias = Literal["tlsv1.3", "tlsv1.2"]

GENERATION_4: frozenset[Dialect] = frozenset(("emqx4.4", "emqx4.2"))
"""The dialects of EMQX 4.x, whose files and settings are of another kind."""


@dataclass(frozen=True, slots=True)
class SslOptions:
    """TLS of a listener. All files are PEM, as absolute paths; ``password`` is the passphrase of ``keyfile``.

    ``depth`` is how many intermediate certificates a client's chain may have. ``crlfile`` is ours: EMQX fetches
    revocation lists by itself.
    """

    certfile: str
    keyfile: str
    cacertfile: str | None = None
    password: Secret | None = None
    verify: Literal["verify_none", "verify_peer"] = "verify_none"
    fail_if_no_peer_cert: bool = False
    depth: int = 10
    versions: tuple[TlsVersion, ...] = ("tlsv1.3", "tlsv1.2")
    crlfile: str | None = None


@dataclass(frozen=True, slots=True)
class Websocket:
    """The websocket side of a listener: ``mqtt_path`` is the path of its URL."""

    mqtt_path: str = "/mqtt"


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener, which EMQX calls ``type:name``.

    ``bind`` is (host, port); an empty host is every address of the machine. ``ssl_options`` is there for ``ssl``
    and ``wss``, ``max_connections`` None is any number. The last three are of EMQX 4.x, where a listener (or its
    zone) says who a client is; None is what ``[mqtt]`` says.
    """

    type: ListenerType
    name: str
    bind: tuple[str, int]
    enable: bool = True
    ssl_options: SslOptions | None = None
    websocket: Websocket = Websocket()
    max_connections: int | None = None
    zone: str = "default"
    enable_authn: EnableAuthn = "true"
    peer_cert_as_username: CertificatePart | None = None
    peer_cert_as_clientid: CertificatePart | None = None
    use_username_as_clientid: bool | None = None

    @property
    def id(self) -> str:
        """What EMQX calls it: ``ssl:default``."""
        return f"{self.type}:{self.name}"


@dataclass(frozen=True, slots=True)
class Mqtt:
    """The settings under ``[mqtt]`` that the broker keeps to; the others are in ``AuthSettings.identity``.

    Times are in seconds, sizes in octets; None is no limit (``infinity``), for ``server_keepalive`` the client's
    own (``disabled``). ``max_inflight`` is how many messages of QoS 1 and 2 may be on their way to a client;
    ``receive_maximum`` is what CONNACK allows the client, None: the same number, as in EMQX.
    """

    idle_timeout: float | None = 15.0
    max_packet_size: int = 1024 * 1024
    max_topic_levels: int = 128
    max_topic_alias: int = 65535
    max_qos_allowed: int = 2
    retain_available: bool = True
    wildcard_subscription: bool = True
    shared_subscription: bool = True
    exclusive_subscription: bool = False
    ignore_loop_deliver: bool = False
    server_keepalive: int | None = None
    keepalive_multiplier: float = 1.5
    max_inflight: int = 32
    receive_maximum: int | None = None
    max_awaiting_rel: int | None = 100
    await_rel_timeout: float = 300.0
    max_subscriptions: int | None = None
    max_mqueue_len: int | None = 1000
    mqueue_store_qos0: bool = True
    session_expiry_interval: float = 7200.0
    message_expiry_interval: float | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole configuration. ``notes`` are sentences about what its files say that means nothing here."""

    listeners: tuple[Listener, ...] = ()
    mqtt: Mqtt = Mqtt()
    auth: AuthSettings = field(default_factory=AuthSettings)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def auth_for(self, listener: Listener) -> AuthSettings:
        """What the engine is told for clients of ``listener``."""
        own = {
            name: value
            for name in (
                "peer_cert_as_username",
                "peer_cert_as_clientid",
                "use_username_as_clientid",
            )
            if (value := getattr(listener, name)) is not None
        }
        return replace(
            self.auth,
            enable_authn=listener.enable_authn,
            identity=replace(self.auth.identity, **own),
        )
