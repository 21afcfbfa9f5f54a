from __future__ import annotations

from mtlsx.certificates.chain import Link, chains, links
from support.made_pki import make
from support.vector_certificates import vector_certificates

ROOT = make("Root", ca=True)
MIDDLE = make("Middle", ROOT, ca=True)
LEAF = make("leaf", MIDDLE)
NAMESAKE = make("Middle", ca=True)


def test_a_chain_in_order() -> None:
    found = links([LEAF.der, MIDDLE.der, ROOT.der])
    assert found == (Link(1, True), Link(2, True), Link(2, True))
    assert chains(found) == ((0, 1, 2),)


def test_a_chain_out_of_order() -> None:
    found = links([ROOT.der, LEAF.der, MIDDLE.der])
    assert found == (Link(0, True), Link(2, True), Link(0, True))
    assert chains(found) == ((1, 2, 0),)


def test_a_chain_with_a_gap() -> None:
    found = links([LEAF.der, ROOT.der])
    assert found == (Link(None, False), Link(1, True))
    assert chains(found) == ((0,), (1,))


def test_two_devices_of_one_issuer() -> None:
    found = links([LEAF.der, make("other", MIDDLE).der, MIDDLE.der])
    assert chains(found) == ((0, 2), (1, 2))


def test_an_authority_of_the_same_name_did_not_sign_it() -> None:
    assert links([LEAF.der, NAMESAKE.der])[0] == Link(None, False, namesakes=(1,))
    assert links([LEAF.der, NAMESAKE.der, MIDDLE.der])[0] == Link(2, True)


def test_nothing_makes_no_chain() -> None:
    assert links([]) == ()
    assert chains(()) == ()


def test_certificates_that_sign_each_other_end() -> None:
    assert chains((Link(1, True), Link(0, True), Link(0, True))) == ((2, 0, 1),)
    assert chains((Link(1, True), Link(0, True))) == ((0, 1),)


def test_certificates_that_strict_parsers_refuse_are_checked_too() -> None:
    certificates = vector_certificates()
    found = dict(zip(certificates, links(list(certificates.values())), strict=True))
    others = {"sig-ecdsa-sha384-1", "sig-ed448-1"}  # of authorities that are not among the vectors
    assert {name for name, link in found.items() if link.issuer is None} == others
    assert all(link.verified for name, link in found.items() if name not in others)
