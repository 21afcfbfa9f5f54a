"""Errors that a person reads: what happened, where, and what to do, one sentence each."""

from __future__ import annotations


class MtlsxError(Exception):
    """The base of all errors that mtlsx raises on purpose.

    ``summary`` is one sentence that says what and where (file, line, host); ``fix`` is one sentence that
    says what to do, or None where the summary already does. Neither ever holds a secret.
    """

    def __init__(self, summary: str, *, fix: str | None = None) -> None:
        self.summary = summary
        self.fix = fix
        super().__init__(summary if fix is None else f"{summary} {fix}")


class UsageError(MtlsxError):
    """A command, a setting or a configuration file that cannot be meant."""


class MaterialError(MtlsxError):
    """Local key material that cannot be used: a file, a passphrase, a pair that does not match.

    ``verdict`` is an id of the stage ``material``: ``file-missing``, ``file-unreadable``,
    ``not-a-certificate``, ``not-a-key``, ``key-encrypted``, ``passphrase-wrong``, ``key-mismatch`` or
    ``ca-file-has-no-ca``.
    """

    def __init__(self, verdict: str, summary: str, *, fix: str | None = None) -> None:
        self.verdict = verdict
        super().__init__(summary, fix=fix)
