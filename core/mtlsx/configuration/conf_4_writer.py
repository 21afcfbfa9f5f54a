"""A document of EMQX 4.x as its flat files, which ``conf_4`` reads back.

What 4.x does not have stands behind ``#mtlsx``, a comment to EMQX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mtlsx.configuration import conf_4
from mtlsx.configuration.hocon import OURS
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.errors import UsageError
from mtlsx.schema import clipped

_OLD_ZONE = "external"


def broker(document: Mapping[str, Any]) -> str:
    """The ``emqx.conf``: everything but ``auth.redis``. Raises UsageError for what a line cannot hold."""
    lines = [_line("dialect", document["dialect"], ours=True)]
    top_level = ("allow_anonymous", "acl_nomatch", "acl_deny_action", "acl_file")
    lines += [_line(name, document[name]) for name in top_level if name in document]
    by_username: dict[str, object] = {}
    for kind, named in document["listeners"].items():
        for name, listener in named.items():
            lines.append("")
            lines += _listener(f"listener.{kind}.{name}", listener, document["mqtt"], by_username)
    mqtt = dict(document["mqtt"])
    if {"ssl", "wss"} & set(document["listeners"]):
        # Each of these listeners has said it.
        del mqtt["peer_cert_as_username"], mqtt["peer_cert_as_clientid"]
    lines += ["", *_mqtt(mqtt, by_username)]
    return "\n".join(lines) + "\n"


def plugin(redis: Mapping[str, Any]) -> str:
    """The ``emqx_auth_redis.conf``. Raises UsageError for what a line cannot hold."""
    places = {path: name for name, (path, _) in conf_4.REDIS.items()}
    places |= {("ssl", name): f"ssl.{name}" for name in ("cacertfile", "certfile", "keyfile")}
    return (
        "\n".join(
            _line(f"auth.redis.{places[path]}", value, ours=ours)
            for path, value, ours in _leaves(redis, ())
        )
        + "\n"
    )


def _listener(
    prefix: str, listener: dict[str, Any], mqtt: dict[str, Any], by_username: dict[str, object]
) -> Iterator[str]:
    yield _line(prefix, listener["bind"])
    zone = listener.get("zone", "default")
    zone = _OLD_ZONE if zone == "default" else zone
    yield _line(f"{prefix}.zone", zone)
    settings = {**listener, "zone": zone}
    if "ssl_options" in listener:
        for name in ("peer_cert_as_username", "peer_cert_as_clientid"):
            settings.setdefault(name, mqtt[name])
    use = settings.pop("use_username_as_clientid", mqtt["use_username_as_clientid"])
    if by_username.setdefault(zone, use) != use:
        raise UsageError(
            f'The listeners of zone "{zone}" differ in use_username_as_clientid, which EMQX 4.x sets for a zone.',
            fix="Give them different zones.",
        )
    places = {path: name for name, (path, _) in conf_4.LISTENERS.items()}
    for path, value, ours in _leaves(settings, ()):
        if path not in (("bind",), ("zone",)) and value != "disabled":
            not_in_4 = ours or path == ("enable",)
            yield _line(f"{prefix}.{places[path]}", value, ours=not_in_4)


def _mqtt(mqtt: Mapping[str, Any], by_username: Mapping[str, object]) -> Iterator[str]:
    for zone, use in by_username.items():
        yield _line(f"zone.{zone}.use_username_as_clientid", use)
    zone = next(iter(by_username), _OLD_ZONE)
    places = {place: (name, convert) for name, (place, convert) in conf_4.ZONE.items()}
    for name, value in mqtt.items():
        if name == "use_username_as_clientid" and by_username:
            continue
        old = _in_4(name, value) if name in places else None
        if old is not None:
            yield _line(f"zone.{zone}.{places[name][0]}", old)
        else:
            yield _line(f"mqtt.{name}", value, ours=True)


def _in_4(name: str, value: Any) -> object:
    """The value as 4.x has it; None where it has none like it."""
    if name == "keepalive_multiplier":
        return value / 2
    if value in ("infinity", "disabled"):
        endless = name in ("max_awaiting_rel", "max_subscriptions", "max_mqueue_len")
        return 0 if endless or name == "server_keepalive" else None
    ambiguous = value == 0 and name in ("max_awaiting_rel", "max_mqueue_len")
    return None if ambiguous else value


def _leaves(
    value: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """Each value with its path, and whether EMQX does not have it."""
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _leaves(item, (*path, str(name)))
        else:
            yield (*path, str(name)), item, isinstance(name, Ours)


def _line(name: str, value: object, *, ours: bool = False) -> str:
    if isinstance(value, bool):
        written = str(value).lower()
    elif isinstance(value, list):
        written = ",".join(map(str, value))
    else:
        written = str(value)
    line = f"{name} = {written}"
    read = conf_4.parse(line, source="") if "\n" not in line else {}
    if name not in read or read[name].value != written:
        raise UsageError(
            f"{clipped(name)} cannot be written for EMQX 4.x: its value holds #, a new line, or blanks at an end."
        )
    return f"{OURS}{line}" if ours else line
