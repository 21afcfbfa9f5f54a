"""What mtlsx issues, before those who decide: Mosquitto, Python 3.13's strict rules, Go, and the brokers' names."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mtlsx.certificates.load import load_file
from mtlsx.identity import emqx
from mtlsx.pki.authority import Admission, Authority
from mtlsx.pki.bundle import Broker, bundle, header, zipped
from mtlsx.pki.crls import Reason
from mtlsx.pki.export import credentials, write
from mtlsx.pki.keys import KeyKind
from support.cli import Cli
from support.issued_pki import issue_device, issue_server, make_intermediate, make_root
from support.openssl_pki import Pair, openssl
from support.programs import find, need

if TYPE_CHECKING:
    from mtlsx.pki.folder import Issued
    from support.mosquitto import Mosquitto

    StartMosquitto = Callable[..., Mosquitto]

WAIT = 60.0


def handed_out(authority: Authority, made: Issued, directory: Path, port: int = 8883) -> Path:
    """The folder of a bundle."""
    held = credentials(authority, made.entry)
    write(directory, bundle(held, Broker(host="localhost", port=port)), force=True)
    return directory


def server_pair(authority: Authority, directory: Path, key: KeyKind = KeyKind.P256) -> Pair:
    """A server's certificate with its chain, for Mosquitto."""
    handed_out(authority, issue_server(authority, key), directory)
    return Pair(directory / "device.crt", directory / "device.key")


