"""Thousands of devices at once: on all cores, a batch at a time, and to be taken up again after a kill.

A fleet has an id that follows from who is in it, and each certificate of it says so in the index. Whoever issues
the same fleet again goes on where it stopped: what is there is passed over.

Each worker casts certificates and commits them itself. The parent only hears how far they are.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import reason, write_file
from mtlsx.pki.authority import Admission, Authority
from mtlsx.pki.devices import Device, from_list, random_uuids, wanted
from mtlsx.pki.folder import Folder, Issued
from mtlsx.pki.keys import KeyKind, to_der
from mtlsx.pki.mould import Mould

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from multiprocessing.sharedctypes import Synchronized

    from mtlsx.pki.authority import Signer
    from mtlsx.pki.keys import PrivateKey
    from mtlsx.secret import Secret

_BATCH = 1000  # certificates in a commit; each commit waits three times for the disk
_PATIENCE = 1.0  # seconds after which what there is of a batch is committed: a kill costs no more work than that


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is to be issued.

    ``base``: the subject before the devices' own parts. ``passphrase``: encrypts each key. ``admission.fleet`` is
    the fleet's id (``identified``).
    """

    devices: tuple[Device, ...]
    base: str
    days: int
    key: KeyKind
    admission: Admission
    passphrase: Secret | None = field(default=None, repr=False)

    def identified(self, authority: Authority) -> Fleet:
        """The same with its id."""
        content = hashlib.sha256(f"{authority.certificate.serial_number:X}\0{self.base}".encode())
        for device in self.devices:
            parts = (device.cn, device.subject, *device.names)
            content.update("".join(f"\0{part}" for part in parts).encode() + b"\n")
        return replace(self, admission=replace(self.admission, fleet=content.hexdigest()[:12]))


def left_to_issue(authority: Authority, fleet: Fleet) -> list[Device]:
    """The devices of an identified fleet that are not issued yet."""
    issued = {
        entry.cn
        for entry in authority.index.entries.values()
        if entry.fleet == fleet.admission.fleet and entry.serial not in authority.index.revoked
    }
    return [device for device in fleet.devices if device.cn not in issued]


def issue(
    authority: Authority,
    signer: Signer,
    fleet: Fleet,
    devices: Sequence[Device],
    *,
    cores: int,
    report: Callable[[int], None] = lambda _: None,
) -> int:
    """Issue ``devices`` of an identified fleet on so many cores; how many were issued.

    ``report`` is told how many more were, each time some are safely on disk. Raises UsageError for an identity that
    is taken, MtlsxError where the folder cannot be written or a worker dies; what was issued until then stays.
    """
    # Forked workers have all modules loaded already; where there is no fork, they are started anew.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    key = to_der(signer.key)
    workers: dict[Connection, BaseProcess] = {}
    whole = replace(fleet, devices=tuple(devices))
    turn = context.Value("L", 0)
    for _ in range(max(1, min(cores, len(devices)))):
        receiving, sending = context.Pipe(duplex=False)
        worker = context.Process(  # type: ignore[attr-defined]  # both kinds of context have it

            target=_work, args=(authority.folder.path, key, whole, turn, sending),
        )  # fmt: skip
        worker.start()
        sending.close()
        workers[receiving] = worker
    issued = 0
    try:
        for more in _heard(dict(workers), report):
            issued += more
            # Meanwhile the workers wait for the disk, the last of them too.
            authority.folder.follow()
    finally:
        for worker in workers.values():
            worker.terminate()
            worker.join()
        authority.folder.refresh()
    return issued


def uuid_devices(folder: Folder, count: int) -> list[Device]:
    """``count`` devices named by random UUIDs; those of a fleet of that size which was not finished, if there is one.

    Their names are kept in ``fleets/`` until ``forget_uuids``. Raises UsageError and MtlsxError.
    """
    path = _uuid_list(folder, count)
    try:
        if path.exists():
            return from_list(path.read_bytes(), source=str(path))
        devices = random_uuids(count)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_file(path, "".join(f"{device.cn}\n" for device in devices).encode(), 0o600)
    except OSError as error:
        raise MtlsxError(f"{path} cannot be read or written: {reason(error)}.") from error
    return devices


