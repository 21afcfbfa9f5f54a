"""What a client's own material is warned about before it connects."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mtlsx.preflight.connection import material_warnings
from mtlsx.tls.material import load_material
from mtlsx.tls.settings import TlsSettings
from support.made_pki import CLIENT, NOW, SERVER, Made, make

ROOT = make("Root", ca=True)
PLANT = make("Plant CA", ROOT, ca=True)


def warned(directory: Path, *chain: Made, ca: Made = ROOT, mode: int = 0o600) -> list[str]:
    """The ids for a certificate file of ``chain`` with the first one's key."""
    certificate, key, anchors = directory / "a.crt", directory / "a.key", directory / "ca.crt"
    certificate.write_bytes(b"".join(each.pem for each in chain))
    key.write_bytes(chain[0].key_pem)
    key.chmod(mode)
    anchors.write_bytes(ca.pem)
    settings = TlsSettings(
        ca_file=str(anchors), certificate_file=str(certificate), key_file=str(key)
    )
    return [each.id for each in material_warnings(settings, load_material(settings), NOW)]


def test_a_good_certificate_is_warned_of_nothing(tmp_path: Path) -> None:
    assert warned(tmp_path, make("dev", ROOT, usage=CLIENT)) == []


def test_the_issuer_need_not_be_at_hand(tmp_path: Path) -> None:
    assert warned(tmp_path, make("dev", PLANT), ca=make("Server CA", ca=True)) == []


@pytest.mark.parametrize(
    ("device", "wanted"),
    [
        (make("dev", ROOT, days=(-9, -2)), ["own-cert-expired"]),
        (make("dev", ROOT, days=(2, 9)), ["own-cert-not-yet-valid"]),
        (make("dev", ROOT, usage=SERVER), ["own-cert-wrong-usage"]),
        (make("dev", PLANT), []),
    ],
)
def test_each_fault_has_its_id(tmp_path: Path, device: Made, wanted: list[str]) -> None:
    assert warned(tmp_path, device) == wanted


def test_an_intermediate_that_the_ca_file_has_and_we_do_not_send(tmp_path: Path) -> None:
    assert warned(tmp_path, make("dev", PLANT), ca=PLANT) == ["own-chain-incomplete"]
    assert warned(tmp_path, make("dev", PLANT), PLANT, ca=PLANT) == []


def test_a_gap_in_our_own_file(tmp_path: Path) -> None:
    assert warned(tmp_path, make("dev", PLANT), ROOT) == ["own-chain-incomplete"]


@pytest.mark.parametrize(("mode", "open_"), [(0o600, False), (0o640, True), (0o604, True)])
def test_who_may_read_the_key(tmp_path: Path, mode: int, open_: bool) -> None:
    found = warned(tmp_path, make("dev", ROOT), mode=mode)
    assert found == (["key-file-open-to-others"] if open_ else [])


def test_several_faults_come_in_the_order_of_the_contract(tmp_path: Path) -> None:
    device = make("dev", PLANT, usage=SERVER, days=(-9, -2))
    assert warned(tmp_path, device, ca=PLANT, mode=0o644) == [
        "own-cert-expired",
        "own-cert-wrong-usage",
        "own-chain-incomplete",
        "key-file-open-to-others",
    ]


def test_each_has_words_and_a_fix(tmp_path: Path) -> None:
    certificate, key = make("dev", PLANT, usage=SERVER).save(tmp_path, "dev")
    settings = TlsSettings(certificate_file=certificate, key_file=key)
    found = material_warnings(settings, load_material(settings), NOW + timedelta(days=365))
    assert {"own-cert-expired", "own-cert-wrong-usage"} <= {each.id for each in found}
    assert all(each.what.endswith(".") and each.why and each.fix for each in found)


def test_without_a_certificate_there_is_nothing_to_warn_of(tmp_path: Path) -> None:
    settings = TlsSettings()
    assert material_warnings(settings, load_material(settings), NOW) == ()


def test_a_key_file_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    certificate, key = make("dev", ROOT).save(tmp_path, "dev")
    settings = TlsSettings(certificate_file=certificate, key_file=key)
    material = load_material(settings)
    Path(key).unlink()
    assert material_warnings(settings, material, NOW) == ()
