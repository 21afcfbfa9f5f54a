"""What follows from a certificate and CONNECT, against what running EMQX brokers did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtlsx.certificates.load import load_file
from mtlsx.identity.emqx import EmqxIdentity, identify
from mtlsx.identity.mapping import Dialect, Mapping, resolve
from support.odd_certificates import CN, ORGANIZATION, attribute, certificate
from support.vectors import DEFAULT_FOLDER, find_vectors

DEVICE = identify(certificate(attribute(ORGANIZATION, "A B"), attribute(CN, "dev\\1")))
NAMELESS = identify(certificate(attribute(ORGANIZATION, "A")))
DIALECTS: dict[str, Dialect] = {"4.2.9": "emqx4.2", "4.4.19": "emqx4.4", "5.0.26": "emqx5.0"}


def observed() -> list[dict[str, Any]]:
    """The cases in which a running EMQX saw a client's certificate and let the client in."""
    return [
        vector
        for vector in find_vectors(DEFAULT_FOLDER)["observed"]
        if vector["client"]["certificate"]
        and vector["config"]["verify"] == "verify_peer"
        and vector["observed"]["connack"] == 0
    ]


@pytest.mark.parametrize("vector", observed(), ids=lambda vector: vector["id"])
def test_as_observed(vector: dict[str, Any]) -> None:
    config, client, seen = vector["config"], vector["client"], vector["observed"]
    folder: Path = vector["path"].parent / "certificates"
    identity = identify(load_file(str(folder / f"{client['certificate']}.pem")).certificates[0])
    mapping = Mapping(
        peer_cert_as_username=config["peer_cert_as_username"] or "disabled",
        peer_cert_as_clientid=config["peer_cert_as_clientid"] or "disabled",
        use_username_as_clientid=config["use_username_as_clientid"] == "true",
        command=config["auth_cmd"] or "",
        dialect=DIALECTS[vector["broker"]],
    )
    mapped = resolve(identity, mapping, username=client["username"], client_id=client["clientid"])
    assert (identity.cn, identity.dn) == (octets(seen["cn"]), octets(seen["dn"]))
    assert mapped.username == text(seen["username"])
    if mapped.client_id_from is None:
        return  # the broker made one, which stands in its command
    assert mapped.client_id == text(seen["clientid"])
    if seen["redis"]:
        assert list(mapped.redis_command) == [octets(word) for word in seen["redis"][0]]


def octets(value: Any) -> bytes | None:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return None if value is None else value.encode()


def text(value: Any) -> str | None:
    found = octets(value)
    return None if found is None else found.decode(errors="backslashreplace")


def mapped(
    identity: EmqxIdentity, mapping: Mapping, username: str | None = None, client_id: str = ""
) -> tuple[str | None, str | None, str, str | None]:
    found = resolve(identity, mapping, username=username, client_id=client_id)
    return found.username, found.username_from, found.client_id, found.client_id_from


def test_the_certificate_wins_over_connect() -> None:
    assert mapped(DEVICE, Mapping(), "u", "c") == ("dev\\1", "cn", "c", "CONNECT")
    assert mapped(DEVICE, Mapping("disabled", "cn"), "u", "c") == ("u", "CONNECT", "dev\\1", "cn")


def test_what_the_certificate_lacks_comes_from_connect() -> None:
    assert mapped(NAMELESS, Mapping("cn", "cn"), "u", "c") == ("u", "CONNECT", "c", "CONNECT")
    assert mapped(NAMELESS, Mapping("cn", "cn")) == (None, None, "", None)


def test_the_username_as_client_id_wins() -> None:
    mapping = Mapping("cn", "md5", use_username_as_clientid=True)
    assert mapped(DEVICE, mapping, "u", "c") == ("dev\\1", "cn", "dev\\1", "username")
    without = mapped(NAMELESS, mapping, None, "c")
    assert without == (None, None, NAMELESS.md5, "md5")


def test_a_name_that_is_no_text_is_shown_escaped() -> None:
    username, source, *_ = mapped(DEVICE, Mapping("crt"))
    assert source == "crt"
    assert username is not None
    assert username.startswith("0\\x81")


@pytest.mark.parametrize(
    ("command", "dialect", "sent", "shown"),
    [
        (
            "HMGET k:${cert_common_name}:${cert_subject} p",
            "emqx6",
            (b"HMGET", b"k:dev\\1:CN=dev\\\\1,O=A B", b"p"),
            r'HMGET "k:dev\\1:CN=dev\\\\1,O=A B" p',
        ),
        (
            "HMGET k:%C:%d p",
            "emqx4.4",
            (b"HMGET", b"k:dev:CN=dev\\1,O=A", b"B", b"p"),
            r"HMGET k:dev:CN=dev\1,O=A B p",
        ),
        (
            "HMGET k:%C ${username}",
            "emqx5.0",
            (b"HMGET", b"k:%C", b"${username}"),
            "HMGET k:%C ${username}",
        ),
        ("HMGET ${peerhost} p", "emqx6", (b"HMGET", b"${peerhost}", b"p"), "HMGET ${peerhost} p"),
        ('HMGET "k p', "emqx6", (), '(The quote " is not closed)'),
    ],
)
def test_the_redis_command(
    command: str, dialect: Dialect, sent: tuple[bytes, ...], shown: str
) -> None:
    mapping = Mapping(command=command, dialect=dialect)
    found = resolve(DEVICE, mapping, username=None, client_id="")
    assert (found.redis_command, found.redis_text) == (sent, shown)
