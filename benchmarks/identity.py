"""What does EMQX's view of a certificate cost, against cryptography's load and ``subject.rfc4514_string()``?

10,000 P-256 device certificates, made here: all of one CA, each with a key, a UUID as CN and a serial number of its
own. They are more than any cache holds, so each is new whenever its turn comes. The two take turns on 50 certificates
at a time; the slice that took the least time of the processor counts. Prints microseconds a certificate and their
ratio. Target: at most 4 times.

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
SLICE = 50


def main(count: int = 10_000, rounds: int = 3) -> None:
    ours, theirs = best_slices(rounds, device_certificates(count), identities, names)
    print(
        f"{count:,} certificates: EMQX's identity {ours:.1f} µs, cryptography {theirs:.1f} µs each"
    )
    print(f"ratio {ours / theirs:.2f} (target: at most {TARGET:g})")


def identities(certificates: Sequence[bytes]) -> None:
    for certificate in certificates:
        emqx.identify(certificate)


def names(certificates: Sequence[bytes]) -> None:
    for certificate in certificates:
        x509.load_der_x509_certificate(certificate).subject.rfc4514_string()


def device_certificates(count: int) -> list[bytes]:
    """DER of ``count`` distinct certificates."""
    chance = random.Random(1)  # noqa: S311  (names, not secrets)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("Factory Device CA")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    made = []
    for number in range(count):
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
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


def best_slices(
    rounds: int, certificates: Sequence[bytes], *runs: Callable[[Sequence[bytes]], None]
) -> list[float]:
    """The microseconds a certificate that each of ``runs`` took where it was fastest, in turns on the same slices.

    Of small slices some meet a quiet machine, so the least of them hardly depends on what else is running.
    """
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for start in range(0, len(certificates), SLICE):
            piece = certificates[start : start + SLICE]
            for index, run in enumerate(runs):
                begin = time.process_time()
                run(piece)
                best[index] = min(best[index], (time.process_time() - begin) / len(piece))
    return [1e6 * each for each in best]


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
