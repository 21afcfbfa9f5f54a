"""Seeds: what is stored is what each EMQX asks for and finds right."""

from __future__ import annotations

from pathlib import Path
from ssl import PEM_cert_to_DER_cert

import pytest

from mtlsx.auth.passwords import Algorithm, Bcrypt, Pbkdf2, Simple, as_4, matches, matches4
from mtlsx.errors import UsageError
from mtlsx.identity import emqx
from mtlsx.identity.mapping import Mapping, resolve
from mtlsx.pki.authority import Admission
from mtlsx.pki.seed import (
    ACL_COMMAND_4,
    ACL_COMMAND_5,
    AccessRule,
    RedisHash,
    Settings,
    all_hashes,
    as_commands,
    default_mapping,
    hashes,
    require_meant,
)
from mtlsx.secret import Secret
from support.issued_pki import issue_device, make_root

ALGORITHMS: list[Algorithm] = [
    *(
        Simple(name, position)  # type: ignore[arg-type]
        for name in ("plain", "md5", "sha", "sha256", "sha512")
        for position in ("prefix", "suffix", "disable")
    ),
    Bcrypt(4),
    Pbkdf2(iterations=10),
    Pbkdf2("sha512", 10, 20),
]
PASSWORD = Secret("pass wörd")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = make_root(tmp_path_factory.mktemp("pki"))
    return PEM_cert_to_DER_cert(issue_device(root, "dev-1", subject="/O=Acme").certificate.decode())


def settings(algorithm: Algorithm = ALGORITHMS[0], identity: str = "cn", **about) -> Settings:
    four = about.pop("four", False)
    superuser = about.get("superuser", False)
    return Settings(
        mapping=about.pop("mapping", None)
        or default_mapping(identity, algorithm, four=four, superuser=superuser),
        algorithm=algorithm,
        acl_command=about.pop("acl_command", ACL_COMMAND_4 if four else ACL_COMMAND_5),
        **about,
    )


def asked(certificate: bytes, mapping: Mapping) -> tuple[bytes, ...]:
    """What EMQX asks for this certificate."""
    return resolve(emqx.identify(certificate), mapping, username=None, client_id="x").redis_command


@pytest.mark.parametrize("identity", ["cn", "dn", "md5"])
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_emqx_5_and_6_find_it_right(
    certificate: bytes, algorithm: Algorithm, identity: str
) -> None:
    how = settings(algorithm, identity, superuser=True)
    require_meant(how)
    (made,) = hashes(certificate, PASSWORD, "dev-1", how)
    _, key, *fields = asked(certificate, how.mapping)
    assert made.key == key
    held = dict(made.fields)
    assert held.keys() == set(fields)
    assert held[b"is_superuser"] == b"1"
    right, wrong = (
        matches(algorithm, held[b"password_hash"], text, held.get(b"salt"))
        for text in ("pass wörd".encode(), b"pass word")
    )
    assert (right, wrong) == (True, False)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_emqx_4_finds_it_right(certificate: bytes, algorithm: Algorithm) -> None:
    how = settings(algorithm, four=True)
    require_meant(how)
    (made,) = hashes(certificate, PASSWORD, "dev-1", how)
    _, key, *fields = asked(certificate, how.mapping)
    assert (made.key, key) == (b"tls_domain:dev-1", b"tls_domain:dev-1")
    columns = [dict(made.fields).get(name) for name in fields]
    four = as_4(algorithm)
    assert matches4(four, columns, "pass wörd".encode())
    assert not matches4(four, columns, b"pass word")


def test_the_keys_of_each_identity(certificate: bytes) -> None:
    keys = {
        name: hashes(certificate, PASSWORD, "d", settings(identity=name))[0].key
        for name in ("cn", "dn", "md5")
    }
    assert keys["cn"] == b"tls_domain:dev-1"
    assert keys["dn"] == b"tls_subject:CN=dev-1,O=Acme"
    assert keys["md5"] == b"tls_md5:" + emqx.identify(certificate).md5.encode()


def test_access_rules(certificate: bytes) -> None:
    rules = (
        AccessRule("publish", "up/${username}/#"),
        AccessRule("all", "x"),
        AccessRule("subscribe", "y"),
    )
    _, made = hashes(certificate, PASSWORD, "d", settings(rules=rules))
    assert made == RedisHash(
        b"mqtt_acl:dev-1", ((b"up/${username}/#", b"publish"), (b"x", b"all"), (b"y", b"subscribe"))
    )
    _, made = hashes(certificate, PASSWORD, "d", settings(rules=rules, four=True))
    assert [value for _, value in made.fields] == [b"2", b"3", b"1"]
    _, made = hashes(certificate, PASSWORD, "d", settings(rules=rules, identity="dn"))
    assert made.key == b"mqtt_acl:CN=dev-1,O=Acme"
    assert "publish" not in repr(made)


@pytest.mark.parametrize(
    ("about", "part"),
    [
        ({"mapping": Mapping(command="GET x")}, "asks for no fields of a hash"),
        ({"mapping": Mapping(command='HMGET "x password')}, "is none"),
        ({"mapping": Mapping(command="HMGET x salt")}, "neither password_hash nor password"),
        (
            {"mapping": Mapping(command="HMGET x password_hash"), "algorithm": Simple()},
            "does not ask for the salt",
        ),
        (
            {"mapping": Mapping(command="HMGET x password"), "superuser": True},
            "does not ask for is_superuser",
        ),
        ({"four": True, "superuser": True}, "a command of its own"),
    ],
)
def test_settings_that_could_never_be_found_right_are_refused(about: dict, part: str) -> None:
    with pytest.raises(UsageError) as error:
        require_meant(settings(**{"algorithm": Simple("plain", "disable"), **about}))
    assert part in str(error.value)


def test_the_field_that_the_command_asks_for_is_filled(certificate: bytes) -> None:
    how = settings(
        Simple("plain", "disable"), mapping=Mapping(command="HMGET k:${cert_common_name} password")
    )
    assert hashes(certificate, Secret("public"), "d", how) == [
        RedisHash(b"k:dev-1", ((b"password", b"public"),))
    ]


def test_a_key_that_is_not_the_devices_alone_is_refused(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    spaced = PEM_cert_to_DER_cert(issue_device(root, "my device").certificate.decode())
    with pytest.raises(UsageError, match="not about this device alone"):
        hashes(spaced, PASSWORD, "my device", settings(four=True))
    assert hashes(spaced, PASSWORD, "my device", settings())[0].key == b"tls_domain:my device"
    control = PEM_cert_to_DER_cert(issue_device(root, "a\tb").certificate.decode())
    with pytest.raises(UsageError, match=r"EMQX takes no client .* control characters"):
        hashes(control, PASSWORD, "a", settings())


def test_two_devices_with_one_key_are_refused(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    both = [
        (PEM_cert_to_DER_cert(issue_device(root, "dev-1", admission=Admission(duplicates=True)).certificate.decode()), PASSWORD, name)
        for name in ("one", "two")
    ]  # fmt: skip
    with pytest.raises(UsageError, match="two and one have the same key, tls_domain:dev-1"):
        all_hashes(both, settings())
    heard: list[int] = []
    assert len(all_hashes(both, settings(identity="md5"), report=heard.append)) == 2
    assert heard == [1, 1]


def test_commands_are_quoted_where_they_must() -> None:
    made = [RedisHash(b"a b", ((b'f"', b"\x00\xff"),))]
    assert as_commands(made) == b'DEL "a b"\nHSET "a b" "f\\"" "\\x00\\xff"\n'
