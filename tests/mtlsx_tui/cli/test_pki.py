"""``mtlsx pki``: what each command makes, prints and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx.tls.material import load_material
from support.openssl_pki import openssl
from support.whole_folder import require_whole

if TYPE_CHECKING:
    from conftest import Program


@pytest.fixture
def ca(program: Program, tmp_path: Path) -> Path:
    """The folder of an authority ``demo``."""
    assert program("pki", "ca", "demo", "--subject", "/O=Acme/CN=Demo CA").code == 0
    return tmp_path / "state" / "pki" / "demo"


def result(program: Program, *arguments: object) -> Any:
    run = program("pki", *arguments, "--json")
    assert (run.code, run.stderr) == (0, "")
    return json.loads(run.stdout)


def refused(program: Program, *arguments: object, code: int = 2) -> str:
    run = program("pki", *arguments)
    assert (run.code, run.stdout) == (code, b"")
    assert run.stderr.startswith("mtlsx: ")
    return run.stderr


def test_an_authority_and_one_below_it(program: Program, tmp_path: Path) -> None:
    root = result(program, "ca", "demo", "--key", "ed25519", "--days", "10")
    assert root["subject"] == "CN=demo"
    assert root["root"] is True
    assert root["days_left"] in (9, 10)
    plant = result(program, "ca", "plant", "--issuer", "demo", "--path-length", "0")
    assert plant["root"] is False
    text = program("pki", "ca", "other").stdout.decode()
    assert text.startswith("other: root authority CN=other, valid until ")
    assert "Several authorities could be meant: other, plant" in refused(program, "device", "x")
    assert "no CA may stand below" in refused(program, "ca", "line", "--issuer", "plant")
    assert 'There is no authority "nix"' in refused(program, "crl", "--ca", "nix")


def test_a_device(program: Program, ca: Path, tmp_path: Path) -> None:
    (made,) = result(program, "device", "dev-1", "--subject", "/O=Acme", "--san", "dev.example")
    assert (made["cn"], made["dn"], made["state"]) == ("dev-1", "CN=dev-1,O=Acme", "valid")
    certificate = x509.load_pem_x509_certificate(Path(made["certificate"]).read_bytes())
    key = load_pem_private_key(Path(made["key"]).read_bytes(), None)
    assert certificate.public_key() == key.public_key()
    assert Path(made["key"]).stat().st_mode & 0o777 == 0o600
    assert "was already issued" in refused(program, "device", "dev-1")
    assert len(result(program, "device", "dev-1", "--duplicates")) == 1
    require_whole(ca)


def test_devices_by_uuid_list_and_csv(program: Program, ca: Path, tmp_path: Path) -> None:
    (made,) = result(program, "device", "--uuid")
    assert len(made["cn"]) == 36
    (tmp_path / "list").write_text("SN1\nSN2\n")
    assert [each["cn"] for each in result(program, "device", "--serials", tmp_path / "list")] == [
        "SN1",
        "SN2",
    ]
    (tmp_path / "d.csv").write_text("cn,place,names\ndev-1,x,a.example\n")
    run = program("pki", "device", "--csv", tmp_path / "d.csv")
    assert run.code == 0
    assert "columns passed over: place" in run.stderr
    (tmp_path / "d.csv").write_text("cn\nnew\nSN2\na b\n")
    said = refused(program, "device", "--csv", tmp_path / "d.csv")
    assert "line 3: CN SN2 was already issued on" in said
    assert "line 4: The CN a b holds a space" in said
    assert "new" not in (ca / "index.txt").read_text()
    assert "use one of them" in refused(program, "device", "x", "--uuid")
    assert "Say which devices" in refused(program, "device")
    assert "cannot be read" in refused(program, "device", "--csv", tmp_path / "none")


def test_the_identity_can_be_the_dn(program: Program, ca: Path) -> None:
    dn = ("--identity", "dn")
    result(program, "device", "dev-1", "--subject", "/O=A", *dn)
    result(program, "device", "dev-1", "--subject", "/O=B", *dn)
    assert "DN CN=dev-1,O=A was already issued" in refused(
        program, "device", "dev-1", "--subject", "/O=A", *dn
    )
    result(program, "device", "dev-1", "--subject", "/O=A", "--identity", "md5")


def test_a_server(program: Program, ca: Path, tmp_path: Path) -> None:
    made = result(program, "server", "broker.example", "192.0.2.7", "-o", tmp_path / "srv")
    certificate = x509.load_pem_x509_certificate(Path(made["certificate"]).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["broker.example", "192.0.2.7"]
    assert [Path(file).name for file in made["files"]] == [
        "broker.example.crt",
        "broker.example.key",
        "ca.crt",
    ]
    assert "is not a DNS name" in refused(program, "server", "a b")
    long = ".".join(["x" * 60] * 3)
    assert result(program, "server", long)["cn"] is None


def test_what_is_there_is_not_replaced(program: Program, ca: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result(program, "device", "dev-1", "-o", out)
    before = (out / "dev-1.key").read_bytes()
    said = refused(program, "device", "dev-1", "--duplicates", "-o", out)
    assert "already exist, with another content" in said
    assert (out / "dev-1.key").read_bytes() == before
    result(program, "renew", "dev-1", "--revoke", "-o", out, "--force")
    assert (out / "dev-1.key").read_bytes() != before
    assert (out / "dev-1.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.e2e
def test_der_and_pkcs12(
    program: Program, ca: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("pki", "ca", "plant", "--issuer", "demo")
    out = tmp_path / "out"
    result(program, "device", "dev-1", "-o", out, "--format", "der")
    assert sorted(path.name for path in out.iterdir()) == [
        "ca.der",
        "chain-1.der",
        "dev-1.der",
        "dev-1.key.der",
    ]
    certificate = x509.load_der_x509_certificate((out / "dev-1.der").read_bytes())
    assert (
        load_der_private_key((out / "dev-1.key.der").read_bytes(), None).public_key()
        == certificate.public_key()
    )
    assert "needs a passphrase" in refused(program, "device", "dev-2", "-o", out, "--format", "p12")
    assert "dev-2" not in (ca.parent / "plant" / "index.txt").read_text()
    monkeypatch.setenv("MTLSX_KEY_PASSPHRASE", "hush")
    (made,) = result(program, "device", "dev-2", "-o", out, "--format", "p12")
    assert b"ENCRYPTED" in Path(made["key"]).read_bytes()
    said = openssl("pkcs12", "-in", out / "dev-2.p12", "-passin", "pass:hush", "-nodes")
    assert said.count("BEGIN CERTIFICATE") == 3
    assert "BEGIN PRIVATE KEY" in said
    openssl("pkey", "-in", made["key"], "-passin", "pass:hush", "-noout")


def test_secrets_from_files(program: Program, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("psst\n")
    result(program, "ca", "demo", "--key-passphrase-file", tmp_path / "p")
    assert b"ENCRYPTED" in (tmp_path / "state/pki/demo/ca.key").read_bytes()
    assert "is encrypted, and no passphrase was given" in refused(program, "device", "dev", code=10)
    (made,) = result(program, "device", "dev", "--passphrase-file", tmp_path / "p")
    assert b"ENCRYPTED" not in Path(made["key"]).read_bytes()
    (tmp_path / "wrong").write_text("pst")
    assert "does not open" in refused(
        program, "crl", "--passphrase-file", tmp_path / "wrong", code=10
    )
    assert "needs a terminal" in refused(program, "ca", "x", "--encrypt")


def test_a_request_and_its_certificate(program: Program, ca: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = result(program, "csr", "dev-9", "--san", "dev.example", "-o", out, "--key", "p384")
    assert Path(made["key"]).stat().st_mode & 0o777 == 0o600
    issued = result(program, "sign", made["csr"], "-o", out, "--subject", "/O=Acme/CN=dev-9")
    assert (issued["dn"], issued["key"]) == ("CN=dev-9,O=Acme", None)
    assert [Path(file).name for file in issued["files"]] == ["dev-9.crt", "ca.crt"]
    assert "was already issued" in refused(program, "sign", made["csr"])
    assert "holds no certificate request" in refused(program, "sign", out / "dev-9.crt", code=10)
    assert "holds a space" in refused(program, "csr", "a b", "-o", out)
    odd = result(program, "csr", "a b", "-o", out, "--any-name")
    assert "holds a space" in refused(program, "sign", odd["csr"])
    assert result(program, "sign", odd["csr"], "--any-name")["cn"] == "a b"
    assert "already exist" in refused(program, "csr", "dev-9", "-o", out)


def test_revoking_makes_a_list(program: Program, ca: Path, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        result(program, "device", name)
    (gone,) = result(program, "revoke", "a", "--reason", "keyCompromise")
    assert gone["state"] == "revoked"
    assert gone["revoked"]["reason"] == "keyCompromise"
    crl = x509.load_pem_x509_crl((ca / "ca.crl").read_bytes())
    assert [f"{each.serial_number:X}" for each in crl] == [gone["serial"]]
    run = program("pki", "revoke", "b", "--no-crl")
    assert run.code == 0
    assert "no broker knows it" in run.stderr
    assert "is revoked" in refused(program, "revoke", "a")
    made = result(program, "crl", "-o", tmp_path / "x.crl", "--der", "--days", "7")
    assert (made["number"], made["revoked"]) == (2, 2)
    assert len(x509.load_der_x509_crl((tmp_path / "x.crl").read_bytes())) == 2
    assert b"List 3 of demo: 2 revoked" in program("pki", "crl").stdout


def test_renewing(program: Program, ca: Path) -> None:
    (old,) = result(program, "device", "dev-1")
    run = program("pki", "renew", "dev-1")
    assert (run.code, run.stdout.startswith(b"Issued dev-1")) == (0, True)
    assert "still valid" in run.stderr
    (listed,) = result(program, "list", "--live")
    (new,) = listed["issued"]
    assert new["renews"] == old["serial"]
    everything = result(program, "list")[0]["issued"]
    assert {each["serial"]: each["state"] for each in everything} == {
        old["serial"]: "renewed", new["serial"]: "valid",
    }  # fmt: skip


def test_renewing_an_authority(program: Program, ca: Path) -> None:
    result(program, "device", "dev-1")
    old = (ca / "ca.crt").read_bytes()
    run = program("pki", "renew", "--itself", "--days", "5000")
    assert (run.code, run.stdout.startswith(b"demo: root authority")) == (0, True)
    assert "whoever trusts it" in run.stderr
    assert b"(5,000 days)" in run.stdout
    assert (ca / "ca.crt").read_bytes() != old
    (listed,) = result(program, "list")
    assert [(each["kind"], each["state"]) for each in listed["issued"]] == [
        ("ca", "renewed"), ("device", "valid"),
    ]  # fmt: skip
    result(program, "ca", "plant", "--issuer", "demo")
    run = program("pki", "renew", "--itself", "--ca", "plant", "--json")
    assert "all who send it behind their own" in run.stderr
    renewed = json.loads(run.stdout)
    assert (renewed["name"], renewed["root"], renewed["days_left"]) == ("plant", False, 3649)
    for arguments, told in (
        (["dev-1"], "WHICH… does not go with --itself"),
        (["--revoke"], "--revoke does not go"),
        (["--key", "p256"], "--key does not go"),
        (["-o", "x"], "--out does not go"),
    ):
        assert told in refused(program, "renew", "--itself", *arguments)
    assert "what to renew" in refused(program, "renew")
    assert "--itself" in refused(program, "renew", renewed["serial"], "--ca", "demo")


def test_the_list_for_people(program: Program, ca: Path) -> None:
    result(program, "device", "dev-1")
    text = program("pki", "list").stdout.decode().splitlines()
    assert text[0].startswith("demo  CN=Demo CA,O=Acme  3,6")
    assert text[1].split()[:1] + text[1].split()[3:5] == ["valid", "device", "dev-1"]


def test_without_authorities_there_is_nothing(program: Program, tmp_path: Path) -> None:
    assert program("pki", "list") == (0, b"", "")
    assert not (tmp_path / "state").exists()
    assert "Make one: mtlsx pki ca NAME" in refused(program, "device", "x")


def test_verifying(program: Program, ca: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result(program, "device", "dev-1", "-o", out)
    result(program, "server", "localhost", "-o", out)
    device = out / "dev-1.crt"
    assert program("pki", "verify", device, "--purpose", "sslclient", "--strict").stdout.decode().splitlines() == [
        f"{device}: OK", "  0 CN=dev-1", "  1 O=Acme, CN=Demo CA",
    ]  # fmt: skip
    run = program("pki", "verify", device, "--purpose", "sslserver")
    assert run.code == 10
    assert b"error 26 at depth 0: unsuitable certificate purpose (CN=dev-1)" in run.stdout
    assert program("pki", "verify", out / "localhost.crt", "--host", "localhost").code == 0
    assert program("pki", "verify", out / "localhost.crt", "--host", "elsewhere").code == 10
    assert program("pki", "verify", device, "--ca", out / "ca.crt").code == 0
    assert program("pki", "ca", "other").code == 0
    run = program("pki", "verify", device, "--ca", ca.parent / "other" / "ca.crt", "--json")
    (told,) = json.loads(run.stdout)
    assert (run.code, told["ok"], told["error"]["code"]) == (10, False, 20)
    assert program("pki", "revoke", "dev-1", "--ca", "demo").code == 0
    assert b"certificate revoked" in program("pki", "verify", device).stdout
    assert program("pki", "verify", device, "--ca", out / "ca.crt").code == 0
    run = program("pki", "verify", device, "--ca", out / "ca.crt", "--crl", ca / "ca.crl")
    assert (run.code, b"error 23" in run.stdout) == (10, True)
    assert "holds no certificate" in refused(program, "verify", out / "dev-1.key", code=10)


@pytest.mark.parametrize(
    "command",
    ["ca", "server", "device", "csr", "sign", "list", "verify", "renew", "revoke", "crl", "bundle"],
)
def test_each_command_has_help(program: Program, command: str) -> None:
    run = program("pki", command, "--help")
    assert (run.code, run.stderr) == (0, "")
    assert b"Usage: mtlsx pki " + command.encode() in run.stdout


def test_bundles(program: Program, ca: Path, tmp_path: Path) -> None:
    result(program, "device", "dev-1")
    out = tmp_path / "out"
    files = result(program, "bundle", "dev-1", "-h", "broker.example", "-o", out)
    assert [Path(file).name for file in files] == [
        "device.crt", "device.key", "ca.crt", "device.h", "connect.py", "dev-1.toml", "README.txt",
    ]  # fmt: skip
    assert (out / "dev-1" / "device.h").stat().st_mode & 0o777 == 0o600
    (archive,) = result(
        program, "bundle", "dev-1", "-h", "broker.example", "-o", out, "--as", "zip"
    )
    assert Path(archive).stat().st_mode & 0o777 == 0o600
    (made,) = result(
        program, "bundle", "dev-1", "-h", "broker.example", "-o", out, "--as", "header"
    )
    assert Path(made).read_text().startswith("/* dev-1, valid until ")
    said = refused(
        program, "bundle", "dev-1", "-h", "elsewhere.example", "-o", out, "--as", "header"
    )
    assert "already exists, with another content" in said
    bad = ("--server-ca", out / "dev-1" / "device.key")
    assert "holds no certificate" in refused(
        program, "bundle", "dev-1", "-h", "b", "-o", out, *bad, code=10
    )


def test_a_bundle_trusts_the_servers_authority(program: Program, ca: Path, tmp_path: Path) -> None:
    program("pki", "ca", "servers")
    result(program, "device", "dev-1", "--ca", "demo")
    servers = ca.parent / "servers" / "ca.crt"
    result(
        program,
        "bundle",
        "dev-1",
        "-h",
        "b",
        "-o",
        tmp_path,
        "--server-ca",
        servers,
        "--ca",
        "demo",
    )
    assert (tmp_path / "dev-1" / "ca.crt").read_bytes() == servers.read_bytes()


def test_a_profile_of_an_encrypted_key_has_its_passphrase(
    program: Program, ca: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTLSX_KEY_PASSPHRASE", "hush")
    result(program, "device", "dev-1")
    (path,) = result(program, "bundle", "dev-1", "-h", "b", "--as", "profile")
    assert "hush" not in Path(path).read_text()
    library = ProfileLibrary(tmp_path / "config")
    assert library.secrets.get("dev-1", SecretKind.PASSPHRASE) == Secret("hush")
    settings = library.connection(library.profiles.get("dev-1"))
    assert load_material(settings.tls).chain


def test_a_fleet(program: Program, ca: Path, tmp_path: Path) -> None:
    count = ("--cn", "dev-%02i", "--count", 12)
    out = tmp_path / "out"
    made = result(program, "fleet", *count, "-o", out)
    assert (made["devices"], made["issued"], made["files"]) == (12, 12, 25)
    assert len(list(out.iterdir())) == 25
    assert (out / "dev-07.key").stat().st_mode & 0o777 == 0o600
    before = (out / "dev-07.key").read_bytes()
    (out / "dev-08.crt").unlink()
    again = result(program, "fleet", *count, "-o", out)
    assert (again["fleet"], again["issued"]) == (made["fleet"], 0)
    assert (out / "dev-08.crt").exists()
    assert (out / "dev-07.key").read_bytes() == before
    (out / "dev-07.key").write_text("mine")
    assert "already exists" in refused(program, "fleet", *count, "-o", out)
    assert (out / "dev-07.key").read_text() == "mine"
    require_whole(ca)


def test_a_fleet_from_a_list(program: Program, ca: Path, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("cn,names\na,\nb,b.example\n")
    text = program("pki", "fleet", "--csv", tmp_path / "d.csv").stdout.decode()
    assert text.startswith("Issued 2 devices by demo in ")
    (tmp_path / "d.csv").write_text("cn\nc\na\nd/e\nc\n")
    said = refused(program, "fleet", "--csv", tmp_path / "d.csv")
    for line in (
        "line 3: CN a was already issued",
        "line 4: The CN d/e holds /",
        "line 5: c is there twice",
    ):
        assert line in said
    assert "needs --count" in refused(program, "fleet", "--cn", "x-%i")
    assert "Say which devices" in refused(program, "fleet")
    uuids = result(program, "fleet", "--uuid", "--count", 3)
    assert uuids["issued"] == 3
    assert result(program, "fleet", "--uuid", "--count", 3)["fleet"] != uuids["fleet"]
