"""What each action of the PKI screen asks for, and how it is done: values by key in, a sentence out.

The doing runs in a worker; it loads what makes certificates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import UsageError
from mtlsx.secret import Secret
from mtlsx_tui.widgets.asking import Asked

if TYPE_CHECKING:
    from mtlsx.pki.authority import Authority, Signer
    from mtlsx.pki.bundle import Broker
    from mtlsx.pki.workbench import Workbench
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx_tui.authorities import Row, View

KEYS = ("p256", "p384", "ed25519", "rsa2048", "rsa4096")
REASONS = ("unspecified", "keyCompromise", "superseded", "cessationOfOperation")
FORMS = ("folder", "zip", "header")

Values = Mapping[str, str]


def questions(
    action: str, view: View | None, row: Row | None, signer: View | None
) -> tuple[str, tuple[Asked, ...]]:
    """The title of the panel for ``action``, and its fields; ``signer``: the authority whose key is needed."""
    name = row.name if row else ""
    passphrase = _passphrase(signer)
    key = Asked("key", "key", choices=KEYS)
    match action:
        case "new":
            below = () if view is None else (Asked("issuer", "below", choices=("none", view.name)),)
            return "New authority", (
                Asked("name", "name", hint="of its folder, such as factory"),
                Asked("subject", "subject", hint="/O=Acme/CN=Demo CA; empty: /CN= and the name"),
                *below, key, Asked("days", "days", "3650"),
                Asked("new_passphrase", "encrypt with", hint="a passphrase for its key; empty: not", secret=True),
                *passphrase,
            )  # fmt: skip
        case "issue":
            return f"Issue by {view.name if view else ''}", (
                Asked("kind", "for a", choices=("device", "server")),
                Asked("name", "name", hint="the CN; of a server: host names and addresses, with spaces"),
                Asked("subject", "subject", hint="before the CN: /C=DE/O=Acme; may be empty"),
                key, Asked("days", "days", "365"), *passphrase,
            )  # fmt: skip
        case "renew":
            return f"Renew {name}: same names, a new key. The old one stays valid.", (
                key, Asked("days", "days", "365"), *passphrase,
            )  # fmt: skip
        case "renew-authority":
            return f"Renew {view.name if view else ''}: same key, same subject. What it issued stays valid.", (
                Asked("days", "days", "3650"), *passphrase,
            )  # fmt: skip
        case "revoke":
            return f"Revoke {name}, and make the list that tells brokers. This cannot be undone.", (
                Asked("reason", "reason", choices=REASONS), *passphrase,
            )  # fmt: skip
        case "crl":
            return f"Make the next revocation list of {view.name if view else ''}", (
                Asked("days", "days", "30"), *passphrase,
            )  # fmt: skip
        case "export":
            return f"Export {name}: certificate, chain, key, CA, settings and commands", (
                Asked("directory", "into", "~"),
                Asked("form", "as", choices=FORMS),
                *_broker_fields(),
            )
    return f"A profile that connects as {name}", _broker_fields()


def perform(
    action: str, values: Values, workbench: Workbench, library: ProfileLibrary, name: str | None, row: Row | None,
) -> str:  # fmt: skip
    """Do ``action`` with the authority ``name`` and the certificate ``row``; what was done, as a sentence.

    Raises MtlsxError where it cannot be.
    """
    if action == "new":
        return _new(values, workbench)
    authority = workbench.authority(name)
    if action == "renew-authority":
        return _renew_authority(values, authority, workbench)
    if action == "issue":
        return _issue(values, authority)
    if action == "crl":
        crl = authority.write_crl(_opened(authority, values), days=_days(values))
        return f"The list of {authority.name} has {len(crl):,} certificates."
    if row is None:
        raise UsageError("There is no certificate to do that with.")
    return _OF_A_ROW[action](values, authority, row, library)


def _new(values: Values, workbench: Workbench) -> str:
    from mtlsx.pki.certify import Kind, Wanted
    from mtlsx.pki.keys import KeyKind
    from mtlsx.pki.names import parse_subject

    issuer = None
    if values.get("issuer", "none") != "none":
        above = workbench.authority(values["issuer"])
        issuer = (above, _opened(above, values))
    name = values["name"].strip()
    wanted = Wanted(
        kind=Kind.CA, subject=parse_subject(values["subject"] or f"/CN={name}"), days=_days(values)
    )
    passphrase = Secret(values["new_passphrase"]) if values["new_passphrase"] else None
    workbench.create(name, wanted, KeyKind(values["key"]), issuer=issuer, passphrase=passphrase)
    return f"Made authority {name}."


def _renew_authority(values: Values, authority: Authority, workbench: Workbench) -> str:
    issuer = workbench.issuer_of(authority)
    made = workbench.renew(authority.name, (issuer, _opened(issuer, values)), days=_days(values))
    return (
        f"Renewed authority {made.name}, valid until {made.certificate.not_valid_after_utc:%Y-%m-%d};"
        f" its certificate is {made.folder.path / 'ca.crt'}."
    )


def _issue(values: Values, authority: Authority) -> str:
    from mtlsx.pki.authority import Admission
    from mtlsx.pki.certify import Kind, Wanted
    from mtlsx.pki.keys import KeyKind
    from mtlsx.pki.names import (
        common_name_fault,
        parse_alternative_name,
        parse_subject,
        with_common_name,
    )

    kind = Kind(values["kind"])
    names = values["name"].split() if kind is Kind.SERVER else [values["name"]]
    if not names or not names[0]:
        raise UsageError("It needs a name.")
    if kind is Kind.DEVICE and (fault := common_name_fault(names[0])):
        raise UsageError(f"The CN {names[0]} {fault}.", fix="Choose another name.")
    wanted = Wanted(
        kind=kind,
        subject=with_common_name(parse_subject(values["subject"]), names[0]),
        alternative_names=tuple(map(parse_alternative_name, names)) if kind is Kind.SERVER else (),
        days=_days(values),
    )
    signer = _opened(authority, values)
    made = authority.issue(signer, wanted, KeyKind(values["key"]), admission=Admission())
    return f"Issued {names[0]}, valid until {made.entry.until:%Y-%m-%d}."


def _renew(values: Values, authority: Authority, row: Row, _: ProfileLibrary) -> str:
    from mtlsx.pki.keys import KeyKind

    entry = authority.index.entries[row.serial]
    signer = _opened(authority, values)
    made = authority.renew(signer, entry, KeyKind(values["key"]), days=_days(values))
    return (
        f"Renewed {row.name}, valid until {made.entry.until:%Y-%m-%d}; the old one still is, too."
    )


def _revoke(values: Values, authority: Authority, row: Row, _: ProfileLibrary) -> str:
    from mtlsx.pki.crls import Reason

    signer = _opened(authority, values)
    authority.revoke([row.serial], Reason(values["reason"]))
    authority.write_crl(signer, days=30)
    return f"Revoked {row.name}. Give brokers the new list, {authority.folder.path / 'ca.crl'}."


def _export(values: Values, authority: Authority, row: Row, _: ProfileLibrary) -> str:
    from mtlsx.pki.bundle import bundle, header, zipped
    from mtlsx.pki.export import File, credentials, write

    held = credentials(authority, authority.index.entries[row.serial])
    broker = _broker(values)
    directory = Path(values["directory"]).expanduser()
    if values["form"] == "folder":
        directory /= held.name
        made = bundle(held, broker)
    elif values["form"] == "zip":
        content = zipped(held.name, bundle(held, broker))
        made = [File(f"{held.name}.zip", content, private=True)]
    else:
        made = [File(f"{held.name}.h", header(held, broker), private=True)]
    write(directory, made, force=False)
    return f"Exported {row.name} into {directory}."


def _make_profile(values: Values, authority: Authority, row: Row, library: ProfileLibrary) -> str:
    from mtlsx.pki.device_profile import save_profile
    from mtlsx.pki.export import credentials

    held = credentials(authority, authority.index.entries[row.serial])
    save_profile(library, held, _broker(values), None, force=False)
    return f"Made profile {held.name}."


_OF_A_ROW: dict[str, Callable[[Values, Authority, Row, ProfileLibrary], str]] = {
    "renew": _renew,
    "revoke": _revoke,
    "export": _export,
    "profile": _make_profile,
}


def _passphrase(view: View | None) -> tuple[Asked, ...]:
    if view is None or not view.encrypted:
        return ()
    return (Asked("passphrase", "passphrase", hint=f"of the key of {view.name}", secret=True),)


def _opened(authority: Authority, values: Values) -> Signer:
    text = values.get("passphrase")
    return authority.open(Secret(text) if text else None)


def _broker_fields() -> tuple[Asked, ...]:
    return (
        Asked("host", "host", hint="name or address of the broker"),
        Asked("port", "port", "8883"),
    )


def _broker(values: Values) -> Broker:
    from mtlsx.pki.bundle import Broker

    if not values["host"].strip():
        raise UsageError("It needs the host of the broker.")
    port = values["port"]
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise UsageError("A port is a number from 1 to 65535.")
    return Broker(host=values["host"].strip(), port=int(port))


def _days(values: Values) -> int:
    days = values["days"]
    if not days.isascii() or not days.isdecimal() or len(days) > 7:
        raise UsageError("The validity is a number of days.")
    return int(days)
