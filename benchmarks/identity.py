"""What does EMQX's view of a certificate cost, against cryptography's load and ``subject.rfc4514_string()``?

10,000 P-256 device certificates, made here: all of one CA, each with a UUID as CN and a serial number of its own,
keys from a stock of 50. The two take turns on the same certificates; the best of several rounds counts. Prints
microseconds a certificate and their ratio. Target: at most 4 times.

    python benchmarks/identity.py [certificates] [rounds]
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mtlsx.identity import emqx

TARGET = 4.0
KEYS = 50


def main(count: int = 10_000, rounds: int = 7) -> None:
    certificates = device_certificates(count)
    seconds = best_of(
        rounds,
        certificates,
        emqx.identify,
        lambda der: x509.load_der_x509_certificate(der).subject.rfc4514_string(),
    )
    ours, theirs = (1e6 * each / count for each in seconds)
    print(
        f"{count:,} certificates: EMQX's identity {ours:.1f} µs, cryptography {theirs:.1f} µs each"
    )
    print(f"ratio {ours / theirs:.2f} (target: at most {TARGET:g})")


def device_certificates(count: int) -> list[bytes]:
    """DER of ``count`` distinct certificates."""
    chance = random.Random(1)  # noqa: S311  (names, not secrets)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    keys = [ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(KEYS)]
    issuer = _name("Factory Device CA")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    made = []
    for number in range(count):
        key = keys[number % KEYS]
        begins = begin + timedelta(minutes=number)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(str(uuid.UUID(int=chance.getrandbits(128), version=4))))
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(chance.getrandbits(150))
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
            .sign(ca_key, hashes.SHA256())
        )
        made.append(certificate.public_bytes(serialization.Encoding.DER))
    return made


def best_of(
    rounds: int, certificates: Sequence[bytes], *runs: Callable[[bytes], object]
) -> list[float]:
    """The best seconds of each of ``runs`` over all certificates, in rounds in which they take turns."""
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            begin = time.perf_counter()
            for certificate in certificates:
                run(certificate)
            best[index] = min(best[index], time.perf_counter() - begin)
    return best


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "EMQ"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
