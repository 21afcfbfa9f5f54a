"""What this process has open."""

from __future__ import annotations

from pathlib import Path


def descriptors() -> int:
    """How many files and sockets this process has open (Linux)."""
    return len(list(Path("/proc/self/fd").iterdir()))
