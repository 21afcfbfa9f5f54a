"""The program against everything that refuses: one sentence that names the cause, and the right exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mtlsx.probe.verdicts import KINDS
from support.cli import as_environment, as_options
from support.refusals import Case, keeps_secrets, says_why

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings
    from support.cli import Cli

pytestmark = pytest.mark.e2e


def test_conn_says_who_refused_what(case: Case, attempt: ConnectionSettings, cli: Cli) -> None:
    """Ten times out of ten: a refusal in TLS 1.3 is a race for who reads what first."""
    runs = cli.run_times(10, "conn", *as_options(attempt), environment=as_environment(attempt))
    for run in runs:
        assert run.code in {KINDS[verdict].exit_code for verdict in case.verdicts}, run
        assert run.stdout == ""
        assert says_why(case, run.stderr)
        assert len(run.stderr.splitlines()) == 1, run.stderr
        assert keeps_secrets(run.stderr)
