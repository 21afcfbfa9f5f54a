"""The files of a connection as other programs find them: most read PEM only, and some open no encrypted key."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mtlsx.errors import MaterialError

if TYPE_CHECKING:
    from mtlsx.tls.settings import TlsSettings


class Form(StrEnum):
    """How a file is encoded, for those who read PEM only."""

    PEM = "PEM"
    DER = "DER"
    PKCS12 = "PKCS#12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the files that ``TlsSettings`` names are. ``certificates``: how many the certificate's file holds."""

    ca: Form = Form.PEM
    certificate: Form = Form.PEM
    key: Form = Form.PEM
    crl: Form = Form.PEM
    certificates: int = 1
    key_is_encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """Files that are PEM once ``commands`` have been run, and the settings and facts that go with them."""

    commands: tuple[str, ...]
    tls: TlsSettings
    files: Files


def read_files(tls: TlsSettings) -> Files:
    """Look at the files that ``tls`` names. One that cannot be read counts as PEM: connecting says what is wrong.

    Opens files; an encrypted key is opened only with the passphrase in ``tls``.
    """
    from mtlsx.certificates.load import load_file

    forms: dict[str, Form] = {}
    certificates, key_is_encrypted = 1, False
    for name, path in (
        ("ca", tls.ca_file),
        ("certificate", tls.certificate_file),
        ("key", tls.key_file),
        ("crl", tls.crl_file),
    ):
        if path is None:
            continue
        try:
            held = load_file(path, passphrase=tls.passphrase)
        except MaterialError as error:
            if error.verdict == "key-encrypted":  # only an archive is closed as a whole
                forms[name], key_is_encrypted = Form.PKCS12, True
            continue
        forms[name] = Form(held.encoding) if held.encoding in set(Form) else Form.PEM
        if name == "certificate":
            certificates = max(1, len(held.certificates))
        if name == "key" or (name == "certificate" and tls.key_file is None):
            key_is_encrypted = any(key.encrypted for key in held.keys)
    return Files(**forms, certificates=certificates, key_is_encrypted=key_is_encrypted)


def as_pem(tls: TlsSettings, files: Files, *, open_key: bool = False) -> Prepared:
    """The same files in PEM: commands of openssl that convert copies, and settings that name the copies.

    ``open_key``: for a program that opens no encrypted key; the copy has none either.
    """
    commands: list[str] = []
    paths: dict[str, str] = {}

    def convert(setting: str, path: str, *words: str) -> None:
        copy = f"{path}.pem"
        commands.append(shlex.join(["openssl", *words, "-in", path, "-out", copy]))
        paths[setting] = copy

    if tls.ca_file is not None and files.ca is Form.DER:
        convert("ca_file", tls.ca_file, "x509", "-inform", "DER")
    if tls.crl_file is not None and files.crl is Form.DER:
        convert("crl_file", tls.crl_file, "crl", "-inform", "DER")
    if tls.certificate_file is not None and files.certificate is Form.DER:
        convert("certificate_file", tls.certificate_file, "x509", "-inform", "DER")
    elif tls.certificate_file is not None and files.certificate is Form.PKCS12:
        convert(
            "certificate_file", tls.certificate_file, "pkcs12", *(["-nodes"] if open_key else [])
        )
    opens = open_key and files.key_is_encrypted
    if tls.key_file is not None and (files.key is Form.DER or opens):
        der = ["-inform", "DER"] if files.key is Form.DER else []
        convert("key_file", tls.key_file, "pkey", *der)
    elif opens and tls.certificate_file is not None and files.certificate is Form.PEM:
        convert("key_file", tls.certificate_file, "pkey")
    encrypted = files.key_is_encrypted and not open_key
    return Prepared(
        tuple(commands),
        replace(tls, **paths),  # type: ignore[arg-type]  # all of them are paths
        replace(
            files,
            ca=Form.PEM,
            certificate=Form.PEM,
            key=Form.PEM,
            crl=Form.PEM,
            key_is_encrypted=encrypted,
        ),
    )
