"""The pre-flight check says what OpenSSL says, plain and strict, of certificates that openssl made oddly."""

from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.preflight.file import Asked, check_file
from support.openssl_pki import openssl
from support.programs import find

pytestmark = pytest.mark.e2e

ROOT = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
SIGNS = "keyUsage=digitalSignature\nauthorityKeyIdentifier=keyid\n"


P256 = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


class Odd(NamedTuple):
    """A device behind an intermediate behind a root: the extensions of each, and the device's subject."""

    name: str
    root: str = ROOT
    middle: str = ROOT + "authorityKeyIdentifier=keyid\n"
    leaf: str = LEAF
    subject: str = "/CN=dev"


def without(extensions: str, *names: str) -> str:
    return "".join(
        line for line in extensions.splitlines(keepends=True) if not line.startswith(names)
    )


MIDDLE = Odd("").middle
CASES = [
    Odd("in order"),
    Odd("root without key usage", root=without(ROOT, "keyUsage")),
    Odd("root with constraints not critical", root=ROOT.replace("critical,CA", "CA")),
    Odd(
        "root without key identifier",
        root=without(ROOT, "subject") + "subjectKeyIdentifier=none\n",
        middle=ROOT,
    ),
    Odd("root without constraints", root=without(ROOT, "basic")),
    Odd("root that is no CA", root=ROOT.replace("CA:TRUE", "CA:FALSE")),
    Odd("root that cannot sign", root=ROOT.replace("keyCertSign,", "")),
    Odd("root for servers", root=ROOT + "extendedKeyUsage=serverAuth\n"),
    Odd("root with path length 0", root=ROOT.replace("CA:TRUE", "CA:TRUE,pathlen:0")),
    Odd("root with path length 1", root=ROOT.replace("CA:TRUE", "CA:TRUE,pathlen:1")),
    Odd("root of version 1", root="", middle=ROOT),
    Odd("intermediate without constraints", middle=without(MIDDLE, "basic")),
    Odd("intermediate without anything", middle="authorityKeyIdentifier=keyid\n"),
    Odd("intermediate that is no CA", middle=MIDDLE.replace("CA:TRUE", "CA:FALSE")),
    Odd("intermediate that cannot sign", middle=MIDDLE.replace("keyCertSign,", "")),
    Odd("intermediate without key usage", middle=without(MIDDLE, "keyUsage")),
    Odd("intermediate for servers", middle=MIDDLE + "extendedKeyUsage=serverAuth\n"),
    Odd("intermediate for any use", middle=MIDDLE + "extendedKeyUsage=anyExtendedKeyUsage\n"),
    Odd(
        "intermediate that does not say who signed it",
        middle=without(MIDDLE, "authority") + "authorityKeyIdentifier=none\n",
    ),
    Odd("device without extensions", leaf=""),
    Odd(
        "device that does not say who signed it",
        leaf="keyUsage=digitalSignature\nauthorityKeyIdentifier=none\n",
    ),
    Odd("device that names its issuer by serial", leaf="authorityKeyIdentifier=issuer:always\n"),
    Odd("device without key identifier", leaf=SIGNS + "subjectKeyIdentifier=none\n"),
    Odd("device that signs", leaf=SIGNS.replace("=dig", "=keyCertSign,dig")),
    Odd("device with a path length", leaf=SIGNS + "basicConstraints=CA:FALSE,pathlen:1\n"),
    Odd(
        "device that is a CA", leaf=SIGNS + "basicConstraints=CA:TRUE\nsubjectKeyIdentifier=hash\n"
    ),
    Odd(
        "device that is a CA that cannot sign",
        leaf=SIGNS + "basicConstraints=critical,CA:TRUE,pathlen:0\nsubjectKeyIdentifier=hash\n",
    ),
    Odd("device without a name", leaf=SIGNS, subject="/"),
    Odd("device with its name beside", leaf=SIGNS + "subjectAltName=DNS:x\n", subject="/"),
    Odd(
        "device with its name critical", leaf=SIGNS + "subjectAltName=critical,DNS:x\n", subject="/"
    ),
    Odd(
        "device with a critical key identifier", leaf=SIGNS + "subjectKeyIdentifier=critical,hash\n"
    ),
    Odd("device with a critical unknown", leaf=SIGNS + "1.2.3.4=critical,ASN1:UTF8String:x\n"),
    Odd("device with an unknown", leaf=SIGNS + "1.2.3.4=ASN1:UTF8String:x\n"),
    Odd("device with critical policies", leaf=SIGNS + "certificatePolicies=critical,1.2.3.4\n"),
    Odd("device for servers", leaf=LEAF + "extendedKeyUsage=serverAuth\n"),
    Odd("device for any use", leaf=LEAF + "extendedKeyUsage=anyExtendedKeyUsage\n"),
    Odd("device for both", leaf=LEAF + "extendedKeyUsage=serverAuth,clientAuth\n"),
    Odd("device with the Netscape type of a server", leaf=LEAF + "nsCertType=server\n"),
    Odd("device with the Netscape type of a client", leaf=LEAF + "nsCertType=client\n"),
    Odd("device that only enciphers", leaf=LEAF.replace("digitalSignature", "keyEncipherment")),
    Odd("device that only agrees", leaf=LEAF.replace("digitalSignature", "keyAgreement")),
]
# Name constraints are OpenSSL's alone to judge: no rule of ours looks at them.
UNKNOWN_TO_US = [
    Odd(
        "root that permits other names", leaf=LEAF + "subjectAltName=DNS:dev.example\n",
        root=ROOT + "nameConstraints=critical,permitted;DNS:other.example\n",
    ),
]  # fmt: skip


