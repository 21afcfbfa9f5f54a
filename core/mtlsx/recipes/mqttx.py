"""The same connection as MQTTX CLI takes it: ``mqttx conn``, ``mqttx pub`` and ``mqttx sub``.

Source of what it can: MQTTX 1.13. Its ``--insecure`` leaves out every check of the server, without ``--ca`` it
trusts the roots that come with Node.js, and it opens neither encrypted keys nor PKCS#12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.client.settings import MqttVersion
from mtlsx.recipes.files import as_pem
from mtlsx.recipes.properties import flags
from mtlsx.recipes.recipe import PASSWORD, Recipe, client_gaps, command, given
from mtlsx.tls.settings import TlsVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.recipes.recipe import Task
    from mtlsx.tls.settings import TlsSettings


def mqttx_conn(task: Task) -> Recipe:
    """``mqttx conn``, which stays connected."""
    return _recipe("conn", task)


def mqttx_pub(task: Task) -> Recipe:
    """``mqttx pub``, which publishes ``task.message``."""
    return _recipe("pub", task, "-t", task.topic, "-q", str(task.qos), "-m", task.message)


def mqttx_sub(task: Task) -> Recipe:
    """``mqttx sub``, which prints what comes."""
    return _recipe("sub", task, "-t", task.topic_filter, "-q", str(task.qos))


def _recipe(action: str, task: Task, *what: str) -> Recipe:
    settings = task.settings
    words = ["mqttx", action, "-l", settings.transport.value, "-h", settings.host, "-p", str(settings.port)]  # fmt: skip
    remarks: list[str] = []
    if settings.transport.uses_tls:
        prepared = as_pem(settings.tls, task.files, open_key=True)
        remarks += [f"first: {each}" for each in prepared.commands]
        if task.files.key_is_encrypted:
            remarks.append(
                "mqttx opens no encrypted key: the copy is a plain one, delete it after."
            )
        remarks += _tls_gaps(settings.tls)
        words += _tls_words(prepared.tls)
    if settings.transport.uses_websocket:
        words += given("--path", settings.path)
        for name, value in settings.headers:
            words += ["-wh", f"{name}: {value}"]
    words += [*_client_words(settings), *flags(settings, conn=action == "conn")]
    if not settings.client_id:
        remarks.append("mqttx makes up a client id; here the broker assigns one.")
    remarks += client_gaps("mqttx", settings)
    if settings.password is not None:
        remarks.append("Others on this machine can see a password on the command line.")
    return Recipe(f"mqttx {action}", command(*words, *what), tuple(remarks))


def _tls_words(tls: TlsSettings) -> list[str]:
    words = [*given("--ca", tls.ca_file), *given("--cert", tls.certificate_file)]
    if tls.certificate_file is not None:
        words += ["--key", tls.key_file or tls.certificate_file]
    for protocol in tls.alpn:
        words += ["--alpn", protocol]
    return words if tls.verify_chain and tls.verify_name else [*words, "--insecure"]


def _client_words(settings: ConnectionSettings) -> list[str]:
    username = "" if settings.sends_empty_username else settings.username
    version = settings.version.value if settings.version is not MqttVersion.V5 else None
    words = [*given("-V", version), *given("-i", settings.client_id)]
    if username is not None:
        words += ["-u", username]
    if settings.password is not None:
        words += ["-P", PASSWORD]
    words += ["-k", str(settings.keepalive)]
    if not settings.clean_start:
        words.append("--no-clean")
    if settings.version is MqttVersion.V5 and (settings.session_expiry or not settings.clean_start):
        words += ["-se", str(settings.session_expiry)]
    if (will := settings.will) is not None:
        words += ["-Wt", will.topic, *given("-Wm", will.payload.decode(errors="replace"))]
        words += given("-Wq", will.qos or None)
        words += ["-Wr"] if will.retain else []
    return words


def _tls_gaps(tls: TlsSettings) -> Iterator[str]:
    if tls.ca_file is None:
        yield "mqttx trusts the roots of Node.js; here it is the system's trust store."
    if tls.verify_chain != tls.verify_name:
        kept = "issuer" if tls.verify_chain else "name"
        yield f"mqttx checks all or nothing; here the server's {kept} is still checked."
    if tls.sni is not None:
        yield f"mqttx sends and checks the host's name; here it is {tls.sni}."
    if (tls.minimum_version, tls.maximum_version) != (TlsVersion.V1_2, TlsVersion.V1_3):
        only = " to ".join(dict.fromkeys((tls.minimum_version, tls.maximum_version)))
        yield f"mqttx takes TLS 1.2 and 1.3; here it is {only}."
    if tls.ciphers is not None:
        yield f"mqttx takes no list of ciphers; here it is {tls.ciphers}."
    if tls.crl_file is not None:
        yield f"mqttx looks into no revocation list; here it is {tls.crl_file}."
