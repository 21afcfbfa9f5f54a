"""Fleets: on several cores, whole after a kill, and taken up again where they stopped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mtlsx.errors import UsageError
from mtlsx.identity import emqx
from mtlsx.pki import fleet as fleets
from mtlsx.pki.authority import Admission, Authority
from mtlsx.pki.crls import Reason
from mtlsx.pki.devices import Device, numbered
from mtlsx.pki.fleet import (
    Fleet,
    cores,
    forget_uuids,
    issue,
    left_to_issue,
    uuid_devices,
)
from mtlsx.pki.keys import KeyKind
from mtlsx.pki.workbench import Workbench
from mtlsx.secret import Secret
from support.issued_pki import issue_device, make_intermediate, make_root
from support.killed import IDLE, STEP, Say, killed
from support.whole_folder import listed_serials, require_nothing_unlisted, require_whole

TIMES = [
    pytest.param(10, id="10"),
    pytest.param(200, id="200", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
]


@pytest.fixture
def root(tmp_path: Path) -> Authority:
    return make_root(tmp_path / "pki")


def fleet_of(authority: Authority, devices: list[Device], **about: object) -> Fleet:
    fleet = Fleet(
        devices=tuple(devices), base="/O=Acme", days=365, key=KeyKind.P256, admission=Admission()
    )
    return replace(fleet, **about).identified(authority)  # type: ignore[arg-type]


def issue_all(authority: Authority, fleet: Fleet, *, on: int = 2) -> int:
    return issue(authority, authority.open(None), fleet, left_to_issue(authority, fleet), cores=on)


def test_a_fleet_is_issued_on_several_cores(root: Authority) -> None:
    heard: list[int] = []
    fleet = fleet_of(root, numbered("dev-%03i", 1, 600))
    issued = issue(root, root.open(None), fleet, fleet.devices, cores=3, report=heard.append)
    assert issued == sum(heard) == 600
    assert len(heard) >= 3  # one commit of each core at least
    authority = require_whole(root.folder.path)
    assert {entry.cn for entry in authority.index.entries.values()} == {
        "demo", *(f"dev-{number:03}" for number in range(1, 601)),
    }  # fmt: skip
    for entry in list(authority.index.entries.values())[1:]:
        certificate = authority.issued_certificate(entry.serial)
        certificate.verify_directly_issued_by(root.certificate)
        assert emqx.identify(certificate.public_bytes(Encoding.DER)).dn == entry.dn.encode()
        assert entry.dn == f"CN={entry.cn},O=Acme"


def test_devices_with_parts_of_their_own(root: Authority) -> None:
    devices = [
        Device("a"), Device("b", subject="/OU=x"), Device("c", names=("c.example",)),
        Device("d", names=("d.example",)), Device("e"),
    ]  # fmt: skip
    issue_all(root, fleet_of(root, devices), on=1)
    assert [root.find(cn).dn for cn in "abc"] == ["CN=a,O=Acme", "CN=b,OU=x,O=Acme", "CN=c,O=Acme"]
    names = [
        [name.value for name in extension.value]
        for cn in "acde"
        for extension in root.issued_certificate(root.find(cn).serial).extensions
        if isinstance(extension.value, x509.SubjectAlternativeName)
    ]
    assert names == [["c.example"], ["d.example"]]


def test_the_same_fleet_again_issues_nothing(root: Authority) -> None:
    fleet = fleet_of(root, numbered("dev-%i", 1, 20))
    assert issue_all(root, fleet) == 20
    assert left_to_issue(root, fleet) == []
    # Even where two do it at once.
    assert issue(root, root.open(None), fleet, fleet.devices, cores=2) == 0
    assert len(listed_serials(root.folder.path)) == 21


def test_what_was_revoked_of_a_fleet_is_issued_again(root: Authority) -> None:
    fleet = fleet_of(root, numbered("dev-%i", 1, 5))
    issue_all(root, fleet)
    root.revoke([root.find("dev-3").serial], Reason.KEY_COMPROMISE)
    assert [device.cn for device in left_to_issue(root, fleet)] == ["dev-3"]
    assert issue_all(root, fleet) == 1


@pytest.mark.parametrize("identity", ["cn", "dn"])
def test_an_identity_that_is_taken_stops_the_fleet(root: Authority, identity: str) -> None:
    issue_device(root, "dev-3", subject="/O=Acme")
    fleet = fleet_of(root, numbered("dev-%i", 1, 5), admission=Admission(identity=identity))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"dev-3.* was already issued"):
        issue_all(root, fleet, on=1)
    assert len(listed_serials(root.folder.path)) == 2
    require_whole(root.folder.path)


def test_who_is_in_it_makes_the_fleet(root: Authority, tmp_path: Path) -> None:
    one = fleet_of(root, numbered("dev-%i", 1, 5))
    assert one.admission.fleet == fleet_of(root, numbered("dev-%i", 1, 5)).admission.fleet
    others = [
        fleet_of(root, numbered("dev-%i", 1, 6)),
        fleet_of(root, numbered("dev-%i", 1, 5), base="/O=Other"),
        fleet_of(make_intermediate(tmp_path / "pki", root), numbered("dev-%i", 1, 5)),
    ]
    assert one.admission.fleet not in {each.admission.fleet for each in others}


def test_keys_can_be_encrypted(root: Authority) -> None:
    fleet = fleet_of(root, numbered("dev-%i", 1, 2), passphrase=Secret("hush"), key=KeyKind.ED25519)
    assert "hush" not in repr(fleet)
    issue_all(root, fleet)
    for path in (root.folder.path / "keys").iterdir():
        assert b"ENCRYPTED" in path.read_bytes()


def test_random_names_are_kept_until_all_are_issued(root: Authority) -> None:
    devices = uuid_devices(root.folder, 7)
    assert [each.cn for each in uuid_devices(root.folder, 7)] == [each.cn for each in devices]
    assert uuid_devices(root.folder, 8) != devices
    forget_uuids(root.folder, 7)
    assert {each.cn for each in uuid_devices(root.folder, 7)}.isdisjoint(
        {each.cn for each in devices}
    )


def test_cores_are_counted() -> None:
    assert cores() >= 1


@pytest.mark.parametrize("times", TIMES)
def test_killed_again_and_again_it_still_comes_to_its_end(
    tmp_path: Path, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parent and workers are killed together at any moment, and the next run goes on."""
    monkeypatch.setattr(fleets, "_BATCH", 5)
    kills = 0
    while kills < times:
        path = tmp_path / str(kills)
        folder = make_root(path).folder.path
        devices = numbered("dev-%i", 1, 150)

        def work(say: Say, path: Path = path, devices: list[Device] = devices) -> None:
            authority = Workbench(path).authority("demo")
            fleet = fleet_of(authority, devices)
            left = left_to_issue(authority, fleet)
            if left:
                issue(
                    authority,
                    authority.open(None),
                    fleet,
                    left,
                    cores=2,
                    report=lambda _: say(STEP),
                )
            while True:
                say(IDLE)  # nothing is left to do but to be killed

        for _ in range(min(10, times - kills)):
            before = len(listed_serials(folder))
            steps = killed(work)
            kills += 1
            require_nothing_unlisted(folder)
            require_whole(folder)
            assert len(listed_serials(folder)) - before >= steps  # each step was at least one
        authority = Workbench(path).authority("demo")
        fleet = fleet_of(authority, devices)
        issue_all(authority, fleet)
        cns = Counter(entry.cn for entry in require_whole(folder).index.entries.values())
        assert cns == Counter(["demo", *(device.cn for device in devices)])


def test_workers_end_with_their_parent(root: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleets, "_is_orphan", lambda: True)
    fleet = fleet_of(root, numbered("dev-%i", 1, 5))
    assert issue_all(root, fleet) == 0
    assert require_whole(root.folder.path).index.live(cn="dev-1") == []
