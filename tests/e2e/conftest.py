"""One fault at a time: the case, and what to connect with once its servers are up."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from support.faults.case import Case, Scene
from support.faults.laboratory import Laboratory
from support.programs import need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mtlsx.client.settings import ConnectionSettings
    from support.openssl_pki import Pki


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory, pki: Pki) -> Iterator[Laboratory]:
    """The servers that faults share, until the session ends."""
    need("mosquitto", "openssl")
    with Laboratory(tmp_path_factory.mktemp("laboratory"), pki) as laboratory:
        yield laboratory


@pytest.fixture
def attempt(case: Case, laboratory: Laboratory, tmp_path: Path) -> Iterator[ConnectionSettings]:
    """The settings that ``case`` refuses. ``case`` is the test's parameter."""
    with ExitStack() as stack:
        yield case.arrange(Scene(laboratory, tmp_path, stack, case.tls))
