"""From what was typed to what is probed: hosts, options and profile to ``Target`` values.

CONNECT does as little harm as it can. A broker may take the client id from the certificate, and then our connection is
the device's: so no last will is sent, and with MQTT 5 a session that is there is continued and left as it is, while one
that we begin ends with our connection. Before MQTT 5 there is no way to leave both no trace and a session alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.client.client_id import client_id_of
from mtlsx.client.rules import check_publication, check_settings
from mtlsx.client.settings import MqttVersion, Publication, Transport
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import MQTT_5, MQTT_31, MQTT_311, Connect
from mtlsx.packets.properties import ConnectProperties
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge import judge_material
from mtlsx.probe.ladder import Step
from mtlsx.probe.report import Report
from mtlsx.probe.target import Patience, Target, Websocket
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.cli.connection_settings import connection_settings, dialect_of
from mtlsx_tui.cli.probe_hosts import Host

if TYPE_CHECKING:
    from collections.abc import Mapping as Environment
    from collections.abc import Sequence

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.errors import MaterialError
    from mtlsx_tui.cli.connection_options import ConnectionArguments
    from mtlsx_tui.cli.connection_settings import Saved

_LEVELS = {MqttVersion.V3_1: MQTT_31, MqttVersion.V3_1_1: MQTT_311, MqttVersion.V5: MQTT_5}
_A_DAY = 86_400


def probed_settings(
    hosts: Sequence[Host],
    arguments: ConnectionArguments,
    environ: Environment[str, str],
    saved: Saved | None,
) -> list[ConnectionSettings]:
    """The settings for each of ``hosts``; without any, for the one of -h or of the profile.

    Asks for secrets once. Raises UsageError and MaterialError as ``connection_settings``.
    """
    if hosts and arguments.hostname is not None:
        raise UsageError("-h and a HOST both name a server; use one of them.")
    if not hosts and arguments.hostname is None and saved is None:
        raise UsageError("No host was given.", fix="Give HOST or HOST:PORT.")
    given = replace(
        arguments,
        hostname=hosts[0].name if hosts else arguments.hostname,
        protocol=_protocol(hosts, arguments, saved),
    )
    settings = connection_settings(given, environ, saved)
    return [_for_host(settings, host, arguments) for host in hosts] or [settings]


def target_of(
    settings: ConnectionSettings,
    *,
    mqtt: bool,
    topic: str | None,
    fetch_issuers: bool = False,
    saved: Saved | None = None,
) -> Target:
    """What to probe, for settings that may be meant. Raises UsageError for a topic that cannot be published to."""
    if topic is not None:
        check_publication(Publication(topic))
    transport = settings.transport
    return Target(
        host=settings.host,
        port=settings.port,
        tls=settings.tls if transport.uses_tls else None,
        websocket=Websocket(settings.path, settings.headers) if transport.uses_websocket else None,
        connect=_connect(settings) if mqtt or topic is not None else None,
        topic=topic,
        dialect=dialect_of(saved),
        fetch_issuers=fetch_issuers,
        patience=Patience(answer=settings.connect_timeout),
    )


def without_material(
    hosts: Sequence[Host],
    arguments: ConnectionArguments,
    saved: Saved | None,
    error: MaterialError,
) -> list[Report]:
    """The reports where a file of a secret could not be read: there is nothing to connect with."""
    if not hosts:
        base = saved.connection if saved else None
        name = arguments.hostname or (base.host if base else "localhost")
        hosts = [Host(name, base.port if base else None)]
    verdict = judge_material(error)
    step = Step(verdict.stage, False, None, verdict.summary)
    reports = []
    for host in hosts:
        transport = host.transport or Transport(arguments.protocol or Transport.MQTTS)
        port = host.port or arguments.port or transport.default_port
        local = LocalSide(host.name, port, TlsSettings(), (), None, datetime.now(UTC))
        target = Target(host=host.name, port=port, tls=TlsSettings())
        reports.append(Report(target=target, verdict=verdict, steps=(step,), local=local))
    return reports


def harm(target: Target) -> str | None:
    """What the CONNECT of ``target`` may do to a real device, in sentences; None where none is sent."""
    connect = target.connect
    if connect is None:
        return None
    name = f"client id {connect.client_id.decode()}" if connect.client_id else "an empty client id"
    kicks = (
        f"CONNECT goes out with {name}. A broker that takes the client id from the certificate"
        " disconnects the real device then"
    )
    if connect.client_id:
        kicks += ", any other whoever is connected with this one"
    if connect.clean_start:
        return (
            f"{kicks}, and this clean session wipes what it keeps for it; with -V 5, or with --no-clean and -i, it"
            " would not."
        )
    return f"{kicks}; a session that it keeps is continued and not wiped."


def _protocol(
    hosts: Sequence[Host], arguments: ConnectionArguments, saved: Saved | None
) -> str | None:
    """The transport to read the options with: one with TLS, where any of the hosts uses it."""
    named = [host.transport for host in hosts if host.transport is not None]
    if arguments.protocol is not None:
        for transport in named:
            if transport != arguments.protocol:
                raise UsageError(
                    f"-l {arguments.protocol} and {transport}:// contradict each other."
                )
        return arguments.protocol
    if len(named) < len(hosts) or not hosts:
        return str(Transport.MQTTS) if saved is None else None
    return str(next((each for each in named if each.uses_tls), named[0]))


def _for_host(
    settings: ConnectionSettings, host: Host, arguments: ConnectionArguments
) -> ConnectionSettings:
    transport = host.transport or settings.transport
    same = transport is settings.transport or arguments.port is not None
    changed = replace(
        settings,
        host=host.name,
        port=host.port or (settings.port if same else transport.default_port),
        transport=transport,
        path=host.path or settings.path,
    )
    check_settings(changed)
    return changed


def _connect(settings: ConnectionSettings) -> Connect:
    version5 = settings.version is MqttVersion.V5
    username = "" if settings.sends_empty_username else settings.username
    return Connect(
        version=_LEVELS[settings.version],
        client_id=client_id_of(settings).encode(),
        clean_start=settings.clean_start and not version5,
        keep_alive=settings.keepalive,
        username=None if username is None else username.encode(),
        password=None if settings.password is None else settings.password.reveal().encode(),
        properties=_properties(settings) if version5 else ConnectProperties(),
    )


def _properties(settings: ConnectionSettings) -> ConnectProperties:
    given = settings.properties
    return ConnectProperties(
        session_expiry_interval=settings.session_expiry or _A_DAY,
        receive_maximum=given.receive_maximum,
        maximum_packet_size=given.maximum_packet_size,
        request_response_information=given.request_response_information or None,
        request_problem_information=None if given.request_problem_information else False,
        user_properties=tuple(
            (name.encode(), value.encode()) for name, value in given.user_properties
        ),
    )
