"""Fetches the issuers that a chain lacks from where its certificates say (authority information access).

Off unless asked for: it tells a stranger's web server which certificate is being looked at. RFC 5280, section
4.2.2.1: caIssuers is the address of one certificate in DER, or of several in a PKCS#7 bundle; many serve PEM.
"""

from __future__ import annotations

import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mtlsx.certificates.load import load_bytes
from mtlsx.errors import MaterialError
from mtlsx.probe.chain_gaps import find_way

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from http.client import HTTPMessage
    from typing import IO

_LARGEST = 1024 * 1024
_MOST = 8  # OpenSSL's and EMQX's default depth is 10; a chain of devices has two or three


def fetch_issuers(
    chain: Sequence[bytes], at_hand: Sequence[bytes], load: Callable[[str], bytes]
) -> tuple[bytes, ...]:
    """The issuers (DER) that are neither in ``chain`` nor ``at_hand``, each fetched from where the last one says.

    ``load`` gets the bytes behind an address and raises ``OSError`` where it cannot (``http_loader`` makes one).
    Only certificates that continue the way (``chain_gaps``) are taken; where an address fails, the next is tried.
    """
    fetched: tuple[bytes, ...] = ()
    while len(fetched) < _MOST:
        way = find_way(chain, (*at_hand, *fetched))
        for address in way.addresses:
            loaded = _loaded(address, load)
            longer = find_way(chain, (*at_hand, *fetched, *loaded)).certificates
            news = tuple(each for each in longer if each in loaded and each not in way.certificates)
            if news:
                fetched += news
                break
        else:
            break
    return fetched


def http_loader(timeout: float) -> Callable[[str], bytes]:
    """Loads from http addresses, which need no protection: what comes must be signed by the issuer or is not used.

    ``timeout`` in seconds. The loader raises ``OSError`` for any other scheme, for what the server refuses, and for
    more than 1 MiB.
    """

    def load(address: str) -> bytes:
        _require_http(address)
        opener = urllib.request.build_opener(_HttpOnly)
        try:
            with opener.open(address, timeout=timeout) as answer:
                data: bytes = answer.read(_LARGEST + 1)
        except (HTTPException, ValueError) as error:
            raise OSError(f"{address} cannot be read: {error}") from error
        if len(data) > _LARGEST:
            raise OSError(f"{address} is too large")
        return data

    return load


class _HttpOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http alone; urllib would follow them to ftp."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: HTTPMessage, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        _require_http(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _require_http(address: str) -> None:
    try:
        scheme = urlsplit(address).scheme
    except ValueError as error:
        raise OSError(f"{address} is no address: {error}") from error
    if scheme != "http":
        raise OSError(f"{address} is no http address")


def _loaded(address: str, load: Callable[[str], bytes]) -> tuple[bytes, ...]:
    try:
        return load_bytes(load(address), source=address).certificates
    except (OSError, MaterialError):
        return ()
