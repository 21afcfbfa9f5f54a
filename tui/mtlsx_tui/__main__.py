"""``python -m mtlsx_tui`` is ``mtlsx``."""

from __future__ import annotations

from mtlsx_tui.cli.main import main

main()
