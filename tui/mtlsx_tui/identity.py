"""A profile's certificate as the broker will see it, ready for the card. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.certificates.times import Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the card shows; texts as they are, not yet made printable.

    ``username`` and ``client_id``: what the broker will take, each with where it comes from (``"cn"`` …,
    or ``"CONNECT"``; None: there is none). ``redis``: the command that will be asked. ``key``: type and
    size of the public key, ``"EC P-256"``. ``refused``: why the broker would not take the certificate.
    ``traps``: sentences to warn with.
    """

    cn: str | None
    dn: str | None
    md5: str
    pem: str
    username: str | None
    username_from: str | None
    client_id: str
    client_id_from: str | None
    redis: str
    validity: Validity
    key: str
    refused: str | None = None
    traps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about one setting. ``failure``: the connection, or another side, will fail by it."""

    text: str
    failure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What reading a profile's files came to.

    ``identity``: None where there is no certificate, or none that can be read; then ``note`` says so.
    ``errors``: sentences by the name of the setting they belong to (``ca_file``, ``certificate_file``,
    ``key_file``, ``passphrase``).
    """

    identity: Identity | None = None
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)
