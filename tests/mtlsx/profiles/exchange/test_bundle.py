"""Bundles: what goes in comes out, secrets only sealed, keys only when asked; hostile archives are refused."""

from __future__ import annotations

import io
import json
import ssl
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtlsx.client.settings import ConnectionSettings
from mtlsx.errors import UsageError
from mtlsx.profiles.document import dump
from mtlsx.profiles.exchange.archive import read_archive, write_archive
from mtlsx.profiles.exchange.bundle import Outgoing, read_bundle, write_bundle
from mtlsx.profiles.exchange.incoming import CarriedFile
from mtlsx.profiles.exchange.sealing import seal, unseal
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from support.made_profiles import profiles as any_profiles
from support.odd_certificates import certificate

PASSPHRASE = Secret("open sesame")


def nobody() -> None:
    """Who is asked for a passphrase and has none."""


def profile(name: str = "dev", **tls: str) -> Profile:
    connection = ConnectionSettings(host="broker.example", port=8883, tls=TlsSettings(**tls))  # type: ignore[arg-type]
    return Profile(name=name, group="factory", connection=connection)


@pytest.fixture
def material(tmp_path: Path) -> dict[str, str]:
    """A CA, a certificate and its key, as settings of TLS."""
    made = {}
    for setting, name, label in (
        ("ca_file", "ca.pem", "CERTIFICATE"),
        ("certificate_file", "dev.crt", "CERTIFICATE"),
        ("key_file", "dev.key", "PRIVATE KEY"),
    ):
        path = tmp_path / "certs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pem(label))
        made[setting] = str(path)
    return made


def pem(label: str) -> bytes:
    if label == "CERTIFICATE":
        return ssl.DER_cert_to_PEM_cert(certificate()).encode()
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_keys_and_secrets_stay_unless_they_are_asked_for(material: dict[str, str]) -> None:
    outgoing = Outgoing(profile(**material), Secret("hush"), Secret("psst"))
    exported = write_bundle([outgoing])
    files = read_archive(exported.data, source="it")
    assert list(files) == [
        "dev.toml",
        "certificates/dev/ca.pem",
        "certificates/dev/certificate.crt",
    ]
    assert exported.notes == (
        f'"dev": key_file {material["key_file"]} holds a private key, and stays behind.',
        '"dev": without its password and passphrase.',
    )
    assert b"hush" not in exported.data + b"".join(files.values())
    (item,) = read_bundle(exported.data, source="it", ask=nobody).items
    assert (item.password, item.passphrase) == (None, None)
    assert item.profile.connection.tls.key_file == "certificates/dev/key.key"


def test_everything_comes_out_as_it_went_in(material: dict[str, str]) -> None:
    outgoing = Outgoing(profile(**material), Secret("hush"), Secret("psst"))
    exported = write_bundle([outgoing], with_keys=True, passphrase=PASSPHRASE)
    assert exported.notes == ()
    assert b"hush" not in b"".join(read_archive(exported.data, source="it").values())
    found = read_bundle(exported.data, source="it", ask=lambda: PASSPHRASE)
    (item,) = found.items
    assert (item.password, item.passphrase) == (Secret("hush"), Secret("psst"))
    assert item.files == (
        CarriedFile("ca_file", "ca.pem", Path(material["ca_file"]).read_bytes()),
        CarriedFile(
            "certificate_file", "certificate.crt", Path(material["certificate_file"]).read_bytes()
        ),
        CarriedFile("key_file", "key.key", Path(material["key_file"]).read_bytes()),
    )
    assert "hush" not in repr(found)


