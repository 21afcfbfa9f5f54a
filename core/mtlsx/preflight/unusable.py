"""A file that cannot be used, as a finding: the error that loading raised in, a line with a fix out."""

from __future__ import annotations

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.errors import MaterialError

# What helps, where the error does not say it itself.
FIXES = {
    "file-missing": "Check the path.",
    "file-unreadable": "Let this user read the file, or name another one.",
    "not-a-certificate": "Get the file anew, whole and unchanged, from whoever issued it.",
    "not-a-key": "Give the file that begins with BEGIN PRIVATE KEY (or EC, RSA PRIVATE KEY), or its DER form.",
    "key-encrypted": "Give its passphrase.",
    "passphrase-wrong": "Give the passphrase that it was encrypted with; openssl pkey -in FILE tries one.",
}


def unusable(error: MaterialError, topic: str, *, as_key: bool = False) -> Finding:
    """The finding for ``error``; ``as_key``: what was loaded should have been a private key."""
    verdict = error.verdict
    if as_key and verdict == "not-a-certificate":
        verdict = "not-a-key"
    fix = error.fix or FIXES.get(verdict)
    return Finding(verdict, Level.FAILURE, topic, error.summary, fix=fix)
