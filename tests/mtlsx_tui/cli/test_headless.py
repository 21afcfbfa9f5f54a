"""What may wait between the connection's thread and the command's is bounded."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from mtlsx_tui.cli.headless import Budget


def taken_elsewhere(budget: Budget, size: int) -> tuple[threading.Thread, list[bool]]:
    """A thread that takes room, and what it was told when it is through."""
    told: list[bool] = []
    thread = threading.Thread(target=lambda: told.append(budget.take(size)))
    thread.start()
    return thread, told


@pytest.mark.parametrize(
    ("budget", "first", "second"),
    [(Budget(most=1), 0, 0), (Budget(most_bytes=10), 6, 5), (Budget(most_bytes=10), 99, 1)],
)
def test_what_has_no_room_waits_until_there_is_some(
    budget: Budget, first: int, second: int
) -> None:
    assert budget.take(first)
    thread, told = taken_elsewhere(budget, second)
    thread.join(0.05)
    assert told == []
    budget.give_back(first)
    thread.join()
    assert told == [True]


def test_a_single_thing_always_fits() -> None:
    assert Budget(most_bytes=10).take(1000)


def test_closing_lets_everybody_through() -> None:
    budget = Budget(most=1)
    budget.take(1)
    thread, told = taken_elsewhere(budget, 1)
    budget.close()
    thread.join()
    assert told == [False]
    assert not budget.take(1)


@pytest.mark.parametrize("command", ["conn", "pub", "sub", "profile"])
def test_help_needs_none_of_the_heavy_libraries(command: str) -> None:
    program = (
        "import sys\n"
        "from mtlsx_tui.cli.main import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "print(*{'paho', 'OpenSSL', 'cryptography', 'keyring', 'textual'} & set(sys.modules),"
        " file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.startswith(f"Usage: mtlsx {command}")
    assert done.stderr == "\n"
