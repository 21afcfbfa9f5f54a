"""A skipped end-to-end test fails where ``CI=true``.

On a laptop an ``e2e`` test skips when mosquitto or tmux is not installed. In CI they are installed, so a
skip there would hide a test that nobody runs. ``tests/conftest.py`` imports the two hooks of this module.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of an ``e2e`` test into a failure."""
    report = yield
    if item.get_closest_marker("e2e"):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure: its tests, with their markers, are never seen."""
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"must not be skipped in CI: {report.longrepr}"
