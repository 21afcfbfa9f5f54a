"""Everything that one device needs to connect: files, settings and ready commands, as a folder, a zip or a header.

In: the device's ``Credentials`` and the ``Broker`` that it is to reach. Out: ``File`` values.

============  ======================================================
device.crt    the certificate, and its chain behind it
chain.crt     the authorities between it and the root; where there are any
device.key    its private key; not where only its owner has it
ca.crt        what the broker's certificate is checked with
device.h      the same as a C header for firmware
connect.py    connects with paho-mqtt
NAME.toml     a profile of mtlsx
README.txt    the settings, the identity, and commands to try
============  ======================================================
"""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtlsx.client.settings import ConnectionSettings
from mtlsx.identity import emqx
from mtlsx.identity.mapping import Mapping, resolve
from mtlsx.pki import bundle_texts
from mtlsx.pki.c_header import c_header
from mtlsx.pki.export import Credentials, File, pem
from mtlsx.profiles.document import dump
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from mtlsx.pki.authority import IdentityPart

CERTIFICATE, CHAIN, KEY, CA = "device.crt", "chain.crt", "device.key", "ca.crt"
PROGRAM = "connect.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the device is to connect, and what the broker takes as its identity.

    ``ca``: the certificates that the broker's own is checked with; empty: the root of the device's authority.
    ``topic``: a topic filter or name for the commands to try; None: ``test/`` and the device's name.
    """

    host: str
    port: int = 8883
    ca: tuple[Certificate, ...] = ()
    identity: IdentityPart = "cn"
    topic: str | None = None


def bundle(held: Credentials, broker: Broker) -> list[File]:
    """The files of a bundle. Raises UsageError where the profile cannot be written (a host that is none)."""
    told = _told(held, broker)
    return [
        *material(held, broker),
        File("device.h", header(held, broker), private=True),
        File(PROGRAM, bundle_texts.program(told).encode()),
        File(f"{held.name}.toml", dump(profile(held, broker))),
        File("README.txt", bundle_texts.readme(told).encode()),
    ]


def material(held: Credentials, broker: Broker) -> list[File]:
    """Certificate with chain, the chain and the key where there are any, and CA, by the names that the settings use."""
    return [
        File(CERTIFICATE, pem(held.certificate, *held.chain)),
        *([File(CHAIN, pem(*held.chain))] if held.chain else []),
        *([] if held.key is None else [File(KEY, held.key, private=True)]),
        File(CA, pem(*(broker.ca or (held.root,)))),
    ]


def header(held: Credentials, broker: Broker) -> bytes:
    """The C header."""
    return c_header(
        texts={"MQTT_HOST": broker.host, "MQTT_CLIENT_ID": held.name},
        numbers={"MQTT_PORT": broker.port},
        blocks={
            "MQTT_CA_PEM": pem(*(broker.ca or (held.root,))).decode(),
            "MQTT_CERTIFICATE_PEM": pem(held.certificate, *held.chain).decode(),
            "MQTT_PRIVATE_KEY_PEM": None if held.key is None else held.key.decode(),
        },
        about=f"{held.name}, valid until {held.certificate.not_valid_after_utc:%Y-%m-%d}",
    ).encode()


def profile(held: Credentials, broker: Broker, *, directory: str = "") -> Profile:
    """A profile of mtlsx; its files are in ``directory``, as seen from where the profile is."""
    return Profile(
        name=held.name,
        connection=ConnectionSettings(
            host=broker.host,
            port=broker.port,
            tls=TlsSettings(
                ca_file=directory + CA,
                certificate_file=directory + CERTIFICATE,
                key_file=None if held.key is None else directory + KEY,
            ),
        ),
        mapping=mapping(broker.identity),
    )


def mapping(identity: IdentityPart) -> Mapping:
    """EMQX's settings for an identity: what becomes the username, and the Redis command that asks for it."""
    if identity == "dn":
        return Mapping("dn", command="HMGET tls_subject:${cert_subject} password_hash salt")
    if identity == "md5":
        return Mapping("md5", command="HMGET tls_md5:${username} password_hash salt")
    return Mapping("cn", command="HMGET tls_domain:${cert_common_name} password_hash salt")


def zipped(name: str, made: Sequence[File]) -> bytes:
    """A zip archive with a folder ``name``; what is private stays so when it is unpacked."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in made:
            entry = zipfile.ZipInfo(f"{name}/{file.name}", time.localtime()[:6])
            entry.external_attr = (0o100600 if file.private else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.content)
    return data.getvalue()


def _told(held: Credentials, broker: Broker) -> bundle_texts.Told:
    from cryptography.hazmat.primitives.serialization import Encoding

    identity = emqx.identify(held.certificate.public_bytes(Encoding.DER))
    mapped = resolve(identity, mapping(broker.identity), username=None, client_id=held.name)
    connection = profile(held, broker).connection
    tls = replace(connection.tls, key_file=KEY)  # where the device keeps it, it is to be put here
    return bundle_texts.Told(
        name=held.name,
        settings=replace(connection, client_id=held.name, tls=tls),
        chain_file=CHAIN if held.chain else None,
        topic=broker.topic or f"test/{held.name}",
        username=mapped.username or "",
        username_from=mapped.username_from or "",
        cn=_text(identity.cn),
        dn=_text(identity.dn),
        md5=identity.md5,
        redis=mapped.redis_text,
        until=held.certificate.not_valid_after_utc,
        has_key=held.key is not None,
        key_is_encrypted=b"ENCRYPTED" in (held.key or b""),
    )


def _text(name: bytes | None) -> str:
    return "" if name is None else name.decode(errors="backslashreplace")