def forget_uuids(folder: Folder, count: int) -> None:
    """The fleet is finished: the next one of that size has other names."""
    _uuid_list(folder, count).unlink(missing_ok=True)


def _uuid_list(folder: Folder, count: int) -> Path:
    return folder.path / "fleets" / f"uuid-{count}.txt"


def _heard(workers: dict[Connection, BaseProcess], report: Callable[[int], None]) -> Iterator[int]:
    """What the workers say, until all have ended; raises the first error."""
    while workers:
        for receiving in wait(list(workers)):
            assert isinstance(receiving, Connection)  # noqa: S101  (nothing else is waited for)
            try:
                said = receiving.recv()
            except EOFError:
                worker = workers.pop(receiving)
                worker.join()
                if worker.exitcode:
                    raise MtlsxError(
                        f"A worker was ended by the system (exit code {worker.exitcode}).",
                        fix="Give the same command again: it goes on where it stopped.",
                    ) from None
                continue
            if isinstance(said, MtlsxError):
                raise said
            report(said)
            yield said


def _work(
    path: Path, key: bytes, fleet: Fleet, turn: Synchronized[int], sending: Connection
) -> None:
    """One worker: casts, commits and says how many."""
    # Ctrl+C is the parent's to answer; what is not committed then is lost, and nothing else.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        authority = Authority(path)
        authority.folder.refresh()
        # The disk takes in what there is while more is cast.
        with ThreadPoolExecutor(max_workers=1) as aside:
            settled = aside.submit(authority.folder.settle)
            for batch in _batches(_cast(authority, key, fleet, turn)):
                if _is_orphan():
                    return
                admitted = authority.folder.commit_unsettled(batch, fleet.admission.admit)
                sending.send(len(admitted))
                if settled.done():
                    settled.result()
                    settled = aside.submit(authority.folder.settle)
            settled.result()
        authority.folder.settle()
    except UsageError as error:
        sending.send(UsageError(error.summary, fix=error.fix))
    except MtlsxError as error:
        sending.send(MtlsxError(error.summary, fix=error.fix))


def _cast(
    authority: Authority, encoded: bytes, fleet: Fleet, turn: Synchronized[int]
) -> Iterator[Issued]:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key: PrivateKey = load_der_private_key(encoded, None)  # type: ignore[assignment]  # the parent has opened it
    now = datetime.now(UTC)
    moulds: dict[tuple[str, tuple[str, ...]], Mould] = {}
    for device in _own(fleet.devices, turn):
        alike = (device.subject, device.names)
        if alike not in moulds:
            # Names of its own make a device unlike all others: only the last mould is worth keeping then.
            if device.names:
                moulds.clear()
            moulds[alike] = Mould(
                wanted(device, fleet.base, fleet.days), fleet.key,
                issuer=authority.certificate, signing_key=key, now=now, passphrase=fleet.passphrase,
                fleet=fleet.admission.fleet,
            )  # fmt: skip
        yield moulds[alike].cast(device.cn)


def _own(devices: Sequence[Device], turn: Synchronized[int]) -> Iterator[Device]:
    """Those that this worker takes: always the next, so that all workers end together; ``turn`` is its number."""
    while True:
        with turn.get_lock():
            number = turn.value
            turn.value = number + 1
        if number >= len(devices):
            return
        yield devices[number]


def _batches(made: Iterator[Issued]) -> Iterator[list[Issued]]:
    batch: list[Issued] = []
    begun = time.monotonic()
    for each in made:
        batch.append(each)
        if len(batch) >= _BATCH or time.monotonic() - begun > _PATIENCE:
            yield batch
            batch = []
            begun = time.monotonic()
    if batch:
        yield batch


def _is_orphan() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
