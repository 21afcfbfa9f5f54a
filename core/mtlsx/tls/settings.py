"""What a person says about TLS, as a client and as a server. Values only; nothing is opened or loaded here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.secret import Secret


class TlsVersion(StrEnum):
    """A TLS protocol version that mtlsx can be asked to use."""

    V1_2 = "1.2"
    V1_3 = "1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """TLS as a test device would be configured.

    ``ca_file``: the file with the trust anchors for the server's certificate; None: the system's trust
    store. ``certificate_file``: the client certificate, with its chain where the device sends one, or a
    PKCS#12 file; ``key_file``: its private key, None where it is in the same file. Both None: one-way TLS.
    ``sni``: the server name to send and to check; None: the host. ``verify_chain`` and ``verify_name``
    switch off the two checks of the server apart from each other. ``ciphers``: an OpenSSL cipher list for
    TLS 1.2. ``crl_file``: certificate revocation lists to check the server against. ``keylog_file``:
    where to append the session keys in the NSS key log format. Paths are used as they are.
    """

    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    passphrase: Secret | None = None
    alpn: tuple[str, ...] = ()
    sni: str | None = None
    verify_chain: bool = True
    verify_name: bool = True
    minimum_version: TlsVersion = TlsVersion.V1_2
    maximum_version: TlsVersion = TlsVersion.V1_3
    ciphers: str | None = None
    crl_file: str | None = None
    keylog_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTlsSettings:
    """TLS of a server that may ask its clients for certificates.

    ``certificate_file``: the server's certificate, with intermediates after it where they are; ``key_file`` and
    ``passphrase``: its private key. ``ca_file``: who issues client certificates; it may be None where ``verify``
    is False. ``verify``: ask for a certificate, and refuse one that is not right; ``required``: refuse a client
    that shows none. ``depth``: how many intermediate certificates a client's chain may have. ``crl_file``:
    revocation lists, one for each CA that issues client certificates.
    """

    certificate_file: str
    key_file: str
    passphrase: Secret | None = None
    ca_file: str | None = None
    verify: bool = False
    required: bool = False
    depth: int = 10
    versions: frozenset[TlsVersion] = frozenset(TlsVersion)
    crl_file: str | None = None
