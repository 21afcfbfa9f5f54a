"""``mtlsx cert check`` as a person and a script run it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mtlsx.errors import UsageError
from mtlsx_tui.cli.cert_check import command
from support.cli import Cli
from support.made_pki import CLIENT, SERVER, Made, make
from support.openssl_pki import PASSPHRASE, Pki, openssl
from support.programs import find

ROOT = make("Demo Root CA", ca=True, days=(-1, 4000))
DEVICE = make("dev-1", ROOT, usage=CLIENT, days=(-1, 212))


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(
        command, list(map(str, arguments)), input=stdin, standalone_mode=False
    )


def written(directory: Path, name: str, *parts: bytes) -> Path:
    path = directory / name
    path.touch(mode=0o600)
    path.write_bytes(b"".join(parts))
    return path


def ids(result: Result, level: str) -> list[str]:
    (content,) = json.loads(result.stdout)
    return [each["id"] for each in content["findings"] if each["level"] == level]


def test_what_is_in_order_is_ticked(tmp_path: Path) -> None:
    certificate, key = (
        written(tmp_path, f"a.{end}", part)
        for end, part in (("crt", DEVICE.pem), ("key", DEVICE.key_pem))
    )
    ca = written(tmp_path, "ca.crt", ROOT.pem)
    result = run(certificate, "--key", key, "--ca", ca)
    assert result.return_value == 0
    assert "  ✔ key          The private key belongs to the certificate.\n" in result.stdout
    assert "  ✔ chain        It leads to the CA file: dev-1 ← Demo Root CA.\n" in result.stdout
    assert "Nothing will fail" in result.stdout


def test_warnings_alone_end_with_0_and_say_what_to_do(tmp_path: Path) -> None:
    key = written(tmp_path, "a.key", DEVICE.key_pem)
    key.chmod(0o644)
    result = run(written(tmp_path, "a.crt", DEVICE.pem), "--key", key)
    assert result.return_value == 0
    assert f"  ⚠ permissions  {key} can be read" in result.stdout
    assert f"→ chmod 600 {key}" in result.stdout


def test_a_failure_ends_with_10(tmp_path: Path) -> None:
    server = make("broker", ROOT, usage=SERVER)
    result = run(written(tmp_path, "a.crt", server.pem))
    assert result.return_value == 10
    assert (
        "✘ usage        Its extended key usage (serverAuth) does not allow clientAuth."
        in result.stdout
    )
    assert result.stdout.endswith("1 will fail, 2 warnings.\n")
    assert run(tmp_path / "a.crt", "--purpose", "server").return_value == 0


def test_each_file_has_its_own_list_and_the_worst_counts(tmp_path: Path) -> None:
    good, bad = written(tmp_path, "a.crt", DEVICE.pem), tmp_path / "none.crt"
    result = run(good, bad)
    assert result.return_value == 10
    assert f"{good}\n" in result.stdout
    assert f"\n\n{bad}\n  ✘ file         File {bad} does not exist.\n" in result.stdout
    assert result.stdout.endswith("→ Check the path.\n  1 will fail, 0 warnings.\n")


def test_json_has_every_finding(tmp_path: Path) -> None:
    key = written(tmp_path, "b.key", ROOT.key_pem)
    result = run(written(tmp_path, "a.crt", DEVICE.pem), "--key", key, "--json")
    assert result.return_value == 10
    (content,) = json.loads(result.stdout)
    assert content["source"] == str(tmp_path / "a.crt")
    assert (content["ok"], content["purpose"]) == (False, "client")
    assert ids(result, "failure") == ["key-mismatch"]
    assert all(
        set(each) == {"id", "level", "topic", "what", "why", "fix"} for each in content["findings"]
    )
    assert {each["level"] for each in content["findings"]} <= {"ok", "note", "warning", "failure"}


def test_a_host_makes_it_a_server(tmp_path: Path) -> None:
    server = make("broker", ROOT, usage=SERVER, names=("broker.example",))
    path = written(tmp_path, "a.crt", server.pem)
    result = run(path, "--host", "broker.example", "--json")
    assert result.return_value == 0
    assert json.loads(result.stdout)[0]["purpose"] == "server"
    assert ids(run(path, "--host", "other.example", "--json"), "failure") == ["name-mismatch"]


@pytest.mark.parametrize("host", ["mqtts://b", "b/mqtt", "b:8883", "", "a b", "*.b"])
def test_what_is_no_host(host: str) -> None:
    assert isinstance(run("a.crt", "--host", host).exception, UsageError)


def test_an_address_in_brackets(tmp_path: Path) -> None:
    server = make("broker", ROOT, usage=SERVER, names=("::1",))
    assert run(written(tmp_path, "a.crt", server.pem), "--host", "[::1]").return_value == 0


def test_standard_input(tmp_path: Path) -> None:
    result = run("-", "--json", stdin=DEVICE.pem + DEVICE.key_pem)
    assert result.return_value == 0
    assert {"key-matches", "file-is-pem"} <= set(ids(result, "ok"))


def test_a_key_goes_with_one_file(tmp_path: Path) -> None:
    result = run("a.crt", "b.crt", "--key", "a.key")
    assert "--key belongs to one certificate" in str(result.exception)


def test_a_file_name_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    result = run(tmp_path / "a\x1b[31m\udcff.crt")
    assert result.return_value == 10
    assert "\x1b" not in result.stdout
    assert "\\x1b[31m\\udcff.crt does not exist" in result.stdout


@pytest.mark.parametrize("made", [DEVICE, ROOT])
def test_no_secret_is_printed(tmp_path: Path, made: Made) -> None:
    path = written(tmp_path, "a.pem", DEVICE.pem, made.key_pem)
    for how in ((), ("--json",)):
        printed = run(path, *how).stdout
        assert not any(line in printed for line in made.key_pem.decode().splitlines()[1:-1])


@pytest.mark.e2e
def test_a_passphrase_from_a_file_and_from_the_environment(
    pki: Pki, cli: Cli, tmp_path: Path
) -> None:
    arguments = ("cert", "check", pki.device.certificate, "--key", pki.encrypted_pkcs8_key)
    closed = cli.run(*arguments)
    assert closed.code == 10
    assert "is encrypted, and no passphrase was given" in closed.stdout
    secret = written(tmp_path, "secret", PASSPHRASE.encode())
    for opened in (
        cli.run(*arguments, "--passphrase-file", secret),
        cli.run(*arguments, environment={"MTLSX_PASSPHRASE": PASSPHRASE}),
    ):
        assert opened.code == 0, opened.stdout
        assert "belongs to the certificate, and the passphrase opens it" in opened.stdout
        assert PASSPHRASE not in opened.stdout + opened.stderr
    wrong = cli.run(*arguments, environment={"MTLSX_PASSPHRASE": "wrong"})
    assert wrong.code == 10
    assert "the passphrase does not open" in wrong.stdout


@pytest.mark.e2e
def test_an_archive_that_only_openssls_legacy_provider_opens(pki: Pki, tmp_path: Path) -> None:
    made = (
        "pkcs12", "-export", "-in", pki.device.certificate, "-inkey", pki.device.key,
        "-passout", f"pass:{PASSPHRASE}",
    )  # fmt: skip
    secret = written(tmp_path, "secret", PASSPHRASE.encode())
    for how, wanted in ((("-legacy",), True), ((), False)):
        archive = tmp_path / "a.p12"
        openssl(*made, *how, "-out", archive)
        result = run(archive, "--passphrase-file", secret, "--json")
        assert result.return_value == 0
        assert ("archive-encryption-legacy" in ids(result, "warning")) is wanted
        refused = subprocess.run(
            [find("openssl"), "pkcs12", "-in", archive, "-nodes", "-passin", f"pass:{PASSPHRASE}"],
            capture_output=True,
        ).returncode
        assert bool(refused) is wanted


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("device", []),
        ("device_rsa", []),
        ("device_ec", []),
        ("device_ed25519", []),
        ("device_expired", ["own-cert-expired"]),
        ("device_not_yet_valid", ["own-cert-not-yet-valid"]),
        ("device_for_servers", ["own-cert-wrong-usage"]),
        ("device_of_another_ca", ["chain-unknown-ca"]),
        ("device_of_the_namesake", ["chain-namesake-ca"]),
        ("device_self_signed", ["own-cert-self-signed"]),
        ("device_mismatched", ["key-mismatch"]),
        ("device_without_cn", []),
        ("device_behind_the_intermediate", ["chain-unknown-ca"]),
        ("device_with_its_chain", []),
        ("device_der", []),
    ],
)
def test_the_whole_cast_as_openssl_made_it(pki: Pki, name: str, wanted: list[str]) -> None:
    pair = getattr(pki, name)
    result = run(pair.certificate, "--key", pair.key, "--ca", pki.ca.certificate, "--json")
    assert ids(result, "failure") == wanted
    assert result.return_value == (10 if wanted else 0)
