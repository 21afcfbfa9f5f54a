"""The TLS part of the same connection as ``openssl s_client`` takes it.

Source of what it can: openssl-s_client(1) of OpenSSL 3.0. It sends the first certificate of ``-cert`` only, those
behind it come from ``-cert_chain``; it objects without ending unless told ``-verify_return_error``, and
checks a name only where one is given.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mtlsx.recipes.files import as_pem
from mtlsx.recipes.recipe import Recipe, command, given, is_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.recipes.recipe import Task
    from mtlsx.tls.settings import TlsSettings

_NAME = "openssl s_client"


def s_client(task: Task, *, chain_file: str | None = None) -> Recipe:
    """``openssl s_client``, which shows the handshake and then waits for input.

    ``chain_file``: holds the certificates between the client's and its root, where they have a file of their own;
    otherwise they are cut out of the certificate's file, as bash can.
    """
    settings = task.settings
    if not settings.transport.uses_tls:
        return Recipe(_NAME, "", (f"{_NAME} speaks TLS only, and this connection has none.",))
    prepared = as_pem(settings.tls, task.files)
    tls = prepared.tls
    remarks = [f"first: {each}" for each in prepared.commands]
    if prepared.files.key_is_encrypted:
        remarks.append(f"{_NAME} asks for the key's passphrase.")
    if not tls.verify_chain:
        remarks.append("It says what is wrong with the server's chain, and goes on.")
    words = [
        *("openssl", "s_client", "-connect", _address(settings)),
        *_name_words(settings),
        *given("-CAfile", tls.ca_file),
        *(["-verify_return_error"] if tls.verify_chain else []),
        *given("-cert", tls.certificate_file),
        *(given("-key", tls.key_file or tls.certificate_file) if tls.certificate_file else ()),
    ]
    body = command(*words)
    if tls.certificate_file is not None and task.files.certificates > 1:
        body += f" -cert_chain {_rest(tls.certificate_file, chain_file)}"
    return Recipe(_NAME, " ".join((body, command(*_more_words(tls), "-brief"))), tuple(remarks))


def _address(settings: ConnectionSettings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _name_words(settings: ConnectionSettings) -> Iterator[str]:
    name = settings.tls.sni or settings.host
    if not is_address(name):
        yield from ("-servername", name)
    if settings.tls.verify_name:
        yield from ("-verify_ip" if is_address(name) else "-verify_hostname", name)


def _rest(certificate_file: str, chain_file: str | None) -> str:
    if chain_file is not None:
        return shlex.quote(chain_file)
    return f"<(awk '/BEGIN CERT/ {{n++}} n > 1' {shlex.quote(certificate_file)})"


def _more_words(tls: TlsSettings) -> Iterator[str]:
    if tls.minimum_version is tls.maximum_version:
        yield f"-tls{tls.minimum_version.replace('.', '_')}"
    if tls.alpn:
        yield from ("-alpn", ",".join(tls.alpn))
    yield from given("-cipher", tls.ciphers)
    if tls.crl_file is not None:
        yield from ("-CRL", tls.crl_file, "-crl_check")
