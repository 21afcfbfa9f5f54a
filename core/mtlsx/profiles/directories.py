"""Where mtlsx keeps its files. Paths are only computed here; whoever writes makes the directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def config_directory(environ: Mapping[str, str]) -> Path:
    """The directory of settings and profiles: ``MTLSX_CONFIG_DIR`` in ``environ``, else the platform's.

    The platform's own rules (``XDG_CONFIG_HOME``, the home directory) are asked through platformdirs.
    """
    if override := environ.get("MTLSX_CONFIG_DIR"):
        return Path(override)
    import platformdirs

    return platformdirs.user_config_path("mtlsx", appauthor=False)


def state_directory(environ: Mapping[str, str]) -> Path:
    """The directory of history and logs: ``MTLSX_STATE_DIR`` in ``environ``, else the platform's."""
    if override := environ.get("MTLSX_STATE_DIR"):
        return Path(override)
    import platformdirs

    return platformdirs.user_state_path("mtlsx", appauthor=False)
