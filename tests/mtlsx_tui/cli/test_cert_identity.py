"""``mtlsx cert identity``: what it prints, its JSON, its exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mtlsx.identity.mapping import Mapping
from mtlsx.identity.report import as_json
from mtlsx_tui.cli.cert_identity import command
from mtlsx_tui.cli.cert_identity_text import Asked, as_text
from mtlsx_tui.cli.main import main
from support.made_pki import CLIENT, make
from support.odd_certificates import (
    BMP,
    CN,
    COUNTRY,
    DC,
    IA5,
    PRINTABLE,
    UID,
    VISIBLE,
    attribute,
    certificate,
    name,
    san,
    tlv,
)
from support.vector_certificates import vector_certificates

ROOT = make("Demo CA", ca=True)
DEVICE = make("dev-1", ROOT, usage=CLIENT)
EMPTY = certificate(subject=name())

Write = Callable[[str, bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(file_name: str, data: bytes) -> str:
        (tmp_path / file_name).write_bytes(data)
        return str(tmp_path / file_name)

    return file


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(command, arguments, input=stdin, standalone_mode=False)


def rows_of(text: str) -> dict[str, str]:
    """The rows by their label with their further lines; the warnings under ⚠."""
    rows: dict[str, str] = {}
    label = ""
    for line in text.splitlines()[1:]:
        label = line[2:15].strip() or label
        if line:
            rows[label] = f"{rows[label]} {line[15:]}" if label in rows else line[15:]
    return rows


def card(
    encoded: bytes,
    mapping: Mapping = Mapping(),  # noqa: B008  (frozen)
    username: str | None = None,
    client_id: str = "",
    broker: str | None = None,
) -> dict[str, str]:
    text = as_text([("x.pem", 0, encoded)], Asked(mapping, username, client_id, broker), None)
    return rows_of(re.sub(r"\x1b\[\d+m", "", text))


def test_the_card_of_an_ordinary_certificate() -> None:
    encoded = certificate(attribute(COUNTRY, b"CN", PRINTABLE), attribute(CN, "dev-1"))
    rows = card(encoded)
    assert rows["cn"] == "dev-1"
    assert rows["dn"] == "CN=dev-1,C=CN"
    assert rows["md5"] == f"{as_json(encoded)['emqx']['md5']}  (of the DER, not the file)"
    assert re.fullmatch(r"MI.{6}….{8}  \(\d+ characters, one line, no armour\)", rows["pem"])
    assert rows["crt"] == f"{len(encoded)} bytes  (the DER itself, not text)"
    assert rows["mosquitto"] == "identity and subject are cn and dn"
    assert rows["rabbitmq"] == "the same cn and dn"
    assert rows["username"] == "dev-1  (from cn)"
    assert rows["client id"] == "(CONNECT's; give it with --client-id)"
    assert rows["redis"] == "HMGET tls_domain:dev-1 password"
    assert "⚠" not in rows


def test_what_brokers_see_differently_is_spelt_out() -> None:
    rows = card(certificate(attribute(CN, "a"), attribute(CN, "b"), attribute(UID, "u")))
    assert rows["cn"] == "a,b"
    assert rows["dn, EMQX 6"].startswith(r"UID={asn1_OPENTYPE\,")
    assert rows["mosquitto"] == "identity  a subject   is dn"
    assert "There are 2 CNs" in rows["⚠"]


def test_what_is_missing_says_so() -> None:
    rows = card(EMPTY)
    assert (rows["cn"], rows["dn"]) == ("(none)", "(empty)")
    assert rows["mosquitto"] == "identity  (refused) subject   (empty)"
    assert rows["username"] == "(CONNECT's; give it with --username)"
    assert "/Common Name=" in rows["⚠"]


@pytest.mark.parametrize(
    ("encoded", "refused", "emqx_6"),
    [
        (certificate(attribute(CN, b"a", IA5)), "undecodable", None),
        (certificate(attribute(CN, b"\xd8\0", BMP)), "unformattable", None),
        (certificate(attribute(CN, "a\n")), "invalid-cn", None),
        (certificate(attribute(DC, b"a", PRINTABLE)), "undecodable", "accepted"),
        (certificate(attribute(f"2.25.{1 << 120}", "x")), None, "refused: undecodable"),
    ],
)
def test_refusals(encoded: bytes, refused: str | None, emqx_6: str | None) -> None:
    rows = card(encoded)
    assert rows.get("refused") == refused
    assert rows.get("on EMQX 6") == emqx_6


def test_nobody_gets_to_connect_with_a_certificate_that_emqx_cannot_read() -> None:
    rows = card(certificate(attribute(CN, b"a", VISIBLE)))
    assert "username" not in rows
    assert rows["rabbitmq"] == "refused"
    assert rows["mosquitto"] == "cannot be loaded: CN is VisibleString"


def test_alternative_names_are_listed() -> None:
    names = san(tlv(0x82, b"a"), tlv(0x87, bytes(4)), tlv(0x82, b"b"))
    assert card(certificate(extensions=(names,)))["san"] == "dns a dns b ip 0.0.0.0"


def test_one_broker_alone() -> None:
    encoded = certificate(attribute(CN, "a"), attribute(UID, "u"))
    assert card(encoded, broker="mosquitto") == {"mosquitto": "identity  a subject   UID=u,CN=a"}
    assert card(encoded, broker="rabbitmq") == {
        "rabbitmq": "common name  a DN           UID=u,CN=a"
    }
    assert card(encoded, broker="emqx_otp29")["dn"].startswith("UID={asn1_OPENTYPE")
    refused = certificate(attribute(CN, b"a", IA5))
    assert card(refused, broker="emqx")["refused"].startswith(
        "undecodable: subject: CN is IA5String"
    )


def test_options_map_the_identity(write: Write) -> None:
    path = write("a.der", certificate(attribute(CN, "a b")))
    rows = rows_of(run(path, "--as", "md5", "--as-clientid", "cn", "--username", "u").stdout)
    assert rows["username"].endswith("(from md5)")
    assert rows["client id"] == "a b  (from cn)"
    rows = rows_of(
        run(path, "--as", "disabled", "--username", "u", "--username-as-clientid").stdout
    )
    assert rows["username"] == "u  (from CONNECT)"
    assert rows["client id"] == "u  (from username)"
    rows = rows_of(run(path, "--command", "HMGET k:%C p", "--client-id", "c").stdout)
    assert rows["redis"] == "HMGET k:a b p (EMQX 4.4)"
    rows = rows_of(run(path, "--command", "HMGET k:%C p", "--dialect", "emqx6").stdout)
    assert rows["redis"] == "HMGET k:%C p"
    rows = rows_of(run(path, "--dialect", "emqx4.2").stdout)
    assert rows["redis"] == "HMGET tls_domain:a b password (EMQX 4.2)"
    rows = rows_of(run(path, "--as", "crt").stdout)
    assert re.fullmatch(r"\d+ bytes  \(from crt\)", rows["username"])


def test_arguments_that_are_no_utf8_are_taken_as_octets(write: Write) -> None:
    path = write("a.der", EMPTY)
    odd = "a\udcff"
    command = ("--command", f"HMGET %u {odd}", "--username", odd)
    rows = rows_of(run(path, *command, "--client-id", odd).stdout)
    assert rows["username"] == "a\\xff  (from CONNECT)"
    assert rows["redis"] == 'HMGET "a\\xff" "a\\xff" (EMQX 4.4)'


def test_json_has_an_object_for_each_certificate(write: Write) -> None:
    chain = write("chain.pem", DEVICE.pem + ROOT.pem)
    other = write("other.der", EMPTY)
    found = json.loads(run("--json", chain, other).stdout)
    assert [(each["source"], each["index"]) for each in found] == [
        (chain, 0),
        (chain, 1),
        (other, 0),
    ]
    assert found[2] == {"source": other, "index": 0, "brokers": as_json(EMPTY)}
    (one,) = json.loads(run("--json", "--broker", "mosquitto", other).stdout)
    assert one["brokers"] == {"mosquitto": {"identity": None, "subject": ""}}


def test_several_certificates_have_a_card_each(write: Write) -> None:
    path = write("chain.pem", DEVICE.pem + ROOT.pem)
    text = run(path).stdout
    assert f"{path}, certificate 1 of 2\n" in text
    assert f"\n\n{path}, certificate 2 of 2\n" in text


@pytest.mark.parametrize("json_", [[], ["--json"]])
def test_a_file_without_a_certificate_does_not_hide_the_others(
    write: Write, json_: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = write(
        "a.key", DEVICE.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with pytest.raises(SystemExit) as end:
        main(["cert", "identity", *json_, "no-such-file", key, write("b.pem", DEVICE.pem)])
    assert end.value.code == 10
    captured = capsys.readouterr()
    missing, without = captured.err.splitlines()
    assert "no-such-file" in missing
    assert without == f"mtlsx: {key} holds no certificate."
    assert "dev-1" in captured.out


def test_json_without_any_certificate_is_an_empty_array() -> None:
    assert run("--json", "no-such-file").stdout == "[]\n"


def test_standard_input() -> None:
    assert "dev-1" in run("-", stdin=DEVICE.pem).stdout
    (found,) = json.loads(run("--json", "-", stdin=DEVICE.pem).stdout)
    assert (found["source"], found["index"]) == ("-", 0)


@pytest.mark.parametrize("encoded", vector_certificates().values(), ids=vector_certificates())
def test_a_terminal_sees_no_control_characters(encoded: bytes, write: Write) -> None:
    path = write("a.der", encoded)
    for arguments in ((path,), (path, "--json")):
        result = run(*arguments)
        assert result.return_value == 0
        assert result.stdout.replace("\n", "").isprintable()


@pytest.mark.parametrize("vector", ["esc-all-specials-1", "attr-all-named-1", "cn-uuid-1"])
def test_lines_fit_into_80_columns(vector: str) -> None:
    asked = Asked(Mapping(), None, "", None)
    encoded = vector_certificates()[vector]
    text = as_text([("device.pem", 0, encoded)], asked, 80)
    assert max(map(len, re.sub(r"\x1b\[\d+m", "", text).splitlines())) <= 80
