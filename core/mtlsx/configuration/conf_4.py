"""The flat files of EMQX 4.x, ``emqx.conf`` and ``emqx_auth_redis.conf``: text in, a document out, with notes.

One setting a line, ``listener.ssl.external.verify = verify_peer``; ``#`` begins a comment, anywhere. A line that
begins with ``#mtlsx`` is a comment to EMQX and a setting to us.

Source: cuttlefish_conf_parse.peg; emqx.schema and emqx_auth_redis.schema of 4.2 to 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mtlsx.configuration.hocon import OURS
from mtlsx.configuration.mqtt import NAMES
from mtlsx.errors import UsageError
from mtlsx.schema import clipped

_LINE = re.compile(r"[ \t]*([A-Za-z0-9_.-]+)[ \t]*=[ \t]*([^#]*?)[ \t]*(?:#.*)?")
_EMPTY = re.compile(r"[ \t]*(?:#.*)?")
_FIRST_WORDS = re.compile(
    r"^[ \t]*(?:#mtlsx[ ]+)?(?:(?:listener|zone|auth)\.[A-Za-z0-9_.-]+"
    r"|allow_anonymous|acl_nomatch|acl_deny_action|acl_file|enable_acl_cache|acl_cache_\w+)[ \t]*=",
    re.MULTILINE,
)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FRACTION = re.compile(r"[0-9]{1,15}\.[0-9]{1,15}")
_SWITCHES = {"true": True, "false": False, "on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: its value, and where it stands."""

    value: str
    where: str


def looks_like(text: str) -> bool:
    """Whether ``text`` is a file of EMQX 4.x rather than HOCON."""
    return bool(_FIRST_WORDS.search(text))


def parse(text: str, *, source: str) -> dict[str, Setting]:
    """The settings of one file by their names; of two with one name the later counts.

    Raises UsageError, with the line.
    """
    settings = {}
    for number, line in enumerate(text.split("\n"), start=1):
        setting = _LINE.fullmatch(line.rstrip("\r").removeprefix(OURS))
        where = f"{source}: line {number}"
        if setting is not None:
            settings[setting[1]] = Setting(setting[2], where)
        elif not _EMPTY.fullmatch(line.rstrip("\r")):
            # What stands there may be a secret that lost its name.
            raise UsageError(f"{where} is not NAME = VALUE.")
    return settings


def document(settings: Mapping[str, Setting]) -> tuple[dict[str, Any], list[str]]:
    """The document that settings of one or several files stand for, and notes. Raises UsageError."""
    reader = _Reader(settings)
    return reader.document(), reader.notes()


def _text(value: str) -> object:
    return value


def _switch(value: str) -> object:
    return _SWITCHES.get(value, value)


def _whole(value: str) -> object:
    return int(value) if _WHOLE.fullmatch(value) else value


def _list(value: str) -> object:
    return [item.strip() for item in value.split(",")]


def _multiplier(value: str) -> object:
    try:
        return 2 * float(value)
    except ValueError:
        return value


def _keepalive(value: str) -> object:
    return "disabled" if value == "0" else _whole(value)


def _endless(value: str) -> object:
    """A number, of which 0 stands for no limit in 4.x."""
    return "infinity" if value == "0" else _whole(value)


def _plain(value: str) -> object:
    """Whatever ``value`` looks like."""
    converted = _SWITCHES[value] if value in _SWITCHES else _whole(value)
    if isinstance(converted, str) and _FRACTION.fullmatch(converted):
        return float(converted)
    return converted


Convert = Callable[[str], object]
"""Makes a plain value of what a line says; what it cannot read it leaves, for the schema to refuse."""