def test_a_certificate_file_with_a_key_in_it_is_a_key(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(pem("CERTIFICATE") + pem("PRIVATE KEY"))
    closed = tmp_path / "closed.p12"
    key = ec.generate_private_key(ec.SECP256R1())
    lock = BestAvailableEncryption(b"psst")
    closed.write_bytes(serialize_key_and_certificates(None, key, None, None, lock))
    tls = {"certificate_file": str(both), "ca_file": str(closed), "crl_file": "/no/such"}
    exported = write_bundle([Outgoing(profile(**tls))])
    assert list(read_archive(exported.data, source="it")) == ["dev.toml"]
    assert exported.notes == (
        f'"dev": ca_file {closed} is closed and may hold a private key, and stays behind.',
        f'"dev": certificate_file {both} holds a private key, and stays behind.',
        '"dev": crl_file /no/such cannot be read, and stays behind: No such file or directory.',
    )


def test_without_a_passphrase_the_profiles_come_and_the_secrets_stay() -> None:
    data = write_bundle([Outgoing(profile(), Secret("hush"))], passphrase=PASSPHRASE).data
    found = read_bundle(data, source="it", ask=nobody)
    assert found.items[0].password is None
    assert found.notes == ("The sealed secrets stay where they are, for there is no passphrase.",)


def test_a_wrong_passphrase_and_a_changed_host_open_nothing() -> None:
    data = write_bundle([Outgoing(profile(), Secret("hush"))], passphrase=PASSPHRASE).data
    with pytest.raises(UsageError, match="the passphrase is another one, or the file was changed"):
        read_bundle(data, source="it", ask=lambda: Secret("open barley"))
    files = read_archive(data, source="it")
    files["dev.toml"] = files["dev.toml"].replace(b"broker.example", b"evil.example")
    with pytest.raises(UsageError, match="or the file was changed"):
        read_bundle(write_archive(files), source="it", ask=lambda: PASSPHRASE)
    with pytest.raises(UsageError, match="passphrase that seals the secrets is empty"):
        write_bundle([Outgoing(profile(), Secret("hush"))], passphrase=Secret(""))


def test_profiles_whose_names_look_alike_do_not_meet() -> None:
    outgoing = [Outgoing(profile(name)) for name in ("Dev", "dev", "DEV!", "äöü", "con")]
    data = write_bundle(outgoing).data
    found = read_bundle(data, source="it", ask=nobody)
    assert [each.profile.name for each in found.items] == ["Dev", "dev", "DEV!", "äöü", "con"]


def test_a_bundle_in_a_folder_and_with_other_files_is_read_too() -> None:
    files = {
        "dev/dev.toml": dump(profile(ca_file="ca.crt")),
        "dev/ca.crt": b"ca",
        "dev/README.txt": b"hello",
    }
    found = read_bundle(write_archive(files), source="it", ask=nobody)
    assert found.items[0].files == (CarriedFile("ca_file", "ca.crt", b"ca"),)
    assert found.notes == ("dev/README.txt belongs to no profile; left out.",)


def test_a_path_in_a_document_leads_to_no_other_file() -> None:
    files = {
        "dev.toml": dump(profile(ca_file="../../etc/passwd", key_file="secrets.json")),
        "etc/passwd": b"x",
        "secrets.json": b"{}",
    }
    found = read_bundle(write_archive(files), source="it", ask=nobody)
    assert found.items[0].files == ()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_profiles, min_size=1, max_size=4, unique_by=lambda each: each.name))
def test_any_profiles_come_back(made: list[Profile]) -> None:
    plain = [
        replace(
            each,
            connection=replace(
                each.connection,
                tls=replace(
                    each.connection.tls,
                    ca_file=None, certificate_file=None, key_file=None, crl_file=None,
                ),
            ),
        )
        for each in made
    ]  # fmt: skip
    exported = write_bundle([Outgoing(each) for each in plain])
    found = read_bundle(exported.data, source="it", ask=nobody)
    assert [each.profile for each in found.items] == plain


def archive(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name, content)
    return data.getvalue()


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("certificates/ca.pem")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def twice() -> bytes:
    return archive(("dev.toml", b""), ("DEV.toml", b""))


