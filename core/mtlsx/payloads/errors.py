"""The one error of payload formats."""

from __future__ import annotations

from mtlsx.errors import UsageError


class PayloadError(UsageError):
    """Bytes, or what a person wrote, are not what a payload format takes."""
