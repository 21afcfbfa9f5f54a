"""Hooks and fixtures for all tests."""

from __future__ import annotations

from support.no_skipped_e2e import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]
