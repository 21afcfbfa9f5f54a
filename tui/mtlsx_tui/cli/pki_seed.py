"""``mtlsx pki seed``: put what EMQX asks Redis for about devices into Redis, or into a file for redis-cli."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from mtlsx.auth.passwords import (
    Algorithm,
    Bcrypt,
    Digest,
    MacFun,
    Pbkdf2,
    SaltPosition,
    Simple,
)
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.pki.authority import IdentityPart
from mtlsx.pki.certify import Kind
from mtlsx.pki.export import File, write
from mtlsx.pki.seed import (
    ACL_COMMAND_4,
    ACL_COMMAND_5,
    AccessRule,
    Action,
    Settings,
    all_hashes,
    as_commands,
    default_mapping,
)
from mtlsx.secret import Secret
from mtlsx_tui.cli.given_secrets import new_password
from mtlsx_tui.cli.headless import EndedError
from mtlsx_tui.cli.output import failed
from mtlsx_tui.cli.pki_device_source import DeviceArguments, source_of
from mtlsx_tui.cli.pki_options import ca_option, force_option, json_option, pki_option, workbench
from mtlsx_tui.cli.pki_redis import seeded
from mtlsx_tui.cli.sections import SectionedCommand, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtlsx.pki.authority import Authority
    from mtlsx.pki.index import Entry

WHO = "Which devices  [all of the authority that are valid]"
PASSWORDS = "Their passwords (MTLSX_PASSWORD; where none is given, you are asked)"
STORED = "How they are stored"
BROKER = "How the broker asks"
WHERE = "Where it goes"
_ALGORITHMS = (*get_args(Digest), "bcrypt", "pbkdf2")


@click.command("seed", cls=SectionedCommand)
@option(
    WHO,
    "--csv",
    "csv_file",
    metavar="FILE",
    help="Those in FILE by their column cn, with the passwords in its column password.",
)
@option(WHO, "--serials", metavar="FILE", help="Those in FILE, a name on each line.")
@option(WHO, "--fleet", metavar="ID", help="Those of a fleet.")
@option(PASSWORDS, "--password-file", metavar="FILE", help="The same for all, read from FILE.")
@option(
    PASSWORDS,
    "--random-passwords",
    metavar="FILE",
    help="A random one for each; FILE, new, tells them as CSV.",
)
@option(
    STORED,
    "--algorithm",
    type=click.Choice(_ALGORITHMS),
    default="sha256",
    help="EMQX's password_hash_algorithm.  [sha256]",
)
@option(
    STORED,
    "--salt-position",
    type=click.Choice(get_args(SaltPosition)),
    help="Of plain, md5 and sha….  [prefix; disable for plain]",
)
@option(
    STORED,
    "--salt-rounds",
    type=click.IntRange(4, 31),
    metavar="N",
    help="Cost of bcrypt: 2^N rounds.  [10]",
)
@option(STORED, "--mac-fun", type=click.Choice(get_args(MacFun)), help="Of pbkdf2.  [sha256]")
@option(
    STORED,
    "--iterations",
    type=click.IntRange(1, 999_999_999),
    metavar="N",
    help="Of pbkdf2.  [4096]",
)
@option(
    STORED,
    "--dk-length",
    type=click.IntRange(1, 65_535),
    metavar="OCTETS",
    help="Of pbkdf2.  [as mac_fun]",
)
@option(
    BROKER,
    "--identity",
    type=click.Choice(get_args(IdentityPart)),
    default="cn",
    help="What it takes as the username.  [cn]",
)
@option(
    BROKER,
    "--cmd",
    metavar="TEXT",
    help="Its command.  [HMGET tls_domain:${cert_common_name} password_hash salt, or tls_subject:${cert_subject}]",
)
@option(
    BROKER,
    "--dialect",
    type=click.Choice(get_args(Dialect)),
    default="emqx6",
    help="Which EMQX it is.  [emqx6]",
)
@option(
    BROKER,
    "--acl",
    "rules",
    multiple=True,
    metavar="'ACTION FILTER'",
    help="An access rule for each: publish, subscribe or all, and a topic filter. May be repeated.",
)
@option(
    BROKER,
    "--acl-cmd",
    metavar="TEXT",
    help="Its command for access rules.  [HGETALL mqtt_acl:${username}]",
)
@option(BROKER, "--superuser", is_flag=True, help="Each device is one, and no rule counts.")
@option(
    WHERE,
    "--redis",
    "url",
    metavar="URL",
    help="redis://host:6379/0 or rediss://…; its password: MTLSX_REDIS_PASSWORD.",
)
@option(WHERE, "-o", "--out", metavar="FILE", help="A file instead: redis-cli < FILE.")
@force_option
@ca_option
@pki_option
@json_option
def command(
    csv_file: str | None,
    serials: str | None,
    fleet: str | None,
    password_file: str | None,
    random_passwords: str | None,
    identity: str,
    cmd: str | None,
    dialect: Dialect,
    rules: tuple[str, ...],
    acl_cmd: str | None,
    url: str | None,
    out: str | None,
    ca: str | None,
    pki_directory: str | None,
    *,
    superuser: bool,
    force: bool,
    as_json: bool,
    **stored: Any,
) -> int:
    """Give Redis what EMQX asks it for about each device: the password's hash, and access rules.

    The keys are exactly those that EMQX makes of the certificates. Nothing that is there is replaced without --force.
    """
    if (url is None) == (out is None):
        raise UsageError("Say where it goes: either --redis or -o.")
    authority = workbench(pki_directory).authority(ca)
    settings = _settings(identity, cmd, dialect, rules, acl_cmd, stored, superuser=superuser)
    entries, given = _which(authority, csv_file, serials, fleet)
    passwords = _passwords(entries, given, password_file, random_passwords)
    devices = [
        (_der(authority, entry), password, entry.cn or entry.serial)
        for entry, password in zip(entries, passwords, strict=True)
    ]
    with _progress("Hashing", len(devices)) as advance:
        made = all_hashes(devices, settings, report=advance)
    if out is not None:
        path = Path(out)
        write(path.parent, [File(path.name, as_commands(made), private=True)], force=force)
    else:
        try:
            with _progress("Storing", len(made)) as advance:
                seeded(cast("str", url), made, os.environ, force=force, report=advance)
        except EndedError as error:
            return failed(error)
    if as_json:
        content = {
            "ca": authority.name,
            "devices": len(devices),
            "keys": len(made),
            "cmd": settings.mapping.command,
            "acl_cmd": settings.acl_command if settings.rules else None,
        }
        click.echo(json.dumps(content, indent=2))
        return 0
    click.echo(f"{len(made):,} keys for {len(devices):,} devices of {authority.name}")
    click.echo(f"  {'cmd':<12} {settings.mapping.command}")
    if settings.rules:
        click.echo(f"  {'acl cmd':<12} {settings.acl_command}")
    if out is not None:
        click.echo(f"  {'written':<12} {out}")
    return 0


def _settings(
    identity: str,
    cmd: str | None,
    dialect: Dialect,
    rules: tuple[str, ...],
    acl_cmd: str | None,
    stored: dict[str, Any],
    *,
    superuser: bool,
) -> Settings:
    algorithm = _algorithm({name: value for name, value in stored.items() if value is not None})
    four = dialect in ("emqx4.4", "emqx4.2")
    mapping = default_mapping(identity, algorithm, four=four, superuser=superuser)
    return Settings(
        mapping=replace(mapping, dialect=dialect, command=cmd or mapping.command),
        algorithm=algorithm,
        acl_command=acl_cmd or (ACL_COMMAND_4 if four else ACL_COMMAND_5),
        rules=tuple(map(_rule, rules)),
        superuser=superuser,
    )


def _algorithm(given: dict[str, Any]) -> Algorithm:
    name = given.pop("algorithm")
    known = {"bcrypt": {"salt_rounds"}, "pbkdf2": {"mac_fun", "iterations", "dk_length"}}
    if others := set(given) - known.get(name, {"salt_position"}):
        options = " and ".join(f"--{each.replace('_', '-')}" for each in sorted(others))
        raise UsageError(f"{options} cannot be meant for {name}.")
    if name == "bcrypt":
        return Bcrypt(**given)
    if name == "pbkdf2":
        return Pbkdf2(**given)
    return Simple(name, given.get("salt_position", "disable" if name == "plain" else "prefix"))


def _rule(text: str) -> AccessRule:
    action, _, topic_filter = text.partition(" ")
    if action not in get_args(Action) or not topic_filter:
        raise UsageError(
            f"The rule {text!r} is not of the form 'ACTION FILTER'.",
            fix="Write 'publish', 'subscribe' or 'all', a space, and a topic filter.",
        )
    return AccessRule(cast("Action", action), topic_filter)


def _which(
    authority: Authority, csv_file: str | None, serials: str | None, fleet: str | None
) -> tuple[list[Entry], dict[str, Secret]]:
    """The devices, and the passwords that their file tells, by CN."""
    if csv_file is not None or serials is not None:
        devices, source = source_of(DeviceArguments(csv=csv_file, serials=serials))
        entries = []
        missing = []
        for device in devices:
            live = authority.index.live(cn=device.cn)
            entries += live[-1:]
            missing += [] if live else [f"line {device.where}: {device.cn}"]
        if missing:
            raise UsageError(
                f"{source}: {authority.name} has issued no certificate for {', '.join(missing[:20])}."
            )
        return entries, {each.cn: each.password for each in devices if each.password is not None}
    now = datetime.now(UTC)
    renewed = authority.index.renewed()
    entries = [
        entry
        for entry in authority.index.entries.values()
        if entry.kind is Kind.DEVICE
        and entry.serial not in authority.index.revoked
        and entry.serial not in renewed
        and entry.until > now
        and (fleet is None or entry.fleet == fleet)
    ]
    if not entries:
        of = authority.name if fleet is None else f"fleet {fleet} of {authority.name}"
        raise UsageError(f"There is no device of {of} that is valid.")
    return entries, {}


def _passwords(
    entries: list[Entry], given: dict[str, Secret], file: str | None, random_file: str | None
) -> list[Secret]:
    if random_file is not None:
        made = {entry.serial: Secret(secrets.token_urlsafe(18)) for entry in entries}
        told = io.StringIO()
        rows = csv.writer(told, lineterminator="\n")
        rows.writerow(["cn", "password"])
        rows.writerows([entry.cn or "", made[entry.serial].reveal()] for entry in entries)
        content = told.getvalue().encode()
        path = Path(random_file)
        # On disk before anything is stored: no device is locked out by a kill in between.
        write(path.parent, [File(path.name, content, private=True)], force=False)
        return [made[entry.serial] for entry in entries]
    if all(entry.cn in given for entry in entries):
        return [given[cast("str", entry.cn)] for entry in entries]
    common = new_password(None, file, os.environ, ask=False)
    return [given.get(entry.cn or "", common) for entry in entries]


def _der(authority: Authority, entry: Entry) -> bytes:
    return PEM_cert_to_DER_cert(authority.folder.certificate(entry.serial).decode())


@contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    with click.progressbar(
        length=total, label=label, file=sys.stderr, show_pos=True, hidden=not sys.stderr.isatty()
    ) as bar:
        yield bar.update
