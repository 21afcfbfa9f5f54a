"""Which links a chain of certificates lacks, proved by certificates at hand, and where the next could be fetched.

DER in, ``Way`` out. A link counts where the issuer's name fits and, as far as this machine can check it, its
signature: a CA that was set up twice has one name and two keys. Never raises: what cannot be read proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtlsx.certificates.chain import Link, links
from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import parse_certificate
from mtlsx.probe.evidence import issuer_addresses, self_issued


@dataclass(frozen=True, slots=True)
class Way:
    """The way from a certificate towards its root, as far as the certificates at hand go.

    ``certificates``: the one that was asked about first, then each one's issuer. ``missing``: those of them that
    the chain itself does not hold, roots left out: whoever verifies it has roots. ``complete``: the last is
    self-issued. ``namesakes``: certificates with the name of the issuer that is wanted next, which did not sign.
    ``addresses``: where the last says that its issuer can be fetched; empty where the way is complete.
    """

    certificates: tuple[bytes, ...] = ()
    missing: tuple[bytes, ...] = ()
    complete: bool = False
    namesakes: tuple[bytes, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def last(self) -> bytes | None:
        return self.certificates[-1] if self.certificates else None


def find_way(chain: Sequence[bytes], at_hand: Sequence[bytes]) -> Way:
    """The way of ``chain[0]`` through the other certificates of ``chain``, then through those ``at_hand``."""
    everybody = tuple(dict.fromkeys(each for each in (*chain, *at_hand) if _readable(each)))
    if not chain or not everybody or everybody[0] != chain[0]:
        return Way()
    found = links(everybody)
    path = _path(found)
    last, top = found[path[-1]], everybody[path[-1]]
    complete = last.issuer == path[-1]
    certificates = tuple(everybody[at] for at in path)
    lacking = (each for each in certificates if each not in chain and not self_issued(each))
    return Way(
        certificates=certificates,
        missing=tuple(lacking),
        complete=complete,
        namesakes=tuple(everybody[at] for at in last.namesakes if everybody[at] != top),
        addresses=() if complete else issuer_addresses(top),
    )


def _path(found: Sequence[Link]) -> tuple[int, ...]:
    path = [0]
    while (issuer := found[path[-1]].issuer) is not None and issuer not in path:
        path.append(issuer)
    return tuple(path)


def _readable(certificate: bytes) -> bool:
    try:
        parse_certificate(certificate)
    except DerError:
        return False
    return True
