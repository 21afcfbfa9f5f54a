"""Hooks and fixtures for all tests."""

from __future__ import annotations

import gc
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from support.cli import Cli
from support.mosquitto import Mosquitto
from support.no_skipped_e2e import pytest_make_collect_report, pytest_runtest_makereport
from support.openssl_pki import Pki
from support.programs import need
from support.redis_servers import Cluster, RedisServer, Sentinel
from support.vectors import (
    pytest_addoption,
    pytest_configure,
    pytest_generate_tests,
    pytest_report_collectionfinish,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "pytest_addoption",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_make_collect_report",
    "pytest_report_collectionfinish",
    "pytest_runtest_makereport",
]

_FAREWELL = 10.0  # seconds; for what a healthy machine does in a few milliseconds

# How long a busy machine takes to draw examples says nothing about what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Each screen leaves much behind that refers to itself, and looking for it as often as Python does by itself takes a
# third of a screen test's time.
gc.set_threshold(200_000, 20, 5)


def pytest_collection_finish() -> None:
    """What is loaded by now stays, and needs not be looked at again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_connection_goes_on() -> Iterator[None]:
    """Fails a test that leaves a connection behind: it would try again and again beside all later tests."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("mqtt "):
            thread.join(_FAREWELL)
            assert not thread.is_alive(), f"{thread.name} was not stopped"


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates by openssl commands, each made when it is first asked for."""
    need("openssl")
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Mosquitto]]:
    """Starts brokers that end with the test: ``mosquitto(server=pki.server, ...)``."""
    need("mosquitto")
    with ExitStack() as running:

        def start(**settings: Any) -> Mosquitto:
            directory = tmp_path_factory.mktemp("mosquitto")
            return running.enter_context(Mosquitto(directory, **settings))

        yield start


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One plain Redis for all tests that leave it as it is; take ``redis_db``."""
    need("redis-server")
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_db(redis_server: RedisServer) -> RedisServer:
    """The plain Redis of the session, empty."""
    redis_server.flush()
    return redis_server


@pytest.fixture
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RedisServer]]:
    """Starts servers that end with the test: ``start_redis(password="…", maxclients=2, ...)``."""
    need("redis-server")
    with ExitStack() as running:

        def start(**settings: Any) -> RedisServer:
            directory = tmp_path_factory.mktemp("redis")
            return running.enter_context(RedisServer(directory, **settings))

        yield start


@pytest.fixture
def redis_sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinel]:
    """A master, a replica and a Sentinel with passwords, for this test alone."""
    need("redis-server")
    directory = tmp_path_factory.mktemp("sentinel")
    with Sentinel(directory, password="of-the-data", sentinel_password="of-the-sentinel") as group:
        yield group


@pytest.fixture
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three masters, for this test alone."""
    need("redis-server")
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The ``mtlsx`` program with configuration and state of its own."""
    return Cli(tmp_path)
