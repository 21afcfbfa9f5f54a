"""Makes ``docs/faults.md``: fault by fault, what mosquitto_pub, paho, MQTT.js and mtlsx say, in one run.

The faults are those of the tests' laboratory, with the same servers. MQTT.js is fetched from the npm registry; where
Node.js or the registry is not at hand, its column says so.

    python docs/make_faults.py
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mtlsx import __version__
from mtlsx.client.settings import ConnectionSettings, MqttVersion
from support.cli import as_environment, as_options
from support.faults.case import TOPIC, Case, Scene
from support.faults.catalogue import CASES
from support.faults.laboratory import Laboratory
from support.openssl_pki import Pki
from support.programs import find

PAGE = Path(__file__).with_name("faults.md")
# What a person would call the fault, and the case that brings it about.
FAULTS = {
    "no certificate given": "no_certificate_on_mosquitto",
    "certificate of another CA": "certificate_of_another_ca_on_mosquitto",
    "… of a CA of the same name": "certificate_of_a_ca_of_the_same_name",
    "… without its intermediate": "certificate_without_its_intermediate_on_mosquitto",
    "… without its intermediate, which is in the CA file": "certificate_without_the_intermediate_in_our_ca_file",
    "… expired": "expired_certificate_on_mosquitto",
    "… not yet valid": "certificate_not_yet_valid_on_mosquitto",
    "… for servers only": "certificate_for_servers_only_on_mosquitto",
    "… self-signed": "self_signed_certificate_on_mosquitto",
    "… revoked": "revoked_certificate",
    "… with a key of 1024 bits": "certificate_with_a_short_key",
    "broker's revocation list out of date": "good_certificate_where_the_crl_is_stale",
    "broker hangs up on the certificate": "good_certificate_that_the_server_hangs_up_on",
    "… when TLS has taken it": "good_certificate_that_the_application_hangs_up_on",
    "… when TLS has taken it and CONNECT has come (expired)": "expired_certificate_that_the_application_hangs_up_on_late",
    "key of another certificate": "key_that_does_not_match",
    "wrong passphrase": "wrong_passphrase",
    "no such file": "missing_certificate_file",
    "server of another CA": "wrong_ca_file",
    "server's certificate expired": "expired_server_certificate",
    "… for another name": "wrong_host_name",
    "… with its name in the CN only": "host_name_in_the_cn_only",
    "… without its intermediate ": "server_without_its_intermediate",
    "no such host": "unknown_host",
    "nobody listens": "closed",
    "TLS to a plain port": "tls_to_a_plain_port",
    "server is silent": "silent_server",
    "another TLS version": "another_tls_version_on_mosquitto",
    "no cipher in common": "no_cipher_in_common",
    "no ALPN protocol in common": "no_protocol_in_common",
    "wrong password": "wrong_password_on_5",
    "certificate without a CN": "certificate_without_cn",
    "banned": "banned_device_on_ours",
    "use another server": "connack_0x9c",
    "hangs up on CONNECT": "server_that_hangs_up_on_connect",
}
SECONDS = 40  # that each has; who then still tries is ended
PAHO = """
import json, sys, time
import paho.mqtt.client as mqtt
given = json.loads(sys.argv[1])
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="laboratory",
                     protocol=mqtt.MQTTv5 if given["version"] == "5" else mqtt.MQTTv311)
said = []
def tell(words):
    said.append(words)
    client.disconnect()
client.on_connect = lambda c, u, f, reason, p: tell(f"on_connect: {reason}")
client.on_disconnect = lambda c, u, f, reason, p: said.append(f"on_disconnect: {reason}")
client.username_pw_set(given["username"], given["password"]) if given["username"] else None
try:
    client.tls_set(given["ca"], given["cert"], given["key"], keyfile_password=given["passphrase"],
                   ciphers=given["ciphers"], alpn_protocols=given["alpn"] or None)
    if given["tls"]:
        import ssl
        pinned = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[given["tls"]]
        client._ssl_context.minimum_version = client._ssl_context.maximum_version = pinned
    client.connect(given["host"], given["port"], keepalive=60)
    begin = time.monotonic()
    while not said and time.monotonic() < begin + 20:
        client.loop(0.2)
