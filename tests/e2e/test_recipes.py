"""Recipes, run as a person would: with the placeholders filled in, and what is to be done first done first."""

from __future__ import annotations

import itertools
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.settings import (
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Will,
    WillProperties,
)
from mtlsx.recipes.files import read_files
from mtlsx.recipes.mosquitto import mosquitto_pub, mosquitto_sub
from mtlsx.recipes.openssl import s_client
from mtlsx.recipes.own import mtlsx_conn
from mtlsx.recipes.paho import paho
from mtlsx.recipes.recipe import PASSPHRASE as PASSPHRASE_PLACE
from mtlsx.recipes.recipe import PASSWORD, Recipe, Task
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.openssl_pki import PASSPHRASE, Pki

if TYPE_CHECKING:
    from support.mosquitto import Mosquitto

    StartMosquitto = Callable[..., Mosquitto]

pytestmark = pytest.mark.e2e

WAIT = 60.0
MTLSX = shlex.join([sys.executable, "-c", "from mtlsx_tui.cli.main import main; main()"])
RECIPES: dict[str, Callable[[Task], Recipe]] = {
    "mosquitto_pub": mosquitto_pub,
    "openssl": s_client,
    "paho": paho,
    "mtlsx": mtlsx_conn,
}


def run(recipe: Recipe, directory: Path, **filled: str) -> subprocess.CompletedProcess[str]:
    """Do what ``recipe`` says, in ``directory``."""
    for remark in recipe.remarks:
        first, _, command = remark.partition("first: ")
        if not first and command:
            words = [*shlex.split(command), "-passin", f"pass:{PASSPHRASE}"]
            if "pkcs12" in words and "-nodes" not in words:
                words += ["-passout", f"pass:{PASSPHRASE}"]
            subprocess.run(words, cwd=directory, check=True, capture_output=True)
    body = recipe.body
    for place, value in filled.items():
        body = body.replace({"password": PASSWORD, "passphrase": PASSPHRASE_PLACE}[place], value)
    if recipe.name.startswith("paho"):
        (directory / "connect.py").write_text(body)
        body = f"{shlex.quote(sys.executable)} connect.py"
    elif recipe.name.startswith("mtlsx"):
        body = MTLSX + body.removeprefix("mtlsx").replace("--ask-password", "")
    elif recipe.name.startswith("openssl"):
        body += f" -pass pass:{shlex.quote(PASSPHRASE)}"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MTLSX_CONFIG_DIR": str(directory),
        "MTLSX_PASSWORD": filled.get("password", ""),
        "MTLSX_PASSPHRASE": PASSPHRASE,
    }
    return subprocess.run(
        ["bash", "-c", body], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=WAIT,
    )  # fmt: skip


def connection(broker: Mosquitto, pki: Pki) -> ConnectionSettings:
    return ConnectionSettings(
        host="localhost",
        port=broker.port,
        client_id="dev-1",
        tls=TlsSettings(
            ca_file=str(pki.ca.certificate),
            certificate_file=str(pki.device.certificate),
            key_file=str(pki.device.key),
        ),
    )


