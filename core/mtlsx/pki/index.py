r"""The index of an authority: a plain text of what it did, one line each, to which lines are only ever added.

The fields of a line are separated by tabs; ``-`` stands for nothing, and a backslash begins the escapes ``\\``,
``\t``, ``\n`` and ``\xNN`` … for what has no visible shape::

    # time                  serial      what
    2026-11-26T08:00:00Z    61B2…9F     issued   device  2027-11-26T08:00:00Z  dev-1  CN=dev-1,O=Acme  -
    2026-11-27T09:30:00Z    61B2…9F     revoked  keyCompromise
    2026-11-27T09:30:00Z    -           crl      1       2026-12-27T09:30:00Z

A line counts once its newline is there; what follows the last one was never said.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from mtlsx.certificates.strings import printable
from mtlsx.errors import UsageError
from mtlsx.pki.certify import Kind
from mtlsx.pki.crls import Reason

HEADER = (
    b"# What this authority did, oldest first; lines are only ever added (mtlsx pki, format 1).\n"
    b"# time\tserial\tissued\tkind\tvalid until\tCN\tDN as EMQX writes it\tnotes\n"
    b"# time\tserial\trevoked\treason\n"
    b"# time\t-\tcrl\tnumber\tnext update\n"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate that was issued.

    ``serial``: in hexadecimal as openssl prints it. ``cn`` and ``dn``: as EMQX reads them; None where there is no
    CN. ``fleet``: the id of the fleet that it belongs to; ``renews``: the serial number that it takes the place of.
    """

    serial: str
    issued: datetime
    kind: Kind
    until: datetime
    cn: str | None
    dn: str
    fleet: str | None = None
    renews: str | None = None

    def line(self) -> str:
        """How the index says it."""
        notes = [f"fleet={self.fleet}"] if self.fleet else []
        notes += [f"renews={self.renews}"] if self.renews else []
        cn = "-" if self.cn is None else "\\-" if self.cn == "-" else printable(self.cn)
        return _line(
            self.issued, self.serial, "issued", self.kind, _stamp(self.until), cn,
            printable(self.dn), " ".join(notes) or "-",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Revocation:
    """That a certificate does not count any more: since when, and why."""

    since: datetime
    reason: Reason


def revoked_line(serial: str, revocation: Revocation) -> str:
    """How the index says that the certificate is revoked."""
    return _line(revocation.since, serial, "revoked", revocation.reason)


def crl_line(number: int, made: datetime, next_update: datetime) -> str:
    """How the index says that a revocation list was made."""
    return _line(made, "-", "crl", str(number), _stamp(next_update))


class Index:
    """All that the lines read so far say; ``read`` takes those that were added since.

    ``entries`` by serial number in the order of issue, ``revoked`` by serial number; ``crl_number`` is that of the
    last revocation list, 0 before the first.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = 0
        self._live_cns: dict[str | None, dict[str, Entry]] = {}
        self._live_dns: dict[str, dict[str, Entry]] = {}
        self.entries: dict[str, Entry] = {}
        self.revoked: dict[str, Revocation] = {}
        self.crl_number = 0

    def read(self, data: bytes) -> int:
        """Take the whole lines of ``data``; how many bytes those were.

        Raises UsageError, with the line's number, for one that cannot be meant.
        """
        end = data.rfind(b"\n") + 1
        for raw in data[:end].split(b"\n")[:-1]:
            self._lines += 1
            if raw and not raw.startswith(b"#"):
                try:
                    self._take(raw.decode().split("\t"))
                except (ValueError, LookupError) as error:
                    raise UsageError(
                        f"{self._source}, line {self._lines} is no line of an index: {printable(str(error))}.",
                        fix="Restore the file from a backup; nothing is written while it is like this.",
                    ) from error
        return end

    def live(self, *, cn: str | None = None, dn: str | None = None) -> list[Entry]:
        """The certificates of servers and devices with this CN, or this DN, that are not revoked, oldest first."""
        found = self._live_dns.get(dn) if dn is not None else self._live_cns.get(cn)
        return [] if found is None else list(found.values())

    def renewed(self) -> frozenset[str]:
        """The serial numbers that another certificate took the place of."""
        return frozenset(entry.renews for entry in self.entries.values() if entry.renews)

    def _take(self, fields: list[str]) -> None:
        at, serial, what, *rest = fields
        if what == "issued":
            self._issued(_time(at), serial, rest)
        elif what == "revoked":
            entry = self.entries[serial]
            (reason,) = rest
            self.revoked[serial] = Revocation(datetime.fromisoformat(at), Reason(reason))
            self._live_cns.get(entry.cn, {}).pop(serial, None)
            self._live_dns.get(entry.dn, {}).pop(serial, None)
        elif what == "crl":
            number, _ = rest
            self.crl_number = max(self.crl_number, int(number))
        else:
            raise ValueError(f"{what} is nothing that an authority does")

    def _issued(self, at: datetime, serial: str, rest: list[str]) -> None:
        kind, until, cn, dn, notes = rest
        if serial in self.entries:
            raise ValueError(f"serial number {serial} was issued before")
        fleet, renews = _about(notes)
        entry = Entry(
            serial, at, _KINDS[kind], _time(until), None if cn == "-" else _unescape(cn), _unescape(dn), fleet, renews
        )  # fmt: skip
        self.entries[serial] = entry
        if entry.kind is not Kind.CA:
            self._live_cns.setdefault(entry.cn, {})[serial] = entry
            self._live_dns.setdefault(entry.dn, {})[serial] = entry


_KINDS = {str(kind): kind for kind in Kind}
_ESCAPED = re.compile(r"\\(-|x..|u....|U........|.)")


def _line(at: datetime, *fields: str) -> str:
    return "\t".join((_stamp(at), *fields)) + "\n"


# Many lines have the same times and notes: those of a fleet.


@lru_cache(maxsize=64)
def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@lru_cache(maxsize=64)
def _about(notes: str) -> tuple[str | None, str | None]:
    """The fleet, and the serial number that is renewed."""
    about = dict(note.split("=", 1) for note in notes.split()) if notes != "-" else {}
    return about.get("fleet"), about.get("renews")


@lru_cache(maxsize=64)
def _stamp(at: datetime) -> str:
    at = at.astimezone(UTC)
    # Not strftime: its %Y has no leading zeros, and it is slow where 10,000 lines are written.
    return at.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _unescape(text: str) -> str:
    return _ESCAPED.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    return "-" if found[1] == "-" else codecs.decode(found[0], "unicode_escape")
