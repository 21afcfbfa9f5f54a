"""Which keys are looked at where an entry is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authentication.near_keys import candidates, near_keys
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.stores.store import Reply, StoreError

CLIENT = ClientInfo(
    client_id=b"c1",
    username=b"alice",
    cert_common_name=b"dev-1",
    cert_subject=b"CN=dev-1,O=Acme,C=DE",
)


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        (b"tls_subject:CN=dev-1,O=Acme,C=DE", b"tls_subject:dev-1"),
        (b"tls_subject:CN=dev-1,O=Acme,C=DE", b"tls_subject:C=DE, O=Acme, CN=dev-1"),
        (b"tls_subject:CN=dev-1,O=Acme,C=DE", b"tls_subject:/C=DE/O=Acme/CN=dev-1"),
        (b"tls_subject:CN=dev-1,O=Acme,C=DE", b"tls_domain:dev-1"),
        (b"tls_domain:dev-1", b"tls_domain:DEV-1"),
        (b"tls_domain:dev-1", b"tls_domain:CN=dev-1"),
        (b"tls_domain:dev-1", b"mqtt_user:alice"),
        (b"mqtt_user:alice", b"mqtt_user:c1"),
    ],
)
def test_candidates(asked: bytes, near: bytes) -> None:
    assert near in candidates(asked, CLIENT)


@given(st.binary(max_size=40), *[st.none() | st.binary(max_size=20)] * 3)
def test_candidates_are_few_and_never_the_key_itself(
    asked: bytes, cn: bytes | None, dn: bytes | None, username: bytes | None
) -> None:
    found = candidates(asked, ClientInfo(b"c", username, cert_common_name=cn, cert_subject=dn))
    assert len(found) <= 60
    assert asked not in found


class Falling:
    """A store that answers a few commands and then no more."""

    name = "falling"

    def __init__(self, answers: int) -> None:
        self._answers = answers

    async def execute(self, command: Sequence[bytes]) -> Reply:
        self._answers -= 1
        if self._answers < 0:
            raise StoreError("It fell.")
        return int(command[1] == b"tls_domain:CN=dev-1")

    async def aclose(self) -> None:
        """There is nothing to close."""


async def test_a_store_that_fails_meanwhile_ends_the_search() -> None:
    asked, fields = b"tls_domain:dev-1", (b"password",)
    assert await near_keys(Falling(1), asked, fields, CLIENT) == []
    (hint,) = await near_keys(Falling(1000), asked, fields, CLIENT)
    assert "tls_domain:CN=dev-1, but EMQX asks for tls_domain:dev-1" in str(hint)