LISTENERS: Mapping[str, tuple[tuple[str, ...], Convert]] = {
    **{
        name: (("ssl_options", name), _text)
        for name in ("cacertfile", "certfile", "keyfile", "verify", "crlfile")
    },
    "key_password": (("ssl_options", "password"), _text),
    "fail_if_no_peer_cert": (("ssl_options", "fail_if_no_peer_cert"), _switch),
    "depth": (("ssl_options", "depth"), _whole),
    "tls_versions": (("ssl_options", "versions"), _list),
    "psk_ciphers": (("ssl_options", "psk_ciphers"), _text),
    "mqtt_path": (("websocket", "mqtt_path"), _text),
    "max_connections": (("max_connections",), _whole),
    "zone": (("zone",), _text),
    "enable": (("enable",), _switch),
    "peer_cert_as_username": (("peer_cert_as_username",), _text),
    "peer_cert_as_clientid": (("peer_cert_as_clientid",), _text),
}
"""The settings of a listener: where they stand in the document, and how they are read."""
MQTT: Mapping[str, Convert] = {
    "max_packet_size": _whole,
    "max_clientid_len": _whole,
    "max_topic_levels": _whole,
    "max_topic_alias": _whole,
    "max_qos_allowed": _whole,
    "retain_available": _switch,
    "wildcard_subscription": _switch,
    "shared_subscription": _switch,
    "ignore_loop_deliver": _switch,
}
"""The settings that 4.x has under ``mqtt.``, and in a zone as well."""
ZONE: Mapping[str, tuple[str, Convert]] = {
    **{name: (name, convert) for name, convert in MQTT.items()},
    "idle_timeout": ("idle_timeout", _whole),
    "server_keepalive": ("server_keepalive", _keepalive),
    "keepalive_backoff": ("keepalive_multiplier", _multiplier),
    "max_inflight": ("max_inflight", _whole),
    "max_awaiting_rel": ("max_awaiting_rel", _endless),
    "await_rel_timeout": ("await_rel_timeout", _whole),
    "max_subscriptions": ("max_subscriptions", _endless),
    "max_mqueue_len": ("max_mqueue_len", _endless),
    "mqueue_store_qos0": ("mqueue_store_qos0", _switch),
    "session_expiry_interval": ("session_expiry_interval", _whole),
}
"""The settings of a zone: their names under ``[mqtt]``, and how they are read."""
_TOP_LEVEL: Mapping[str, Convert] = {
    "dialect": _text,
    "allow_anonymous": _switch,
    "acl_nomatch": _text,
    "acl_deny_action": _text,
    "acl_file": _text,
}
REDIS: Mapping[str, tuple[tuple[str, ...], Convert]] = {
    **{
        name: ((name,), _text)
        for name in [
            "type",
            "server",
            "sentinel",
            "password",
            "auth_cmd",
            "super_cmd",
            "acl_cmd",
            "password_hash",
            "query_timeout",
        ]
    },
    "pool": (("pool",), _whole),
    "database": (("database",), _whole),
    "ssl": (("ssl", "enable"), _switch),
    "cafile": (("ssl", "cacertfile"), _text),
    **{
        f"{prefix}{name}": (("ssl", name), _text)
        for prefix in ("", "ssl.")
        for name in ("cacertfile", "certfile", "keyfile")
    },
    "ssl.verify": (("ssl", "verify"), _text),
    "ssl.server_name_indication": (("ssl", "server_name_indication"), _text),
}
"""The settings of the plugin, without ``auth.redis.``."""
_HARMLESS = {
    "proxy_protocol": ("off", "false"),
    "mountpoint": ("",),
    "enable_acl": ("on", "true"),
    "access": ("allow all",),
}
"""Settings that would matter but for these values."""
_BACKENDS = re.compile(r"auth\.(?!redis\.)([a-z0-9_]+)\.")


