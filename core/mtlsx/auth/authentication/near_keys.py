"""Where an entry is missing: which other entry was perhaps meant, and what to store.

The usual reasons: an entry under the common name where the command asks for the subject (``tls_subject:346a…``
for ``tls_subject:CN=346a…``), a subject as openssl prints it, another prefix, upper and lower case, a space at an
end, an entry without the fields that are asked for. Only keys that follow from the client are looked at, one
EXISTS each; the store is never searched.
"""

from __future__ import annotations

from collections.abc import Iterator

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.stores.store import Store, StoreError
from mtlsx.auth.trace import Hinted, text_of
from mtlsx.identity.redis_commands import quoted

_PREFIXES = (b"tls_domain:", b"tls_subject:", b"mqtt_user:")
_MOST = 60


async def near_keys(
    store: Store, asked: bytes, fields: tuple[bytes, ...], client: ClientInfo
) -> list[Hinted]:
    """Hints for an entry ``asked`` that was not found; ``fields`` are those that were asked for.

    A store that fails meanwhile ends the search: whatever was found until then is told.
    """
    found: list[bytes] = []
    try:
        if await store.execute((b"EXISTS", asked)) == 1:
            return [await _without_fields(store, asked, fields)]
        for key in candidates(asked, client):
            if await store.execute((b"EXISTS", key)) == 1:
                found.append(key)  # noqa: PERF401  (what is found before a failure counts)
    except StoreError:
        return [_near(store, key, asked) for key in found]
    if found:
        return [_near(store, key, asked) for key in found]
    store_it = quoted((b"HSET", asked, fields[0] if fields else b"password"))
    return [Hinted(f"To let this client in, store its password under that key: {store_it} …")]


def candidates(asked: bytes, client: ClientInfo) -> list[bytes]:
    """Keys that somebody may have stored for ``client`` instead of ``asked``, at most 60."""
    found = dict.fromkeys(_candidates(asked, client))
    found.pop(asked, None)
    return list(found)[:_MOST]


def _candidates(asked: bytes, client: ClientInfo) -> Iterator[bytes]:
    names = list(dict.fromkeys(_names(client)))
    known = [name for name in names if name and asked.endswith(name)]
    prefix = asked.removesuffix(max(known, key=len)) if known else asked.partition(b":")[0] + b":"
    for name in names:
        yield prefix + name
    yield from (asked.lower(), asked.upper(), asked.strip(), asked + b" ")
    for other in _PREFIXES:
        for name in names:
            yield other + name


def _names(client: ClientInfo) -> Iterator[bytes]:
    cn, dn = client.cert_common_name, client.cert_subject
    for name in (cn, dn, client.username, client.client_id):
        if name is not None:
            yield from (name, name.strip(), name.lower(), name.upper())
    if cn is not None:
        yield from (b"CN=" + cn, b"/CN=" + cn, b"CN = " + cn)
    if dn:
        parts = dn.split(b",")
        yield b", ".join(parts)
        yield b",".join(reversed(parts))
        yield b", ".join(reversed(parts))
        yield b"/" + b"/".join(reversed(parts))


def _near(store: Store, key: bytes, asked: bytes) -> Hinted:
    return Hinted(
        f"{store.name} has {text_of(key)}, but EMQX asks for {text_of(asked)}: store the entry under"
        " that key, or change the command."
    )


async def _without_fields(store: Store, asked: bytes, fields: tuple[bytes, ...]) -> Hinted:
    reply = await store.execute((b"HKEYS", asked))
    there = (
        [text_of(name) for name in reply if isinstance(name, bytes)]
        if isinstance(reply, list)
        else []
    )
    wanted = " ".join(map(text_of, fields))
    return Hinted(
        f"{text_of(asked)} exists, but has none of the fields that are asked for ({wanted}); it has"
        f" {' '.join(there) or 'none'}."
    )
