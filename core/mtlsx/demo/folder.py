"""The folder of a demo: made whole or not at all, and read again as it is.

::

    broker.toml          the broker's configuration
    pki/demo/            the authority, as mtlsx pki keeps it, with its revocation list
    server/  device/     certificates, keys and CA of the broker and of the device
    password             the device's password; only its owner reads it, and the next two
    seed.redis           what the broker's store holds about the device, as redis-cli takes it
    README.txt           what these are, and commands to try
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mtlsx.client.settings import ConnectionSettings, MqttVersion, Subscription
from mtlsx.configuration.load import load
from mtlsx.demo.configuration import (
    CERTIFICATE,
    KEY,
    LOOPBACK,
    broker_toml,
    is_4,
    seed_settings,
)
from mtlsx.demo.texts import readme
from mtlsx.errors import MaterialError, MtlsxError, UsageError
from mtlsx.files import reason
from mtlsx.identity.redis_commands import CommandError, split
from mtlsx.pki import bundle
from mtlsx.pki.authority import Admission
from mtlsx.pki.certify import Kind, Wanted
from mtlsx.pki.export import File, credentials, pem, write
from mtlsx.pki.keys import KeyKind
from mtlsx.pki.names import parse_alternative_name, parse_subject, with_common_name
from mtlsx.pki.seed import RedisHash, as_commands, hashes
from mtlsx.pki.workbench import Workbench
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from mtlsx.auth.settings import RedisServer
    from mtlsx.demo.redis import RedisAddress
    from mtlsx.identity.mapping import Dialect
    from mtlsx.pki.authority import Authority, Signer

DEVICE: Final = "346a004d-1dab-4016-bb38-03cca7094415"
"""The common name of the demo's device."""

_AUTHORITY: Final = "demo"
_CONFIGURATION, _PKI, _DEVICE = "broker.toml", "pki", "device"
_SEED, _PASSWORD, _README = "seed.redis", "password", "README.txt"
_DAYS_OF_CA, _DAYS_OF_SERVER, _DAYS_OF_DEVICE = 3650, 397, 365


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo as it is in ``directory``, an absolute path.

    ``dialect`` and ``redis`` (where the store is) are those of its configuration; ``hashes``: what the store holds.
    """

    directory: Path
    dialect: Dialect
    port: int
    redis: RedisServer
    password: Secret = field(repr=False)
    hashes: tuple[RedisHash, ...] = field(repr=False)

    @property
    def configuration(self) -> Path:
        """The broker's configuration."""
        return self.directory / _CONFIGURATION

    @property
    def seed(self) -> Path | None:
        """What fills the embedded store; None where the store is a real Redis."""
        return self.directory / _SEED if self.redis.embedded else None

    @property
    def store(self) -> str:
        """What people call the store."""
        if self.redis.embedded:
            return "the embedded store"
        host, port = self.redis.servers[0]
        return f"the Redis at {host}:{port}, database {self.redis.database}"

    @property
    def pki(self) -> Path:
        """The directory of its authority."""
        return self.directory / _PKI

    @property
    def topics(self) -> str:
        """The filter of the topics that the device may use."""
        return f"devices/{DEVICE}/#"

    def profile(self, name: str) -> Profile:
        """What connects as the device, without the password, and subscribes to its topics."""
        device = self.directory / _DEVICE
        return Profile(
            name=name,
            connection=ConnectionSettings(
                host="localhost",
                port=self.port,
                client_id=f"demo-{DEVICE[:8]}",
                version=MqttVersion.V3_1_1 if is_4(self.dialect) else MqttVersion.V5,
                tls=TlsSettings(
                    ca_file=str(device / bundle.CA),
                    certificate_file=str(device / bundle.CERTIFICATE),
                    key_file=str(device / bundle.KEY),
                ),
            ),
            subscriptions=(Subscription(self.topics, qos=1),),
            mapping=seed_settings(self.dialect).mapping,
        )


def make(
    directory: Path,
    dialect: Dialect,
    port: int,
    redis: RedisAddress | None = None,
) -> Demo:
    """Make a demo in ``directory``, which does not exist or is empty; it appears whole, or not at all.

    ``port``: where the broker will listen; ``redis``: a real one, None: the embedded store. Raises UsageError and
    MtlsxError.
    """
    directory = directory.resolve()
    configuration = broker_toml(dialect, port, redis)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
        try:
            _fill(new, configuration, dialect, port, at=directory, embedded=redis is None)
            new.replace(directory)
        except BaseException:
            shutil.rmtree(new)
            raise
    except OSError as error:
        raise MtlsxError(f"The demo cannot be made in {directory}: {reason(error)}.") from error
    return opened(directory)