@pytest.mark.parametrize(
    ("recipe", "version"),
    [
        *itertools.product(("mosquitto_pub", "paho", "mtlsx"), MqttVersion),
        ("openssl", MqttVersion.V5),  # it sends no MQTT
    ],
)
def test_they_connect(
    recipe: str, version: MqttVersion, pki: Pki, mosquitto: StartMosquitto, tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    task = Task(settings=replace(connection(broker, pki), version=version), topic="a/b")
    done = run(RECIPES[recipe](task), tmp_path)
    assert done.returncode == 0, (done.stdout, done.stderr)
    if recipe == "openssl":
        assert "Verification: OK" in done.stderr
        assert "Verified peername" in done.stderr
    else:
        broker.wait_for_log(f"as dev-1 (p{ {'3.1': 1, '3.1.1': 2, '5': 5}[version] }")
    if recipe == "paho":
        assert done.stdout.splitlines()[-1] == "received: a/b b'hello'"


@pytest.mark.parametrize("recipe", ["mosquitto_pub", "paho", "mtlsx"])
def test_the_password_is_filled_in(
    recipe: str, pki: Pki, mosquitto: StartMosquitto, tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, users={"dev-1": "s3cret"})
    settings = replace(connection(broker, pki), username="dev-1", password=Secret("s3cret"))
    made = RECIPES[recipe](Task(settings=settings, topic="a/b"))
    assert "s3cret" not in made.text
    right = run(made, tmp_path, password="s3cret")
    assert right.returncode == 0, right.stderr
    broker.wait_for_log("u'dev-1'")
    wrong = run(made, tmp_path, password="wrong")
    # The program prints the reason and ends as if all were well.
    assert wrong.returncode != 0 or "Not authorized" in wrong.stdout


@pytest.mark.parametrize("recipe", ["mosquitto_pub", "openssl", "paho"])
def test_a_chain_is_sent_whole(
    recipe: str, pki: Pki, mosquitto: StartMosquitto, tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, tls="1.2")
    settings = connection(broker, pki)
    pair = pki.device_with_its_chain
    tls = replace(settings.tls, certificate_file=str(pair.certificate), key_file=str(pair.key))
    task = Task(settings=replace(settings, tls=tls), files=read_files(tls), topic="a/b")
    done = run(RECIPES[recipe](task), tmp_path)
    assert done.returncode == 0, done.stderr
    if recipe == "openssl":
        assert "Verification: OK" in done.stderr


@pytest.mark.parametrize(
    ("recipe", "form"),
    [
        *itertools.product(("openssl", "paho", "mtlsx"), ("der", "encrypted", "pkcs12")),
        ("mosquitto_pub", "der"),  # it asks for passphrases on the terminal
    ],
)
def test_files_of_other_forms(
    recipe: str, form: str, pki: Pki, mosquitto: StartMosquitto, tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = connection(broker, pki)
    sources = {
        "der": (pki.device_der.certificate, pki.device_der.key),
        "encrypted": (pki.device.certificate, pki.encrypted_pkcs8_key),
        "pkcs12": (pki.pkcs12, None),
    }[form]
    # Copies, because the recipe writes beside them.
    certificate, key = (file and tmp_path / file.name for file in sources)
    for source, copy in zip(sources, (certificate, key), strict=True):
        if source is not None and copy is not None:
            copy.write_bytes(source.read_bytes())
    tls = replace(settings.tls, certificate_file=str(certificate), key_file=key and str(key))
    task = Task(settings=replace(settings, tls=tls), files=read_files(tls), topic="a/b")
    done = run(RECIPES[recipe](task), tmp_path, passphrase=PASSPHRASE)
    assert done.returncode == 0, (done.stdout, done.stderr)


def test_the_checks_that_are_on_are_on(pki: Pki, mosquitto: StartMosquitto, tmp_path: Path) -> None:
    broker = mosquitto(server=pki.server_of_another_name, client_ca=pki.ca.certificate)
    settings = connection(broker, pki)
    tls = replace(settings.tls, verify_name=False, maximum_version=TlsVersion.V1_2)
    for made in RECIPES.values():
        refused = run(made(Task(settings=settings, topic="a/b")), tmp_path)
        assert refused.returncode != 0
        passed = run(made(Task(settings=replace(settings, tls=tls), topic="a/b")), tmp_path)
        assert passed.returncode == 0, passed.stderr


def test_a_session_a_will_and_no_name(pki: Pki, mosquitto: StartMosquitto, tmp_path: Path) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = replace(connection(broker, pki), session_expiry=60, clean_start=False, keepalive=30)
    done = run(mosquitto_pub(Task(settings=settings, topic="a/b")), tmp_path)
    assert done.returncode == 0, done.stderr
    broker.wait_for_log("as dev-1 (p5, c0, k30")
    done = run(paho(Task(settings=settings, topic="a/b")), tmp_path)
    assert done.returncode == 0, done.stderr
    will = Will("gone", b"x", properties=WillProperties(will_delay_interval=5, content_type="t"))
    properties = ConnectProperties(receive_maximum=9, user_properties=(("k", "v"),))
    full = replace(settings, will=will, properties=properties)
    for made in (mosquitto_pub, paho, mtlsx_conn):
        done = run(made(Task(settings=full, topic="a/b")), tmp_path)
        assert done.returncode == 0, (done.stdout, done.stderr)
    nameless = replace(settings, client_id="", clean_start=True)
    for made in (mosquitto_pub, paho, mtlsx_conn):
        done = run(made(Task(settings=nameless, topic="a/b")), tmp_path)
        assert done.returncode == 0, done.stderr
    with subprocess.Popen(
        ["bash", "-c", f"{mosquitto_sub(Task(settings=nameless, topic_filter='a/#')).body} -C 1 -W 20"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        broker.wait_for_log("a/# (QoS 1)")
        broker.publish("a/b", "hi")
        assert process.communicate(timeout=WAIT)[0] == "a/b hi\n"