def run(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a README as a person would, with our own programs on the PATH."""
    words = shlex.split(command)
    if words[0] == "mtlsx":
        words = [sys.executable, "-c", "from mtlsx_tui.cli.main import main; main()", *words[1:]]
    elif words[0] == "python3":
        words[0] = sys.executable
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MTLSX_CONFIG_DIR": str(directory),
    }
    return subprocess.run(
        words, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=WAIT,
    )  # fmt: skip


@pytest.mark.e2e
@pytest.mark.parametrize("kind", KeyKind)
def test_mosquitto_accepts_every_kind_of_key(
    tmp_path: Path, mosquitto: StartMosquitto, kind: KeyKind
) -> None:
    root = make_root(tmp_path / "pki", key=kind)
    plant = make_intermediate(tmp_path / "pki", root, key=kind)
    server = server_pair(plant, tmp_path / "server", kind)
    broker = mosquitto(
        server=server, client_ca=root.folder.path / "ca.crt", allowed={"dev-1": "test/#"}
    )
    folder = handed_out(plant, issue_device(plant, "dev-1", kind), tmp_path / "dev-1", broker.port)
    with broker.observer("test/#") as observer:
        done = run(ready(folder, "mosquitto_pub"), folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert observer.messages() == [("test/dev-1", 1, False, b"hello")]


def ready(folder: Path, program: str) -> str:
    """The command for ``program`` that a README has ready."""
    lines = (folder / "README.txt").read_text().splitlines()
    return next(line.strip() for line in lines if line.startswith(f"  {program} "))


@pytest.mark.e2e
def test_the_ready_commands_of_a_bundle_connect(tmp_path: Path, mosquitto: StartMosquitto) -> None:
    root = make_root(tmp_path / "pki")
    plant = make_intermediate(tmp_path / "pki", root)
    server = server_pair(plant, tmp_path / "server")
    broker = mosquitto(
        server=server, client_ca=root.folder.path / "ca.crt", allowed={"dev-1": "test/#"}
    )
    folder = handed_out(plant, issue_device(plant, "dev-1"), tmp_path / "dev-1", broker.port)
    for program in ("mosquitto_pub", "mtlsx", "python3", "openssl"):
        done = run(ready(folder, program), folder)
        assert done.returncode == 0, (program, done.stdout, done.stderr)
    assert run(ready(folder, "python3"), folder).stdout.splitlines() == [
        "connected: Success", "subscribed: Granted QoS 1", "received: test/dev-1 b'hello'",
    ]  # fmt: skip
    assert "Verification: OK" in run(ready(folder, "openssl"), folder).stderr
    assert broker.log.count("as dev-1 (p") >= 4


@pytest.mark.e2e
def test_the_command_for_mqttx_cli(tmp_path: Path) -> None:
    root = make_root(tmp_path / "pki")
    folder = handed_out(root, issue_device(root, "dev-1"), tmp_path / "dev-1")
    # MQTTX CLI 1.9: mqttx pub --help.
    assert shlex.split(ready(folder, "mqttx")) == [
        "mqttx", "pub", "-l", "mqtts", "-h", "localhost", "-p", "8883", "--ca", "ca.crt",
        "--cert", "device.crt", "--key", "device.key", "-i", "dev-1", "-k", "60", "-t", "test/dev-1", "-q", "1", "-m", "hello",
    ]  # fmt: skip


@pytest.mark.e2e
def test_a_profile_of_a_bundle_connects(
    tmp_path: Path, mosquitto: StartMosquitto, cli: Cli
) -> None:
    pki = ("--pki", tmp_path / "pki")
    root = make_root(tmp_path / "pki")
    issue_device(root, "dev-1")
    broker = mosquitto(
        server=server_pair(root, tmp_path / "server"), client_ca=root.folder.path / "ca.crt", allowed={"dev-1": "#"}
    )  # fmt: skip
    made = cli.run(
        "pki", "bundle", "dev-1", "-h", "localhost", "-p", broker.port, "--as", "profile", *pki
    )
    assert (made.code, made.stderr) == (0, "")
    done = cli.run("conn", "--profile", "dev-1", "--json")
    assert done.code == 0, done.stderr
    broker.wait_for_log("as dev-1", "u'dev-1'")
    again = cli.run("pki", "bundle", "dev-1", "-h", "localhost", "--as", "profile", *pki)
    assert again.code == 2
    assert 'There is already a profile "dev-1"' in again.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("key", ["plain", "without"])
def test_a_c_header_compiles(tmp_path: Path, key: str) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("cc is not installed")
    root = make_root(tmp_path / "pki")
    held = credentials(root, issue_device(root, 'dev"?\\ü', admission=Admission()).entry)
    if key == "without":
        held = replace(held, key=None)
    (tmp_path / "device.h").write_bytes(header(held, Broker(host="broker.example")))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "device.h"\nint main(void)\n{\n    fputs(MQTT_CERTIFICATE_PEM, stdout);\n'
        '    fputs(MQTT_CA_PEM, stdout);\n    printf("%s:%d %s", MQTT_HOST, MQTT_PORT, MQTT_CLIENT_ID);\n'
        "    return sizeof MQTT_CA_PEM > 9 ? 0 : 1;\n}\n"
    )
    subprocess.run(
        [compiler, "-std=c99", "-Wall", "-Wextra", "-Wno-unused-variable", "-Werror", "main.c", "-o", "main"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    said = subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout
    certificates = held.certificate.public_bytes(Encoding.PEM) + held.root.public_bytes(
        Encoding.PEM
    )
    assert said == certificates + f"broker.example:8883 {held.name}".encode()


@pytest.mark.e2e
def test_a_zip_keeps_the_key_private(tmp_path: Path) -> None:
    need("unzip")
    root = make_root(tmp_path / "pki")
    held = credentials(root, issue_device(root, "dev-1").entry)
    made = bundle(held, Broker(host="broker.example"))
    (tmp_path / "dev-1.zip").write_bytes(zipped("dev-1", made))
    subprocess.run([find("unzip"), "-q", "dev-1.zip"], cwd=tmp_path, check=True)
    assert {path.name for path in (tmp_path / "dev-1").iterdir()} == {file.name for file in made}
    assert (tmp_path / "dev-1" / "device.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "dev-1" / "device.crt").stat().st_mode & 0o777 == 0o644


@pytest.mark.e2e
def test_a_revocation_list_makes_mosquitto_refuse(
    tmp_path: Path, mosquitto: StartMosquitto
) -> None:
    root = make_root(tmp_path / "pki")
    bad, good = issue_device(root, "bad"), issue_device(root, "good")
    root.revoke([bad.entry.serial], Reason.KEY_COMPROMISE)
    root.write_crl(root.open(None), days=30)
    broker = mosquitto(
        server=server_pair(root, tmp_path / "server"), client_ca=root.folder.path / "ca.crt",
        crl=root.folder.path / "ca.crl",
    )  # fmt: skip
    for made, code in ((good, 0), (bad, 13)):
        folder = handed_out(root, made, tmp_path / str(made.entry.cn), broker.port)
        done = run(ready(folder, "mtlsx"), folder)
        assert done.returncode == code, done.stderr
    assert "certificate_revoked (44)" in done.stderr


ODD_NAMES = [
    "dev-1", "a,b", 'quo"te', "back\\slash", "sp ace", " ends ", "#hash", "pl+us", "sl/ash", "100%", "$dollar",
    "semi;colon", "less<more>", "eq=ual", "tilde~", "Gerät-7", "設備", "😀", "a'b", "*", "x" * 64,
]  # fmt: skip


@pytest.mark.e2e
@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_of_every_kind_come_back(tmp_path: Path, cli: Cli, name: str) -> None:
    """From the command line into the certificate, and out again as EMQX and Mosquitto read it."""
    pki = ("--pki", tmp_path / "pki")
    assert cli.run("pki", "ca", "demo", *pki).code == 0
    made = cli.run(
        "pki", "device", "--any-name", "--subject", "/C=DE/O=Acme, Inc.", "--json", *pki, "--", name
    )
    assert made.code == 0, made.stderr
    (told,) = json.loads(made.stdout)
    (seen,) = json.loads(cli.run("cert", "identity", "--json", told["certificate"]).stdout)
    assert seen["brokers"]["emqx"]["cn"] == told["cn"] == name
    assert seen["brokers"]["emqx"]["dn"] == told["dn"]
    assert seen["brokers"]["mosquitto"]["identity"] == name
    assert told["dn"].endswith("O=Acme\\, Inc.,C=DE")
    # What the index says is read back by the next command.
    (listed,) = json.loads(cli.run("pki", "list", "--json", *pki).stdout)
    assert [each["cn"] for each in listed["issued"]] == [name]


@pytest.mark.e2e
def test_pkcs12_opens_with_openssl(tmp_path: Path, cli: Cli) -> None:
    pki = ("--pki", tmp_path / "pki")
    cli.run("pki", "ca", "demo", *pki)
    for key in KeyKind:
        made = cli.run(
            "pki", "device", f"dev-{key}", "--key", key, "-o", tmp_path, "--format", "p12", *pki,
            environment={"MTLSX_KEY_PASSPHRASE": "pass wörd"},
        )  # fmt: skip
        assert made.code == 0, made.stderr
        said = openssl(
            "pkcs12", "-in", tmp_path / f"dev-{key}.p12", "-passin", "pass:pass wörd", "-nodes"
        )
        assert (said.count("BEGIN CERTIFICATE"), said.count("BEGIN PRIVATE KEY")) == (2, 1)
        shown = cli.run(
            "cert",
            "show",
            tmp_path / f"dev-{key}.p12",
            environment={"MTLSX_PASSPHRASE": "pass wörd"},
        )
        assert shown.code == 0


STRICT_HANDSHAKE = """
import ssl, sys
root, server, device = sys.argv[1:]
server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=root)
server_side.verify_mode = ssl.CERT_REQUIRED
client_side = ssl.create_default_context(cafile=root)
for context, folder in ((server_side, server), (client_side, device)):
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    context.load_cert_chain(folder + "/device.crt", folder + "/device.key")
to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [
    client_side.wrap_bio(to_client, to_server, server_hostname="localhost"),
    server_side.wrap_bio(to_server, to_client, server_side=True),
]
left = set(ends)
for _ in range(10):
    for end in ends:
        try:
            end.do_handshake()
            left.discard(end)
        except ssl.SSLWantReadError:
            pass
