"""How fast does mtlsx issue a fleet, against bare cryptography calls and against the openssl command line?

``fleet`` is what ``mtlsx pki fleet`` does: look at all names, make keys and certificates, both as files by serial number,
a line in the index each, all on disk and safe against a kill. ``files`` is a loop of bare cryptography calls in as many processes that makes the
same key and certificate and writes both to files; ``bare`` the same without writing anything. ``openssl`` is what a
shell script does for each device: ``openssl ecparam``, ``req`` and ``x509 -req``, one after the other, on a sample.

They take turns. Prints the medians and the ratios of rates. Targets: 0.8 of ``files`` and of ``bare``, 20 times
``openssl``.

    TMPDIR=/a/new/directory python benchmarks/pki.py [devices] [rounds]

Where many files were deleted in the last minutes, ext4 passes over each of their inodes for every file that is made:
2 ms instead of 0.05, which then is all that ``fleet`` and ``files`` measure. A new directory just below the root of
the file system is mostly far from those.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tui"), str(ROOT / "tests")]

from mtlsx.pki.authority import Admission  # noqa: E402  (the path is set above)
from mtlsx.pki.devices import numbered, require_issuable  # noqa: E402
from mtlsx.pki.fleet import Fleet, cores, issue, left_to_issue  # noqa: E402
from mtlsx.pki.keys import KeyKind  # noqa: E402
from support.issued_pki import make_root  # noqa: E402

TARGETS = {"files": 0.8, "bare": 0.8, "openssl": 20.0}
SAMPLE = 40  # devices that openssl makes


def fleet(directory: Path, count: int) -> float:
    """Our rate, from the list of names to the last certificate that is safe on disk."""
    authority = make_root(directory / "pki")
    begin = time.perf_counter()
    devices = numbered("dev-%i", 1, count)
    require_issuable(
        devices, source="the list", any_name=False, identity_of=lambda device: device.cn
    )
    whole = Fleet(
        devices=tuple(devices), base="/O=Acme", days=365, key=KeyKind.P256, admission=Admission()
    ).identified(authority)
    left = left_to_issue(authority, whole)
    issued = issue(authority, authority.open(None), whole, left, cores=cores())
    elapsed = time.perf_counter() - begin
    assert issued == len(list((directory / "pki/demo/keys").iterdir())) == count
    return count / elapsed


def bare(directory: Path, count: int, *, write: bool = False) -> float:
    """The rate of bare calls in as many processes."""
    authority = make_root(directory / "pki")
    key = (authority.folder.path / "ca.key").read_bytes()
    certificate = (authority.folder.path / "ca.crt").read_bytes()
    out = directory / "out"
    out.mkdir()
    begin = time.perf_counter()
    workers = [
        multiprocessing.get_context("fork").Process(
            target=bare_worker, args=(certificate, key, range(n, count, cores()), out if write else None)
        )
        for n in range(cores())
    ]  # fmt: skip
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    elapsed = time.perf_counter() - begin
    assert len(list(out.iterdir())) == (2 * count if write else 0)
    return count / elapsed


def bare_worker(certificate: bytes, key: bytes, numbers: range, out: Path | None) -> None:
    """What the documentation of cryptography shows, for one device after the other."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    issuer = x509.load_pem_x509_certificate(certificate)
    signing_key = serialization.load_pem_private_key(key, None)
    assert isinstance(signing_key, ec.EllipticCurvePrivateKey)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    now = datetime.now(UTC)
    for number in numbers:
        device_key = ec.generate_private_key(ec.SECP256R1())
        public_key = device_key.public_key()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"dev-{number}"),
            ]
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(identifier, critical=False)
            .sign(signing_key, hashes.SHA256())
        )
        pems = (
            made.public_bytes(serialization.Encoding.PEM),
            device_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
        if out is not None:
            (out / f"dev-{number}.crt").write_bytes(pems[0])
            (out / f"dev-{number}.key").write_bytes(pems[1])


def openssl(directory: Path, count: int) -> float:
    """The rate of a shell script's commands."""
    authority = make_root(directory / "pki").folder.path
    usages = directory / "usages"
    usages.write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    begin = time.perf_counter()
    for number in range(count):
        name = directory / f"dev-{number}"
        for command in (
            ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key"],
            ["req", "-new", "-key", f"{name}.key", "-subj", f"/O=Acme/CN=dev-{number}", "-out", f"{name}.csr"],
            ["x509", "-req", "-in", f"{name}.csr", "-CA", authority / "ca.crt", "-CAkey", authority / "ca.key",
             "-days", "365", "-extfile", usages, "-out", f"{name}.crt"],
        ):  # fmt: skip
            subprocess.run(["openssl", *command], check=True, stderr=subprocess.DEVNULL)
    return count / (time.perf_counter() - begin)


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:]]
    devices, rounds = [*numbers, *[10_000, 3][len(numbers) :]]
    print(
        f"{devices:,} P-256 devices, {cores()} cores, {rounds} rounds; openssl: {SAMPLE} devices, one at a time"
    )
    ways: dict[str, Callable[[Path], float]] = {
        "fleet": lambda directory: fleet(directory, devices),
        "files": lambda directory: bare(directory, devices, write=True),
        "bare": lambda directory: bare(directory, devices),
        "openssl": lambda directory: openssl(directory, SAMPLE),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(rounds):
            for way, measure in ways.items():
                directory = Path(scratch, f"{way}-{number}")
                directory.mkdir()
                os.sync()  # nobody pays for what the one before has written
                rates[way].append(measure(directory))
    medians = {way: statistics.median(each) for way, each in rates.items()}
    for way, rate in medians.items():
        ratio = "" if way == "fleet" else f"   fleet: {medians['fleet'] / rate:6.2f} times"
        target = f" (target {TARGETS[way]:g})" if way in TARGETS else ""
        print(f"  {way:<8} {rate:9,.0f} devices/s{ratio}{target}")


if __name__ == "__main__":
    main()
