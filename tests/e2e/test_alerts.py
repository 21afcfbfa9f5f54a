"""Every alert that a server may send, at every point of a handshake where it may: the verdict stays sensible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mtlsx.probe.probe import probe
from mtlsx.probe.target import Patience, Target
from mtlsx.probe.verdicts import Stage
from mtlsx.tls.alerts import ALERTS, alert_text
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.faults.tls_script import Misbehaving, misbehaving_port

if TYPE_CHECKING:
    from mtlsx.probe.verdicts import Verdict
    from support.openssl_pki import Pair, Pki

pytestmark = pytest.mark.e2e

SOME = sorted(set(ALERTS) - {0} | {1, 99, 255})
ALL = range(1, 256)
# RFC 8446, section 6.2, and RFC 5246, section 7.2.2: what each says by itself, whenever it comes.
ALWAYS = {
    70: "tls-version-mismatch", 71: "cipher-mismatch", 112: "sni-unrecognized", 120: "alpn-mismatch",
}  # fmt: skip
# For a certificate that nothing is wrong with, as far as can be seen from here.
OF_A_GOOD_ONE = {44: "client-cert-revoked", 48: "client-cert-unknown-ca"}
ABOUT_CERTIFICATES = {40, 42, 43, 44, 45, 46, 48, 49}
PATIENCE = Patience(answer=20.0, judgement=10.0)


@dataclass
class Server:
    """Sends ``alert`` after so much of the handshake; ``port`` is where."""

    alert: int = 0
    port: int = 0


@contextmanager
def alerting(pki: Pki, tls: str, *, after_certificate: bool) -> Iterator[Server]:
    server = Server()

    def script(one: Misbehaving) -> None:
        one.hello()
        if after_certificate:
            one.answer()
            one.flight()
        one.alert(server.alert)

    with misbehaving_port(pki.server, script, client_ca=pki.ca.certificate, tls=tls) as server.port:
        yield server


def probed(pki: Pki, server: Server, tls: str, device: Pair | None) -> Verdict:
    settings = TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(device.certificate) if device else None,
        key_file=str(device.key) if device else None,
        minimum_version=TlsVersion(tls),
        maximum_version=TlsVersion(tls),
    )
    target = Target(host="localhost", port=server.port, tls=settings, patience=PATIENCE)
    return probe(target).verdict


BOTH = pytest.mark.parametrize("tls", ["1.2", "1.3"])


@BOTH
def test_alerts_on_the_hello(pki: Pki, tls: str) -> None:
    walk_on_the_hello(pki, tls, SOME)


@BOTH
def test_alerts_on_a_good_certificate(pki: Pki, tls: str) -> None:
    walk_on_a_good_certificate(pki, tls, SOME)


@pytest.mark.slow
@BOTH
def test_all_alerts(pki: Pki, tls: str) -> None:
    walk_on_the_hello(pki, tls, ALL)
    walk_on_a_good_certificate(pki, tls, ALL)


def walk_on_the_hello(pki: Pki, tls: str, alerts: Iterable[int]) -> None:
    """Nothing of certificates has been said yet."""
    with alerting(pki, tls, after_certificate=False) as server:
        for server.alert in alerts:
            verdict = probed(pki, server, tls, pki.device_ec)
            assert alert_text(server.alert) in verdict.summary
            if server.alert in {41, 116}:
                assert verdict.id == "client-cert-required"
            else:
                otherwise = "cipher-mismatch" if server.alert == 40 else "tls-alert"
                assert verdict.id == ALWAYS.get(server.alert, otherwise)


def walk_on_a_good_certificate(pki: Pki, tls: str, alerts: Iterable[int]) -> None:
    with alerting(pki, tls, after_certificate=True) as server:
        for server.alert in alerts:
            verdict = probed(pki, server, tls, pki.device_ec)
            assert alert_text(server.alert) in verdict.summary
            if server.alert in ALWAYS:
                assert verdict.id == ALWAYS[server.alert]
            elif server.alert in ABOUT_CERTIFICATES:
                assert verdict.id == OF_A_GOOD_ONE.get(server.alert, "client-cert-rejected")
            else:
                assert verdict.stage in {Stage.TLS, Stage.CLIENT_CERTIFICATE}


@BOTH
@pytest.mark.parametrize(
    ("device", "verdict", "alerts"),
    [
        ("device_expired", "client-cert-expired", {40, 42, 43, 45, 46, 49, 80}),
        ("device_not_yet_valid", "client-cert-not-yet-valid", {40, 42, 43, 45, 46, 49, 80}),
        ("device_for_servers", "client-cert-wrong-usage", {40, 42, 43, 46, 49, 80}),
        ("device_self_signed", "client-cert-self-signed", {40, 42, 46, 48, 49, 80}),
    ],
)
def test_what_is_wrong_with_it_comes_out_by_whatever_alert(
    pki: Pki, tls: str, device: str, verdict: str, alerts: set[int]
) -> None:
    with alerting(pki, tls, after_certificate=True) as server:
        for server.alert in sorted(alerts):
            assert probed(pki, server, tls, getattr(pki, device)).id == verdict, server.alert


@BOTH
def test_no_certificate_comes_out_by_whatever_alert(pki: Pki, tls: str) -> None:
    with alerting(pki, tls, after_certificate=True) as server:
        for server.alert in (40, 41, 42, 43, 46, 48, 49, 50, 116):
            assert probed(pki, server, tls, None).id == "client-cert-required", server.alert
