"""What the pictures show: certificates and a real Mosquitto, the same on every run.

Keys are derived from fixed numbers and signatures are deterministic ECDSA, so that fingerprints in the
pictures change only when the application does. Such keys are public: never use them for anything else.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

HOST, PORT = "localhost", 8883
NOT_BEFORE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOT_AFTER = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)
DEVICE = "CN=346a004d-1dab-4016-bb38-03cca7094415,O=Demo,C=CN"
NEIGHBOUR = "CN=77c1e0b2-5a0e-4f59-9d0c-6f3f6a1f2c11,O=Demo,C=CN"


@dataclass(frozen=True, slots=True)
class Pair:
    """The paths of a certificate and of its key, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: its name (RFC 4514) and the number that its key is derived from."""

    name: str
    number: int

    def certificate(self, path: Path) -> Path:
        """Write its own certificate to ``path``."""
        extensions = [x509.BasicConstraints(ca=True, path_length=None), _USAGE_OF_AN_AUTHORITY]
        return self._write(path, self.number, self.name, extensions)

    def issue(
        self, directory: Path, file: str, subject: str, number: int, *more: x509.ExtensionType
    ) -> Pair:
        """Write ``file``.pem and ``file``.key for ``subject`` (RFC 4514), whose key ``number`` makes."""
        pair = Pair(directory / f"{file}.pem", directory / f"{file}.key")
        pair.key.touch(mode=0o600)
        pair.key.write_bytes(
            _key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        usual = x509.BasicConstraints(ca=False, path_length=None)
        self._write(pair.certificate, number, subject, [usual, *more])
        return pair

    def _write(
        self, path: Path, number: int, subject: str, extensions: list[x509.ExtensionType]
    ) -> Path:
        builder = x509.CertificateBuilder(
            issuer_name=x509.Name.from_rfc4514_string(self.name),
            subject_name=x509.Name.from_rfc4514_string(subject),
            public_key=_key(number).public_key(),
            serial_number=0x1000 + number,
            not_valid_before=NOT_BEFORE,
            not_valid_after=NOT_AFTER,
        )
        for extension in extensions:
            builder = builder.add_extension(
                extension, critical=isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
            )
        signed = builder.sign(_key(self.number), SHA256(), ecdsa_deterministic=True)
        path.write_bytes(signed.public_bytes(Encoding.PEM))
        return path


FACTORY = Authority("CN=Demo Device CA", 1)
STRANGER = Authority("CN=Other CA", 2)


@dataclass(frozen=True, slots=True)
class Material:
    """The files of the demo, all in one directory."""

    ca: Path
    other_ca: Path
    server: Pair
    device: Pair
    neighbour: Pair
    """A second device of the same factory."""
    stranger: Pair
    """The device with a certificate of another authority, which the broker refuses."""

    @classmethod
    def write(cls, directory: Path) -> Material:
        """Make ``directory`` with all certificates and keys."""
        directory.mkdir()
        client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        localhost = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        return cls(
            FACTORY.certificate(directory / "ca.pem"),
            STRANGER.certificate(directory / "other-ca.pem"),
            FACTORY.issue(directory, "server", "CN=localhost", 3, server, localhost),
            FACTORY.issue(directory, "device", DEVICE, 4, client),
            FACTORY.issue(directory, "neighbour", NEIGHBOUR, 5, client),
            STRANGER.issue(directory, "stranger", DEVICE, 4, client),
        )


@contextmanager
def mosquitto(material: Material, directory: Path) -> Iterator[None]:
    """A Mosquitto on port 8883 of this machine that demands certificates of the factory's devices."""
    settings = directory / "mosquitto.conf"
    settings.write_text(
        f"listener {PORT} 127.0.0.1\n"
        f"cafile {material.ca}\ncertfile {material.server.certificate}\nkeyfile {material.server.key}\n"
        "require_certificate true\nuse_identity_as_username true\n"
        "log_dest stderr\npersistence false\n"
        + ("user root\n" if os.geteuid() == 0 else "")  # else it could not read the key
    )
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("mosquitto is not installed")
    with subprocess.Popen([program, "-c", settings], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = ""
            while "running" not in said:
                line = process.stderr.readline()
                if not line:
                    raise SystemExit(f"mosquitto did not start:\n{said}")
                said += line
            yield
        finally:
            process.terminate()


def publish(material: Material, topic: str, payload: str, *options: str) -> None:
    """Publish as the neighbour; returns when the broker has it. ``options`` of mosquitto_pub."""
    subprocess.run(
        ["mosquitto_pub", "-h", HOST, "-p", str(PORT), "--cafile", material.ca,
         "--cert", material.neighbour.certificate, "--key", material.neighbour.key,
         "-q", "1", "-t", topic, "-m", payload, *options],
        check=True,
    )  # fmt: skip


def _key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(number << 200 | 0xD3_0D_3D, ec.SECP256R1())


_USAGE_OF_AN_AUTHORITY = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
