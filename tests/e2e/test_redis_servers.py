"""The Redis servers that other tests lean on are what they say: passwords, TLS, limits, failover, moved keys."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from support.openssl_pki import Pki
from support.ports import LOOPBACK
from support.programs import find
from support.redis_servers import Cluster, RedisError, RedisServer, Sentinel

pytestmark = pytest.mark.e2e

StartRedis = Callable[..., RedisServer]


def redis_cli(server: RedisServer, *arguments: object) -> str:
    """What ``redis-cli`` prints."""
    done = subprocess.run(
        [find("redis-cli"), "-h", LOOPBACK, "-p", str(server.port), *map(str, arguments)],
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    return (done.stdout + done.stderr).strip()


def test_it_answers_and_is_empty_for_the_next_test(redis_db: RedisServer) -> None:
    assert redis_cli(redis_db, "SET", "key", "value") == "OK"
    assert redis_db.execute("GET", "key") == b"value"
    redis_db.flush()
    assert redis_db.execute("DBSIZE") == 0


def test_many_commands_load_at_once(redis_db: RedisServer) -> None:
    redis_db.load(["HSET", f"key:{number}", "field", b"\xff\x00"] for number in range(2500))
    assert redis_db.execute("DBSIZE") == 2500
    assert redis_db.execute("HGETALL", "key:2499") == [b"field", b"\xff\x00"]


def test_a_bad_command_to_load_is_told(redis_db: RedisServer) -> None:
    with pytest.raises(RedisError, match="wrong number of arguments"):
        redis_db.load([["HSET", "key"]])


def test_a_password(start_redis: StartRedis) -> None:
    server = start_redis(password="right")
    assert "NOAUTH" in redis_cli(server, "PING")
    assert "WRONGPASS" in redis_cli(server, "--no-auth-warning", "-a", "wrong", "PING")
    assert redis_cli(server, "--no-auth-warning", "-a", "right", "PING") == "PONG"
    assert server.execute("PING") == b"PONG"


def test_users(start_redis: StartRedis) -> None:
    server = start_redis(users={"default": "off", "emqx": "on >right ~* +@read"})
    as_user = ("--no-auth-warning", "--user", "emqx", "--pass", "right")
    assert "NOAUTH" in redis_cli(server, "GET", "key")
    assert redis_cli(server, *as_user, "GET", "key") == ""
    assert "NOPERM" in redis_cli(server, *as_user, "SET", "key", "value")


def test_tls_with_client_certificates(pki: Pki, start_redis: StartRedis) -> None:
    server = start_redis(server=pki.server, client_ca=pki.ca.certificate)
    tls = ("--tls", "--cacert", pki.ca.certificate, "--sni", "localhost")
    device = ("--cert", pki.device.certificate, "--key", pki.device.key)
    assert redis_cli(server, *tls, *device, "PING") == "PONG"
    assert redis_cli(server, *tls, "PING") != "PONG"
    assert server.execute("PING") == b"PONG"


def test_no_more_clients_than_it_may_have(start_redis: StartRedis) -> None:
    server = start_redis(maxclients=0)
    assert "max number of clients" in redis_cli(server, "PING")


def test_what_was_answered_survives_the_end(start_redis: StartRedis) -> None:
    server = start_redis()
    server.execute("SET", "key", "value")
    server.kill()
    assert "Connection refused" in redis_cli(server, "GET", "key")
    server.restart()
    assert redis_cli(server, "GET", "key") == "value"


def test_a_pause_holds_answers_back(start_redis: StartRedis) -> None:
    server = start_redis()
    server.pause()
    with subprocess.Popen(
        [find("redis-cli"), "-p", str(server.port), "PING"], stdout=subprocess.PIPE
    ) as asking:
        with pytest.raises(subprocess.TimeoutExpired):
            asking.wait(0.2)
        server.resume()
        assert asking.communicate(timeout=20)[0] == b"PONG\n"


def test_a_monitor_shows_what_others_ask(redis_db: RedisServer) -> None:
    with redis_db.monitor() as monitor:
        redis_db.execute("SET", "ours", "1")
        redis_cli(redis_db, "SET", "the irs", 'é"\a\r\n\\')
        assert monitor.commands()[-1] == (b"SET", b"the irs", 'é"\a\r\n\\'.encode())
        assert not [words for words in monitor.commands() if b"ours" in words]


def test_a_sentinel_promotes_the_replica(redis_sentinel: Sentinel) -> None:
    before, after = redis_sentinel.master, redis_sentinel.replica
    ask = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
    assert redis_sentinel.sentinel.execute(*ask) == [b"127.0.0.1", str(before.port).encode()]
    redis_sentinel.fail_over()
    assert redis_sentinel.sentinel.execute(*ask) == [b"127.0.0.1", str(after.port).encode()]
    assert after.execute("SET", "key", "value") == b"OK"


def test_a_cluster_moves_a_key(redis_cluster: Cluster) -> None:
    redis_cluster.load([("HSET", "key", "field", "value")])
    source = redis_cluster.owner("key")
    target = next(node for node in redis_cluster.nodes if node is not source)
    redis_cluster.move("key", target)
    assert redis_cluster.owner("key") is target
    assert target.execute("HGETALL", "key") == [b"field", b"value"]
    with pytest.raises(RedisError, match=f"^MOVED 12539 127.0.0.1:{target.port}"):
        source.execute("HGETALL", "key")
