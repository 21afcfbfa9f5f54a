"""EMQX's templates; what it renders for commands is in the vectors of tests/conformance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.templates import Template

ALLOWED = frozenset({"username", "clientid", "client_attrs.*"})
VALUES = {"username": b"alice", "clientid": None, "client_attrs.site": b"munich"}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        (b"a/${username}/b", b"a/alice/b"),
        (b"${.username}", b"alice"),
        (b"${username}${username}", b"alicealice"),
        (b"[${clientid}]", b"[]"),
        (b"${client_attrs.site}-${client_attrs.other}", b"munich-"),
        (b"${client_attrs}", b"${client_attrs}"),
        (b"${$}{username}", b"${username}"),
        (b"${..username}", b"${.username}"),
        (b"${}", b"${}"),
        (b"${ username}", b"${ username}"),
        (b"${username", b"${username"),
        (b"\xff${username}", b"\xffalice"),
        (b"", b""),
    ],
)
def test_rendering(text: bytes, rendered: bytes) -> None:
    assert Template.parse(text, ALLOWED).render(VALUES) == rendered


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        (b"${foo}:${username}", b"${foo}:alice"),
        (b"${.foo}", b"${foo}"),
        (b"${foo}:${client_attrs.site}", b"${foo}:${client_attrs.site}"),
        (b"${foo}:${$}{username}", b"${foo}:alice"),
    ],
)
def test_a_name_that_is_not_allowed_makes_emqx_write_the_template_anew(
    text: bytes, rendered: bytes
) -> None:
    assert Template.parse(text, ALLOWED).render(VALUES) == rendered


def test_names() -> None:
    template = Template.parse(b"${username}/${client_attrs.site}/${$}/${username}", ALLOWED)
    assert template.names == {"username", "client_attrs.site"}


@given(st.binary(), st.binary())
def test_a_value_is_not_looked_at_again(text: bytes, value: bytes) -> None:
    template = Template.parse(b"<${username}>" + text.replace(b"$", b""), ALLOWED)
    assert template.render({"username": value}) == b"<" + value + b">" + text.replace(b"$", b"")


@given(st.binary().map(lambda octets: octets.replace(b"x", b"${").replace(b"y", b"}")))
def test_any_octets_are_a_template(text: bytes) -> None:
    assert isinstance(Template.parse(text, ALLOWED).render(VALUES), bytes)