def is_there(directory: Path) -> bool:
    """Whether there is a demo in ``directory``; no where it is missing or empty.

    Raises UsageError where something else is there.
    """
    try:
        if (directory / _CONFIGURATION).is_file():
            return True
        empty = not directory.exists() or not any(directory.iterdir())
    except OSError as error:
        raise UsageError(f"{directory} cannot be used: {reason(error)}.") from error
    if not empty:
        raise UsageError(
            f"{directory} is not empty, and holds no demo.", fix="Name another directory."
        )
    return False


def opened(directory: Path) -> Demo:
    """The demo that is in ``directory``. Raises UsageError and MaterialError where it is none, or damaged."""
    directory = directory.absolute()
    configuration = load([directory / _CONFIGURATION])
    listener = next((each for each in configuration.listeners if each.type == "ssl"), None)
    stores = [getattr(each, "redis", None) for each in configuration.auth.authentication]
    if listener is None or not stores or stores[0] is None:
        raise UsageError(
            f"{directory / _CONFIGURATION} is not that of a demo: it has no TLS listener, or no Redis."
        )
    return Demo(
        directory,
        configuration.auth.dialect,
        listener.bind[1],
        stores[0],
        Secret(_read(directory / _PASSWORD).decode(errors="replace").rstrip("\r\n")),
        _stored(directory / _SEED),
    )


def _fill(
    new: Path, configuration: str, dialect: Dialect, port: int, *, at: Path, embedded: bool
) -> None:
    authority, signer = _authority(new / _PKI)
    server = _issued(authority, signer, Kind.SERVER, "localhost", _DAYS_OF_SERVER, LOOPBACK)
    device = _issued(authority, signer, Kind.DEVICE, DEVICE, _DAYS_OF_DEVICE)
    held = credentials(authority, authority.find(DEVICE))
    key = credentials(authority, authority.find("localhost")).key
    password = Secret(secrets.token_urlsafe(18))
    made = hashes(_der(device), password, DEVICE, seed_settings(dialect))
    _put(new, CERTIFICATE, pem(server), private=False)
    _put(new, KEY, key or b"", private=True)
    write(
        new / _DEVICE,
        bundle.material(held, bundle.Broker(host="localhost", port=port)),
        force=False,
    )
    _put(new, _PASSWORD, f"{password.reveal()}\n".encode(), private=True)
    _put(new, _SEED, as_commands(made), private=True)
    _put(
        new,
        _README,
        readme(at, DEVICE, port, is_4=is_4(dialect), embedded=embedded).encode(),
        private=False,
    )
    _put(new, _CONFIGURATION, configuration.encode(), private=True)


def _authority(directory: Path) -> tuple[Authority, Signer]:
    subject = parse_subject("/O=mtlsx-demo/CN=mtlsx demo CA")
    wanted = Wanted(kind=Kind.CA, subject=subject, days=_DAYS_OF_CA)
    authority = Workbench(directory).create(_AUTHORITY, wanted, KeyKind.P256)
    signer = authority.open(None)
    authority.write_crl(signer, days=_DAYS_OF_CA)
    return authority, signer


def _issued(
    authority: Authority, signer: Signer, kind: Kind, cn: str, days: int, *more_names: str
) -> Certificate:
    names = (cn, *more_names) if kind is Kind.SERVER else more_names
    wanted = Wanted(
        kind=kind,
        subject=with_common_name(parse_subject("/O=mtlsx-demo"), cn),
        alternative_names=tuple(map(parse_alternative_name, names)),
        days=days,
    )
    made = authority.issue(signer, wanted, KeyKind.P256, admission=Admission())
    return authority.issued_certificate(made.entry.serial)


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _put(directory: Path, name: str, content: bytes, *, private: bool) -> None:
    path = directory / name
    write(path.parent, [File(path.name, content, private=private)], force=False)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MaterialError("file-missing", f"File {path} of the demo does not exist.") from error
    except OSError as error:
        raise MaterialError(
            "file-unreadable", f"{path} cannot be read: {reason(error)}."
        ) from error


def _stored(path: Path) -> tuple[RedisHash, ...]:
    """What ``as_commands`` has written."""
    found = []
    for number, line in enumerate(_read(path).splitlines(), start=1):
        try:
            words = split(line)
        except CommandError as error:
            raise UsageError(f"File {path}: line {number}: {error}") from error
        if words[:1] == [b"HSET"]:
            found.append(RedisHash(words[1], tuple(zip(words[2::2], words[3::2], strict=True))))
    return tuple(found)
