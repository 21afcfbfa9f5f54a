"""What a file of key material holds: the values that loading gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mtlsx.certificates.keys import PrivateKeyItem
from mtlsx.certificates.kinds import Kind


@dataclass(frozen=True, slots=True)
class PublicItem:
    """One object that is no secret: ``kind`` is CERTIFICATE, REQUEST, CRL or PUBLIC_KEY, ``der`` its bytes.

    ``line`` is the line of its BEGIN, from 1; None outside PEM.
    """

    kind: Kind
    der: bytes
    line: int | None = None


Item: TypeAlias = PublicItem | PrivateKeyItem


@dataclass(frozen=True, slots=True)
class Material:
    """What one file holds.

    ``source`` is its path, or ``-``; ``encoding`` is ``"PEM"``, ``"DER"``, ``"base64"``, ``"PKCS#7"`` or
    ``"PKCS#12"``; ``items`` are all objects in file order; ``notes`` are sentences about what is odd with the
    file itself.
    """

    source: str
    encoding: str
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The certificates (DER), in file order."""
        return self._public(Kind.CERTIFICATE)

    @property
    def requests(self) -> tuple[bytes, ...]:
        """The certificate requests (DER), in file order."""
        return self._public(Kind.REQUEST)

    @property
    def crls(self) -> tuple[bytes, ...]:
        """The certificate revocation lists (DER), in file order."""
        return self._public(Kind.CRL)

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """The public keys (SubjectPublicKeyInfo or PKCS#1 DER), in file order."""
        return self._public(Kind.PUBLIC_KEY)

    @property
    def keys(self) -> tuple[PrivateKeyItem, ...]:
        """The private keys, in file order."""
        return tuple(item for item in self.items if isinstance(item, PrivateKeyItem))

    def _public(self, kind: Kind) -> tuple[bytes, ...]:
        return tuple(
            item.der for item in self.items if isinstance(item, PublicItem) and item.kind is kind
        )
