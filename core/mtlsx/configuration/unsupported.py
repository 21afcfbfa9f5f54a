"""What EMQX has and this broker has not: named as such, so that nobody looks for a typing error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mtlsx.schema import WrongError, clipped

_KNOWN = {
    "scram": "SCRAM",
    "gssapi": "Kerberos (GSSAPI)",
    "cinfo": "client information (cinfo)",
    "http": "HTTP",
    "mysql": "MySQL",
    "postgresql": "PostgreSQL",
    "mongodb": "MongoDB",
    "ldap": "LDAP",
    "built_in_database": "the built-in database",
    "psk": "TLS-PSK",
}


def refuse(path: str, value: object, supported: str) -> WrongError:
    """The error for a mechanism, backend or type that is not ``supported``."""
    if value is None:
        return WrongError(f"{path} is missing; supported is {supported}.")
    if isinstance(value, str) and value in _KNOWN:
        return WrongError(
            f'{path} = "{value}": {_KNOWN[value]} is not supported; supported is {supported}.'
        )
    shown = f'"{clipped(value)}"' if isinstance(value, str) else "this"
    return WrongError(f"{path} = {shown} is not known; supported is {supported}.")


def refuse_psk(document: Any) -> None:
    """Raise WrongError where a document asks for TLS-PSK: its own settings, or its cipher suites."""
    for path, name, value in _settings(document, ""):
        if name.startswith("psk_") and value not in ({}, {"enable": False}, ""):
            raise WrongError(f"{path}: TLS-PSK is not supported; use certificates.")
        if name == "ciphers" and "PSK" in str(value):
            raise WrongError(
                f"{path} names suites of TLS-PSK, which is not supported; use certificates."
            )


def _settings(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            below = f"{path}.{clipped(name)}" if path else clipped(name)
            yield below, name, item
            yield from _settings(item, below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _settings(item, f"{path}[{index}]")
