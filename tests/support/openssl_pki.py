"""Certificates for the tests, made with the ``openssl`` commands that a person would type.

``Pki(directory)`` is the whole cast: two authorities and a namesake, a server, and devices that are right or
wrong in one way each. Nothing is made before it is asked for, and each is made once. Authorities and servers have
RSA keys, devices have P-256 keys where nothing else is said: theirs are loaded in nearly every test, and loading
one of RSA takes thirty times as long, because its primes are checked.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from support.programs import find

DEVICE = "346a004d-1dab-4016-bb38-03cca7094415"
PASSPHRASE = "correct horse Battery-staple"

CA_EXTENSIONS = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
CLIENT_ONLY = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n"
SERVER_ONLY = "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"

_KEY_COMMANDS = {
    "rsa": ("genrsa", "2048"),
    "rsa1024": ("genrsa", "1024"),
    # What most recipes say; the file then holds the traditional "EC PRIVATE KEY".
    "ec": ("ecparam", "-name", "prime256v1", "-genkey", "-noout"),
    "secp256k1": ("ecparam", "-name", "secp256k1", "-genkey", "-noout"),
    "ed25519": ("genpkey", "-algorithm", "ED25519"),
}


def openssl(*arguments: str | Path) -> str:
    """Run ``openssl`` and return what it printed; a failure shows what it said."""
    done = subprocess.run([find("openssl"), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {' '.join(map(str, arguments))}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate file and the file of its private key."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a directory of its own, self-signed or signed by ``issuer``."""

    def __init__(
        self,
        directory: Path,
        name: str,
        *,
        issuer: Authority | None = None,
        valid: tuple[str, str] | None = None,
    ) -> None:
        directory.mkdir(parents=True)
        self._directory = directory
        self._crls = count(1)
        self.name = name
        if issuer is None:
            self.certificate, self.key = directory / "ca.crt", directory / "ca.key"
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", f"/CN={name}",
                    "-keyout", self.key, "-out", self.certificate,
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
        else:
            pair = issuer.issue(
                directory.name, f"/CN={name}", extensions=CA_EXTENSIONS, valid=valid
            )
            self.certificate, self.key = pair.certificate, pair.key

    def issue(
        self,
        name: str,
        subject: str = f"/CN={DEVICE}",
        *,
        key: str | Path = "rsa",
        extensions: str | None = None,
        valid: tuple[str, str] | None = None,
        digest: str = "sha256",
    ) -> Pair:
        """A certificate ``name.crt`` for ``subject``: key, request, signature.

        ``key`` is a kind of key to make (``rsa``, ``ec``, ``ed25519``, ``rsa1024``, ``secp256k1``) or an existing
        key file; ``extensions`` the text of an ``-extfile`` (none at all by default, as in most recipes);
        ``valid`` the dates from and to as ``YYYYMMDDHHMMSSZ`` (by default the next 365 days); ``digest`` is what
        the signature is made over.
        """
        pair = Pair(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        if isinstance(key, Path):
            pair = Pair(pair.certificate, key)
        else:
            openssl(*_KEY_COMMANDS[key][:1], "-out", pair.key, *_KEY_COMMANDS[key][1:])
        request = self._directory / f"{name}.csr"
        openssl("req", "-new", "-key", pair.key, "-subj", subject, "-out", request)
        self._sign(request, pair.certificate, extensions, valid, digest)
        return pair

    def crl(self, *revoked: Path, valid: tuple[str, str] | None = None) -> Path:
        """A certificate revocation list that names the ``revoked`` certificates and no others, in a file of its own.

        ``valid``: its dates as for ``issue``, by default the next 30 days.
        """
        settings = self._database()
        (self._directory / "index.txt").write_bytes(b"")
        for certificate in revoked:
            openssl("ca", "-config", settings, "-revoke", certificate)
        crl = self._directory / f"{next(self._crls)}.crl"
        dates: tuple[str, ...] = ("-crldays", "30")
        if valid is not None:
            dates = ("-crl_lastupdate", valid[0], "-crl_nextupdate", valid[1])
        openssl("ca", "-config", settings, "-gencrl", *dates, "-out", crl)
        return crl

    def _sign(
        self,
        request: Path,
        certificate: Path,
        extensions: str | None,
        valid: tuple[str, str] | None,
        digest: str,
    ) -> None:
        options: list[str | Path] = ["-in", request, "-out", certificate]
        if extensions is not None:
            extension_file = certificate.with_suffix(".ext")
            extension_file.write_text(extensions)
            options += ["-extfile", extension_file]
        if valid is None:
            openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                    "-days", "365", f"-{digest}", *options)  # fmt: skip
        else:
            # "x509 -req" takes no dates before OpenSSL 3.4; "ca" always did.
            openssl("ca", "-config", self._database(), "-batch", "-notext", "-preserveDN",
                    "-startdate", valid[0], "-enddate", valid[1], *options)  # fmt: skip

    def _database(self) -> Path:
        settings = self._directory / "ca.cnf"
        if not settings.exists():
            (self._directory / "index.txt").touch()
            settings.write_text(
                "[ca]\ndefault_ca=this\n[this]\n"
                f"dir={self._directory}\ndatabase=$dir/index.txt\nnew_certs_dir=$dir\nrand_serial=yes\n"
                f"unique_subject=no\ndefault_md=sha256\npolicy=any\n"
                f"certificate={self.certificate}\nprivate_key={self.key}\n"
                "[any]\ncommonName=optional\n"
            )
        return settings


