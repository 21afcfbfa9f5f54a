"""Hooks and fixtures for all tests."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from support.cli import Cli
from support.mosquitto import Mosquitto
from support.no_skipped_e2e import pytest_make_collect_report, pytest_runtest_makereport
from support.openssl_pki import Pki
from support.programs import need
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


# How long a busy machine takes to draw examples says nothing about what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


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


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The ``mtlsx`` program with configuration and state of its own."""
    return Cli(tmp_path)
