"""Is the folder of an authority whole? What must hold after a kill at any moment."""

from __future__ import annotations

import fcntl
from collections import Counter
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mtlsx.certificates.load import load_file, public_key_matches
from mtlsx.pki.authority import Authority
from mtlsx.pki.certify import Kind
from mtlsx.pki.workbench import Workbench


def listed_serials(folder: Path) -> list[str]:
    """The serial numbers that the index lists as issued, read without any of our code."""
    lines = (folder / "index.txt").read_bytes().split(b"\n")[:-1]
    fields = [line.decode().split("\t") for line in lines if not line.startswith(b"#")]
    return [each[1] for each in fields if each[2] == "issued"]


def require_nothing_unlisted(folder: Path) -> None:
    """What must hold on the disk as the kill left it: no serial twice, no key without its line."""
    serials = listed_serials(folder)
    assert [serial for serial, times in Counter(serials).items() if times > 1] == []
    assert {path.stem for path in (folder / "keys").iterdir()} <= set(serials)


def require_whole(folder: Path) -> Authority:
    """What must hold once anybody has opened the folder; gives the authority."""
    _wait_for_the_dying(folder / "journal")
    authority = Workbench(folder.parent).authority(folder.name)
    require_nothing_unlisted(folder)
    assert list((folder / "journal").iterdir()) == []
    serials = set(listed_serials(folder))
    assert {path.stem for path in (folder / "certs").iterdir()} == serials
    for path in (folder / "certs").iterdir():
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        assert f"{certificate.serial_number:X}" == path.stem
        key = folder / "keys" / f"{path.stem}.key"
        if authority.index.entries[path.stem].kind is Kind.CA:
            assert not key.exists()
            continue
        assert key.stat().st_mode & 0o777 == 0o600
        assert load_pem_private_key(key.read_bytes(), None).public_key() == certificate.public_key()
    loaded = load_file(str(folder / "ca.crt")), load_file(str(folder / "ca.key"))
    assert loaded[1].keys[0].der is not None
    assert public_key_matches(loaded[0].certificates[0], loaded[1].keys[0].der)
    return authority


def _wait_for_the_dying(journals: Path) -> None:
    """A process that was killed lets go of its files one after the other, and its locks may be the last."""
    for journal in journals.iterdir():
        with journal.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
