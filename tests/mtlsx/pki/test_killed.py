"""Kill -9 while certificates are issued, revoked, listed and renewed: the folder is whole, whenever it comes.

Some kills in the ordinary suite, 200 of each with ``-m slow``.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtlsx.pki.authority import Authority
from mtlsx.pki.certify import Kind, serial_text
from mtlsx.pki.crls import Reason
from mtlsx.pki.workbench import Workbench
from support.issued_pki import issue_device, make_intermediate, make_root
from support.killed import STEP, Say, killed
from support.whole_folder import listed_serials, require_nothing_unlisted, require_whole

if TYPE_CHECKING:
    from cryptography import x509

    from mtlsx.pki.index import Entry

TIMES = [
    pytest.param(20, id="20"),
    pytest.param(200, id="200", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
]
FRESH = 20  # kills after which a new folder is taken: looking through a full one takes long


@pytest.mark.parametrize("times", TIMES)
def test_while_devices_are_issued(tmp_path: Path, times: int) -> None:
    done = 0
    for kill in range(times):
        path = tmp_path / str(kill // FRESH)
        folder = (
            make_root(path) if kill % FRESH == 0 else Workbench(path).authority("demo")
        ).folder.path
        before = len(listed_serials(folder))

        def issue(say: Say, path: Path = path, kill: int = kill) -> None:
            authority = Workbench(path).authority("demo")
            for number in itertools.count():
                issue_device(authority, f"dev-{kill}-{number}")
                say(STEP)

        steps = killed(issue)
        require_nothing_unlisted(folder)
        require_whole(folder)
        # What was reported is there; beyond that at most the one that was on its way.
        assert steps <= len(listed_serials(folder)) - before <= steps + 1
        done += steps
    assert done > 0


@pytest.mark.parametrize("times", TIMES)
def test_while_devices_are_revoked(tmp_path: Path, times: int) -> None:
    done = 0
    for kill in range(times):
        path = tmp_path / str(kill // FRESH)
        if kill % FRESH == 0:
            authority = make_root(path)
            for number in range(60):
                issue_device(authority, f"dev-{number}")
        authority = Workbench(path).authority("demo")
        live = [
            serial
            for serial, each in authority.index.entries.items()
            if each.kind is Kind.DEVICE and serial not in authority.index.revoked
        ]
        before = set(authority.index.revoked)
        crls = authority.index.crl_number

        def revoke(say: Say, authority: Authority = authority, live: list[str] = live) -> None:
            for serial in live:
                authority.revoke([serial], Reason.SUPERSEDED)
                say(STEP)
            while True:
                authority.write_crl(authority.open(None), days=30)
                say(STEP)

        steps = killed(revoke)
        require_nothing_unlisted(authority.folder.path)
        after = require_whole(authority.folder.path)
        new = set(after.index.revoked) - before
        assert new == set(live[: len(new)])
        assert steps <= len(new) + after.index.crl_number - crls <= steps + 1
        assert before <= set(after.index.revoked)
        done += steps
    assert done > 0


@pytest.mark.parametrize("times", TIMES)
def test_while_authorities_are_made(tmp_path: Path, times: int) -> None:
    made = 0
    for kill in range(times):
        path = tmp_path / str(kill // FRESH)
        if kill % FRESH == 0:
            make_root(path)

        def make(say: Say, path: Path = path, kill: int = kill) -> None:
            root = Workbench(path).authority("demo")
            for number in itertools.count():
                make_intermediate(path, root, f"plant-{kill}-{number}")
                say(STEP)

        steps = killed(make)
        root = Workbench(path).authority("demo")
        require_nothing_unlisted(root.folder.path)
        names = {each.name for each in Workbench(path).authorities()}
        assert {each.name for each in path.iterdir() if each.name != ".lock"} == names
        below = {entry.cn for entry in root.index.entries.values()} - {"demo"}
        # An authority has a folder if and only if its issuer lists its certificate.
        assert names == below | {"demo"}
        assert {name for name in names if name.startswith(f"plant-{kill}-")} >= {
            f"plant-{kill}-{number}" for number in range(steps)
        }
        made += steps
    assert made > 0


@pytest.mark.parametrize("times", TIMES)
def test_while_authorities_are_renewed(tmp_path: Path, times: int) -> None:
    done = 0
    for kill in range(times):
        path = tmp_path / str(kill // FRESH)
        if kill % FRESH == 0:
            plant = make_intermediate(path, make_root(path))
            issue_device(make_intermediate(path, plant, "line"), "dev-1")
        bench = Workbench(path)
        before = len(renewals(bench))

        def renew(say: Say, bench: Workbench = bench) -> None:
            for name in itertools.cycle(["demo", "plant", "line"]):
                issuer = bench.issuer_of(bench.authority(name))
                bench.renew(name, (issuer, issuer.open(None)), days=100)
                say(STEP)

        steps = killed(renew)
        for name in ("demo", "plant", "line"):
            require_nothing_unlisted(path / name)
        entries = renewals(bench)
        assert steps <= len(entries) - before <= steps + 1
        assert [each for each in path.iterdir() if each.name.startswith(".renewed-")] == []
        # Everybody holds the newest certificate of everybody above.
        above: tuple[x509.Certificate, ...] = ()
        for name in ("demo", "plant", "line"):
            authority = require_whole(path / name)
            serials = [entry.serial for entry in entries if entry.cn == name]
            if serials:
                assert serial_text(authority.certificate.serial_number) == serials[-1]
            assert authority.issuers == above
            above = (authority.certificate, *above)
        done += steps
    assert done > 0


def renewals(bench: Workbench) -> list[Entry]:
    """What was renewed, by each authority in turn, oldest first."""
    return [
        entry
        for authority in bench.authorities()
        for entry in authority.index.entries.values()
        if entry.renews is not None
    ]
