"""Values in the vectors of ``emqx-auth``: what their JSON stands for."""

from __future__ import annotations

import base64
from typing import Any

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.passwords import Algorithm, Bcrypt, Pbkdf2, Simple


def octets(value: Any) -> bytes | None:
    """A JSON string is its UTF-8, ``{"$b64": …}`` any octets, null is undefined; a number is its text."""
    if value is None:
        return None
    if isinstance(value, dict):
        return base64.b64decode(value["$b64"])
    return str(value).encode()


def words(values: list[Any]) -> tuple[bytes, ...]:
    """The octets of each value; none of them may be undefined."""
    return tuple(some(value) for value in values)


def some(value: Any) -> bytes:
    """The octets of a value that is not undefined."""
    found = octets(value)
    assert found is not None
    return found


def client_info(client: dict[str, Any]) -> ClientInfo:
    """The client of a vector, which is given by its names; ``cert_pem`` is the DER."""
    der = octets(client.get("cert_pem"))
    return ClientInfo(
        client_id=octets(client.get("clientid")) or b"",
        username=octets(client.get("username")),
        cert_common_name=octets(client.get("cn")),
        cert_subject=octets(client.get("dn")),
        cert_pem=None if der is None else base64.b64encode(der),
        peer_host=client.get("peerhost", "127.0.0.1"),
        peer_port=client.get("peerport", 0),
        zone=client.get("zone", "default"),
        listener=client.get("listener", "ssl:default"),
        client_attrs={name: some(value) for name, value in client.get("client_attrs", {}).items()},
        is_superuser=client.get("is_superuser", False),
    )


def algorithm(given: dict[str, Any]) -> Algorithm:
    """The password_hash_algorithm of a vector."""
    given = dict(given)
    name = given.pop("name")
    if name == "bcrypt":
        return Bcrypt(**given)
    return Pbkdf2(**given) if name == "pbkdf2" else Simple(name, **given)
