"""Faults of our own files: found before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mtlsx.client.settings import ConnectionSettings
from mtlsx.secret import Secret
from support.faults.case import WRONG_SECRET, Scene, case
from support.openssl_pki import Pair


@case("key-mismatch", r"device\.crt", r"device-ec\.key")
def key_that_does_not_match(scene: Scene) -> ConnectionSettings:
    return scene.settings(8883, scene.pki.device_mismatched)


@case("passphrase-wrong", "(?i)passphrase", r"pkcs8\.key")
def wrong_passphrase(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_pkcs8_key, WRONG_SECRET)


@case("passphrase-wrong", "(?i)passphrase", r"traditional\.key")
def wrong_passphrase_for_a_traditional_key(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_traditional_key, WRONG_SECRET)


@case("key-encrypted", "(?i)passphrase", r"pkcs8\.key")
def no_passphrase(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_pkcs8_key, None)


@case("key-encrypted", "(?i)passphrase", r"traditional\.key")
def no_passphrase_for_a_traditional_key(scene: Scene) -> ConnectionSettings:
    return _with_passphrase(scene, scene.pki.encrypted_traditional_key, None)


@case("passphrase-wrong", "(?i)passphrase", r"device\.p12")
def wrong_passphrase_for_pkcs12(scene: Scene) -> ConnectionSettings:
    return _with_pkcs12(scene, WRONG_SECRET)


@case("key-encrypted passphrase-wrong", "(?i)passphrase", r"device\.p12")
def no_passphrase_for_pkcs12(scene: Scene) -> ConnectionSettings:
    return _with_pkcs12(scene, None)


@case("file-missing", r"nowhere\.key")
def missing_key_file(scene: Scene) -> ConnectionSettings:
    missing = Pair(scene.pki.device.certificate, scene.directory / "nowhere.key")
    return scene.settings(8883, missing)


@case("file-missing", r"nowhere\.crt")
def missing_certificate_file(scene: Scene) -> ConnectionSettings:
    missing = Pair(scene.directory / "nowhere.crt", scene.pki.device.key)
    return scene.settings(8883, missing)


@case("file-missing", r"nowhere\.pem")
def missing_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(8883, scene.pki.device, ca=scene.directory / "nowhere.pem")


@case("not-a-certificate", r"notes\.txt")
def text_for_a_certificate(scene: Scene) -> ConnectionSettings:
    text = Pair(scene.file("notes.txt", "remember the milk\n"), scene.pki.device.key)
    return scene.settings(8883, text)


@case("not-a-key", r"notes\.txt")
def text_for_a_key(scene: Scene) -> ConnectionSettings:
    text = Pair(scene.pki.device.certificate, scene.file("notes.txt", "remember the milk\n"))
    return scene.settings(8883, text)


@case("ca-file-has-no-ca", r"device-ec\.crt", "CA")
def ca_file_without_a_ca(scene: Scene) -> ConnectionSettings:
    return scene.settings(8883, scene.pki.device, ca=scene.pki.device_ec.certificate)


@case("ca-file-has-no-ca", r"device\.key", "CA")
def key_for_a_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(8883, scene.pki.device, ca=scene.pki.device.key)


def _with_passphrase(scene: Scene, key: Path, passphrase: str | None) -> ConnectionSettings:
    settings = scene.settings(8883, Pair(scene.pki.device.certificate, key))
    secret = None if passphrase is None else Secret(passphrase)
    return replace(settings, tls=replace(settings.tls, passphrase=secret))


def _with_pkcs12(scene: Scene, passphrase: str | None) -> ConnectionSettings:
    settings = scene.settings(8883)
    secret = None if passphrase is None else Secret(passphrase)
    tls = replace(settings.tls, certificate_file=str(scene.pki.pkcs12), passphrase=secret)
    return replace(settings, tls=tls)


@case("file-unreadable", "(?i)cannot be read")
def directory_for_a_ca_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(8883, scene.pki.device, ca=scene.directory)


@case("file-unreadable", "device")
def certificate_for_a_revocation_list(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(8883, scene.pki.device)
    crl = str(scene.pki.device.certificate)
    return replace(settings, tls=replace(settings.tls, crl_file=crl))


@case("file-missing", r"nowhere\.crl")
def missing_revocation_list(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(8883, scene.pki.device)
    crl = str(scene.directory / "nowhere.crl")
    return replace(settings, tls=replace(settings.tls, crl_file=crl))


@case("not-a-key", r"device-ec\.crt")
def certificate_for_a_key(scene: Scene) -> ConnectionSettings:
    swapped = Pair(scene.pki.device.certificate, scene.pki.device_ec.certificate)
    return scene.settings(8883, swapped)


@case("not-a-certificate", r"device\.key")
def key_for_a_certificate(scene: Scene) -> ConnectionSettings:
    return scene.settings(8883, Pair(scene.pki.device.key, scene.pki.device.key))


@case("not-a-certificate", r"empty\.pem")
def empty_certificate_file(scene: Scene) -> ConnectionSettings:
    return scene.settings(8883, Pair(scene.file("empty.pem", ""), scene.pki.device.key))


@case("not-a-certificate", r"cut\.pem")
def certificate_file_that_is_cut_off(scene: Scene) -> ConnectionSettings:
    text = scene.pki.device.certificate.read_text()
    return scene.settings(8883, Pair(scene.file("cut.pem", text[:400]), scene.pki.device.key))
