"""CA certificates that a person chose to trust for a profile: kept as PEM files beside the profiles."""

from __future__ import annotations

import base64
import hashlib
import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import UsageError
from mtlsx.files import make_private_directory, read_bounded, reason, write_new_file

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile

_LARGEST = 1024 * 1024  # bytes
_DIRECTORY = "cas"


def trusting(profile: Profile, ca_file: str) -> Profile:
    """``profile`` with ``ca_file`` as what the server's certificate is checked with."""
    tls = replace(profile.connection.tls, ca_file=ca_file)
    return replace(profile, connection=replace(profile.connection, tls=tls))


def keep_ca(config_directory: Path, name: str, certificate: bytes) -> str:
    """Write ``certificate`` (DER) under ``cas/``; its path as a profile names it, relative to ``profiles/``.

    ``name``: its common name, for the file's. A file that holds the same certificate is used as it is; no file is
    written over. Raises UsageError.
    """
    directory = config_directory / _DIRECTORY
    fingerprint = hashlib.sha256(certificate).hexdigest()
    path = directory / f"{_safe(name)}-{fingerprint[:16]}.pem"
    data = _pem(certificate)
    try:
        make_private_directory(directory)
        try:
            write_new_file(path, data, 0o644)
        except FileExistsError:
            if read_bounded(path, _LARGEST) != data:
                raise UsageError(
                    f"File {path} is there and holds something else.",
                    fix="Move it away; it is not written over.",
                ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {reason(error)}.") from error
    return f"../{_DIRECTORY}/{path.name}"


def _safe(name: str) -> str:
    """``name`` as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name)[:40].strip("-") or "ca"


def _pem(certificate: bytes) -> bytes:
    lines = textwrap.wrap(base64.b64encode(certificate).decode(), 64)
    return "\n".join(
        ["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]
    ).encode()
