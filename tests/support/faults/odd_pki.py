"""Certificates with faults that few people meet, beside the cast of ``support.openssl_pki``."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from support.openssl_pki import DEVICE, SERVER_ONLY, Authority, Pair, Pki, openssl

PAST = ("20200101000000Z", "20210101000000Z")
NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
NO_SIGNING = "basicConstraints=CA:FALSE\nkeyUsage=keyEncipherment\n"


class OddPki:
    """The names say what is the matter with each; all are issued by the authorities of ``pki``."""

    def __init__(self, directory: Path, pki: Pki) -> None:
        self._directory = directory
        self._pki = pki

    # Authorities

    @cached_property
    def expired_intermediate(self) -> Authority:
        return Authority(
            self._directory / "closed-plant", "Closed Plant CA", issuer=self._pki.ca, valid=PAST
        )

    @cached_property
    def stale_crl(self) -> Path:
        """The first authority's list as it was years ago: it names nobody, and its next one is due."""
        return self._pki.ca.crl(valid=("20200101000000Z", "20200201000000Z"))

    @cached_property
    def other_crl(self) -> Path:
        """The list of an authority that issued none of the certificates in question."""
        return self._pki.other_ca.crl()

    # Devices

    @cached_property
    def device_rsa_1024(self) -> Pair:
        return self._pki.ca.issue("device-rsa1024", key="rsa1024")

    @cached_property
    def device_sha1(self) -> Pair:
        return self._device("device-sha1", digest="sha1")

    @cached_property
    def device_md5(self) -> Pair:
        return self._device("device-md5", digest="md5")

    @cached_property
    def device_that_may_not_sign(self) -> Pair:
        """Its keyUsage has no digitalSignature."""
        return self._device("device-no-signing", extensions=NO_SIGNING)

    @cached_property
    def device_on_secp256k1(self) -> Pair:
        """Its curve has no signature scheme in TLS 1.3 (RFC 8446, section 4.2.3)."""
        return self._pki.ca.issue("device-secp256k1", key="secp256k1")

    @cached_property
    def device_of_an_expired_intermediate(self) -> Pair:
        """With its chain."""
        return self._with_chain("closed-device", self._pki.device.key)

    @cached_property
    def device_ec_of_another_ca(self) -> Pair:
        return self._pki.other_ca.issue("device-ec", key="ec")

    @cached_property
    def device_ed25519_expired(self) -> Pair:
        key = self._pki.device_ed25519.key
        return self._pki.ca.issue("ed25519-expired", key=key, valid=PAST)

    @cached_property
    def ca_file_with_the_intermediate(self) -> Path:
        """Both authorities of the good side."""
        both = self._directory / "cas.pem"
        authorities = (self._pki.ca, self._pki.intermediate)
        both.write_text("".join(each.certificate.read_text() for each in authorities))
        return both

    # Servers

    @cached_property
    def server_rsa_1024(self) -> Pair:
        return self._pki.ca.issue(
            "server-rsa1024", "/CN=localhost", key="rsa1024", extensions=SERVER_ONLY + NAMES
        )

    @cached_property
    def server_sha1(self) -> Pair:
        return self._server("server-sha1", digest="sha1")

    @cached_property
    def server_md5(self) -> Pair:
        return self._server("server-md5", digest="md5")

    @cached_property
    def server_of_an_expired_intermediate(self) -> Pair:
        """With its chain."""
        return self._with_chain("closed-server", self._pki.server.key, SERVER_ONLY + NAMES)

    @cached_property
    def server_of_another_address(self) -> Pair:
        return self._pki.ca.issue(
            "server-address", "/CN=127.0.0.1", key=self._pki.server.key,
            extensions=SERVER_ONLY + "subjectAltName=IP:192.0.2.7,DNS:127.0.0.1\n",
        )  # fmt: skip

    @cached_property
    def server_of_the_namesake(self) -> Pair:
        return self._pki.namesake_ca.issue(
            "server", "/CN=localhost", key=self._pki.server.key, extensions=SERVER_ONLY + NAMES
        )

    @cached_property
    def server_of_a_device(self) -> Pair:
        """Issued by a device's certificate, which is no CA's; with its chain."""
        device = self._pki.device
        certificate = self._directory / "by-device.crt"
        extensions = self._directory / "by-device.ext"
        extensions.write_text(SERVER_ONLY + NAMES)
        request = self._directory / "by-device.csr"
        openssl(
            "req", "-new", "-key", self._pki.server.key, "-subj", "/CN=localhost", "-out", request
        )
        openssl("x509", "-req", "-CA", device.certificate, "-CAkey", device.key, "-CAcreateserial",
                "-days", "365", "-in", request, "-out", certificate, "-extfile", extensions)  # fmt: skip
        certificate.write_text(certificate.read_text() + device.certificate.read_text())
        return Pair(certificate, self._pki.server.key)

    def _device(self, name: str, **settings: str) -> Pair:
        return self._pki.ca.issue(name, f"/CN={DEVICE}", key=self._pki.device.key, **settings)

    def _server(self, name: str, **settings: str) -> Pair:
        return self._pki.ca.issue(
            name,
            "/CN=localhost",
            key=self._pki.server.key,
            extensions=SERVER_ONLY + NAMES,
            **settings,
        )

    def _with_chain(self, name: str, key: Path, extensions: str | None = None) -> Pair:
        authority = self.expired_intermediate
        alone = authority.issue(name, "/CN=localhost", key=key, extensions=extensions)
        chain = self._directory / f"{name}-chain.crt"
        chain.write_text(alone.certificate.read_text() + authority.certificate.read_text())
        return Pair(chain, key)
