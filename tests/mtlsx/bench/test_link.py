"""A device's connection where a write runs into the server's reset: what it said before is heard."""

from __future__ import annotations

import asyncio

from OpenSSL import SSL

from mtlsx.bench.link import Link
from mtlsx.tls.context import client_context
from mtlsx.tls.exchange import TlsExchange
from mtlsx.tls.material import load_material
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.made_pki import CLIENT, make
from support.resetting_server import ResettingServer
from support.tls_server import Pki, server_context

UNKNOWN_CA = 48


def test_an_alert_ahead_of_the_reset_is_heard(made: Pki) -> None:
    stranger = make("dev-1", make("Other CA", ca=True), usage=CLIENT)
    certificate, key = stranger.save(made.directory, "stranger")
    settings = made.settings(TlsVersion.V1_3, certificate_file=certificate, key_file=key)
    with ResettingServer(server_context(made.server, trusts=made.ca)) as server:
        record = asyncio.run(written_into_the_reset(server, settings))
    assert record is not None
    assert (record.ended, record.alert_received) == (Ended.ALERT_RECEIVED, UNKNOWN_CA)


async def written_into_the_reset(
    server: ResettingServer, settings: TlsSettings
) -> HandshakeRecord | None:
    connection = SSL.Connection(client_context(settings, load_material(settings)), None)
    tls = TlsExchange(connection, settings, "localhost", has_certificate=True)
    link = Link(tls, on_data=lambda _: None, on_end=lambda: None)
    await asyncio.get_running_loop().create_connection(lambda: link, "127.0.0.1", server.port)
    await link.ready
    server.refuse()  # without a turn of the loop before the write: it has not read when it writes
    link.write(b"CONNECT")
    await link.closed
    return link.record