def encrypted() -> bytes:
    data = bytearray(archive(("dev.toml", b"x")))
    data[6] |= 1  # the flag in the local header, and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def lying() -> bytes:
    """An entry that says it is small and unpacks to much."""
    data = bytearray(archive(("dev.toml", bytes(50_000_000))))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (1000).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: archive(("../evil.toml", b"")), 'it holds "../evil.toml", which leads out of it'),
        (lambda: archive(("/etc/evil.toml", b"")), 'it holds "/etc/evil.toml", which leads out'),
        (lambda: archive(("a/../../b", b"")), "which leads out of it"),
        (lambda: archive(("C:/evil", b"")), "which leads out of it or is no usual name"),
        (lambda: archive(("a\\..\\b", b"")), "which leads out of it or is no usual name"),
        (lambda: archive(("a//b", b"")), "no usual name"),
        (lambda: archive(("a\x1b[2Jb", b"")), "no usual name"),
        (lambda: archive(("con.toml", b"")), "no usual name"),
        (lambda: archive(("dir./x", b"")), "no usual name"),
        (lambda: archive((link(), b"/etc/passwd")), "which is a link or a device, not a file"),
        (twice, 'it holds "DEV.toml" twice.'),
        (encrypted, "it is packed in a way that mtlsx does not read."),
        (lambda: archive(("a", bytes(2_000_000))), "would unpack to more than any bundle"),
        (lying, "it"),
        (
            lambda: archive(*((f"{number}", bytes(1_000_000)) for number in range(70))),
            "would unpack to more than any bundle",
        ),
        (
            lambda: archive(*((f"{number}", b"") for number in range(4_001))),
            "it is larger than any bundle",
        ),
        (lambda: bytes(17 * 1024 * 1024), "it is larger than any bundle"),
        (lambda: b"PK\x03\x04", "it is a damaged zip archive."),
        (lambda: archive(("dev.toml", b"x" * 1000))[:-30], "it is a damaged zip archive."),
        (lambda: archive(("dev.txt", b"x")), "it holds no profiles."),
        (lambda: archive(("dev.toml", b"\xff")), "it, dev.toml: line 1 is not UTF-8."),
        (lambda: archive(("dev.toml", b"x = " + b"[" * 9000)), "nested too deep"),
        (lambda: archive(("dev.toml", b"name = 1")), "it, dev.toml: name must be"),
    ],
)
def test_a_hostile_archive_is_a_sentence(make: Callable[[], bytes], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_bundle(make(), source="it", ask=nobody)
    assert sentence in str(caught.value)
    assert "\x1b" not in str(caught.value)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_archive_never_crashes(data: st.DataObject) -> None:
    whole = bytearray(write_bundle([Outgoing(profile()), Outgoing(profile("two"))]).data)
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    with suppress(UsageError):
        read_bundle(bytes(whole[:cut]), source="it", ask=nobody)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"n": 2**30}, "it asks for more work than mtlsx does for a passphrase."),
        ({"n": 2**17, "p": 4}, "asks for more work"),
        ({"n": 3}, "asks for more work"),
        ({"n": 0}, "asks for more work"),
        ({"n": -1}, "asks for more work"),
        ({"p": 0}, "asks for more work"),
        ({"r": 1_000_000}, "it is damaged, or of a form that this mtlsx does not know."),
        ({"n": "32768"}, "is damaged"),
        ({"sealed": "mtlsx-2"}, "is damaged"),
        ({"salt": ""}, "is damaged"),
        ({"data": "x"}, "is damaged"),
        ({"data": None}, "is damaged"),
        ({"n": 2**14}, "the passphrase is another one, or the file was changed"),
    ],
    ids=repr,
)
def test_what_was_changed_is_not_opened(changes: dict[str, object], sentence: str) -> None:
    form = json.loads(seal(b"content", PASSPHRASE, b"context"))
    require_closed(json.dumps(form | changes).encode(), sentence)


@pytest.mark.parametrize("data", [b"[" * 100_000, b"\xff"], ids=["deep", "not-utf-8"])
def test_what_was_never_sealed_is_not_opened(data: bytes) -> None:
    require_closed(data, "is damaged")


def require_closed(data: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        unseal(data, PASSPHRASE, b"context", source="it")
    assert sentence in str(caught.value)


def test_what_is_sealed_opens_with_its_passphrase_and_context() -> None:
    data = seal("hüsh".encode(), PASSPHRASE, b"context")
    assert "hüsh".encode() not in data
    assert seal(b"x", PASSPHRASE, b"") != seal(b"x", PASSPHRASE, b"")
    assert unseal(data, PASSPHRASE, b"context", source="it") == "hüsh".encode()
    with pytest.raises(UsageError, match="was changed"):
        unseal(data, PASSPHRASE, b"another", source="it")