assert not left
print(ends[1].getpeercert()["subject"])
"""


def strict_python() -> str:
    """Python 3.13, from the PATH or from pyenv; the test is skipped where there is none."""
    installed = sorted((Path.home() / ".pyenv" / "versions").glob("3.13*/bin/python3.13"))
    for candidate in ["python3.13", *map(str, installed)]:
        try:
            if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
                return candidate
        except FileNotFoundError:
            continue
    pytest.skip("Python 3.13 is not installed")


@pytest.mark.parametrize("kind", [KeyKind.RSA_2048, KeyKind.P256, KeyKind.P384, KeyKind.ED25519])
def test_python_3_13_accepts_it_in_strict_mode(tmp_path: Path, kind: KeyKind) -> None:
    python = strict_python()
    root = make_root(tmp_path / "pki", key=kind)
    plant = make_intermediate(tmp_path / "pki", root, key=kind)
    server_pair(plant, tmp_path / "server", kind)
    handed_out(plant, issue_device(plant, "dev-1", kind), tmp_path / "dev-1")
    done = subprocess.run(
        [python, "-c", STRICT_HANDSHAKE, root.folder.path / "ca.crt", tmp_path / "server", tmp_path / "dev-1"],
        capture_output=True, text=True, env={"PATH": os.defpath},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dev-1" in done.stdout


GO_PROGRAM = """
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func read(path string) []*x509.Certificate {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var found []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			panic(err)
		}
		found = append(found, certificate)
	}
	return found
}

