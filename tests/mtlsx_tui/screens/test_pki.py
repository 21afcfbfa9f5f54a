"""The PKI screen: what it shows, and that what is asked for there is done in the authorities' folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from mtlsx.pki.authority import Admission, Authority
from mtlsx.pki.certify import Kind
from mtlsx.pki.crls import Reason
from mtlsx.pki.devices import numbered
from mtlsx.pki.fleet import Fleet, issue
from mtlsx.pki.keys import KeyKind
from mtlsx.pki.workbench import Workbench
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.secret import Secret
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.main import MainScreen
from mtlsx_tui.screens.pki import PkiScreen
from mtlsx_tui.widgets.asking import AskPanel
from mtlsx_tui.widgets.issued import IssuedTable
from support.issued_pki import issue_device, make_intermediate, make_root
from support.tui import screen_text, settle
from support.whole_folder import require_whole

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 36)


@pytest.fixture
def root(tmp_path: Path) -> Authority:
    return make_root(tmp_path / "pki")


@pytest.fixture
def app(library: ProfileLibrary, tmp_path: Path) -> MtlsxApp:
    return MtlsxApp(library, pki=tmp_path / "pki")


async def opened(pilot: Pilot[None]) -> PkiScreen:
    await settle(pilot)
    await pilot.press("k")
    await settle(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, PkiScreen)
    return screen


def test_keys_are_asked_about_also_while_there_is_nothing_on_the_screen(
    root: Authority, library: ProfileLibrary, tmp_path: Path
) -> None:
    screen = PkiScreen(Workbench(tmp_path / "pki"), library, now=lambda: 0.0)
    assert screen.check_action("filter", ()) is False
    assert screen.check_action("ask", ("new",)) is True


async def answer(pilot: Pilot[None], pressed: str, /, **values: str) -> None:
    """Press a key, write ``values`` into the panel that opens, and have it done."""
    await pilot.press(pressed)
    await settle(pilot)
    panel = pilot.app.screen.query_one(AskPanel)
    assert panel.is_open
    for name, value in values.items():
        control = next(each for each in panel.query("*") if (each.id or "").endswith(f"-{name}"))
        control.value = value  # type: ignore[attr-defined]  # fields and choices have one
    await pilot.press("ctrl+s")
    await settle(pilot)


def note(app: MtlsxApp) -> str:
    return str(app.screen.query_one("#pki-note", Static).content)


def error(app: MtlsxApp) -> str:
    return str(app.screen.query_one("#ask-error", Static).content)


def names(app: MtlsxApp) -> list[str]:
    """The names in the table, from above."""
    rows = app.screen.query_one(IssuedTable)._rows
    return [row.name for row in rows]


async def test_without_authorities_it_says_how_to_begin(app: MtlsxApp, tmp_path: Path) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "No authorities yet." in screen_text(app)
        await pilot.press("i", "r", "x", "e", "p", "l", "slash")
        await settle(pilot)
        assert not app.screen.query_one(AskPanel).is_open
        await answer(
            pilot, "n", name="factory", subject="/O=Acme/CN=Factory CA", key="ed25519", days="100"
        )
        assert note(app) == "✔ Made authority factory."
        assert "Factory CA" in screen_text(app)
        assert "Nothing issued yet" in screen_text(app)
    assert (
        require_whole(tmp_path / "pki" / "factory").certificate.subject.rfc4514_string()
        == "CN=Factory CA,O=Acme"
    )


async def test_a_device_is_issued_renewed_and_revoked(app: MtlsxApp, root: Authority) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await answer(pilot, "i", name="dev-1", subject="/O=Acme")
        assert note(app).startswith("✔ Issued dev-1, valid until ")
        assert names(app) == ["dev-1"]
        assert "CN=dev-1,O=Acme" in screen_text(app)
        await answer(pilot, "r", days="10")
        assert names(app) == ["dev-1", "dev-1"]
        assert "ending" in screen_text(app)
        assert "renewed" in screen_text(app)
        await answer(pilot, "x", reason="keyCompromise")
        assert note(app).startswith("✔ Revoked dev-1. Give brokers the new list, ")
        assert "revoked on" in screen_text(app)
        assert "1 revoked, list good for" in screen_text(app)
        # Neither is offered any more for what is revoked.
        await pilot.press("r", "x")
        await settle(pilot)
        assert not app.screen.query_one(AskPanel).is_open
    authority = require_whole(root.folder.path)
    (revocation,) = authority.index.revoked.values()
    assert revocation.reason is Reason.KEY_COMPROMISE
    assert (root.folder.path / "ca.crl").exists()


async def test_a_server_is_issued(app: MtlsxApp, root: Authority) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await answer(pilot, "i", kind="server", name="broker.example 192.0.2.7")
        assert names(app) == ["broker.example"]
    (entry,) = [
        each
        for each in require_whole(root.folder.path).index.entries.values()
        if each.kind is Kind.SERVER
    ]
    assert entry.cn == "broker.example"


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"name": "dev-1"}, "CN dev-1 was already issued"),
        ({"name": "a b"}, "The CN a b holds a space"),
        ({"name": ""}, "It needs a name"),
        ({"name": "x", "days": "ten"}, "is a number of days"),
        ({"name": "x", "days": "0"}, "0 days is no validity"),
        ({"name": "x", "subject": "/Foo=1"}, "'Foo' is not known"),
        ({"name": "a..b", "kind": "server"}, "a..b is not a DNS name"),
    ],
)
async def test_what_cannot_be_issued_stays_in_the_panel(
    app: MtlsxApp, root: Authority, values: dict[str, str], part: str
) -> None:
    issue_device(root, "dev-1")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await answer(pilot, "i", **values)
        assert app.screen.query_one(AskPanel).is_open
        assert part in error(app)
        await pilot.press("escape")
        await settle(pilot)
        assert not app.screen.query_one(AskPanel).is_open
    assert len(require_whole(root.folder.path).index.entries) == 2


async def test_an_encrypted_key_asks_for_its_passphrase(app: MtlsxApp, tmp_path: Path) -> None:
    root = make_root(tmp_path / "pki", passphrase=Secret("psst"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await answer(pilot, "i", name="dev-1")
        assert "encrypted, and no passphrase" in error(app)
        await pilot.press("escape")
        await answer(pilot, "i", name="dev-1", passphrase="wrong")
        assert "does not open" in error(app)
        await pilot.press("escape")
        await answer(pilot, "i", name="dev-1", passphrase="psst")
        assert names(app) == ["dev-1"]
        assert "psst" not in screen_text(app)
    require_whole_encrypted(root)


def require_whole_encrypted(root: Authority) -> None:
    assert b"ENCRYPTED" in (root.folder.path / "ca.key").read_bytes()
    root.folder.refresh()
    assert root.find("dev-1").kind is Kind.DEVICE


async def test_a_device_is_exported(app: MtlsxApp, root: Authority, tmp_path: Path) -> None:
    issue_device(root, "dev-1")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await answer(pilot, "e", directory=str(tmp_path / "out"))
        assert "needs the host" in error(app)
        await pilot.press("escape")
        await answer(
            pilot, "e", directory=str(tmp_path / "out"), host="broker.example", port="99999"
        )
        assert "A port is a number" in error(app)
        await pilot.press("escape")
        for form in ("folder", "zip", "header"):
            await answer(
                pilot, "e", directory=str(tmp_path / "out"), host="broker.example", form=form
            )
            assert note(app).startswith("✔ Exported dev-1 into ")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"dev-1", "dev-1.zip", "dev-1.h"}


async def test_a_device_becomes_a_profile(
    app: MtlsxApp, root: Authority, library: ProfileLibrary
) -> None:
    issue_device(root, "dev-1")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await answer(pilot, "p", host="broker.example")
        assert note(app) == "✔ Made profile dev-1."
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert "dev-1" in screen_text(app)
        assert "HMGET tls_domain:dev-1" in screen_text(app)
    assert library.profiles.get("dev-1").connection.host == "broker.example"


async def test_certificates_are_found_by_a_part_of_their_name(
    app: MtlsxApp, root: Authority
) -> None:
    for name in ("dev-1", "dev-2", "other"):
        issue_device(root, name)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert names(app) == ["other", "dev-2", "dev-1"]
        await pilot.press("slash", *"DEV", "enter")
        await settle(pilot)
        assert names(app) == ["dev-2", "dev-1"]
        await pilot.press("slash", *"-x")
        await settle(pilot)
        assert "Nothing like that." in screen_text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert names(app) == ["other", "dev-2", "dev-1"]
        assert not app.screen.query_one("#pki-filter", Input).display


async def test_another_authority_is_shown(app: MtlsxApp, root: Authority, tmp_path: Path) -> None:
    plant = make_intermediate(tmp_path / "pki", root)
    issue_device(plant, "dev-1")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert names(app) == ["plant"]
        await pilot.press("shift+tab", "down")
        await settle(pilot)
        assert names(app) == ["dev-1"]
        await answer(pilot, "l", days="7")
        assert note(app) == "✔ The list of plant has 0 certificates."
        await answer(pilot, "n", name="line", issuer="plant")
        assert "line" in screen_text(app)
    assert Workbench(tmp_path / "pki").authority("line").issuers[0] == plant.certificate


async def test_an_authority_is_renewed(app: MtlsxApp, root: Authority, tmp_path: Path) -> None:
    plant = make_intermediate(tmp_path / "pki", root)
    issue_device(plant, "dev-1")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        # Among what the root issued, and then the root itself in the list.
        assert names(app) == ["plant"]
        await answer(pilot, "r", days="100")
        assert note(app).startswith("✔ Renewed authority plant, valid until ")
        assert names(app) == ["plant", "plant"]
        await pilot.press("down")
        await settle(pilot)
        await pilot.press("r")  # of the two, the one that is renewed already
        await settle(pilot)
        assert not app.screen.query_one(AskPanel).is_open
        await pilot.press("shift+tab")
        await answer(pilot, "r", days="200")
        assert note(app).startswith("✔ Renewed authority demo, valid until ")
        assert "199 days left" in screen_text(app)
    now = Workbench(tmp_path / "pki").authority("plant")
    assert now.certificate.public_key() == plant.certificate.public_key()
    assert now.certificate != plant.certificate
    assert now.issuers == (require_whole(root.folder.path).certificate,)
    assert now.issuers != (root.certificate,)


async def test_ten_thousand_are_no_more_work_than_those_in_view(
    app: MtlsxApp, root: Authority
) -> None:

    devices = tuple(numbered("dev-%05i", 1, 2000))
    fleet = Fleet(
        devices=devices, base="", days=365, key=KeyKind.P256, admission=Admission()
    ).identified(root)
    issue(root, root.open(None), fleet, devices, cores=1)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        table = app.screen.query_one(IssuedTable)
        assert len(names(app)) == 2000
        await pilot.press("end")
        await settle(pilot)
        assert table.row is not None
        assert table.row.name == "dev-00001"
        assert "dev-00001" in screen_text(app)
        await pilot.press("pageup", "home")
        await settle(pilot)
        assert table.row.name == "dev-02000"


async def test_an_index_that_cannot_be_read_is_told(app: MtlsxApp, root: Authority) -> None:
    index = root.folder.path / "index.txt"
    index.write_bytes(index.read_bytes() + b"rubbish\n")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "index.txt, line 6" in note(app)


async def test_the_keys_are_listed(app: MtlsxApp, root: Authority) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        assert "Issue a certificate" in screen_text(app)
        commands = [command.title for command in app.get_system_commands(app.screen_stack[-2])]
        assert "Issue a certificate" in commands


async def test_without_a_directory_there_is_no_screen(library: ProfileLibrary) -> None:
    app = MtlsxApp(library)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("k")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
