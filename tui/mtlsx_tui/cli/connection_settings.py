"""From what was typed to the settings of a connection: profile, defaults, secrets, contradictions.

In: ``ConnectionArguments`` and the environment. Out: ``ConnectionSettings``, or ``UsageError`` with one
sentence. An option wins over the environment, the environment over the profile.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mtlsx.client.rules import check_settings
from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    MqttVersion,
    Reconnect,
    Transport,
)
from mtlsx.errors import UsageError
from mtlsx.tls.settings import TlsSettings, TlsVersion
from mtlsx_tui.cli.connect_properties import connect_properties, last_will
from mtlsx_tui.cli.given_secrets import passphrase, password

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from mtlsx.identity.mapping import Dialect
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.cli.connection_options import ConnectionArguments

_RECONNECT_TIMES = 10  # as MQTTX CLI
_LONGEST_WAIT = 604_800  # seconds: a week
_NEVER = 0xFFFF_FFFF  # MQTT 5.0, section 3.1.2.11.2
_TLS_ARGUMENTS = (
    "ca", "cert", "key", "passphrase_file", "sni", "alpn", "tls_version", "ciphers", "crl",
    "insecure", "insecure_name", "insecure_chain",
)  # fmt: skip

T = TypeVar("T")


class Saved(NamedTuple):
    """A saved profile, and its connection ready to use: absolute paths, secrets."""

    profile: Profile
    connection: ConnectionSettings


def dialect_of(saved: Saved | None) -> Dialect | None:
    """Which broker the profile, if there is one, says is at the other end."""
    return None if saved is None else saved.profile.dialect


def saved_profile(name: str | None, environ: Mapping[str, str]) -> Saved | None:
    """The saved profile of that name. Raises UsageError where there is none."""
    if name is None:
        return None
    from mtlsx.profiles.directories import config_directory
    from mtlsx.profiles.library import ProfileLibrary

    library = ProfileLibrary(config_directory(environ))
    profile = library.profiles.get(name)
    return Saved(profile, library.connection(profile))


def connection_settings(
    arguments: ConnectionArguments, environ: Mapping[str, str], saved: Saved | None = None
) -> ConnectionSettings:
    """The settings to connect with. Asks for a secret where one is needed and there is a terminal.

    Raises UsageError for what cannot be meant, MaterialError for a file of a secret that cannot be read.
    """
    transport = _transport(arguments, saved)
    base = saved.connection if saved else ConnectionSettings(host="localhost", port=0)
    version = _version(arguments.mqtt_version, base.version)
    settings = replace(
        base,
        host=_given(arguments.hostname, base.host),
        port=_port(arguments, transport, saved),
        transport=transport,
        version=version,
        client_id=_client_id(arguments, saved),
        client_id_suffix=_client_id_suffix(arguments, base),
        username=_given(arguments.username, base.username),
        password=password(arguments, environ, base),
        keepalive=_given(arguments.keepalive, base.keepalive),
        clean_start=base.clean_start and not arguments.no_clean,
        session_expiry=_session_expiry(arguments, base, version),
        connect_timeout=seconds("--connect-timeout", arguments.connect_timeout)
        or base.connect_timeout,
        path=_given(arguments.path, base.path),
        headers=tuple(map(_header, arguments.ws_headers)) or base.headers,
        properties=connect_properties(arguments, base.properties, version),
        will=last_will(arguments, base.will, version),
        reconnect=_reconnect(arguments),
        tls=_tls(arguments, environ, base.tls, uses_tls=transport.uses_tls),
    )
    _refuse_what_the_transport_has_not(arguments, settings)
    check_settings(settings)
    return settings


def seconds(option: str, value: float | None) -> float | None:
    """A time that was given with ``option``, if it was. Raises UsageError unless it can be waited for."""
    if value is not None and not 0 < value <= _LONGEST_WAIT:
        raise UsageError(f"{option} takes seconds, more than 0 and at most {_LONGEST_WAIT}.")
    return value


def _given(value: T | None, default: T) -> T:
    return default if value is None else value


def _transport(arguments: ConnectionArguments, saved: Saved | None) -> Transport:
    tls_option = _first_tls_option(arguments)
    if arguments.protocol is not None:
        if arguments.protocol not in set(Transport):
            raise UsageError(
                f'Protocol "{arguments.protocol}" does not exist; -l takes {_listed(Transport)}.'
            )
        transport = Transport(arguments.protocol)
        chosen_by = f"-l {transport}"
    elif saved is not None:
        transport = saved.connection.transport
        chosen_by = f'profile "{saved.profile.name}" with {transport}'
    else:
        return Transport.MQTTS if tls_option else Transport.MQTT
    if tls_option and not transport.uses_tls:
        raise UsageError(
            f"{tls_option} is for TLS, which {chosen_by} does not use.",
            fix=f"Use -l {'wss' if transport.uses_websocket else 'mqtts'}, or leave it out.",
        )
    return transport


def _first_tls_option(arguments: ConnectionArguments) -> str | None:
    for name in _TLS_ARGUMENTS:
        if getattr(arguments, name) not in (None, (), False):
            return "--" + name.replace("_", "-")
    return None


def _port(arguments: ConnectionArguments, transport: Transport, saved: Saved | None) -> int:
    if arguments.port is not None:
        return arguments.port
    if saved is not None and saved.connection.transport is transport:
        return saved.connection.port
    return transport.default_port


def _version(text: str | None, default: MqttVersion) -> MqttVersion:
    if text is None:
        return default
    if text not in set(MqttVersion):
        raise UsageError(f'MQTT version "{text}" does not exist; -V takes {_listed(MqttVersion)}.')
    return MqttVersion(text)


def _client_id(arguments: ConnectionArguments, saved: Saved | None) -> str:
    if arguments.client_id is not None:
        return arguments.client_id
    if saved is not None:
        return saved.connection.client_id
    if arguments.no_clean:
        raise UsageError("--no-clean continues the session of a client id: name it with -i.")
    return f"mtlsx_{secrets.token_hex(4)}"


def _client_id_suffix(arguments: ConnectionArguments, base: ConnectionSettings) -> ClientIdSuffix:
    return base.client_id_suffix if arguments.client_id is None else ClientIdSuffix.NONE


def _tls(
    arguments: ConnectionArguments, environ: Mapping[str, str], base: TlsSettings, *, uses_tls: bool
) -> TlsSettings:
    if not uses_tls:
        return TlsSettings()
    if arguments.cert is not None:
        # A saved key and passphrase belong to the saved certificate.
        base = replace(base, certificate_file=arguments.cert, key_file=None, passphrase=None)
    if arguments.key is not None:
        base = replace(base, key_file=arguments.key, passphrase=None)
    if base.certificate_file is None:
        for option, value in (
            ("--key", arguments.key),
            ("--passphrase-file", arguments.passphrase_file),
        ):
            if value is not None:
                raise UsageError(f"{option} goes with a certificate: name it with --cert.")
    if arguments.tls_version is not None:
        if arguments.tls_version not in set(TlsVersion):
            raise UsageError(
                f'TLS version "{arguments.tls_version}" cannot be used;'
                f" --tls-version takes {_listed(TlsVersion)}."
            )
        only = TlsVersion(arguments.tls_version)
        base = replace(base, minimum_version=only, maximum_version=only)
    return replace(
        base,
        ca_file=_given(arguments.ca, base.ca_file),
        passphrase=passphrase(arguments, environ, base),
        alpn=arguments.alpn or base.alpn,
        sni=_given(arguments.sni, base.sni),
        verify_chain=base.verify_chain and not (arguments.insecure or arguments.insecure_chain),
        verify_name=base.verify_name and not (arguments.insecure or arguments.insecure_name),
        ciphers=_given(arguments.ciphers, base.ciphers),
        crl_file=_given(arguments.crl, base.crl_file),
        keylog_file=environ.get("SSLKEYLOGFILE") or None,
    )


def _session_expiry(
    arguments: ConnectionArguments, base: ConnectionSettings, version: MqttVersion
) -> int:
    expiry = arguments.session_expiry_interval
    if expiry is None:
        # As in MQTT 3.1.1 (and mosquitto_sub): a session that is not cleaned is there next time.
        keep = arguments.no_clean and version is MqttVersion.V5 and not base.session_expiry
        return _NEVER if keep else base.session_expiry
    if version is not MqttVersion.V5:
        raise UsageError(f"-se is of MQTT 5; MQTT {version} does not know it.")
    if not 0 <= expiry <= _NEVER:
        raise UsageError(f"-se takes seconds from 0 to {_NEVER}, which stands for never.")
    return expiry


def _reconnect(arguments: ConnectionArguments) -> Reconnect:
    period, times = arguments.reconnect_period, arguments.maximum_reconnect_times
    if (period or 0) < 0 or (times or 0) < 0:
        raise UsageError("-rp and --maximum-reconnect-times take numbers from 0.")
    if (period is None and times is None) or period == 0 or times == 0:
        return Reconnect(enabled=False)
    first = _given(period, 1000) / 1000
    return Reconnect(
        initial_delay=first,
        maximum_delay=max(first, Reconnect().maximum_delay),
        limit=_given(times, _RECONNECT_TIMES),
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not text.isprintable():
        raise UsageError(f"Header {text!r} is not 'NAME: VALUE'.")
    return name.strip(), value.strip()


def _refuse_what_the_transport_has_not(
    arguments: ConnectionArguments, settings: ConnectionSettings
) -> None:
    if "://" in settings.host:
        raise UsageError(f"{settings.host} is an address with a protocol: use -l, -h and -p apart.")
    if not settings.transport.uses_websocket:
        for option, given in (("--path", arguments.path), ("-wh", arguments.ws_headers)):
            if given:
                raise UsageError(f"{option} is for websockets: use -l ws or -l wss.")


def _listed(values: type[StrEnum]) -> str:
    *others, last = values
    return f"{', '.join(others)} or {last}"