class Pki:
    """Everybody who takes part in the tests. The names say what is the matter with each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    # Authorities

    @cached_property
    def ca(self) -> Authority:
        return Authority(self._directory / "ca", "Demo Device CA")

    @cached_property
    def other_ca(self) -> Authority:
        return Authority(self._directory / "other", "Other CA")

    @cached_property
    def namesake_ca(self) -> Authority:
        """Another authority with the first one's name and a key of its own."""
        return Authority(self._directory / "namesake", "Demo Device CA")

    @cached_property
    def intermediate(self) -> Authority:
        return Authority(self._directory / "intermediate", "Demo Plant CA", issuer=self.ca)

    # Servers

    @cached_property
    def server(self) -> Pair:
        return self.ca.issue(
            "server", "/CN=localhost", extensions=_names("DNS:localhost,IP:127.0.0.1")
        )

    @cached_property
    def server_of_another_name(self) -> Pair:
        return self._server("renamed", names="DNS:broker.example")

    @cached_property
    def server_with_its_name_in_the_cn_only(self) -> Pair:
        return self.ca.issue(
            "cn-only", "/CN=localhost", key=self.server.key, extensions=SERVER_ONLY
        )

    @cached_property
    def server_expired(self) -> Pair:
        return self._server("server-expired", valid=("20200101000000Z", "20210101000000Z"))

    @cached_property
    def server_not_yet_valid(self) -> Pair:
        return self._server("server-not-yet-valid", valid=("20450101000000Z", "20460101000000Z"))

    @cached_property
    def server_self_signed(self) -> Pair:
        certificate = self._directory / "server-self-signed.crt"
        openssl("req", "-x509", "-key", self.server.key, "-subj", "/CN=localhost", "-days", "365",
                "-addext", "subjectAltName=DNS:localhost", "-out", certificate)  # fmt: skip
        return Pair(certificate, self.server.key)

    @cached_property
    def server_for_clients(self) -> Pair:
        """Its extended key usage allows clientAuth only."""
        names = "subjectAltName=DNS:localhost\n"
        return self.ca.issue("client-auth", "/CN=localhost", extensions=CLIENT_ONLY + names)

    @cached_property
    def server_revoked(self) -> Pair:
        return self._server("server-revoked")

    @cached_property
    def server_behind_the_intermediate(self) -> Pair:
        """Signed by the intermediate authority, whose certificate is not in the file."""
        return self.intermediate.issue(
            "plant-server", "/CN=localhost", extensions=_names("DNS:localhost,IP:127.0.0.1")
        )

    # Devices

    @cached_property
    def device(self) -> Pair:
        return self.ca.issue("device", key="ec")

    @cached_property
    def device_rsa(self) -> Pair:
        return self.ca.issue("device-rsa")

    @cached_property
    def device_ec(self) -> Pair:
        """For clients only, as its extensions say."""
        return self.ca.issue("device-ec", key="ec", extensions=CLIENT_ONLY)

    @cached_property
    def device_ed25519(self) -> Pair:
        return self.ca.issue("device-ed25519", key="ed25519", extensions=CLIENT_ONLY)

    @cached_property
    def device_expired(self) -> Pair:
        return self._device("expired", valid=("20200101000000Z", "20210101000000Z"))

    @cached_property
    def device_not_yet_valid(self) -> Pair:
        return self._device("not-yet-valid", valid=("20450101000000Z", "20460101000000Z"))

    @cached_property
    def device_for_servers(self) -> Pair:
        """Its extended key usage allows serverAuth only."""
        return self._device("server-auth", extensions=SERVER_ONLY)

    @cached_property
    def device_of_another_ca(self) -> Pair:
        return self.other_ca.issue("device", key=self.device.key)

    @cached_property
    def device_of_the_namesake(self) -> Pair:
        return self.namesake_ca.issue("device", key=self.device.key)

    @cached_property
    def device_self_signed(self) -> Pair:
        certificate = self._directory / "self-signed.crt"
        openssl("req", "-x509", "-key", self.device.key, "-subj", f"/CN={DEVICE}", "-days", "365",
                "-out", certificate)  # fmt: skip
        return Pair(certificate, self.device.key)

    @cached_property
    def device_revoked(self) -> Pair:
        return self._device("revoked")

    @cached_property
    def crl(self) -> Path:
        """The first authority's list; it names ``device_revoked`` and ``server_revoked``."""
        return self.ca.crl(self.device_revoked.certificate, self.server_revoked.certificate)

    @cached_property
    def device_mismatched(self) -> Pair:
        """The device's certificate with the key of another, of the same kind."""
        return Pair(self.device.certificate, self.device_ec.key)

    @cached_property
    def device_without_cn(self) -> Pair:
        """What the well-known recipe ``-subj "/Common Name=..."`` makes: an empty subject."""
        return self.ca.issue("no-cn", f"/Common Name={DEVICE}", key=self.device.key)

    @cached_property
    def device_behind_the_intermediate(self) -> Pair:
        """Signed by the intermediate authority, whose certificate is not in the file."""
        return self.intermediate.issue("plant-device", key=self.device.key)

    @cached_property
    def device_with_its_chain(self) -> Pair:
        """The same, with the intermediate certificate after it in the file."""
        alone = self.device_behind_the_intermediate
        chain = self._directory / "chain.crt"
        chain.write_text(alone.certificate.read_text() + self.intermediate.certificate.read_text())
        return Pair(chain, alone.key)

    # The first device, and the one of RSA, in other clothes; the passphrase is PASSPHRASE

    @cached_property
    def encrypted_pkcs8_key(self) -> Path:
        key = self._directory / "pkcs8.key"
        openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", self.device.key, "-out", key,
                "-passout", f"pass:{PASSPHRASE}")  # fmt: skip
        return key

    @cached_property
    def encrypted_traditional_key(self) -> Path:
        key = self._directory / "traditional.key"
        openssl("rsa", "-aes256", "-traditional", "-in", self.device_rsa.key, "-out", key,
                "-passout", f"pass:{PASSPHRASE}")  # fmt: skip
        return key

    @cached_property
    def pkcs12(self) -> Path:
        bundle = self._directory / "device.p12"
        openssl("pkcs12", "-export", "-in", self.device.certificate, "-inkey", self.device.key,
                "-certfile", self.ca.certificate, "-out", bundle, "-passout", f"pass:{PASSPHRASE}")  # fmt: skip
        return bundle

    @cached_property
    def pkcs12_chain(self) -> Path:
        """The device behind the intermediate, with the intermediate certificate."""
        bundle = self._directory / "plant-device.p12"
        alone = self.device_behind_the_intermediate
        openssl("pkcs12", "-export", "-in", alone.certificate, "-inkey", alone.key,
                "-certfile", self.intermediate.certificate, "-out", bundle,
                "-passout", f"pass:{PASSPHRASE}")  # fmt: skip
        return bundle

    @cached_property
    def certificate_and_key_in_one_file(self) -> Path:
        both = self._directory / "both.pem"
        both.write_text(self.device.certificate.read_text() + self.device.key.read_text())
        return both

    @cached_property
    def device_der(self) -> Pair:
        der = Pair(self._directory / "device.der", self._directory / "device-key.der")
        openssl("x509", "-in", self.device.certificate, "-outform", "der", "-out", der.certificate)
        openssl("pkey", "-in", self.device.key, "-outform", "der", "-out", der.key)
        return der

    def _device(
        self, name: str, *, extensions: str | None = None, valid: tuple[str, str] | None = None
    ) -> Pair:
        return self.ca.issue(name, key=self.device.key, extensions=extensions, valid=valid)

    def _server(
        self,
        name: str,
        *,
        names: str = "DNS:localhost,IP:127.0.0.1",
        valid: tuple[str, str] | None = None,
    ) -> Pair:
        return self.ca.issue(
            name, "/CN=broker", key=self.server.key, extensions=_names(names), valid=valid
        )


def _names(names: str) -> str:
    return f"{SERVER_ONLY}subjectAltName={names}\n"
