"""``mtlsx profile import`` and ``export``."""

from __future__ import annotations

import json
import shutil
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtlsx.profiles.library import ProfileLibrary
from mtlsx.secret import Secret

if TYPE_CHECKING:
    from conftest import Program

FILES = Path(__file__).parents[2] / "mtlsx" / "profiles" / "exchange" / "files"


def on_disk(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def test_an_import_says_what_came_and_what_did_not(program: Program, tmp_path: Path) -> None:
    certificates = tmp_path / "certs"
    certificates.mkdir()
    (certificates / "client.pem").touch()
    source = FILES / "mqttx-1.13.json"
    run = program("profile", "import", source, "--certificates", certificates)
    assert (run.code, run.stderr) == (0, "")
    assert run.stdout.decode().splitlines() == [
        f"{source}: MQTTX, 2 profiles",
        "  dev-1 mTLS  mqtts://broker.example:8883  new",
        "    topicAliasMaximum is not offered by mtlsx; left out.",
        "    authenticationMethod is SCRAM-SHA-256, and mtlsx speaks no enhanced authentication; left out.",
        "    A subscription is left out: In topic filter 'bad/#/filter', # must be the whole last level.",
        "    messages: 1 left behind; a profile has none.",
        "    ca_file: there is no C:\\certs\\ca.pem here; name its directory under certificates (--certificates DIR).",
        f"    certificate_file: /opt/certs/client.pem is now {certificates / 'client.pem'}.",
        "    key_file: there is no /opt/certs/client.key here; name its directory under certificates (--certificates DIR).",
        "    password: is now in a file that only its owner can read; it still stands in the imported one.",
        "  public  wss://public.example:443  new",
        "    ca counts only where certType is self; left out.",
    ]
    library = ProfileLibrary(tmp_path / "config")
    saved = library.connection(library.profiles.get("dev-1 mTLS"))
    assert saved.password == Secret("hush hush")
    assert saved.tls.certificate_file == str(certificates / "client.pem")
    documents = b"".join(path.read_bytes() for path in library.profiles.directory.iterdir())
    assert b"hush" not in documents


def test_a_second_import_overwrites_nothing_unasked(program: Program, tmp_path: Path) -> None:
    source = FILES / "mqttx-collections.json"
    program("profile", "import", source)
    again = program("profile", "import", source, "--group", "lab")
    assert b'press (2)  mqtt://h:1883  new name, for there is a "press"' in again.stdout
    assert program("profile", "list").stdout.decode().splitlines() == [
        "lathe      mqtt://h:1883  b / a",
        "press      mqtt://h:1883  factory / hall 1",
        "lathe (2)  mqtt://h:1883  lab",
        "press (2)  mqtt://h:1883  lab",
    ]
    over = program("profile", "import", source, "--replace")
    assert b"press  mqtt://h:1883  replaces the one of this name" in over.stdout
    assert len(program("profile", "list").stdout.splitlines()) == 4
    assert program("profile", "list", "lab", "PRESS").stdout == b"press (2)  mqtt://h:1883  lab\n"


def test_a_dry_run_saves_nothing(program: Program, tmp_path: Path) -> None:
    run = program("profile", "import", FILES / "explorer-settings.json", "--dry-run")
    assert run.code == 0
    assert b"MQTT Explorer, 2 profiles, nothing saved" in run.stdout
    assert b"    password: would be stored.\n    ca_file: comes along." in run.stdout
    assert b"hush" not in run.stdout
    assert not (tmp_path / "config").exists()


def test_certificates_that_came_along_are_beside_the_profile(
    program: Program, tmp_path: Path
) -> None:
    (report,) = json.loads(
        program("profile", "import", FILES / "explorer-settings.json", "--json").stdout
    )
    factory = report["profiles"][1]
    assert factory["secrets"] == {"password": "file"}
    assert [Path(path).read_bytes() for path in factory["files"]] == [b"ca", b"cert", b"key"]
    assert {stat.S_IMODE(Path(path).stat().st_mode) for path in factory["files"]} == {0o600}
    assert report["kind"] == "MQTT Explorer"
    assert report["notes"] == [
        "Connection three is left out: it is not an object.",
        'Connection four is left out: protocol "tcp" is none that mtlsx speaks.',
    ]
    assert factory["notes"] == []


def test_of_several_files_a_bad_one_stops_all(program: Program, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    run = program("profile", "import", FILES / "mqttx-collections.json", bad)
    assert (run.code, run.stdout) == (2, b"")
    assert "bad.json is not JSON: Expecting property name" in run.stderr
    assert not (tmp_path / "config").exists()
    assert program("profile", "import", tmp_path / "none").code == 10
    run = program("profile", "import", bad, "--certificates", bad)
    assert "is not a directory" in run.stderr


def test_a_file_without_any_connection_is_no_success(program: Program, tmp_path: Path) -> None:
    only = tmp_path / "only.json"
    only.write_text('[{"isCollection": true, "id": "x", "name": "g"}]')
    run = program("profile", "import", only)
    assert (run.code, run.stdout) == (2, f"{only}: MQTTX, 0 profiles\n".encode())


@pytest.fixture
def with_material(stored_profile: str, tmp_path: Path) -> str:
    """The profile with its files beside it: the key is none that anybody could read."""
    for name in ("ca.pem", "dev.pem", "dev.key"):
        (tmp_path / "config" / "profiles" / name).write_bytes(b"-----BEGIN X-----\n")
    return stored_profile


def test_a_bundle_travels_with_its_secrets_sealed(
    program: Program, with_material: str, tmp_path: Path
) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("open sesame\n")
    bundle = tmp_path / "dev.zip"
    run = program(
        "profile", "export", "dev", "-o", bundle, "--with-keys", "--with-secrets",
        "--passphrase-file", passphrase, "--json",
    )  # fmt: skip
    assert (run.code, run.stderr) == (0, "")
    assert json.loads(run.stdout) == {
        "file": str(bundle), "as": "bundle", "profiles": ["dev"], "notes": [],
    }  # fmt: skip
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    shutil.rmtree(tmp_path / "config")
    run = program("profile", "import", bundle, "--passphrase-file", passphrase)
    assert run.code == 0
    assert b"passphrase: is now in a file" in run.stdout
    library = ProfileLibrary(tmp_path / "config")
    connection = library.connection(library.profiles.get("dev"))
    assert (connection.password, connection.tls.passphrase) == (Secret("hush"), Secret("psst"))
    assert Path(connection.tls.key_file or "").read_bytes() == b"-----BEGIN X-----\n"


def test_what_stays_behind_is_said(program: Program, with_material: str, tmp_path: Path) -> None:
    run = program("profile", "export", "--all", "-o", tmp_path / "all.zip")
    assert (run.code, run.stdout) == (0, b"")
    assert "dev.key holds nothing that mtlsx can read, and stays behind." in run.stderr
    assert "without its password and passphrase." in run.stderr


def test_one_profile_goes_to_standard_output_as_it_is(
    program: Program, stored_profile: str, tmp_path: Path
) -> None:
    run = program("profile", "export", "dev")
    document = tomllib.loads(run.stdout.decode())
    assert document["name"] == "dev"
    assert document["connection"]["tls"]["ca_file"] == str(
        tmp_path / "config" / "profiles" / "ca.pem"
    )
    assert b"hush" not in run.stdout
    copy = tmp_path / "copy.toml"
    copy.write_bytes(run.stdout)
    assert b"dev (2)" in program("profile", "import", copy).stdout


def test_mqttx_gets_its_json(program: Program, stored_profile: str, tmp_path: Path) -> None:
    out = tmp_path / "mqttx.json"
    run = program("profile", "export", "--group", "factory", "-o", out)
    assert run.code == 0
    assert 'mtlsx: "dev": the group is left out.' in run.stderr
    (item,) = json.loads(out.read_bytes())
    assert (item["name"], item["password"]) == ("dev", "")
    run = program("profile", "export", "dev", "-o", out)
    assert (run.code, run.stderr) == (2, f"mtlsx: {out} is there already. --force replaces it.\n")
    assert program("profile", "export", "dev", "-o", out, "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name the profiles, or use --group or --all."),
        (["dev", "--all"], "Name the profiles, or use --group or --all."),
        (["nobody"], 'There is no profile "nobody"'),
        (["--group", "none"], 'There are no profiles in group "none".'),
        (["dev", "--with-keys"], "go with a bundle: use --as bundle."),
        (["dev", "--as", "bundle"], "need a file: name it with -o."),
        (["dev", "--json"], "need a file: name it with -o."),
        (["dev", "-o", "/dev/null/x.toml"], "cannot be written: Not a directory."),
        (["dev", "-o", "x.zip", "--with-secrets"], "--with-secrets needs a passphrase"),
    ],
)
def test_an_export_that_cannot_be_meant_is_refused(
    program: Program, stored_profile: str, arguments: list[str], sentence: str
) -> None:
    run = program("profile", "export", *arguments)
    assert run.code == 2
    assert sentence in run.stderr
