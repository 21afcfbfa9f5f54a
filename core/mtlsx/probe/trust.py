"""Which certificate of a server's chain would make it trusted, were it taken as the CA file.

That a server sent it proves nothing: whoever is in the way can send one too. It has to be compared with what its
owner says by another way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.chain import chains, links
from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import parse_certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

UNTRUSTED = frozenset({"server-unknown-ca", "server-self-signed"})
"""The verdicts that trusting another CA can mend."""


def root_of(chain: Sequence[bytes]) -> bytes | None:
    """The self-signed certificate to which ``chain`` leads, its own first, where the server sent it; all DER.

    Only what ``chain`` proves by signatures counts: a root that does not sign what stands below it is none.
    """
    readable = [each for each in chain if _is_readable(each)]
    if not readable or readable[0] != chain[0]:
        return None
    found = links(readable)
    path = next(each for each in chains(found) if 0 in each)
    last = path[-1]
    signed = all(found[at].verified for at in path)
    return readable[last] if signed and found[last].issuer == last else None


def _is_readable(certificate: bytes) -> bool:
    try:
        parse_certificate(certificate)
    except DerError:
        return False
    return True
