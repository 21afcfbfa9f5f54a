"""With CI=true a skipped end-to-end test fails; elsewhere, and for other tests, a skip is a skip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import no_skipped_e2e

SKIPS = """
import pytest

@pytest.mark.e2e
def test_end_to_end():
    pytest.skip("mosquitto is not installed")

def test_other():
    pytest.skip("not today")
"""
SKIPS_WHOLE_MODULE = 'import pytest\npytest.skip("no tmux", allow_module_level=True)\n'


def run_pytest(directory: Path, source: str, ci: str) -> subprocess.CompletedProcess[str]:
    (directory / "test_sample.py").write_text(source)
    (directory / "pytest.ini").write_text("[pytest]\nmarkers = e2e: needs real servers\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "support.no_skipped_e2e", "-p", "no:cacheprovider"],
        cwd=directory,
        env=os.environ
        | {
            "CI": ci,
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
    )


def test_a_skipped_end_to_end_test_fails_in_ci(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, SKIPS, ci="true")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 1 skipped" in run.stdout
    assert "mosquitto is not installed" in run.stdout


def test_a_skipped_end_to_end_test_is_only_skipped_elsewhere(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, SKIPS, ci="")
    assert run.returncode == pytest.ExitCode.OK
    assert "2 skipped" in run.stdout


def test_a_skipped_module_fails_in_ci(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, SKIPS_WHOLE_MODULE, ci="true")
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "no tmux" in run.stdout


def test_the_hooks_are_at_work_in_this_run(pytestconfig: pytest.Config) -> None:
    for name in ("pytest_runtest_makereport", "pytest_make_collect_report"):
        implementations = getattr(pytestconfig.hook, name).get_hookimpls()
        assert getattr(no_skipped_e2e, name) in [each.function for each in implementations]
