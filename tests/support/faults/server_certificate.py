"""Faults of the server's certificate: we refuse it, and what is wrong with it decides."""

from __future__ import annotations

from dataclasses import replace

from mtlsx.client.settings import ConnectionSettings
from support.faults.case import BOTH, Scene, case
from support.faults.openssl_server import OpensslServer
from support.faults.websocket import over_websocket
from support.openssl_pki import Pair


@case("server-name-mismatch", "localhost", r"broker\.example", tls=BOTH)
def wrong_host_name(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_of_another_name)
    return scene.settings(broker.port, scene.pki.device)


@case("server-name-mismatch", r"127\.0\.0\.1")
def address_that_is_not_in_the_certificate(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_of_another_name)
    return replace(scene.settings(broker.port, scene.pki.device), host="127.0.0.1")


@case("server-name-mismatch", "localhost", "(?i)subject alternative name|common name|CN")
def host_name_in_the_cn_only(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_with_its_name_in_the_cn_only)
    return scene.settings(broker.port, scene.pki.device)


@case("server-unknown-ca", "Demo Device CA", tls=BOTH)
def wrong_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker().port, scene.pki.device, ca=scene.pki.other_ca.certificate)


@case("server-unknown-ca", "Demo Device CA", "another key")
def ca_file_of_the_same_name(scene: Scene) -> ConnectionSettings:
    return scene.settings(
        scene.broker().port, scene.pki.device, ca=scene.pki.namesake_ca.certificate
    )


@case("server-unknown-ca", "Demo Device CA")
def no_ca_file_but_the_systems(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.broker().port, scene.pki.device)
    return replace(settings, tls=replace(settings.tls, ca_file=None))


@case("server-unknown-ca server-missing-intermediate", "Demo Plant CA")
def server_without_its_intermediate(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_behind_the_intermediate)
    return scene.settings(broker.port, scene.pki.device)


@case("server-expired", "expired", "2021", tls=BOTH)
def expired_server_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(server=scene.pki.server_expired).port, scene.pki.device)


@case("server-not-yet-valid", "(?i)valid", "2045")
def server_certificate_not_yet_valid(scene: Scene) -> ConnectionSettings:
    return scene.settings(
        scene.broker(server=scene.pki.server_not_yet_valid).port, scene.pki.device
    )


@case("server-self-signed", "(?i)self-signed")
def self_signed_server_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(server=scene.pki.server_self_signed).port, scene.pki.device)


@case("server-unknown-ca", "Demo Device CA", tls=BOTH)
def wrong_ca_fileover_websocket(scene: Scene) -> ConnectionSettings:
    settings = over_websocket(scene, scene.pki.device)
    tls = replace(settings.tls, ca_file=str(scene.pki.other_ca.certificate))
    return replace(settings, tls=tls)


@case("server-wrong-usage", "serverAuth")
def server_certificate_for_clients_only(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.broker(server=scene.pki.server_for_clients).port, scene.pki.device)


@case("server-revoked", "revoked")
def revoked_server_certificate(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_revoked)
    settings = scene.settings(broker.port, scene.pki.device)
    return replace(settings, tls=replace(settings.tls, crl_file=str(scene.pki.crl)))


# Faults that few people meet


@case("server-expired", "Closed Plant CA", "2021", tls=BOTH)
def server_certificate_of_an_expired_intermediate(scene: Scene) -> ConnectionSettings:
    server = scene.laboratory.odd.server_of_an_expired_intermediate
    return scene.settings(scene.broker(server=server).port, scene.pki.device)


@case("server-missing-intermediate", "Demo Plant CA", tls=BOTH)
def server_without_the_intermediate_that_we_have(scene: Scene) -> ConnectionSettings:
    """Our own certificate file holds it."""
    broker = scene.broker(server=scene.pki.server_behind_the_intermediate)
    return scene.settings(broker.port, scene.pki.device_with_its_chain)


@case("server-weak-crypto", "(?i)too small|1024", tls=BOTH)
def server_certificate_with_a_short_key(scene: Scene) -> ConnectionSettings:
    return _weak(scene, scene.laboratory.odd.server_rsa_1024)


@case("server-weak-crypto", "(?i)too weak|SHA-?1", tls=BOTH)
def server_certificate_signed_over_sha1(scene: Scene) -> ConnectionSettings:
    return _weak(scene, scene.laboratory.odd.server_sha1)


@case("server-weak-crypto", "(?i)too weak|MD5", tls=BOTH)
def server_certificate_signed_over_md5(scene: Scene) -> ConnectionSettings:
    return _weak(scene, scene.laboratory.odd.server_md5)


@case("server-name-mismatch", r"127\.0\.0\.1", r"192\.0\.2\.7", tls=BOTH)
def another_address(scene: Scene) -> ConnectionSettings:
    """Our address stands in its certificate, but as a DNS name."""
    server = scene.laboratory.odd.server_of_another_address
    settings = scene.settings(scene.broker(server=server).port, scene.pki.device)
    return replace(settings, host="127.0.0.1")


@case("server-name-mismatch", r"elsewhere\.example", tls=BOTH)
def server_name_that_we_asked_for_is_another(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.broker().port, scene.pki.device)
    return replace(settings, tls=replace(settings.tls, sni="elsewhere.example"))


@case("server-unknown-ca", "Demo Device CA", tls=BOTH)
def server_certificate_of_a_ca_of_the_same_name(scene: Scene) -> ConnectionSettings:
    server = scene.laboratory.odd.server_of_the_namesake
    return scene.settings(scene.broker(server=server).port, scene.pki.device)


@case("server-wrong-usage server-unknown-ca", tls=BOTH)
def server_certificate_issued_by_a_device(scene: Scene) -> ConnectionSettings:
    server = scene.laboratory.odd.server_of_a_device
    return scene.settings(scene.broker(server=server).port, scene.pki.device)


@case("server-self-signed", "(?i)self-signed", tls=BOTH)
def self_signed_server_certificate_without_a_certificate_of_ours(
    scene: Scene,
) -> ConnectionSettings:
    """What we have against the server comes before what it has against us."""
    return scene.settings(scene.broker(server=scene.pki.server_self_signed).port)


@case("server-expired", "2021", tls=BOTH)
def expired_server_certificate_and_an_expired_one_of_ours(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(server=scene.pki.server_expired)
    return scene.settings(broker.port, scene.pki.device_expired)


@case("server-revoked", "revoked", tls=BOTH)
def revoked_server_certificate_on_openssl(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(_openssl(scene, scene.pki.server_revoked), scene.pki.device)
    return replace(settings, tls=replace(settings.tls, crl_file=str(scene.pki.crl)))


@case("server-unknown-ca server-revoked", "(?i)CRL|revocation", tls=BOTH)
def server_whose_ca_has_no_crl(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(_openssl(scene, scene.pki.server), scene.pki.device)
    crl = scene.laboratory.odd.other_crl
    return replace(settings, tls=replace(settings.tls, crl_file=str(crl)))


def _weak(scene: Scene, server: Pair) -> ConnectionSettings:
    # OpenSSL serves such a certificate only where it is told to.
    return scene.settings(
        _openssl(scene, server, "-cipher", "DEFAULT:@SECLEVEL=0"), scene.pki.device
    )


def _openssl(scene: Scene, server: Pair, *options: str) -> int:
    key = ("s_server", scene.tls, server, *options)
    return scene.laboratory.keep(key, lambda: OpensslServer(server, *options, tls=scene.tls)).port