class _Reader:
    """Turns lines into a document; keeps what they say that means nothing here."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self._settings = settings
        self._document: dict[str, Any] = {}
        self._zones: dict[str, dict[str, object]] = {}
        self._passed: list[str] = []
        self._notes: list[str] = []

    def document(self) -> dict[str, Any]:
        for name, setting in self._settings.items():
            first, *rest = name.split(".")
            if name in _TOP_LEVEL:
                self._put((name,), _TOP_LEVEL[name](setting.value))
            elif first == "listener" and len(rest) >= 2:
                self._listener(rest[0], rest[1], rest[2:], name, setting)
            elif first == "mqtt" and len(rest) == 1 and rest[0] in NAMES:
                self._put((first, *rest), _plain(setting.value))
            elif first == "zone" and len(rest) >= 2:
                self._zone(rest[0], ".".join(rest[1:]), name, setting)
            elif name.startswith("auth.redis."):
                self._redis(name.removeprefix("auth.redis."), setting)
            elif found := _BACKENDS.match(name):
                raise UsageError(
                    f"{setting.where}: auth.{found[1]} is not supported; in EMQX 4.x only auth.redis is."
                )
            else:
                self._passed.append(name)
        self._apply_zones()
        self._finish_listeners()
        return self._document

    def notes(self) -> list[str]:
        roots = dict.fromkeys(
            name if name.split(".")[0] in ("listener", "zone", "mqtt") else name.split(".")[0]
            for name in self._passed
        )
        passed = f"Passed over, as nothing here depends on it: {', '.join(roots)}."
        return [*self._notes, passed] if roots else self._notes

    def _listener(self, kind: str, name: str, rest: list[str], key: str, setting: Setting) -> None:
        path = ("listeners", kind, name)
        if not rest:
            self._put((*path, "bind"), setting.value)
        elif len(rest) == 1 and rest[0] in LISTENERS:
            below, convert = LISTENERS[rest[0]]
            self._put((*path, *below), convert(setting.value))
        elif rest == ["ciphers"] and "PSK" in setting.value:
            self._put((*path, "ssl_options", "ciphers"), setting.value)
        else:
            self._pass_over(rest[0], key, setting)

    def _zone(self, zone: str, name: str, key: str, setting: Setting) -> None:
        if name == "acl_deny_action":
            self._document.setdefault(name, setting.value)
        elif name == "use_username_as_clientid":
            self._zones.setdefault(zone, {})[name] = _switch(setting.value)
        elif name in ZONE:
            new_name, convert = ZONE[name]
            self._zones.setdefault(zone, {})[new_name] = convert(setting.value)
        else:
            self._pass_over(name, key, setting)

    def _redis(self, name: str, setting: Setting) -> None:
        if name not in REDIS:
            allowed = ", ".join(REDIS)
            raise UsageError(
                f"{setting.where}: auth.redis.{clipped(name)} is not a setting; allowed here: {allowed}."
            )
        path, convert = REDIS[name]
        if setting.value:
            self._put(("auth", "redis", *path), convert(setting.value))

    def _pass_over(self, name: str, key: str, setting: Setting) -> None:
        if name in _HARMLESS and setting.value not in _HARMLESS[name]:
            raise UsageError(f"{setting.where}: {key} = {clipped(setting.value)} is not supported.")
        self._passed.append(key)

    def _apply_zones(self) -> None:
        """Settings of the zone of the first listener hold for all; of the others only who a client is."""
        listeners = [
            listener
            for named in self._document.get("listeners", {}).values()
            for listener in named.values()
        ]
        for listener in listeners:
            zone = self._zones.get(listener.get("zone", "external"), {})
            if "use_username_as_clientid" in zone:
                listener["use_username_as_clientid"] = zone["use_username_as_clientid"]
        main = listeners[0].get("zone", "external") if listeners else "external"
        for name, zone in self._zones.items():
            own = {key: value for key, value in zone.items() if key != "use_username_as_clientid"}
            if name == main:
                mqtt = self._document.setdefault("mqtt", {})
                mqtt.update(own)
                if not listeners and "use_username_as_clientid" in zone:
                    mqtt["use_username_as_clientid"] = zone["use_username_as_clientid"]
            else:
                self._passed += [f"zone.{name}.{key}" for key in own]

    def _finish_listeners(self) -> None:
        for named in self._document.get("listeners", {}).values():
            for listener in named.values():
                options = listener.get("ssl_options", {})
                versions = options.get("versions", [])
                kept = [version for version in versions if version not in ("tlsv1.1", "tlsv1")]
                if kept and len(kept) < len(versions):
                    options["versions"] = kept
                    self._notes.append("TLS 1.0 and 1.1 are not offered.")

    def _put(self, path: tuple[str, ...], value: object) -> None:
        target = self._document
        for name in path[:-1]:
            target = target.setdefault(name, {})
        target[path[-1]] = value
