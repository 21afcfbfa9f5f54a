from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from mtlsx.certificates.load import load_bytes
from mtlsx.errors import MaterialError
from mtlsx_tui.cli.cert_show import command
from mtlsx_tui.cli.cert_show_json import as_json
from mtlsx_tui.cli.cert_show_text import as_text
from mtlsx_tui.cli.main import main
from support.made_pki import CLIENT, NOW, make
from support.vector_certificates import mutated_certificates, vector_certificates

ROOT = make("Demo Root CA", ca=True, days=(-1, 4000))
MIDDLE = make("Demo Device CA", ROOT, ca=True, days=(-1, 1000))
DEVICE = make("dev-1", MIDDLE, usage=CLIENT, names=("dev-1.local", "192.0.2.7"), days=(-1, 212))
ENCRYPTED_KEY = DEVICE.key.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")
)


def text_of(data: bytes, *, width: int | None = None, now: datetime = NOW) -> str:
    return re.sub(r"\x1b\[\d+m", "", styled_text_of(data, width=width, now=now))


def styled_text_of(data: bytes, *, width: int | None = None, now: datetime = NOW) -> str:
    return as_text([load_bytes(data, source="device.pem")], now, width=width)


def rows_of(text: str) -> dict[str, str]:
    """The rows by their label; of equal labels the first counts."""
    rows: dict[str, str] = {}
    for label, value in re.findall(r"^  (\S.{12})(.*)$", text, re.MULTILINE):
        rows.setdefault(label.strip(), value)
    return rows


def test_the_card_of_a_device_certificate() -> None:
    text = text_of(DEVICE.pem)
    heading, title, subject, *_ = filter(None, text.splitlines())
    assert heading == "device.pem  PEM, 1 certificate"
    assert re.fullmatch(
        r"X\.509 v3 TLS client certificate \(EC P-256\) \[serial [0-9A-F]{4}…[0-9A-F]{4}\]", title
    )
    assert subject == "  Subject      dev-1"
    certificate = DEVICE.certificate
    rows = rows_of(text)
    assert rows.pop("Alt. names") == "dns:dev-1.local"
    assert "\n               ip:192.0.2.7\n" in text
    assert rows == {
        "Subject": "dev-1",
        "Issuer": "Demo Device CA",
        "Validity": "212 days left",
        "Subject DN": "CN=dev-1",
        "Issuer DN": "CN=Demo Device CA",
        "Signed by": "Demo Device CA, which is not in this file",
        "Public key": "EC P-256",
        "Signature": "ECDSA with SHA-256",
        "Ext. usage": "clientAuth",
        "Constraints": "not a CA (critical)",
        "Serial": f"{certificate.serial_number:X}",
        "SHA-256": certificate.fingerprint(hashes.SHA256()).hex(),
        "SHA-1": certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303  (as shown)
        "MD5": certificate.fingerprint(hashes.MD5()).hex(),  # noqa: S303
    }


@pytest.mark.parametrize(
    ("now", "words", "colour"),
    [
        (timedelta(0), "212 days left", 32),
        (timedelta(days=183), "29 days left", 33),
        (timedelta(days=211), "1 day left", 33),
        (timedelta(days=211, hours=1), "less than a day left", 33),
        (timedelta(days=215), "expired 3 days ago", 31),
        (timedelta(days=-6), "not yet valid, begins in 5 days", 31),
    ],
)
def test_validity_in_words_and_colour(now: timedelta, words: str, colour: int) -> None:
    assert f"\x1b[{colour}m{words}\x1b[0m" in styled_text_of(DEVICE.pem, now=NOW + now)


def test_a_chain_in_order() -> None:
    text = text_of(DEVICE.pem + MIDDLE.pem + ROOT.pem)
    assert "PEM, 3 certificates\n" in text
    assert "\n2. X.509 v3 intermediate CA certificate (EC P-256)" in text
    assert "\n3. X.509 v3 root CA certificate (EC P-256)" in text
    assert re.findall(r"Signed by +(.*)", text) == [
        "certificate 2, Demo Device CA",
        "certificate 3, Demo Root CA",
        "itself",
    ]
    assert text.partition("\nChain\n")[2].splitlines() == [
        "  1.           dev-1, signed by 2",
        "  2.           Demo Device CA, signed by 3",
        "  3.           Demo Root CA, self-signed",
        "  Order        in order, end certificate first; complete up to the root",
    ]


@pytest.mark.parametrize(
    ("data", "order"),
    [
        (
            DEVICE.pem + MIDDLE.pem,
            "in order, end certificate first; without the root: Demo Root CA is not in this file",
        ),
        (
            ROOT.pem + DEVICE.pem + MIDDLE.pem,
            "out of order, TLS wants 2, 3, 1; complete up to the root",
        ),
        (
            DEVICE.pem + ROOT.pem,
            "2 separate chains; the issuer of 1, Demo Device CA, is not in this file",
        ),
        (
            ROOT.pem + make("Other", ca=True).pem,
            "2 self-signed certificates that do not belong together",
        ),
    ],
)
def test_order_and_gaps(data: bytes, order: str) -> None:
    assert rows_of(text_of(data).partition("\nChain\n")[2])["Order"] == order


