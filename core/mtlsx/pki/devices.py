"""Lists of devices to issue certificates for: a CSV file, a list of serial numbers, a count, or names given.

Each becomes a ``Device`` with the line it comes from. ``require_issuable`` looks at all of them before the first
is issued and names every line that is wrong.
"""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtlsx.certificates.strings import printable
from mtlsx.errors import UsageError
from mtlsx.pki.certify import Kind, Wanted
from mtlsx.pki.names import (
    common_name_fault,
    parse_alternative_name,
    parse_subject,
    with_common_name,
)
from mtlsx.secret import Secret

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

COLUMNS = ("cn", "names", "subject", "password")
"""What a CSV file may tell of a device: its CN, alternative names (separated by ``;``), the rest of its subject,
the password that it is to log in with."""

_MOST = 1_000_000
_SHOWN = 20  # faulty lines that are named; the rest is counted
_NUMBER = re.compile(r"%(0?\d*)i")


@dataclass(frozen=True, slots=True)
class Device:
    """One device.

    ``subject``: the text of the subject without the CN (``/O=Acme``), "" for none; ``where``: the line of its file,
    from 1; None where it comes from none.
    """

    cn: str
    subject: str = ""
    names: tuple[str, ...] = ()
    password: Secret | None = field(default=None, repr=False)
    where: int | None = None

    def with_names(self, names: tuple[str, ...]) -> Device:
        """The same device with these alternative names besides its own."""
        return replace(self, names=(*self.names, *names)) if names else self


def from_csv(data: bytes, *, source: str) -> tuple[list[Device], tuple[str, ...]]:
    """The devices of a CSV file with a line of column names, and the names of the columns that say nothing here.

    The separator is a comma, semicolon or tab. Raises UsageError, with the line, where it is no such file.
    """
    text = _text(data, source)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "cn" not in header or len(set(header)) < len(header):
            raise UsageError(
                f"{source}: the first line must name the columns, each once, and one must be cn.",
                fix=f"Known are {', '.join(COLUMNS)}; for a bare list of names use --serials.",
            )
        devices = []
        line = reader.line_num + 1
        for row in reader:
            if any(row):
                devices.append(_device(row, header, line, source))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{source}, line {reader.line_num}: {error}.") from error
    return devices, tuple(name for name in header if name not in COLUMNS)


def from_list(data: bytes, *, source: str) -> list[Device]:
    """The devices of a file that has a name, such as a serial number, on each line; empty lines do not count.

    Raises UsageError where it is not UTF-8.
    """
    lines = enumerate(_text(data, source).splitlines(), start=1)
    return [Device(cn=line.strip(), where=number) for number, line in lines if line.strip()]


def numbered(pattern: str, start: int, count: int) -> list[Device]:
    """Devices whose names count: ``dev-%i``, or ``dev-%05i`` for leading zeros. Raises UsageError."""
    if len(_NUMBER.findall(pattern)) != 1:
        raise UsageError(
            f"The pattern {printable(pattern)} must hold %i once, where the number goes (%05i: 5 digits)."
        )
    return [
        Device(cn=_NUMBER.sub(lambda found, n=number: f"{n:{found[1]}}", pattern))  # type: ignore[misc]  # mypy cannot infer the default
        for number in range(start, start + _sane(count))
    ]


def random_uuids(count: int) -> list[Device]:
    """Devices that are named by a random UUID (version 4). Raises UsageError for a count of none or too many."""
    return [Device(cn=str(uuid.uuid4())) for _ in range(_sane(count))]


def wanted(device: Device, base: str, days: int) -> Wanted:
    """The certificate of a device whose subject is ``base``, its own part, and last its CN.

    Raises UsageError for names that cannot be.
    """
    return Wanted(
        kind=Kind.DEVICE,
        subject=with_common_name(parse_subject(base + device.subject), device.cn),
        alternative_names=_names(device),
        days=days,
    )


def require_issuable(
    devices: Sequence[Device],
    *,
    source: str,
    any_name: bool,
    identity_of: Callable[[Device], str | None],
    taken: Callable[[Device], str | None] = lambda _: None,
) -> None:
    """Raise UsageError that names all lines which cannot be issued.

    ``any_name`` lets in the names that make trouble with brokers. ``identity_of``: what must not come twice; None:
    it may. ``taken``: why a device cannot be issued beside what there is, or None.
    """
    if not devices:
        raise UsageError(f"{source} names no device.")
    faults = list(_faults(devices, any_name, identity_of, taken))
    if not faults:
        return
    if len(faults) == 1 and faults[0][0].where is None:
        raise UsageError(f"{faults[0][1]}.", fix=_how_to_go_on(faults))
    shown = [f"\n  {_place(device)}: {fault}" for device, fault in faults[:_SHOWN]]
    more = f"\n  and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    what = "line" if len(faults) == 1 else "lines"
    if faults[0][0].where is None:
        what = "name" if len(faults) == 1 else "names"
    raise UsageError(
        f"{source} has {len(faults)} {what} that cannot be issued; nothing was:{''.join(shown)}{more}"
        f"\n{_how_to_go_on(faults)}"
    )


def _faults(
    devices: Iterable[Device],
    any_name: bool,
    identity_of: Callable[[Device], str | None],
    taken: Callable[[Device], str | None],
) -> Iterator[tuple[Device, str]]:
    first: dict[str, Device] = {}
    for device in devices:
        fault = _own_fault(device, any_name)
        if fault is None and (identity := identity_of(device)) is not None:
            before = first.setdefault(identity, device)
            if before is not device:
                fault = f"{printable(device.cn)} is there twice, first in {_place(before)}"
        fault = fault or taken(device)
        if fault is not None:
            yield device, fault


def _own_fault(device: Device, any_name: bool) -> str | None:
    fault = None if any_name else common_name_fault(device.cn)
    if fault is not None:
        return f"The CN {printable(device.cn)} {fault}"
    try:
        if device.names or device.subject or any_name:
            wanted(device, "", 1)
    except UsageError as error:
        return error.summary.rstrip(".")
    return None


def _how_to_go_on(faults: Sequence[tuple[Device, str]]) -> str:
    if any("The CN" in fault for _, fault in faults):
        return "Choose other names, or let them in with --any-name."
    return "Leave them out, or allow them with --duplicates."


def _place(device: Device) -> str:
    return device.cn if device.where is None else f"line {device.where}"


def _device(row: list[str], header: list[str], line: int, source: str) -> Device:
    if len(row) != len(header):
        raise UsageError(
            f"{source}, line {line} has {len(row)} fields, and the first line names {len(header)}."
        )
    values = {name: value.strip() for name, value in zip(header, row, strict=True)}
    names = values.get("names", "")
    return Device(
        cn=values["cn"],
        subject=values.get("subject", ""),
        names=tuple(name.strip() for name in names.split(";") if name.strip()),
        password=Secret(values["password"]) if values.get("password") else None,
        where=line,
    )


def _names(device: Device) -> tuple[GeneralName, ...]:
    return tuple(map(parse_alternative_name, device.names))


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{source}: line {line} is not UTF-8.") from error


def _sane(count: int) -> int:
    if not 1 <= count <= _MOST:
        raise UsageError(f"{count} devices cannot be made at once; give 1 to {_MOST}.")
    return count
