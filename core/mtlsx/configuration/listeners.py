"""The tables ``[listeners.TYPE.NAME]``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from mtlsx.auth.settings import EnableAuthn
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.configuration.model import (
    Listener,
    ListenerType,
    SslOptions,
    TlsVersion,
    Websocket,
)
from mtlsx.configuration.mqtt import CERTIFICATE_PARTS
from mtlsx.configuration.values import bind, bind_value, or_word, secret
from mtlsx.schema import (
    Key,
    Table,
    WrongError,
    array,
    boolean,
    choice,
    clipped,
    integer,
    nested,
    table,
    text,
    wrong,
)
from mtlsx.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PORTS: dict[ListenerType, int] = {"tcp": 1883, "ssl": 8883, "ws": 8083, "wss": 8084}
_VERSIONS: tuple[TlsVersion, ...] = get_args(TlsVersion)


def _versions(value: object, path: str) -> tuple[Any, ...]:
    found = array(choice(_VERSIONS), "an array of TLS versions")(value, path)
    if not found or len(set(found)) < len(found):
        raise wrong(path, "an array of TLS versions, each once", value)
    return found


def _path(value: object, path: str) -> str:
    found = text(value, path)
    if not found.startswith("/") or not found.isprintable() or " " in found:
        raise wrong(path, "the path of a URL, which begins with /", value)
    return found


def _enable_authn(value: object, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value != "quick_deny_anonymous":
        raise wrong(path, 'true, false or "quick_deny_anonymous"', value)
    return "quick_deny_anonymous"


def _enable_authn_value(value: EnableAuthn) -> object:
    return value if value == "quick_deny_anonymous" else value == "true"


_SSL_OPTIONS = Table(
    SslOptions,
    Key("cacertfile", text),
    Key("certfile", text),
    Key("keyfile", text),
    Key("password", secret, Secret.reveal),
    Key("verify", choice(("verify_peer", "verify_none")), always=True),
    Key("fail_if_no_peer_cert", boolean, always=True),
    Key("depth", integer(0, 255)),
    Key("versions", _versions, list),
    Key(Ours("crlfile"), text),
)
_WEBSOCKET = Table(Websocket, Key("mqtt_path", _path))
_PLAIN = (
    Key("bind", bind, bind_value, always=True),
    Key("enable", boolean),
    Key("max_connections", **or_word("infinity", integer(1, 2**31))),
    Key("zone", text),
    Key("enable_authn", _enable_authn, _enable_authn_value),
    Key("peer_cert_as_username", choice(CERTIFICATE_PARTS)),
    Key("peer_cert_as_clientid", choice(CERTIFICATE_PARTS)),
    Key("use_username_as_clientid", boolean),
)
_SSL = (Key("ssl_options", **nested(_SSL_OPTIONS)),)
_WS = (Key("websocket", **nested(_WEBSOCKET)),)
_TABLES: dict[ListenerType, Table[Listener]] = {
    "tcp": Table(Listener, *_PLAIN),
    "ssl": Table(Listener, *_PLAIN, *_SSL),
    "ws": Table(Listener, *_PLAIN, *_WS),
    "wss": Table(Listener, *_PLAIN, *_SSL, *_WS),
}


def read(value: object, path: str) -> tuple[Listener, ...]:
    """All listeners, in the order of the document. Raises WrongError."""
    listeners = []
    for kind, named in table(value, path).items():
        if kind not in _TABLES:
            types = ", ".join(_TABLES)
            raise WrongError(
                f"{path}.{clipped(kind)} is no type of listener here; there is {types}."
            )
        for name, item in table(named, f"{path}.{kind}").items():
            if not _NAME.fullmatch(name):
                raise WrongError(
                    f"{path}.{kind}.{clipped(name)}: a listener's name has letters, digits, - and _,"
                    " at most 64."
                )
            listeners.append(_listener(kind, name, item, f"{path}.{kind}.{name}"))
    return tuple(listeners)


def write(listeners: Iterable[Listener]) -> dict[str, Any]:
    """What ``read`` gives back, where listeners of one type stand together."""
    written: dict[str, Any] = {}
    for listener in listeners:
        written.setdefault(listener.type, {})[listener.name] = _TABLES[listener.type].write(
            listener
        )
    return written


def _listener(kind: ListenerType, name: str, value: object, path: str) -> Listener:
    given = {"bind": _PORTS[kind], **table(value, path)}
    listener = _TABLES[kind].read(given, path, type=kind, name=name)
    if kind in ("ssl", "wss"):
        _check(listener.ssl_options, f"{path}.ssl_options")
    return listener


def _check(options: SslOptions | None, path: str) -> None:
    if options is None:
        raise WrongError(f"{path} is missing; it needs at least certfile and keyfile.")
    if options.fail_if_no_peer_cert and options.verify == "verify_none":
        raise WrongError(
            f'{path}.fail_if_no_peer_cert = true needs verify = "verify_peer": with "verify_none" no client is'
            " asked for a certificate."
        )
    if options.verify == "verify_peer" and options.cacertfile is None:
        raise WrongError(
            f'{path}.cacertfile is missing: verify = "verify_peer" needs the CAs that issue client certificates.'
        )
