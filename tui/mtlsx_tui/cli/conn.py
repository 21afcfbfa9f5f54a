"""``mtlsx conn``: connect, and say what the broker answered."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from mtlsx.errors import UsageError
from mtlsx_tui.cli.conn_report import failure_json, report_json, report_text
from mtlsx_tui.cli.connection_options import bare_connection_options, reconnect_options
from mtlsx_tui.cli.connection_settings import connection_settings, dialect_of, saved_profile
from mtlsx_tui.cli.headless import EndedError, HeadlessClient
from mtlsx_tui.cli.output import failed, print_text
from mtlsx_tui.cli.sections import SectionedCommand, option

if TYPE_CHECKING:
    from mtlsx_tui.cli.connection_options import ConnectionArguments

OUTPUT = "Output"


@click.command("conn", cls=SectionedCommand)
@option(OUTPUT, "--stay", is_flag=True, help="Stay connected until Ctrl+C or a loss.")
@option(
    OUTPUT,
    "--json",
    "as_json",
    is_flag=True,
    help='Print one JSON object; its key "verdict" is "ok" or says what failed.',
)
@bare_connection_options
@reconnect_options
def command(arguments: ConnectionArguments, stay: bool, as_json: bool) -> int:
    """Connect, say what the broker answered, and disconnect.

    \b
    Exit codes: 0 accepted, 2 wrong usage, 10 a file or passphrase, 11 network,
    12 we refused the server, 13 the server refused our certificate, 14 MQTT
    refused, 16 lost afterwards, 17 TLS was not agreed.
    """
    saved = saved_profile(arguments.profile, os.environ)
    settings = connection_settings(arguments, os.environ, saved)
    if settings.reconnect.enabled and not stay:
        raise UsageError("-rp and --maximum-reconnect-times go with --stay.")
    try:
        with HeadlessClient(settings, dialect_of(saved)) as client:
            connected = client.connect()
            if as_json:
                click.echo(json.dumps(report_json(settings, connected), ensure_ascii=False))
            else:
                print_text(lambda width: report_text(settings, connected, width=width))
            while stay:
                client.next()
    except EndedError as error:
        if as_json and error.verdict is not None:
            click.echo(json.dumps(failure_json(error.verdict, error.steps), ensure_ascii=False))
        return failed(error)
    return 0