class Files(NamedTuple):
    """The file that is sent, its key and the CA file."""

    chain: Path
    key: Path
    ca: Path


def made(directory: Path, odd: Odd) -> Files:
    """The certificates that openssl makes for it."""
    root = signed(directory, "root", "/CN=Root", odd.root, None)
    middle = signed(directory, "middle", "/CN=Middle", odd.middle, "root")
    leaf = signed(directory, "leaf", odd.subject, odd.leaf, "middle")
    chain = directory / "chain.crt"
    chain.write_text(leaf.read_text() + middle.read_text())
    return Files(chain, directory / "leaf.key", root)


def signed(
    directory: Path,
    name: str,
    subject: str,
    extensions: str,
    issuer: str | None,
    *,
    key_kind: tuple[str, ...] = P256,
    digest: str = "sha256",
) -> Path:
    key, request, certificate = (directory / f"{name}.{ending}" for ending in ("key", "csr", "crt"))
    openssl("genpkey", *key_kind, "-out", key)
    openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)
    text = directory / f"{name}.ext"
    text.write_text(extensions)
    by = (
        "-CA",
        directory / f"{issuer}.crt",
        "-CAkey",
        directory / f"{issuer}.key",
        "-CAcreateserial",
    )
    openssl(
        "x509", "-req", "-in", request, "-out", certificate, "-days", "300", f"-{digest}",
        *(("-extfile", text) if extensions else ()), *(by if issuer else ("-signkey", key)),
    )  # fmt: skip
    return certificate


def refused_by_openssl(files: Files, *, strict: bool) -> str | None:
    """What ``openssl verify`` objects to."""
    done = subprocess.run(
        [
            find("openssl"), "verify", *(["-x509_strict"] if strict else []),
            "-purpose", "sslclient", "-CAfile", files.ca, "-untrusted", files.chain, files.chain,
        ],
        capture_output=True, text=True,
    )  # fmt: skip
    return None if done.returncode == 0 else done.stderr


