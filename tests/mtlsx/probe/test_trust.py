"""Which certificate of a server's chain a person may come to trust."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtlsx.certificates.load import load_file
from mtlsx.probe.trust import root_of
from support.openssl_pki import Pki


def test_the_root_is_found_wherever_it_stands(pki: Pki) -> None:
    (server,) = load_file(str(pki.server_behind_the_intermediate.certificate)).certificates
    (plant,) = load_file(str(pki.intermediate.certificate)).certificates
    (root,) = load_file(str(pki.ca.certificate)).certificates
    assert root_of((server, plant, root)) == root
    assert root_of((server, root, plant)) == root


def test_a_root_that_was_not_sent_is_none(pki: Pki) -> None:
    (server,) = load_file(str(pki.server_behind_the_intermediate.certificate)).certificates
    (plant,) = load_file(str(pki.intermediate.certificate)).certificates
    (root,) = load_file(str(pki.ca.certificate)).certificates
    assert root_of((server,)) is None
    assert root_of((server, plant)) is None
    assert root_of((server, root)) is None, "it does not sign the server's"


def test_a_namesake_is_none(pki: Pki) -> None:
    (server,) = load_file(str(pki.server.certificate)).certificates
    (namesake,) = load_file(str(pki.namesake_ca.certificate)).certificates
    assert root_of((server, namesake)) is None


def test_a_self_signed_server_is_its_own(pki: Pki) -> None:
    (server,) = load_file(str(pki.server_self_signed.certificate)).certificates
    assert root_of((server,)) == server


@given(st.lists(st.binary(max_size=64), max_size=3))
def test_whatever_is_sent(chain: list[bytes]) -> None:
    assert root_of(chain) is None


def test_what_follows_may_be_unreadable(pki: Pki) -> None:
    (server,) = load_file(str(pki.server.certificate)).certificates
    (root,) = load_file(str(pki.ca.certificate)).certificates
    assert root_of((server, b"\x30\x00", root)) == root
    assert root_of((b"\x30\x00", server, root)) is None
