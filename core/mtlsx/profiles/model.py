"""A profile: a name for one test device, how it connects, what it subscribes to, how it is identified."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtlsx.identity.mapping import Mapping
from mtlsx.payloads.formats import PayloadFormat

if TYPE_CHECKING:
    from pathlib import Path

    from mtlsx.client.settings import ConnectionSettings, Subscription
    from mtlsx.identity.mapping import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One saved connection, without its secrets.

    ``name`` tells profiles apart. ``group``, ``colour`` (``#rrggbb`` or a colour's name) and ``order`` (the lower,
    the earlier within its group; None: after those that were arranged, by name) are for lists.
    ``connection`` holds no password, no passphrase and no key log file (``without_secrets``); its file
    paths are as the person gave them (``with_absolute_paths``). ``mapping`` says how the broker at the
    other end derives an identity from the certificate. ``view_format``: how its payloads are laid out, None: as each
    looks; ``publish_format``: how payloads to publish are written.

    Raises ValueError where ``connection`` holds a secret.
    """

    name: str
    connection: ConnectionSettings
    group: str | None = None
    colour: str | None = None
    order: int | None = None
    subscriptions: tuple[Subscription, ...] = ()
    mapping: Mapping = field(default_factory=Mapping)
    view_format: PayloadFormat | None = None
    publish_format: PayloadFormat = PayloadFormat.TEXT

    def __post_init__(self) -> None:
        tls = self.connection.tls
        if (self.connection.password, tls.passphrase, tls.keylog_file) != (None, None, None):
            raise ValueError("a profile holds no password, no passphrase and no key log file")

    @property
    def dialect(self) -> Dialect | None:
        """Which broker the person says is at the other end.

        None where nobody touched the mapping: as it is for every new profile, it says nothing of the broker.
        """
        return None if self.mapping == Mapping() else self.mapping.dialect


def without_secrets(connection: ConnectionSettings) -> ConnectionSettings:
    """The same connection without password, passphrase and key log file, as a profile holds it."""
    return replace(
        connection,
        password=None,
        tls=replace(connection.tls, passphrase=None, keylog_file=None),
    )


def with_absolute_paths(connection: ConnectionSettings, directory: Path) -> ConnectionSettings:
    """The same connection with file paths that can be opened from anywhere.

    A relative path is taken from ``directory``, the one that holds the profile's file, so that a profile
    and the certificates beside it can be moved together; ``~`` is the home directory.
    """

    def absolute(path: str | None) -> str | None:
        # Path.expanduser raises where there is no home directory; this leaves the path as it is.
        return path and str(directory / os.path.expanduser(path))  # noqa: PTH111

    tls = connection.tls
    return replace(
        connection,
        tls=replace(
            tls,
            ca_file=absolute(tls.ca_file),
            certificate_file=absolute(tls.certificate_file),
            key_file=absolute(tls.key_file),
            crl_file=absolute(tls.crl_file),
        ),
    )
