"""Who else may read a private key: a file's mode in, a finding out."""

from __future__ import annotations

import stat

from mtlsx.certificates.checks.finding import Finding, Level


def check_key_mode(path: str, mode: int) -> Finding:
    """Whether the ``mode`` (``st_mode``) of the key file at ``path`` keeps it from all but its owner."""
    others = [
        who
        for who, bits in (
            ("its group", stat.S_IRGRP | stat.S_IWGRP),
            ("everybody", stat.S_IROTH | stat.S_IWOTH),
        )
        if mode & bits
    ]
    if not others:
        return Finding(
            "key-file-closed", Level.OK, "permissions", f"Only its owner can read {path}."
        )
    return Finding(
        "key-file-open-to-others", Level.WARNING, "permissions",
        f"{path} can be read or changed by {' and '.join(others)} (mode {stat.S_IMODE(mode):04o}).",
        "Who reads the key can pass for this device.",
        f"chmod 600 {path}",
    )  # fmt: skip