func main() {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, each := range read(os.Args[1]) {
		roots.AddCert(each)
	}
	chain := read(os.Args[2])
	for _, each := range chain[1:] {
		between.AddCert(each)
	}
	usage := x509.ExtKeyUsageClientAuth
	options := x509.VerifyOptions{Roots: roots, Intermediates: between}
	if len(os.Args) > 3 {
		usage = x509.ExtKeyUsageServerAuth
		options.DNSName = os.Args[3]
	}
	options.KeyUsages = []x509.ExtKeyUsage{usage}
	if _, err := chain[0].Verify(options); err != nil {
		panic(err)
	}
	fmt.Println("verified")
}
"""


@pytest.mark.e2e
@pytest.mark.parametrize("kind", [KeyKind.RSA_2048, KeyKind.P256, KeyKind.P384, KeyKind.ED25519])
def test_go_accepts_it(tmp_path: Path, kind: KeyKind) -> None:
    go = find("go")
    (tmp_path / "main.go").write_text(GO_PROGRAM)
    root = make_root(tmp_path / "pki", key=kind)
    plant = make_intermediate(tmp_path / "pki", root, key=kind)
    server_pair(plant, tmp_path / "server", kind)
    handed_out(plant, issue_device(plant, "dev-1", kind), tmp_path / "dev-1")
    for arguments in (
        [tmp_path / "dev-1" / "device.crt"],
        [tmp_path / "server" / "device.crt", "localhost"],
    ):
        done = subprocess.run(
            [go, "run", "main.go", root.folder.path / "ca.crt", *arguments], cwd=tmp_path, capture_output=True, text=True
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "verified\n"), done.stderr


def test_what_the_readme_tells_is_the_identity(tmp_path: Path) -> None:
    root = make_root(tmp_path / "pki")
    made = issue_device(root, "dev-1", subject="/O=Acme")
    held = credentials(root, made.entry)
    folder = tmp_path / "b"
    write(folder, bundle(held, Broker(host="192.0.2.1", identity="dn")), force=False)
    text = (folder / "README.txt").read_text()
    (certificate,) = load_file(str(folder / "device.crt")).certificates
    identity = emqx.identify(certificate)
    for told in (
        "CN=dev-1,O=Acme",
        identity.md5,
        "HMGET tls_subject:CN=dev-1,O=Acme password_hash salt",
        "-connect 192.0.2.1:8883",
    ):
        assert told in text
    assert "-servername" not in text
