"""What a profile is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.client.settings import ConnectionSettings
from mtlsx.profiles.model import with_absolute_paths, without_secrets
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings

if TYPE_CHECKING:
    import pytest


def test_secrets_and_the_key_log_file_are_left_out() -> None:
    connection = ConnectionSettings(
        host="h",
        port=1,
        username="u",
        password=Secret("a"),
        tls=TlsSettings(passphrase=Secret("b"), keylog_file="keys.log", sni="s"),
    )
    assert without_secrets(connection) == ConnectionSettings(
        host="h", port=1, username="u", tls=TlsSettings(sni="s")
    )


def test_relative_paths_are_taken_from_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    tls = TlsSettings(
        ca_file="ca.pem",
        certificate_file="/etc/dev.pem",
        key_file="~/dev.key",
        crl_file="../crl.pem",
    )
    connection = ConnectionSettings(host="h", port=1, tls=tls)
    absolute = with_absolute_paths(connection, Path("/profiles")).tls
    assert absolute.ca_file == "/profiles/ca.pem"
    assert absolute.certificate_file == "/etc/dev.pem"
    assert absolute.key_file == "/home/ada/dev.key"
    assert absolute.crl_file == "/profiles/../crl.pem"


def test_a_path_that_is_not_given_stays_so() -> None:
    connection = ConnectionSettings(host="h", port=1)
    assert with_absolute_paths(connection, Path("/profiles")) == connection