def refused_by_python(
    files: Files, *, server_files: Files | None = None, strict: bool = True, level: int = 0
) -> str | None:
    """What Python's ssl objects to in a handshake where it sees the chain of ``files``.

    ``strict``: with the flag that its default context has from 3.13 on; ``level``: OpenSSL's security level.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own = server_files or files
    server.load_cert_chain(own.chain, own.key)
    server.load_verify_locations(files.ca)
    server.verify_mode = ssl.CERT_REQUIRED
    server.set_ciphers(f"DEFAULT:@SECLEVEL={level}")
    if strict:
        server.verify_flags |= ssl.VERIFY_X509_STRICT
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    client.load_cert_chain(files.chain, files.key)
    a_to_b, b_to_a = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(b_to_a, a_to_b),
        server.wrap_bio(a_to_b, b_to_a, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
            except ssl.SSLError as error:
                return str(error)
    return None


def checked(files: Files) -> tuple[Finding, ...]:
    asked = Asked(key_file=str(files.key), ca_file=str(files.ca))
    return check_file(str(files.chain), asked, datetime.now(UTC))


@pytest.mark.parametrize("odd", CASES, ids=[case.name for case in CASES])
def test_the_check_agrees_with_openssl(tmp_path: Path, odd: Odd) -> None:
    files = made(tmp_path, odd)
    found = checked(files)
    failures = {each.id for each in found if each.level is Level.FAILURE}
    strict = {each.id for each in found if each.topic == "strict" and each.level is Level.WARNING}
    assert bool(failures) == bool(refused_by_openssl(files, strict=False)), failures
    assert bool(failures | strict) == bool(refused_by_openssl(files, strict=True)), strict
    assert bool(failures | strict) == bool(refused_by_python(files)), strict
    assert not failures & {"chain-refused"}, "a rule of ours is missing"
    assert not strict & {"strict-refused"}, "a rule of ours is missing"


@pytest.mark.parametrize("odd", UNKNOWN_TO_US, ids=[case.name for case in UNKNOWN_TO_US])
def test_what_no_rule_knows_openssl_is_asked(tmp_path: Path, odd: Odd) -> None:
    files = made(tmp_path, odd)
    assert refused_by_openssl(files, strict=False)
    (failure,) = [each for each in checked(files) if each.level is Level.FAILURE]
    assert failure.id == "chain-refused"
    assert "permitted subtree violation" in failure.what


def test_a_curve_that_is_written_out(tmp_path: Path) -> None:
    root = signed(tmp_path, "root", "/CN=Root", ROOT, None)
    explicit = (*P256, "-pkeyopt", "ec_param_enc:explicit")
    leaf = signed(tmp_path, "leaf", "/CN=dev", LEAF, "root", key_kind=explicit)
    files = Files(leaf, tmp_path / "leaf.key", root)
    assert "explicit ECC parameters" in (refused_by_openssl(files, strict=False) or "")
    failures = {each.id for each in checked(files) if each.level is Level.FAILURE}
    assert failures == {"own-cert-explicit-curve"}


def rsa(bits: int) -> tuple[str, ...]:
    return ("-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")


@pytest.mark.parametrize("digest", ["sha256", "sha1", "md5"])
@pytest.mark.parametrize("key_kind", [rsa(1024), rsa(2048), P256])
def test_strength_is_that_of_security_level_2(
    tmp_path: Path, key_kind: tuple[str, ...], digest: str
) -> None:
    root = signed(tmp_path, "root", "/CN=Root", ROOT, None, key_kind=rsa(2048))
    leaf = signed(tmp_path, "leaf", "/CN=dev", LEAF, "root", key_kind=key_kind, digest=digest)
    server = signed(tmp_path, "server", "/CN=localhost", LEAF, "root")
    files = Files(leaf, tmp_path / "leaf.key", root)
    found = {each.id: each for each in checked(files)}
    weak = "own-cert-weak" in found
    own = Files(server, tmp_path / "server.key", root)
    refused = refused_by_python(files, server_files=own, strict=False, level=2)
    assert weak == bool(refused), refused
    assert refused_by_python(files, server_files=own, strict=False, level=0) is None