def test_an_authority_set_up_twice() -> None:
    namesake = make("Demo Device CA", ca=True)
    signed_by = rows_of(text_of(DEVICE.pem + namesake.pem))["Signed by"]
    assert signed_by == "none of these: certificate 2 has the issuer's name, but not its key"


def test_keys_and_what_they_belong_to() -> None:
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev-1")]))
        .sign(DEVICE.key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    public = DEVICE.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = text_of(MIDDLE.pem + DEVICE.pem + DEVICE.key_pem + public + request)
    assert "\nPrivate key (EC P-256), not encrypted\n" in text
    assert "\nPublic key (EC P-256)\n" in text
    assert "\nCertificate request (EC P-256)\n" in text
    assert text.count("  Belongs to   certificate 2\n               certificate request\n") == 2
    assert (
        rows_of(text_of(ROOT.pem + DEVICE.key_pem))["Belongs to"] == "no certificate in this file"
    )
    assert (
        rows_of(text_of(DEVICE.key_pem))["Belongs to"]
        == "no certificate was given to compare it with"
    )


def test_a_closed_key() -> None:
    text = text_of(ENCRYPTED_KEY)
    assert "Private key, encrypted\n  Closed       The passphrase is needed" in text


def test_a_revocation_list() -> None:
    entries = [
        x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
        for serial in range(0x1000, 0x1000 + 25)
    ]
    builder = x509.CertificateRevocationListBuilder(revoked_certificates=entries)
    crl = (
        builder.issuer_name(ROOT.certificate.subject)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=7))
        .sign(ROOT.key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    text = text_of(crl)
    assert rows_of(text)["Issuer"] == "Demo Root CA"
    assert rows_of(text)["Validity"] == "7 days left"
    assert (
        f"  Revoked      25 certificates\n               1000  {NOW:%Y-%m-%d %H:%M:%S} UTC\n"
        in text
    )
    assert text.endswith("\n               … and 5 more")
    (entry,) = as_json([load_bytes(crl, source="x")], NOW)[0]["items"]
    assert (entry["count"], len(entry["revoked"]), entry["revoked"][24]["serial"]) == (
        25,
        25,
        "1018",
    )


def test_eighty_columns_are_enough() -> None:
    name = ", ".join(f"unit {number}" for number in range(20))
    text = text_of(make(name[:64], MIDDLE, names=("a" * 63 + ".example",)).pem, width=80)
    lines = text.splitlines()
    assert max(map(len, lines)) == 80
    assert "  Subject DN   CN=unit 0\\, unit 1" in text
    assert len(rows_of(text)["SHA-256"]) == 64


def test_every_vector_is_shown_and_nothing_unprintable_gets_out() -> None:
    for name, certificate in vector_certificates().items():
        text = text_of(certificate, width=80)
        assert all(line.isprintable() for line in text.splitlines()), name
        json.dumps(as_json([load_bytes(certificate, source=name)], NOW))


def test_damaged_certificates_that_still_load_are_shown() -> None:
    shown = 0
    for certificate in mutated_certificates(3_000):
        try:
            material = load_bytes(certificate, source="x")
        except MaterialError:
            continue
        text = re.sub(r"\x1b\[\d+m", "", as_text([material], NOW, width=80))
        assert all(line.isprintable() for line in text.split("\n"))
        json.dumps(as_json([material], NOW))
        shown += 1
    assert shown > 500


# The command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MTLSX_PASSPHRASE", raising=False)

    def invoke(
        *arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None
    ) -> Result:
        return CliRunner().invoke(
            command, arguments, input=stdin, env=environment, standalone_mode=False
        )

    return invoke


def saved(**files: bytes) -> None:
    for name, data in files.items():
        Path(name).write_bytes(data)


def test_several_files_know_of_each_other(run: Callable[..., Result]) -> None:
    saved(key=DEVICE.key_pem, device=DEVICE.pem, ca=MIDDLE.pem)
    result = run("key", "device", "ca")
    assert result.return_value == 0
    assert "  Belongs to   certificate in device\n" in result.stdout
    assert "  Signed by    certificate in ca, Demo Device CA\n" in result.stdout
    assert "  Signed by    Demo Root CA, which is not in these files\n" in result.stdout


def test_piped_output_has_no_colour_and_whole_lines(run: Callable[..., Result]) -> None:
    saved(device=make("x", names=("a" * 63 + "." + "b" * 60,)).pem)
    output = run("device", environment={"COLUMNS": "40"}).stdout
    assert "\x1b" not in output
    assert f"dns:{'a' * 63}.{'b' * 60}\n" in output


def test_standard_input(run: Callable[..., Result]) -> None:
    result = run("-", stdin=DEVICE.der)
    assert result.stdout.startswith("standard input  DER, 1 certificate\n")
    assert json.loads(run("--json", "-", stdin=DEVICE.der).stdout)[0]["source"] == "-"


def test_a_file_that_cannot_be_read_does_not_hide_the_others(run: Callable[..., Result]) -> None:
    saved(device=DEVICE.pem, bad=b"\n-----BEGIN CERTIFICATE-----\n")
    result = run("none", "bad", "device")
    assert result.return_value == 10
    assert result.stderr.splitlines() == [
        "mtlsx: File none does not exist.",
        "mtlsx: File bad, line 2: block CERTIFICATE has no END line.",
    ]
    assert "Subject      dev-1" in result.stdout
    assert json.loads(run("--json", "none").stdout) == []


def test_passphrases_from_a_file_and_from_the_environment(run: Callable[..., Result]) -> None:
    archive = pkcs12.serialize_key_and_certificates(
        None, DEVICE.key, DEVICE.certificate, None, BestAvailableEncryption(b"right")
    )
    saved(archive=archive, key=ENCRYPTED_KEY, right=b"right\r\n", wrong=b"wrong")
    for given, environment in (
        (("--passphrase-file", "right"), {}),
        ((), {"MTLSX_PASSPHRASE": "right"}),
        (("--passphrase-file", "right"), {"MTLSX_PASSPHRASE": "wrong"}),
    ):
        result = run("archive", "key", *given, environment=environment)
        assert result.return_value == 0
        assert result.stdout.count("Private key (EC P-256), encrypted\n") == 2
    result = run("archive", "key", "--passphrase-file", "wrong")
    assert result.return_value == 10
    assert result.stderr.count("the passphrase does not open") == 2
    assert run("archive").stderr.startswith(
        "mtlsx: File archive is a PKCS#12 archive with a passphrase, and none was given."
    )


def test_a_passphrase_file_that_cannot_be_read(
    run: Callable[..., Result], capsys: pytest.CaptureFixture[str]
) -> None:
    saved(device=DEVICE.pem, latin=b"\xe9")
    for path, words in (("none", "does not exist"), ("latin", "is not UTF-8")):
        with pytest.raises(SystemExit, match="10"):
            main(["cert", "show", "device", "--passphrase-file", path])
        assert capsys.readouterr().err == f"mtlsx: Passphrase file {path} {words}.\n"


def test_json_has_the_same_facts(run: Callable[..., Result]) -> None:
    saved(mess=ROOT.pem + DEVICE.pem + MIDDLE.pem + DEVICE.key_pem + ENCRYPTED_KEY)
    (file,) = json.loads(run("--json", "mess").stdout)
    assert (file["source"], file["encoding"], file["chains"], file["in_order"]) == (
        "mess",
        "PEM",
        [[1, 2, 0]],
        False,
    )
    root, device, middle, key, closed = file["items"]
    assert [item["type"] for item in file["items"]] == ["certificate"] * 3 + ["private key"] * 2
    assert [item["index"] for item in file["items"]] == [0, 1, 2, 0, 1]
    assert (root["line"], key["line"] > middle["line"]) == (1, True)
    assert device["role"] == "TLS client certificate"
    assert device["serial"] == f"{DEVICE.certificate.serial_number:X}"
    assert device["subject"] == {
        "text": "CN=dev-1",
        "rdns": [[{
            "oid": "2.5.4.3", "name": "CN", "string_type": "UTF8String", "text": "dev-1", "value": "6465762d31",
        }]],
    }  # fmt: skip
    assert device["validity"] == {
        "from": f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{NOW + timedelta(days=212):%Y-%m-%dT%H:%M:%SZ}",
        "state": "valid",
        "days": 211,
    }
    assert device["public_key"] == {"algorithm": "EC", "bits": 256, "curve": "P-256"}
    assert device["signature_algorithm"] == "ECDSA with SHA-256"
    assert device["subject_alternative_names"] == [
        {"type": "dns", "value": "dev-1.local"},
        {"type": "ip", "value": "192.0.2.7"},
    ]
    assert device["extended_key_usage"] == ["clientAuth"]
    assert device["basic_constraints"] == {"ca": False, "path_length": None}
    assert device["critical_extensions"] == ["basicConstraints"]
    assert device["fingerprints"]["sha256"] == DEVICE.certificate.fingerprint(hashes.SHA256()).hex()
    place = {"source": "mess", "type": "certificate"}
    assert device["signed_by"] == {
        "certificate": {**place, "index": 2},
        "verified": True,
        "namesakes": [],
    }
    assert (key["opened"], key["belongs_to"]) == (True, [{**place, "index": 1}])
    assert (closed["encrypted"], closed["opened"], closed["belongs_to"]) == (True, False, None)


def test_json_never_holds_a_raw_control_character(run: Callable[..., Result]) -> None:
    saved(odd=make("a\x7fb\x1b[2J\u202e").der)
    output = run("--json", "odd").stdout
    assert all(line.isprintable() for line in output.splitlines())
    (attribute,) = json.loads(output)[0]["items"][0]["subject"]["rdns"][0]
    assert attribute["text"] == "a\x7fb\x1b[2J\u202e"


def test_no_file_is_a_usage_error() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["cert", "show"])


def test_the_group_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["cert", "--help"])
    assert "show " in capsys.readouterr().out
