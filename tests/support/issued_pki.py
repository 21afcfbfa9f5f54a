"""A PKI made with mtlsx in a directory, for tests that look at what it made."""

from __future__ import annotations

from pathlib import Path

from mtlsx.pki.authority import Admission, Authority
from mtlsx.pki.certify import Kind, Wanted
from mtlsx.pki.folder import Issued
from mtlsx.pki.keys import KeyKind
from mtlsx.pki.names import parse_alternative_name, parse_subject, with_common_name
from mtlsx.pki.workbench import Workbench


def make_root(
    directory: Path, name: str = "demo", key: KeyKind = KeyKind.P256, **about: object
) -> Authority:
    """A root authority with the subject ``/O=Acme/CN=NAME``."""
    return Workbench(directory).create(name, _ca(name), key, **about)  # type: ignore[arg-type]


def make_intermediate(
    directory: Path, issuer: Authority, name: str = "plant", key: KeyKind = KeyKind.P256
) -> Authority:
    """An authority below ``issuer``."""
    return Workbench(directory).create(name, _ca(name), key, issuer=(issuer, issuer.open(None)))


def issue_device(
    authority: Authority, cn: str, key: KeyKind = KeyKind.P256, *, subject: str = "", names: tuple[str, ...] = (),
    admission: Admission | None = None,
) -> Issued:  # fmt: skip
    """A device's certificate for a year."""
    return _issue(authority, Kind.DEVICE, cn, key, subject, names, admission)


def issue_server(
    authority: Authority, key: KeyKind = KeyKind.P256, *, cn: str = "localhost",
    names: tuple[str, ...] = ("localhost", "127.0.0.1"),
) -> Issued:  # fmt: skip
    """A server's certificate for a year."""
    return _issue(authority, Kind.SERVER, cn, key, "", names, None)


def _issue(
    authority: Authority, kind: Kind, cn: str, key: KeyKind, subject: str, names: tuple[str, ...],
    admission: Admission | None,
) -> Issued:  # fmt: skip
    wanted = Wanted(
        kind=kind,
        subject=with_common_name(parse_subject(subject), cn),
        alternative_names=tuple(map(parse_alternative_name, names)),
        days=365,
    )
    return authority.issue(authority.open(None), wanted, key, admission=admission or Admission())


def _ca(name: str) -> Wanted:
    return Wanted(kind=Kind.CA, subject=parse_subject(f"/O=Acme/CN={name}"), days=3650)
