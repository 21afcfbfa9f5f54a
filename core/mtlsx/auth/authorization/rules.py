"""Moved to ``mtlsx.auth.rules``."""

from __future__ import annotations

from mtlsx.auth.rules import *  # noqa: F403
