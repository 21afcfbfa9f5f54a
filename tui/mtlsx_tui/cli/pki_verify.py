"""``mtlsx pki verify``: verify certificates as ``openssl verify`` does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import click

from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.load import load_file
from mtlsx.certificates.names import format_name
from mtlsx.errors import MaterialError
from mtlsx.pki.certify import serial_text
from mtlsx.tls.verify import Purpose, Verified, verify
from mtlsx_tui.cli.main import MATERIAL
from mtlsx_tui.cli.pki_options import json_option, pki_option, workbench

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.x509 import Certificate

    from mtlsx.certificates.material import Material
    from mtlsx.pki.authority import Authority

_REVOKED = (23, "certificate revoked")  # X509_V_ERR_CERT_REVOKED, x509_vfy.h


@click.command("verify")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--ca", "cas", multiple=True, metavar="FILE",
    help="Trust the certificates in FILE; else the roots of all authorities here.",
)  # fmt: skip
@click.option(
    "--crl", "crls", multiple=True, metavar="FILE", help="Look every certificate up in FILE."
)
@click.option(
    "--purpose",
    type=click.Choice(get_args(Purpose)),
    help="What the certificate is to be good for.",
)
@click.option("--strict", is_flag=True, help="As openssl verify -x509_strict and Python 3.13.")
@click.option("--host", metavar="NAME", help="Also that it is for this host name or IP address.")
@pki_option
@json_option
def command(
    files: tuple[str, ...],
    cas: tuple[str, ...],
    crls: tuple[str, ...],
    purpose: Purpose | None,
    host: str | None,
    pki_directory: str | None,
    *,
    strict: bool,
    as_json: bool,
) -> int:
    """Verify the first certificate in each FILE; those behind it may bridge the way to a trusted one.

    Without --ca, the authorities here are trusted, bridge the way, and know what they revoked. The exit code is 10
    where one does not verify.
    """
    authorities = [] if cas else workbench(pki_directory).authorities()
    anchors = [each for file in cas for each in _held(file).certificates]
    anchors += [_der(each.root) for each in authorities]
    between = [_der(certificate) for each in authorities for certificate in each.chain]
    lists = [each for file in crls for each in _held(file).crls]
    results = []
    for file in files:
        certificate, *others = _held(file).certificates or _none(file)
        found = verify(
            certificate, anchors=list(dict.fromkeys(anchors)), untrusted=[*others, *between],
            crls=lists, purpose=purpose, strict=strict,
        )  # fmt: skip
        if found.error is None:
            found = _with_what_we_know(found, authorities)
        results.append((file, certificate, found, _host_fault(certificate, host)))
    if as_json:
        click.echo(json.dumps([_as_json(*each) for each in results], indent=2))
    else:
        for each in results:
            click.echo(_as_text(*each))
    return (
        0 if all(found.error is None and not fault for _, _, found, fault in results) else MATERIAL
    )


def _held(path: str) -> Material:
    return load_file(path)


def _none(path: str) -> tuple[bytes, ...]:
    raise MaterialError("not-a-certificate", f"File {path} holds no certificate.")


def _with_what_we_know(found: Verified, authorities: Iterable[Authority]) -> Verified:
    """The same, but for a certificate of the chain that its authority here has revoked."""
    serials = [serial_text(parse_certificate(each).serial) for each in found.chain]
    for authority in authorities:
        issuer = _der(authority.certificate)
        for depth, serial in enumerate(serials[:-1]):
            if found.chain[depth + 1] == issuer and serial in authority.index.revoked:
                return Verified(found.chain, _REVOKED, depth, found.chain[depth])
    return found


def _host_fault(certificate: bytes, host: str | None) -> str | None:
    if host is None:
        return None
    from mtlsx.tls.names import name_error

    return name_error(certificate, host)


def _as_text(file: str, certificate: bytes, found: Verified, host_fault: str | None) -> str:
    if found.error is not None:
        number, words = found.error
        name = _name(found.at or certificate)
        return f"{file}: error {number} at depth {found.depth}: {words} ({name})"
    if host_fault is not None:
        return f"{file}: {host_fault}"
    return f"{file}: OK\n" + "\n".join(
        f"  {depth} {_name(each)}" for depth, each in enumerate(found.chain)
    )


def _as_json(
    file: str, certificate: bytes, found: Verified, host_fault: str | None
) -> dict[str, Any]:
    error = None
    if found.error is not None:
        number, words = found.error
        at = _name(found.at or certificate)
        error = {"code": number, "message": words, "depth": found.depth, "certificate": at}
    return {
        "source": file,
        "ok": error is None and host_fault is None,
        "error": error,
        "host_error": host_fault,
        "chain": [_name(each) for each in found.chain],
    }


def _name(certificate: bytes) -> str:
    return format_name(parse_certificate(certificate).subject) or "(no subject)"


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)
