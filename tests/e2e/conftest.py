"""One refusal at a time: the case, and what to connect with once its servers are up."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from support.refusals import CASES, Case, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mtlsx.client.settings import ConnectionSettings
    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pki


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def attempt(
    case: Case, pki: Pki, mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> Iterator[ConnectionSettings]:
    """The settings that ``case`` refuses."""
    with ExitStack() as stack:
        yield case.arrange(Scene(pki, mosquitto, tmp_path, stack, case.tls))
