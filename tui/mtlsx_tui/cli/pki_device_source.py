"""Which devices a command is about: names, random UUIDs, a list of serial numbers, a CSV file, a count."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtlsx.errors import UsageError
from mtlsx.files import read_bounded, reason
from mtlsx.pki.devices import (
    Device,
    from_csv,
    from_list,
    numbered,
    random_uuids,
    require_issuable,
    wanted,
)
from mtlsx.pki.names import emqx_dn
from mtlsx_tui.cli.headless import notice

if TYPE_CHECKING:
    from mtlsx.pki.authority import Admission, Authority

Function = Callable[..., Any]

_LARGEST = 256 * 1024 * 1024  # bytes of a list; a million devices take about a tenth


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeviceArguments:
    """What was given on the command line."""

    names: tuple[str, ...] = ()
    csv: str | None = None
    serials: str | None = None
    uuid: bool = False
    pattern: str | None = None
    start: int = 1
    count: int | None = None


def file_options(function: Function) -> Function:
    """``--csv`` and ``--serials``."""
    function = click.option(
        "--serials", metavar="FILE", help="Devices from FILE: a name, such as a serial number, on each line."
    )(function)  # fmt: skip
    return click.option(
        "--csv", metavar="FILE",
        help="Devices from FILE, whose first line names its columns: cn, and names, subject, password.",
    )(function)  # fmt: skip


def source_of(arguments: DeviceArguments) -> tuple[list[Device], str]:
    """The devices, and what messages call where they come from.

    Raises UsageError where none, or more than one source was given, and for a file that is none.
    """
    given = [
        name
        for name, used in (
            ("CN", bool(arguments.names)),
            ("--csv", arguments.csv is not None),
            ("--serials", arguments.serials is not None),
            ("--uuid", arguments.uuid),
            ("--cn", arguments.pattern is not None),
        )
        if used
    ]
    if len(given) != 1:
        raise UsageError(
            f"{' and '.join(given)} each say which devices; use one of them."
            if given
            else "Say which devices: --help lists the ways."
        )
    if arguments.csv is not None:
        devices, others = from_csv(_data(arguments.csv), source=arguments.csv)
        if others:
            notice(f"{arguments.csv}: columns passed over: {', '.join(others)}.")
        return devices, arguments.csv
    if arguments.serials is not None:
        return from_list(_data(arguments.serials), source=arguments.serials), arguments.serials
    if arguments.uuid:
        return random_uuids(1 if arguments.count is None else arguments.count), "--uuid"
    if arguments.pattern is not None:
        if arguments.count is None:
            raise UsageError("--cn needs --count: how many devices there are.")
        return numbered(arguments.pattern, arguments.start, arguments.count), "--cn"
    return [Device(cn=name) for name in arguments.names], "The command line"


def require_all_issuable(
    devices: list[Device],
    source: str,
    authority: Authority,
    admission: Admission,
    base: str,
    *,
    any_name: bool,
    fleet: str | None = None,
) -> None:
    """Raise UsageError that names every line which cannot be issued, also for what was issued before.

    Certificates of this ``fleet`` do not stand in the way of themselves.
    """

    def identity_of(device: Device) -> str | None:
        if admission.duplicates or admission.identity == "md5":
            return None
        if admission.identity == "cn":
            return device.cn
        return emqx_dn(wanted(device, base, 1).subject)

    def taken(device: Device) -> str | None:
        identity = identity_of(device)
        if identity is None:
            return None
        by_cn = admission.identity == "cn"
        live = authority.index.live
        for other in live(cn=identity) if by_cn else live(dn=identity):
            if fleet is None or other.fleet != fleet:
                return (
                    f"{'CN' if by_cn else 'DN'} {identity} was already issued on"
                    f" {other.issued:%Y-%m-%d} (serial {other.serial}) and is not revoked"
                )
        return None

    require_issuable(
        devices, source=source, any_name=any_name, identity_of=identity_of, taken=taken
    )


def _data(path: str) -> bytes:
    try:
        return read_bounded(Path(path), _LARGEST)
    except OSError as error:
        raise UsageError(f"File {path} cannot be read: {reason(error)}.") from error
