"""Key material from files: bytes of any usual form in, ``Material`` out.

PEM with any text around it, DER (several elements in a row too), base64 without armour, PKCS#7 and PKCS#12 are
told apart by content, never by the file's suffix. Everything in the file comes out in file order:
certificates, requests, CRLs, public and private keys. An encrypted key without its passphrase does not keep the
rest of its file from loading. What cannot be read is a ``MaterialError`` that names the file and the line.

Certificates are kept as the bytes that they are and not judged here; ``cryptography`` is used for private keys
and PKCS#12 only, and imported when there are some.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mtlsx.certificates import bundles, der, keys, pem
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.keys import PrivateKeyItem
from mtlsx.certificates.kinds import Kind, kind_of
from mtlsx.certificates.material import Item, Material, PublicItem
from mtlsx.certificates.strings import printable
from mtlsx.errors import MaterialError
from mtlsx.secret import Secret

__all__ = [
    "STDIN",
    "Material",
    "PrivateKeyItem",
    "load_bytes",
    "load_file",
    "public_key_matches",
    "read_file",
]

STDIN: Final = "-"
"""The source that messages call "standard input"."""

# Larger than any real CRL; keeps a wrong path (a disk image, /dev/zero) from filling the memory.
_LARGEST_FILE = 64 * 1024 * 1024

_BASE64_TEXT = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_JAVA_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_KEY_MATERIAL_LABEL = re.compile("CERTIFICATE|KEY|CRL|PKCS")
# These stand beside keys and say nothing that the key does not ("openssl ecparam -genkey").
_PARAMETERS_LABEL = re.compile("(EC|DSA|DH|X9.42 DH) PARAMETERS")


def load_file(path: str, *, passphrase: Secret | None = None) -> Material:
    """Load the file at ``path``.

    ``passphrase`` opens encrypted keys and PKCS#12 archives; where nothing is encrypted it is not used.
    Raises ``MaterialError`` as ``read_file`` and ``load_bytes`` do.
    """
    return load_bytes(read_file(path), source=path, passphrase=passphrase)


def read_file(path: str) -> bytes:
    """What is in the file at ``path``; raises ``MaterialError``: ``file-missing``, ``file-unreadable``."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MaterialError("file-missing", f"File {path} does not exist.") from error
    except ValueError as error:  # a NUL or half a surrogate: no file can have such a name
        raise MaterialError("file-missing", f"File {printable(path)} does not exist.") from error
    except OSError as error:
        raise MaterialError(
            "file-unreadable", f"File {path} cannot be read: {(error.strerror or 'error').lower()}."
        ) from error
    if len(data) > _LARGEST_FILE:
        raise MaterialError(
            "file-unreadable",
            f"File {path} is larger than {_LARGEST_FILE // 1024**2} MiB, as no key material is.",
        )
    return data


def load_bytes(data: bytes, *, source: str, passphrase: Secret | None = None) -> Material:
    """Load what was read from ``source`` (a path, or ``STDIN``; for messages).

    Raises ``MaterialError``: ``not-a-certificate`` (nothing that is key material, or something damaged),
    ``not-a-key`` (a private key that is damaged or of an unsupported kind), ``key-encrypted`` (a PKCS#12
    archive that cannot be opened without a passphrase), ``passphrase-wrong``, ``file-unreadable`` (a PKCS#12
    archive with an unsupported encryption).
    """
    loader = _Loader(source, passphrase)
    encoding, items = loader.sniff(data)
    return Material(source, encoding, tuple(items), tuple(loader.notes))


def public_key_matches(certificate: bytes, key: bytes) -> bool:
    """Whether ``certificate`` (DER) holds the public half of ``key`` (PKCS#8 DER, as loaded here)."""
    try:
        spki = parse_certificate(certificate).spki.raw
    except DerError:
        return False
    return keys.same_public_key(spki, keys.public_half(key))


