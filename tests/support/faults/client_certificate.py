"""Faults of our certificate: the server refuses it, each make of server in its own words.

What is wrong with the certificate must come out whoever says no, so each fault is tried on each make.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from OpenSSL import SSL

from mtlsx.client.settings import ConnectionSettings
from support.faults.case import BOTH, Ask, Scene, case
from support.faults.openssl_server import OpensslServer
from support.faults.tls_script import Misbehaving, misbehaving_port
from support.faults.tls_servers import SERVERS, asyncio_python
from support.faults.websocket import over_websocket
from support.openssl_pki import Pair

Device = Callable[[Scene], Pair | None]

# name: ids allowed, words that must be there, the device.
COMMON: dict[str, tuple[str, str, Device]] = {
    "no_certificate": ("client-cert-required", "(?i)certificate", lambda scene: None),
    "certificate_of_another_ca": (
        "client-cert-unknown-ca", "Other CA", lambda scene: scene.pki.device_of_another_ca,
    ),
    "ec_certificate_of_another_ca": (
        "client-cert-unknown-ca", "Other CA",
        lambda scene: scene.laboratory.odd.device_ec_of_another_ca,
    ),
    "expired_certificate": (
        "client-cert-expired", "expired.*2021", lambda scene: scene.pki.device_expired,
    ),
    "expired_ed25519_certificate": (
        "client-cert-expired", "expired.*2021",
        lambda scene: scene.laboratory.odd.device_ed25519_expired,
    ),
    "certificate_not_yet_valid": (
        "client-cert-not-yet-valid", "(?i)valid.*2045",
        lambda scene: scene.pki.device_not_yet_valid,
    ),
    "certificate_for_servers_only": (
        "client-cert-wrong-usage", "clientAuth", lambda scene: scene.pki.device_for_servers,
    ),
    "self_signed_certificate": (
        "client-cert-self-signed", "(?i)self-signed", lambda scene: scene.pki.device_self_signed,
    ),
    "certificate_without_its_intermediate": (
        "client-cert-unknown-ca", "Demo Plant CA",
        lambda scene: scene.pki.device_behind_the_intermediate,
    ),
}  # fmt: skip

# What a make of server takes, or has no words for.
TAKEN = {
    # Its documentation leaves the purpose of a client's certificate to the application.
    ("certificate_for_servers_only", "gnutls"),
}


def _common(fault: str, make: str) -> None:
    verdicts, words, device = COMMON[fault]

    @case(verdicts, words, tls=BOTH, name=f"{fault}_on_{make}")
    def arrange(scene: Scene) -> ConnectionSettings:
        assert scene.tls is not None
        return scene.settings(SERVERS[make](scene.laboratory, scene.tls), device(scene))


for _fault in COMMON:
    for _make in SERVERS:
        if (_fault, _make) not in TAKEN:
            _common(_fault, _make)


@case("client-cert-unknown-ca client-cert-rejected", "Demo Device CA", tls=BOTH)
def certificate_of_a_ca_of_the_same_name(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device_of_the_namesake)


@case("client-cert-unknown-ca client-cert-rejected", "Demo Device CA", tls=BOTH)
def certificate_of_a_named_ca_of_the_same_name(scene: Scene) -> ConnectionSettings:
    """The server names the authority that it trusts, and ours has that name."""
    port = SERVERS["openssl"](scene.laboratory, str(scene.tls))
    return scene.settings(port, scene.pki.device_of_the_namesake)


@case("client-cert-missing-intermediate", "Demo Plant CA", tls=BOTH)
def certificate_without_the_intermediate_in_our_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(
        scene.broker().port,
        scene.pki.device_behind_the_intermediate,
        ca=scene.laboratory.odd.ca_file_with_the_intermediate,
    )


@case("client-cert-revoked", "revoked", tls=BOTH)
def revoked_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(crl=scene.pki.crl).port, scene.pki.device_revoked)


@case("client-cert-revoked", "revoked", tls=BOTH)
def revoked_certificate_on_openssl(scene: Scene) -> ConnectionSettings:
    port = _openssl(scene, "-CRL", scene.pki.crl, "-crl_check")
    return scene.settings(port, scene.pki.device_revoked)


@case("client-cert-rejected", "(?i)clock|CRL", tls=BOTH)
def good_certificate_where_the_crl_is_stale(scene: Scene) -> ConnectionSettings:
    """Mosquitto says "expired" of a certificate that is not."""
    broker = scene.broker(crl=scene.laboratory.odd.stale_crl)
    return scene.settings(broker.port, scene.pki.device)


@case("client-cert-unknown-ca client-cert-rejected", tls=BOTH)
def good_certificate_where_its_ca_has_no_crl(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(crl=scene.laboratory.odd.other_crl)
    return scene.settings(broker.port, scene.pki.device)


@case("client-cert-unknown-ca client-cert-rejected", tls=BOTH)
def chain_longer_than_the_servers_depth(scene: Scene) -> ConnectionSettings:
    port = _openssl(scene, "-verify_depth", "0")
    return scene.settings(port, scene.pki.device_with_its_chain)


@case("client-cert-weak-crypto", "(?i)1024", tls=BOTH)
def certificate_with_a_short_key(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.laboratory.odd.device_rsa_1024)


@case("client-cert-weak-crypto", "(?i)SHA-?1", tls=BOTH)
def certificate_signed_over_sha1(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.laboratory.odd.device_sha1)


@case("client-cert-weak-crypto", "(?i)MD5", tls=BOTH)
def certificate_signed_over_md5(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.laboratory.odd.device_md5)


@case("client-cert-wrong-usage", "(?i)keyUsage|digitalSignature", tls=BOTH)
def certificate_that_may_not_sign(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.laboratory.odd.device_that_may_not_sign)


@case("client-cert-expired client-cert-rejected", "(?i)Closed Plant CA|CRL|clock", tls=BOTH)
def certificate_of_an_expired_intermediate(scene: Scene) -> ConnectionSettings:
    """Our own certificate is in date, the one above it in the file is not."""
    device = scene.laboratory.odd.device_of_an_expired_intermediate
    return scene.settings(scene.broker().port, device)


@case("client-cert-required client-cert-weak-crypto client-cert-rejected", tls=("1.3",))
def certificate_that_tls_1_3_has_no_signature_for(scene: Scene) -> ConnectionSettings:
    """OpenSSL sends no certificate then, although it has one."""
    return scene.settings(scene.broker().port, scene.laboratory.odd.device_on_secp256k1)


@case("client-cert-required", "(?i)certificate", tls=BOTH)
def no_certificate_over_websocket(scene: Scene) -> ConnectionSettings:
    return over_websocket(scene, None)


@case("client-cert-unknown-ca", "Other CA", tls=BOTH)
def certificate_of_another_ca_over_websocket(scene: Scene) -> ConnectionSettings:
    return over_websocket(scene, scene.pki.device_of_another_ca)


# Servers that say nothing, or say it late


@case("client-cert-required", tls=BOTH)
def no_certificate_and_no_alert(scene: Scene) -> ConnectionSettings:
    assert scene.tls is not None
    return scene.settings(asyncio_python(scene.laboratory, scene.tls))


@case("client-cert-rejected", "(?i)without", tls=BOTH, candidates="client-cert-unknown-ca")
def certificate_of_another_ca_and_no_alert(scene: Scene) -> ConnectionSettings:
    assert scene.tls is not None
    port = asyncio_python(scene.laboratory, scene.tls)
    return scene.settings(port, scene.pki.device_of_another_ca)


@case("client-cert-rejected", "(?i)without", tls=BOTH, candidates="client-cert-expired")
def expired_certificate_and_no_alert(scene: Scene) -> ConnectionSettings:
    assert scene.tls is not None
    port = asyncio_python(scene.laboratory, scene.tls)
    return scene.settings(port, scene.pki.device_expired)


@case("client-cert-rejected", tls=BOTH)
def good_certificate_that_the_server_hangs_up_on(scene: Scene) -> ConnectionSettings:
    """As Erlang does it on TLS 1.3 where it cannot decode a certificate."""

    def hang_up(one: Misbehaving) -> None:
        one.hello()
        one.answer()
        one.flight()

    return scene.settings(_misbehaving(scene, hang_up), scene.pki.device)


@case("client-cert-rejected", "(?i)without", tls=BOTH)
def good_certificate_that_the_application_hangs_up_on(scene: Scene) -> ConnectionSettings:
    """TLS takes it, on 1.3 with tickets; then whoever looks at it there does not."""
    return scene.settings(_misbehaving(scene, _take_anybody), scene.pki.device)


@case("client-cert-rejected", "(?i)expired", tls=BOTH, candidates="client-cert-expired")
def expired_certificate_that_the_application_hangs_up_on(scene: Scene) -> ConnectionSettings:
    return scene.settings(_misbehaving(scene, _take_anybody), scene.pki.device_expired)


@case("client-cert-required", tls=BOTH)
def no_certificate_and_the_application_hangs_up(scene: Scene) -> ConnectionSettings:
    return scene.settings(_misbehaving(scene, _take_anybody))


@case(
    "closed-without-connack", "(?i)certificate", tls=BOTH, ask=Ask.CONNECT,
    candidates="client-cert-expired client-cert-rejected",
)  # fmt: skip
def expired_certificate_that_the_application_hangs_up_on_late(scene: Scene) -> ConnectionSettings:
    """CONNECT has come by then, and the end may be for that."""

    def hang_up_on_connect(one: Misbehaving) -> None:
        _take_anybody(one)
        one.words()

    return scene.settings(_misbehaving(scene, hang_up_on_connect), scene.pki.device_expired)


@case("client-cert-unknown-ca", "Other CA", tls=("1.3",), ask=Ask.CONNECT)
def verdict_that_comes_after_connect(scene: Scene) -> ConnectionSettings:
    """The server takes longer to judge the certificate than anybody waits before CONNECT."""

    def refuse_late(one: Misbehaving) -> None:
        one.hello()
        one.answer()
        one.flight()
        one.socket.recv(65536)  # CONNECT
        one.alert(48)

    return scene.settings(_misbehaving(scene, refuse_late), scene.pki.device_of_another_ca)


@case(
    "client-cert-rejected", "(?i)expired", tls=("1.3",), ask=Ask.CONNECT,
    candidates="client-cert-expired closed-without-connack",
)  # fmt: skip
def expired_certificate_and_no_alert_after_connect(scene: Scene) -> ConnectionSettings:
    """The same, from a server that says nothing: what we know of our certificate decides."""
    return scene.settings(_misbehaving(scene, _hang_up_late), scene.pki.device_expired)


@case("client-cert-required", tls=("1.3",), ask=Ask.CONNECT, candidates="closed-without-connack")
def no_certificate_and_no_alert_after_connect(scene: Scene) -> ConnectionSettings:
    return scene.settings(_misbehaving(scene, _hang_up_late))


@case("client-cert-unknown-ca", "Other CA", tls=("1.3",))
def verdict_that_comes_in_pieces(scene: Scene) -> ConnectionSettings:
    """One octet at a time, from a server that is far away."""

    def refuse_slowly(one: Misbehaving) -> None:
        one.hello()
        one.answer()
        one.flight()
        one.alert(48, in_pieces=True)

    return scene.settings(_misbehaving(scene, refuse_slowly), scene.pki.device_of_another_ca)


def _hang_up_late(one: Misbehaving) -> None:
    one.hello()
    one.answer()
    one.flight()
    one.socket.recv(65536)  # CONNECT


def _openssl(scene: Scene, *options: str | Path) -> int:
    pki, tls = scene.pki, scene.tls
    key = ("s_server", tls, *map(str, options))
    return scene.laboratory.keep(
        key, lambda: OpensslServer(pki.server, *options, client_ca=pki.ca.certificate, tls=tls)
    ).port


def _take_anybody(one: Misbehaving) -> None:
    """Agree on TLS whatever the client shows, as applications do that judge certificates themselves."""
    one.tls.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    one.hello()
    one.answer()
    one.accept()


def _misbehaving(scene: Scene, script: Callable[[Misbehaving], None]) -> int:
    pki = scene.pki
    return scene.enter(
        misbehaving_port(pki.server, script, client_ca=pki.ca.certificate, tls=scene.tls)
    )
