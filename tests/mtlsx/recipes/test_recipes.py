"""The words of each recipe, and what it says that a program cannot do."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Transport,
    Will,
    WillProperties,
)
from mtlsx.recipes.collection import recipes
from mtlsx.recipes.files import Files, Form, read_files
from mtlsx.recipes.mosquitto import mosquitto_pub, mosquitto_sub
from mtlsx.recipes.mqttx import mqttx_conn, mqttx_sub
from mtlsx.recipes.openssl import s_client
from mtlsx.recipes.own import mtlsx_conn, mtlsx_probe
from mtlsx.recipes.paho import paho
from mtlsx.recipes.recipe import Task
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.openssl_pki import PASSPHRASE, Pki

TLS = TlsSettings(ca_file="ca.pem", certificate_file="it's.pem", key_file="dev.key")
SETTINGS = ConnectionSettings(host="broker.example", port=8883, client_id="dev-1", tls=TLS)
TASK = Task(settings=SETTINGS, topic="a/b", topic_filter="a/#")


def changed(*, files: Files | None = None, tls: dict[str, object] | None = None, **settings: object) -> Task:  # fmt: skip
    connection = replace(SETTINGS, **settings)  # type: ignore[arg-type]
    connection = replace(connection, tls=replace(TLS, **(tls or {})))  # type: ignore[arg-type]
    return replace(TASK, settings=connection, files=files or Files())


def test_each_program_in_order() -> None:
    assert [each.name for each in recipes(TASK)] == [
        "mosquitto_pub", "mosquitto_sub", "mqttx conn", "mqttx pub", "mqttx sub",
        "openssl s_client", "paho (Python)", "mtlsx conn", "mtlsx probe",
    ]  # fmt: skip


def test_a_plain_case() -> None:
    assert mosquitto_sub(TASK).text == (
        "mosquitto_sub -h broker.example -p 8883 --cafile ca.pem --cert 'it'\"'\"'s.pem' --key dev.key"
        " -V 5 -i dev-1 -t 'a/#' -q 1 -v"
    )
    assert mqttx_conn(TASK).body == (
        "mqttx conn -l mqtts -h broker.example -p 8883 --ca ca.pem --cert 'it'\"'\"'s.pem' --key dev.key"
        " -i dev-1 -k 60"
    )
    assert s_client(TASK).body == (
        "openssl s_client -connect broker.example:8883 -servername broker.example"
        " -verify_hostname broker.example -CAfile ca.pem -verify_return_error"
        " -cert 'it'\"'\"'s.pem' -key dev.key -brief"
    )
    assert mtlsx_probe(TASK).body == (
        "mtlsx probe broker.example:8883 -l mqtts --ca ca.pem --cert 'it'\"'\"'s.pem' --key dev.key"
    )


@pytest.mark.parametrize("each", range(9))
def test_secrets_are_never_written(each: int) -> None:
    task = changed(password=Secret("pw-31337"), tls={"passphrase": Secret("phrase-31337")})
    recipe = recipes(replace(task, files=Files(key_is_encrypted=True)))[each]
    assert "31337" not in recipe.text + repr(recipe)


def test_a_password_alone_goes_with_an_empty_username() -> None:
    task = changed(password=Secret("x"))
    assert "-u '' -P '<password>'" in mosquitto_pub(task).body
    assert "-u '' -P '<password>'" in mqttx_conn(task).body
    assert "client.username_pw_set('', '<password>')" in paho(task).body
    assert "--ask-password" in mtlsx_conn(task).body


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"sni": "other.example"}, "here it is other.example"),
        ({"verify_chain": False}, "here that check is off"),
        ({"maximum_version": TlsVersion.V1_2}, "here it ends with 1.2"),
        ({"crl_file": "x.crl"}, "here it is x.crl"),
        ({"alpn": ("a", "b")}, "here there are a, b"),
    ],
)
def test_what_mosquitto_cannot_do_is_said(tls: dict[str, object], said: str) -> None:
    recipe = mosquitto_pub(changed(tls=tls))
    assert len(recipe.remarks) == 1
    assert said in recipe.remarks[0]
    assert recipe.text == f"# {recipe.remarks[0]}\n{recipe.body}"


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"sni": "other.example"}, "here it is other.example"),
        ({"verify_chain": False}, "here the server's name is still checked"),
        ({"verify_name": False}, "here the server's issuer is still checked"),
        ({"minimum_version": TlsVersion.V1_3}, "here it is 1.3"),
        ({"ca_file": None}, "the system's trust store"),
        ({"ciphers": "AES256-SHA"}, "here it is AES256-SHA"),
        ({"crl_file": "x.crl"}, "here it is x.crl"),
    ],
)
def test_what_mqttx_cannot_do_is_said(tls: dict[str, object], said: str) -> None:
    (remark,) = mqttx_sub(changed(tls=tls)).remarks
    assert said in remark


def test_the_name_check_is_what_mosquitto_calls_insecure() -> None:
    assert "--insecure" in mosquitto_pub(changed(tls={"verify_name": False})).body
    assert "--insecure" not in mosquitto_pub(changed(tls={"verify_chain": False})).body
    assert "--insecure-name" in mtlsx_conn(changed(tls={"verify_name": False})).body
    assert "--insecure-chain" in mtlsx_conn(changed(tls={"verify_chain": False})).body


def test_other_forms_are_converted_first() -> None:
    files = Files(certificate=Form.PKCS12, ca=Form.DER, key_is_encrypted=True)
    task = changed(files=files, tls={"certificate_file": "dev.p12", "key_file": None})
    recipe = mosquitto_pub(task)
    assert recipe.remarks == (
        "first: openssl x509 -inform DER -in ca.pem -out ca.pem.pem",
        "first: openssl pkcs12 -in dev.p12 -out dev.p12.pem",
        "mosquitto_pub asks for the key's passphrase.",
    )
    assert "--cafile ca.pem.pem --cert dev.p12.pem --key dev.p12.pem" in recipe.body
    assert "first: openssl pkcs12 -nodes -in dev.p12 -out dev.p12.pem" in mqttx_conn(task).remarks
    assert "context.load_cert_chain('dev.p12.pem', password='<passphrase>')" in paho(task).body


def test_a_program_opens_no_encrypted_key() -> None:
    recipe = mqttx_conn(changed(files=Files(key_is_encrypted=True)))
    assert recipe.remarks[0] == "first: openssl pkey -in dev.key -out dev.key.pem"
    assert "--key dev.key.pem" in recipe.body


def test_websockets() -> None:
    task = changed(transport=Transport.WSS, port=8084, path="/x", headers=(("A", "b c"),))
    assert mosquitto_pub(task).text == "# mosquitto_pub 2.0 speaks no websockets."
    assert "--path /x -wh 'A: b c'" in mqttx_conn(task).body
    assert "--path /x -wh 'A: b c'" in mtlsx_conn(task).body
    assert 'transport="websockets"' in paho(task).body


def test_without_tls() -> None:
    task = changed(transport=Transport.MQTT, port=1883)
    assert s_client(task).body == ""
    assert "--cafile" not in mosquitto_pub(task).body
    assert "ssl" not in paho(task).body


def test_properties_and_a_suffix() -> None:
    will = Will(
        "gone",
        properties=WillProperties(
            will_delay_interval=5, correlation_data=b"x", payload_format_indicator=1
        ),
    )
    properties = ConnectProperties(
        receive_maximum=9, request_problem_information=False, user_properties=(("k", "v w"),)
    )
    task = changed(will=will, properties=properties, client_id_suffix=ClientIdSuffix.RANDOM)
    recipe = mosquitto_pub(task)
    assert "-D connect receive-maximum 9 -D connect request-problem-information 0" in recipe.body
    assert "-D connect user-property k 'v w' -D will will-delay-interval 5" in recipe.body
    assert "adds a new suffix" in recipe.text
    flags = "--rcv-max 9 --no-req-problem-info -up 'k: v w' -Wd 5 -Wpf -Wcd x"
    assert flags in mqttx_conn(task).body
    assert flags in mtlsx_conn(task).body
    assert "-Cup 'k: v w'" in mqttx_sub(task).body
    assert (
        "properties.ReceiveMaximum = 9\nproperties.RequestProblemInformation = 0" in paho(task).body
    )
    assert "will_properties.CorrelationData = b'x'" in paho(task).body
    older = replace(task, settings=replace(task.settings, version=MqttVersion.V3_1_1))
    assert "-D" not in mosquitto_pub(older).body
    assert "Properties" not in paho(older).body


def test_an_address_gets_no_server_name() -> None:
    body = s_client(changed(host="::1")).body
    assert "-connect '[::1]:8883' -verify_ip ::1" in body
    assert "-servername" not in body


def test_sessions_and_wills() -> None:
    will = Will("gone", b"by\xe4", 1, retain=True)
    task = changed(clean_start=False, session_expiry=60, will=will, keepalive=3)
    recipe = mosquitto_pub(task)
    assert "-k 5 -c -x 60 --will-topic gone" in recipe.body
    assert recipe.remarks == (
        "mosquitto_pub takes a keepalive from 5 s on; here it is 3.",
        "mosquitto_pub takes a will as text; here it is other bytes.",
    )
    assert "--no-clean -se 60 -Wt gone" in mqttx_conn(task).body
    assert "b'by\\xe4', qos=1, retain=True" in paho(task).body


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.sampled_from(MqttVersion),
)
def test_what_a_shell_reads_is_what_was_meant(text: str, version: MqttVersion) -> None:
    task = changed(client_id=text, version=version, tls={"certificate_file": text or "x"})
    for recipe in recipes(task):
        if recipe.name == "paho (Python)":
            compile(recipe.body, "connect.py", "exec")
        elif recipe.name.startswith(("mosquitto", "mtlsx conn")) and text:
            words = shlex.split(recipe.body)
            assert words[words.index("-i") + 1] == text
            assert words[words.index("--cert") + 1] == text


def test_the_files_are_looked_at(pki: Pki, tmp_path: Path) -> None:
    closed = TlsSettings(ca_file=str(pki.device_der.certificate), certificate_file=str(pki.pkcs12))
    archive = Files(ca=Form.DER, certificate=Form.PKCS12, key_is_encrypted=True)
    assert read_files(closed) == archive
    opened = replace(closed, passphrase=Secret(PASSPHRASE))
    assert read_files(opened) == replace(archive, certificates=2)

    pair = pki.device_with_its_chain
    missing = TlsSettings(
        ca_file=str(tmp_path / "none"),
        certificate_file=str(pair.certificate),
        key_file=str(pair.key),
    )
    assert read_files(missing) == Files(certificates=2)
    encrypted = replace(missing, key_file=str(pki.encrypted_traditional_key))
    assert read_files(encrypted).key_is_encrypted