except Exception as error:
    said.append(f"{type(error).__name__}: {error}")
print(said[0] if said else "(nothing)")
"""
MQTT_JS = "mqtt@5"
MQTT_JS_PROGRAM = """
const fs = require("fs");
const given = JSON.parse(process.argv[2]);
const end = (words) => { console.log(words); process.exit(); };
try {
  const mqtt = require("mqtt");
  const options = { host: given.host, port: given.port, protocol: "mqtts", clientId: "laboratory",
    protocolVersion: given.version === "5" ? 5 : 4, ciphers: given.ciphers || undefined, connectTimeout: 15000,
    username: given.username || undefined, password: given.password || undefined,
    passphrase: given.passphrase || undefined };
  for (const name of ["ca", "cert", "key"]) if (given[name]) options[name] = fs.readFileSync(given[name]);
  if (given.alpn.length) options.ALPNProtocols = given.alpn;
  if (given.tls) options.minVersion = options.maxVersion = "TLSv" + given.tls;
  const client = mqtt.connect(options);
  client.on("error", (error) => end(String(error)));
  client.on("connect", () => end("connected"));
  let closed = 0;
  client.on("close", () => { if (++closed === 2) end("no error: closes and reconnects, again and again"); });
} catch (error) { end(String(error)); }
setTimeout(() => end("(nothing)"), 20000);
"""

Given = Mapping[str, object]


def main() -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        laboratory_directory = directory / "laboratory"
        laboratory_directory.mkdir()
        laboratory = stack.enter_context(Laboratory(laboratory_directory, Pki(directory / "pki")))
        clients = {
            mosquitto_version(): mosquitto_pub,
            f"paho {version('paho-mqtt')}": paho,
            **mqtt_js_client(directory),
            f"mtlsx {__version__}": mtlsx,
        }
        rows = [row(words, name, laboratory, directory, clients) for words, name in FAULTS.items()]
    PAGE.write_text(page(list(clients), rows))


def row(
    words: str, name: str, laboratory: Laboratory, directory: Path,
    clients: Mapping[str, Callable[[ConnectionSettings], str]],
) -> list[str]:  # fmt: skip
    case = newest(name)
    own = directory / name
    own.mkdir(exist_ok=True)
    with ExitStack() as stack:
        attempt = case.arrange(Scene(laboratory, own, stack, case.tls))
        said = [tidy(client(attempt), attempt) for client in clients.values()]
    title = words.strip() + (f" (TLS {case.tls})" if case.tls else "")
    print(title, *said, sep="\n  ", flush=True)
    return [title, *said]


def newest(name: str) -> Case:
    """The case of this name, for TLS 1.3 where there is one for each version."""
    return [case for case in CASES if case.name == name][-1]


def mosquitto_version() -> str:
    said = subprocess.run(
        [find("mosquitto_pub"), "--version"], check=False, capture_output=True, text=True
    )
    return f"mosquitto_pub {re.findall(r'[0-9.]+[0-9]', said.stdout)[0]}"


def mosquitto_pub(attempt: ConnectionSettings) -> str:
    tls = attempt.tls
    options = {
        "-h": attempt.host, "-p": attempt.port, "-V": "mqttv5" if attempt.version is MqttVersion.V5 else "mqttv311",
        "-i": "laboratory", "-t": TOPIC, "-m": "hello", "-q": 1,
        "--cafile": tls.ca_file, "--cert": tls.certificate_file, "--key": tls.key_file,
        "--ciphers": tls.ciphers, "-u": attempt.username,
        "-P": attempt.password.reveal() if attempt.username and attempt.password else None,
        "--tls-version": f"tlsv{pinned(attempt)}" if pinned(attempt) else None,
    }  # fmt: skip
    words = [
        str(word) for name, value in options.items() if value is not None for word in (name, value)
    ]
    words += [word for name in tls.alpn for word in ("--tls-alpn", name)]
    passphrase = f"{tls.passphrase.reveal()}\n" if tls.passphrase else ""
    return run([find("mosquitto_pub"), *words], said=passphrase)


def paho(attempt: ConnectionSettings) -> str:
    return run([sys.executable, "-c", PAHO, json.dumps(plain(attempt))], exit_code=False)


def mqtt_js_client(directory: Path) -> dict[str, Callable[[ConnectionSettings], str]]:
    """The column of MQTT.js, with what it takes to run it."""
    fetched = subprocess.run(
        [find("npm"), "install", "--no-audit", "--no-fund", "--prefix", directory, MQTT_JS],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if fetched.returncode:
        return {"MQTT.js": lambda _: "(not at hand)"}
    program = directory / "program.js"
    program.write_text(MQTT_JS_PROGRAM)
    installed = json.loads((directory / "node_modules/mqtt/package.json").read_text())["version"]

    def client(attempt: ConnectionSettings) -> str:
        return run([find("node"), str(program), json.dumps(plain(attempt))], exit_code=False)

    return {f"MQTT.js {installed}": client}


def mtlsx(attempt: ConnectionSettings) -> str:
    environment = {**os.environ, **as_environment(attempt), "PYTHONPATH": os.pathsep.join(sys.path)}
    program = [sys.executable, "-m", "mtlsx_tui", "conn", *as_options(attempt)]
    return run(program, environment=environment)


def plain(attempt: ConnectionSettings) -> Given:
    """The settings as a program of a few lines takes them."""
    tls = attempt.tls
    known = attempt.username is not None
    return {
        "host": attempt.host, "port": attempt.port, "version": str(attempt.version),
        "ca": tls.ca_file, "cert": tls.certificate_file, "key": tls.key_file, "ciphers": tls.ciphers,
        "passphrase": tls.passphrase.reveal() if tls.passphrase else None, "alpn": list(tls.alpn),
        "tls": pinned(attempt), "username": attempt.username,
        "password": attempt.password.reveal() if known and attempt.password else None,
    }  # fmt: skip


def pinned(attempt: ConnectionSettings) -> str | None:
    """The only TLS version that is to be used."""
    tls = attempt.tls
    return str(tls.minimum_version) if tls.minimum_version == tls.maximum_version else None


def run(
    command: list[str], *, said: str = "", exit_code: bool = True, environment: Mapping[str, str] | None = None
) -> str:  # fmt: skip
    """What it printed, all of it in one line, and its exit code."""
    try:
        done = subprocess.run(
            command,
            check=False,
            input=said,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return "(nothing; it still tries)"
    words = " ".join((done.stdout + done.stderr).split())
    words = words or ("(nothing)" if done.returncode else "connects, and says nothing")
    return f"{words} ({done.returncode})" if exit_code else words


def tidy(words: str, attempt: ConnectionSettings) -> str:
    """Without what differs from run to run."""
    words = re.sub(rf"\b{attempt.port}\b", "PORT", words).removeprefix("mtlsx: ")
    words = re.sub(r"/\S+/([\w.-]+)", r"\1", words)
    words = re.sub(r"\b[0-9A-F]{12,16}:error", "error", words)
    return words.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def page(clients: list[str], rows: list[list[str]]) -> str:
    header = ["Fault", *clients]
    table = [header, ["---"] * len(header), *rows]
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    return "\n".join(
        [
            "# What they say when it fails",
            "",
            "Made by `python docs/make_faults.py`, all in one run on one machine. The servers are those of the tests:",
            "Mosquitto where nothing else is needed, `openssl s_server`, our own broker, and a server that misbehaves on",
            "purpose. Each client got the same files and options. Exit codes are in parentheses, where a client has some; the",
            "port stands as PORT, and directories are left out. paho is a program of a few lines that prints the first that it",
            "is told: the reason that its callbacks get, or the exception. So is MQTT.js. Who connects although something is",
            "wrong did not look at it.",
            "",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    main()
