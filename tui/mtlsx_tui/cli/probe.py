"""``mtlsx probe``: where a connection stops, who stopped it, why, and what to do."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mtlsx.errors import MaterialError, UsageError
from mtlsx.files import reason, write_file, write_new_file
from mtlsx_tui.cli.connection_options import connection_options
from mtlsx_tui.cli.connection_settings import saved_profile
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.output import print_text
from mtlsx_tui.cli.probe_hosts import parse_host
from mtlsx_tui.cli.probe_json import report_json
from mtlsx_tui.cli.probe_matrix import matrix_options, try_all
from mtlsx_tui.cli.probe_running import probe_all
from mtlsx_tui.cli.probe_targets import harm, probed_settings, target_of, without_material
from mtlsx_tui.cli.probe_text import report_text
from mtlsx_tui.cli.sections import SectionedCommand, option

if TYPE_CHECKING:
    from mtlsx.probe.report import Report
    from mtlsx_tui.cli.connection_options import ConnectionArguments
    from mtlsx_tui.cli.probe_matrix import MatrixArguments

PROBE = "Probe"
_READABLE = 0o644  # certificates are public
_OF_MQTT = {
    "client_id": "-i",
    "username": "-u",
    "password": "-P",
    "password_file": "--password-file",
}


@click.command("probe", cls=SectionedCommand)
@click.argument("hosts", metavar="HOST[:PORT]...", nargs=-1)
@option(PROBE, "--mqtt", is_flag=True, help="Go on with CONNECT; else nothing of MQTT is sent.")
@option(
    PROBE, "-t", "--topic", help="Also subscribe and publish to it, with QoS 1 (implies --mqtt)."
)
@option(
    PROBE,
    "--fetch-issuers",
    is_flag=True,
    help="Fetch issuers that a refused chain lacks from where its certificates say (AIA).",
)
@option(
    PROBE, "--save-chain", metavar="FILE", help="Save the certificates that the server sent (PEM)."
)
@option(PROBE, "--force", is_flag=True, help="Let --save-chain overwrite a file.")
@option(
    PROBE, "--json", "as_json", is_flag=True, help="One object for one host, an array for several."
)
@matrix_options
@connection_options
def command(
    arguments: ConnectionArguments,
    hosts: tuple[str, ...],
    mqtt: bool,
    topic: str | None,
    fetch_issuers: bool,
    save_chain: str | None,
    force: bool,
    as_json: bool,
    matrix: MatrixArguments,
) -> int:
    """Connect stage by stage and say where it stops, who refused whom, and what to do.

    HOST may be a URL: mqtts://broker:8883, wss://broker/mqtt, [::1]:8883. Without a protocol it is mqtts.

    \b
    Exit codes: 0 nothing refused, 2 wrong usage, 10 a file or passphrase, 11 network,
    12 we refused the server, 13 the server refused our certificate, 14 MQTT refused,
    15 not authorized, 16 lost afterwards, 17 TLS was not agreed. Several hosts: the highest.
    With --matrix: 0 it does what it must, 12 it lets in whom it must refuse.
    """  # fmt: skip
    where = [parse_host(text) for text in hosts]
    _check_chain_file(save_chain, len(where), force=force)
    mqtt = mqtt or topic is not None
    if not mqtt:
        _say_what_is_not_sent(arguments)
    saved = saved_profile(arguments.profile, os.environ)
    try:
        settings = probed_settings(where, arguments, os.environ, saved)
    except MaterialError as error:
        reports = iter(without_material(where, arguments, saved, error))
    else:
        targets = [
            target_of(each, mqtt=mqtt, topic=topic, fetch_issuers=fetch_issuers, saved=saved)
            for each in settings
        ]
        for words in dict.fromkeys(filter(None, map(harm, targets))):
            notice(words)
        if matrix.matrix:
            if save_chain is not None:
                raise UsageError("--save-chain goes without --matrix.")
            return try_all(targets, matrix, as_json=as_json)
        reports = probe_all(targets)
    code = 0
    objects = []
    for number, report in enumerate(reports):
        code = max(code, report.verdict.exit_code)
        if as_json:
            objects.append(report_json(report))
        else:
            print_text(partial(_text, report, first=number == 0))
        if save_chain is not None:
            _save_chain(report, Path(save_chain), force=force)
    if as_json:
        click.echo(json.dumps(objects if len(where) > 1 else objects[0], ensure_ascii=False))
    return code


def _text(report: Report, width: int | None, *, first: bool) -> str:
    text = report_text(report, width=width)
    return text if first else f"\n{text}"


def _say_what_is_not_sent(arguments: ConnectionArguments) -> None:
    for name, flag in _OF_MQTT.items():
        if getattr(arguments, name) is not None:
            notice(f"{flag} is not sent: without --mqtt nothing of MQTT is.")


def _check_chain_file(file: str | None, hosts: int, *, force: bool) -> None:
    if file is None:
        return
    if hosts > 1:
        raise UsageError("--save-chain is for one host; several would write into the same file.")
    if not force and Path(file).exists():
        raise UsageError(f"{file} is there already.", fix="--force overwrites it.")


def _save_chain(report: Report, path: Path, *, force: bool) -> None:
    from ssl import DER_cert_to_PEM_cert

    chain = report.handshake.server_chain if report.handshake else ()
    if not chain:
        notice(f"The server showed no certificate, so {path} was not written.")
        return
    data = "".join(map(DER_cert_to_PEM_cert, chain)).encode()
    write = write_file if force else write_new_file
    try:
        write(path, data, _READABLE)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already.", fix="--force overwrites it.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {reason(error)}.") from error
    notice(f"The server's chain ({len(chain)}) is in {path}. It is what it sent, trusted or not.")