class _Loader:
    """One load: what every message needs, and the notes that are made on the way."""

    def __init__(self, source: str, passphrase: Secret | None) -> None:
        self._where = "Standard input" if source == STDIN else f"File {source}"
        self._passphrase = passphrase
        self.notes: list[str] = []

    def sniff(self, data: bytes) -> tuple[str, list[Item]]:
        """The encoding's name, and the items."""
        if not data.strip():
            raise self._refused("is empty")
        text = self._text(data)
        if pem.is_pem(text):
            return "PEM", self._from_pem(text)
        if data[0] == der.SEQUENCE:
            return self._from_der(data)
        if _BASE64_TEXT.fullmatch(data):
            return "base64", self._from_base64(data)
        if data.startswith(_JAVA_KEYSTORES):
            raise MaterialError(
                "not-a-certificate",
                f"{self._where} is a Java keystore, which only Java reads.",
                fix="Convert it: keytool -importkeystore -srckeystore FILE -destkeystore new.p12"
                " -deststoretype pkcs12",
            )
        raise self._refused(
            "holds neither a certificate nor a key (no PEM, DER, PKCS#7 or PKCS#12)"
        )

    def _refused(self, what: str) -> MaterialError:
        return MaterialError("not-a-certificate", f"{self._where} {what}.")

    def _text(self, data: bytes) -> str:
        """The file as text; Latin-1 maps every byte, so whatever surrounds the blocks does no harm."""
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16", "replace")
            if pem.is_pem(text):
                self.notes.append(
                    "The file is UTF-16 text, as PowerShell's > writes it: OpenSSL and most devices"
                    " cannot read it. Save it as ASCII."
                )
                return text
        return data.removeprefix(codecs.BOM_UTF8).decode("latin-1")

    def _from_pem(self, text: str) -> list[Item]:
        try:
            blocks = pem.blocks(text)
        except pem.PemError as error:
            raise MaterialError(
                _verdict(error.label), f"{self._where}, line {error.line}: {error}."
            ) from error
        items: list[Item] = []
        for block in blocks:
            items += self._from_block(block, f"{self._where}, line {block.line}")
        if not items:
            labels = (
                ", ".join(dict.fromkeys(block.label for block in blocks)) or "no whole PEM block"
            )
            raise self._refused(f"holds neither a certificate nor a key, but {labels}")
        return items

    def _from_block(self, block: pem.PemBlock, where: str) -> list[Item]:
        if block.encrypted:
            return [
                keys.key_from_encrypted_pem(
                    block.text, self._passphrase, where=where, line=block.line
                )
            ]
        if block.label == "OPENSSH PRIVATE KEY":
            raise MaterialError(
                "not-a-key",
                f"{where}: an OpenSSH key, which TLS programs do not read.",
                fix="Convert a copy of it: ssh-keygen -p -m PKCS8 -f FILE",
            )
        if _PARAMETERS_LABEL.fullmatch(block.label):
            return []
        if not _KEY_MATERIAL_LABEL.search(block.label):
            self.notes.append(f"Line {block.line}: block {block.label} was passed over.")
            return []
        try:
            element = der.read(block.der)
        except DerError as error:
            raise MaterialError(
                _verdict(block.label), f"{where}: block {block.label} is damaged: {error}."
            ) from error
        kind = kind_of(element)
        if kind is None:
            raise MaterialError(
                _verdict(block.label), f"{where}: block {block.label} holds something else."
            )
        # A TRUSTED CERTIFICATE carries OpenSSL's trust settings behind the certificate.
        if element.end != len(block.der) and block.label != "TRUSTED CERTIFICATE":
            self.notes.append(
                f"Line {block.line}: {len(block.der) - element.end} bytes follow the {kind}; strict"
                " programs refuse it."
            )
        return list(self._from_element(element, kind, where, block.line))

    def _from_base64(self, data: bytes) -> list[Item]:
        try:
            decoded = binascii.a2b_base64(data)
        except binascii.Error:
            decoded = b""
        if not decoded.startswith(bytes([der.SEQUENCE])):
            raise self._refused("is text that holds neither a certificate nor a key")
        self.notes.append(
            "The file is base64 without BEGIN and END lines; most programs want them."
        )
        return self._from_der(decoded)[1]

    def _from_der(self, data: bytes) -> tuple[str, list[Item]]:
        """The encoding's name, and the items of all elements in a row, up to what is none."""
        items: list[Item] = []
        encoding = "DER"
        offset = 0
        while offset < len(data):
            try:
                element = der.read(data, offset)
            except DerError as error:
                if not offset:
                    raise self._refused(
                        f"begins like DER, but is cut short or damaged: {error}"
                    ) from error
                break
            kind = kind_of(element)
            if kind is None:
                break
            encoding = _CONTAINERS.get(kind, encoding)
            items += self._from_element(element, kind, self._where, None)
            offset = element.end
        if not items:
            raise self._refused(f"is {encoding}, but holds neither a certificate nor a key")
        if data[offset:].strip(b"\0\r\n"):
            self.notes.append(
                f"{len(data) - offset} bytes behind what was read were passed over; strict programs"
                " refuse such a file."
            )
        return encoding, items

    def _from_element(
        self, element: Tlv, kind: Kind, where: str, line: int | None
    ) -> Iterator[Item]:
        encoded = element.raw
        if kind is Kind.PRIVATE_KEY:
            yield keys.key_from_der(encoded, where=where, line=line)
        elif kind is Kind.ENCRYPTED_KEY:
            yield keys.key_from_encrypted_der(encoded, self._passphrase, where=where, line=line)
        elif kind is Kind.PKCS12:
            archive = bundles.open_pkcs12(encoded, self._passphrase, where=where)
            yield from (PublicItem(Kind.CERTIFICATE, each, line) for each in archive.certificates)
            if archive.key is not None:
                yield PrivateKeyItem(archive.key, archive.encrypted, line)
        elif kind is Kind.PKCS7:
            yield from self._from_pkcs7(element, where, line)
        else:
            yield _public(encoded, kind, where, line)

    def _from_pkcs7(self, bundle: Tlv, where: str, line: int | None) -> Iterator[Item]:
        try:
            elements = bundles.elements_of_pkcs7(bundle)
        except DerError as error:
            raise MaterialError(
                "not-a-certificate", f"{where}: PKCS#7 without certificates: {error}."
            ) from error
        for element in elements:
            kind = kind_of(element)
            if kind in (Kind.CERTIFICATE, Kind.CRL):
                yield _public(element.raw, kind, where, line)


_CONTAINERS = {Kind.PKCS7: "PKCS#7", Kind.PKCS12: "PKCS#12"}


def _verdict(label: str) -> str:
    return "not-a-key" if "PRIVATE KEY" in label else "not-a-certificate"


def _public(encoded: bytes, kind: Kind, where: str, line: int | None) -> PublicItem:
    if kind is Kind.CERTIFICATE:
        try:
            parse_certificate(encoded)
        except DerError as error:
            raise MaterialError(
                "not-a-certificate", f"{where}: a damaged certificate: {error}."
            ) from error
    return PublicItem(kind, encoded, line)
