"""``mtlsx pki seed`` with a real Redis: what EMQX would ask is answered, by pipeline and through redis-cli."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.auth.passwords import Bcrypt, Pbkdf2, Simple, matches
from mtlsx.identity import emqx
from mtlsx.identity.mapping import Mapping, resolve
from support.programs import find

if TYPE_CHECKING:
    from support.cli import Cli
    from support.redis_servers import RedisServer

pytestmark = pytest.mark.e2e

ODD = ["dev-1", 'quo"te', "back\\slash", "sp ace", "Gerät", "a,b", "'x'"]


class Pki:
    """The commands, in a directory of their own."""

    def __init__(self, cli: Cli, directory: Path) -> None:
        self._cli = cli
        self.directory = directory

    def run(
        self, *arguments: object, code: int = 0, environment: dict[str, str] | None = None
    ) -> str:
        done = self._cli.run("pki", *arguments, "--pki", self.directory, environment=environment)
        assert done.code == code, done.stderr
        return done.stderr if code else done.stdout

    def json(self, *arguments: object, **about: Any) -> Any:
        return json.loads(self.run(*arguments, "--json", **about))

    def certificates(self) -> dict[str, bytes]:
        """The DER of each device by CN."""
        (authority,) = self.json("list")
        return {
            each["cn"]: PEM_cert_to_DER_cert(Path(each["certificate"]).read_text())
            for each in authority["issued"]
        }


@pytest.fixture
def pki(cli: Cli, tmp_path: Path) -> Pki:
    made = Pki(cli, tmp_path / "pki")
    made.run("ca", "demo")
    return made


def answer(
    server: RedisServer, certificate: bytes, command: str, identity: str = "cn"
) -> list[bytes]:
    """What Redis answers to the command that EMQX sends for this certificate."""
    mapping = Mapping(identity, command=command)  # type: ignore[arg-type]
    words = resolve(emqx.identify(certificate), mapping, username=None, client_id="x").redis_command
    return server.execute(*words)  # type: ignore[return-value]


def url(server: RedisServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


@pytest.mark.parametrize("way", ["pipeline", "file"])
@pytest.mark.parametrize("identity", ["cn", "dn"])
def test_emqx_finds_every_device(
    pki: Pki, redis_db: RedisServer, tmp_path: Path, way: str, identity: str
) -> None:
    pki.run("device", "--any-name", "--subject", "/C=DE/O=Acme, Inc.", *ODD)
    where = ("--redis", url(redis_db)) if way == "pipeline" else ("-o", tmp_path / "seed.txt")
    told = pki.json(
        "seed", "--identity", identity, "--acl", "publish up/${username}/#", *where,
        environment={"MTLSX_PASSWORD": "hush"},
    )  # fmt: skip
    if way == "file":
        assert (tmp_path / "seed.txt").stat().st_mode & 0o777 == 0o600
        with (tmp_path / "seed.txt").open() as commands:
            done = subprocess.run(
                [find("redis-cli"), "-p", str(redis_db.port)], stdin=commands, capture_output=True, text=True
            )  # fmt: skip
        assert "ERR" not in done.stdout
    assert (told["devices"], told["keys"]) == (len(ODD), 2 * len(ODD))
    for certificate in pki.certificates().values():
        stored, salt = answer(redis_db, certificate, told["cmd"], identity)
        assert matches(Simple(), stored, b"hush", salt)
        username = resolve(
            emqx.identify(certificate), Mapping("dn" if identity == "dn" else "cn"), username=None, client_id=""
        ).username  # fmt: skip
        rules = redis_db.execute("HGETALL", f"mqtt_acl:{username}")
        assert rules == [b"up/${username}/#", b"publish"]


def test_a_fleet_of_a_thousand(pki: Pki, redis_db: RedisServer, tmp_path: Path) -> None:
    fleet = pki.json("fleet", "--cn", "dev-%i", "--count", 1000)["fleet"]
    pki.run("device", "other")
    told = tmp_path / "passwords.csv"
    seeded = pki.json(
        "seed", "--fleet", fleet, "--random-passwords", told, "--redis", url(redis_db)
    )
    assert (seeded["devices"], redis_db.execute("DBSIZE")) == (1000, 1000)
    assert told.stat().st_mode & 0o777 == 0o600
    with told.open(newline="") as file:
        passwords = {row["cn"]: row["password"] for row in csv.DictReader(file)}
    assert len(set(passwords.values())) == 1000
    for cn, certificate in pki.certificates().items():
        stored, salt = answer(redis_db, certificate, seeded["cmd"])
        assert (stored is None) == (cn == "other")
        if cn != "other":
            assert matches(Simple(), stored, passwords[cn].encode(), salt)
    # The file that tells the passwords seeds the same again.
    again = pki.json("seed", "--csv", told, "--redis", url(redis_db), "--force")
    assert again["devices"] == 1000


def test_what_is_there_is_not_replaced(pki: Pki, redis_db: RedisServer) -> None:
    pki.run("device", "a", "b")
    redis_db.execute("HSET", "tls_domain:b", "password", "mine", "old", "1")
    hush = {"MTLSX_PASSWORD": "hush"}
    said = pki.run("seed", "--redis", url(redis_db), code=2, environment=hush)
    assert "already has tls_domain:b." in said
    assert redis_db.execute("EXISTS", "tls_domain:a") == 0
    pki.run("seed", "--redis", url(redis_db), "--force", environment=hush)
    # Nothing is left of what was there: an old salt would be taken for the new one.
    assert redis_db.execute("HEXISTS", "tls_domain:b", "old") == 0


@pytest.mark.parametrize(
    ("options", "algorithm"),
    [
        (["--algorithm", "bcrypt", "--salt-rounds", "4"], Bcrypt(4)),
        (
            ["--algorithm", "pbkdf2", "--iterations", "10", "--mac-fun", "sha512"],
            Pbkdf2("sha512", 10),
        ),
        (["--algorithm", "md5", "--salt-position", "suffix"], Simple("md5", "suffix")),
        (["--algorithm", "plain"], Simple("plain", "disable")),
    ],
)
def test_every_algorithm(
    pki: Pki, redis_db: RedisServer, options: list[str], algorithm: Any
) -> None:
    pki.run("device", "a")
    hush = {"MTLSX_PASSWORD": "hush"}
    told = pki.json("seed", "--redis", url(redis_db), *options, environment=hush)
    (certificate,) = pki.certificates().values()
    stored, *salt = answer(redis_db, certificate, told["cmd"])
    assert matches(algorithm, stored, b"hush", salt[0] if salt else None)


def test_who_is_seeded(pki: Pki, redis_db: RedisServer, tmp_path: Path) -> None:
    pki.run("server", "localhost")
    pki.run("device", "live", "revoked", "renewed")
    pki.run("revoke", "revoked")
    pki.run("renew", "renewed")
    hush = {"MTLSX_PASSWORD": "hush"}
    assert pki.json("seed", "--redis", url(redis_db), environment=hush)["devices"] == 2
    keys = redis_db.execute("KEYS", "*")
    assert sorted(keys) == [b"tls_domain:live", b"tls_domain:renewed"]  # type: ignore[arg-type,type-var]
    (tmp_path / "l").write_text("live\nnobody\n")
    said = pki.run(
        "seed", "--serials", tmp_path / "l", "-o", tmp_path / "x", code=2, environment=hush
    )
    assert "no certificate for line 2: nobody" in said


def test_a_redis_that_refuses(pki: Pki, start_redis: Any) -> None:
    pki.run("device", "a")
    server = start_redis(password="psst")
    hush = {"MTLSX_PASSWORD": "hush"}
    assert "uthentication" in pki.run("seed", "--redis", url(server), code=2, environment=hush)
    pki.run("seed", "--redis", url(server), environment={**hush, "MTLSX_REDIS_PASSWORD": "psst"})
    told = pki.run(
        "seed", "--redis", f"redis://:wrong@127.0.0.1:{server.port}", code=2, environment=hush
    )
    assert "others on this machine can see" in told
    assert "wrong@" not in told
    server.kill()
    assert "Redis 127.0.0.1" in pki.run("seed", "--redis", url(server), code=11, environment=hush)
    assert "is no address of a Redis" in pki.run(
        "seed", "--redis", "nonsense", code=2, environment=hush
    )
    assert "either --redis or -o" in pki.run("seed", code=2)
