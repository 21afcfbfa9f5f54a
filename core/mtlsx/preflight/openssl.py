"""What OpenSSL itself says of a chain, for faults that no rule of ours knows (name constraints, policies, …)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.checks.usage import Purpose
from mtlsx.errors import MaterialError

if TYPE_CHECKING:
    from datetime import datetime

    from mtlsx.certificates.checks.chain import Path
    from mtlsx.tls.verify import Purpose as OpenSslPurpose

_ASK = "Show these words to whoever runs the CA, and have the certificate issued anew."
_PURPOSES: dict[Purpose, OpenSslPurpose] = {
    Purpose.CLIENT: "sslclient",
    Purpose.SERVER: "sslserver",
}


def check_with_openssl(
    path: Path,
    anchors: Sequence[bytes] | None,
    purpose: Purpose,
    now: datetime,
    so_far: Sequence[Finding],
) -> Iterator[Finding]:
    """OpenSSL's objection to the chain, where the findings ``so_far`` do not tell of one.

    ``anchors`` (DER) are trusted, where they are not known the root at the end of ``path``; ``now`` is aware.
    """
    if not path.complete:
        return
    trusted = anchors or path.certificates[-1:]
    # Of a large CA file only what matters: OpenSSL need not be able to read the others.
    anchors = [each for each in path.certificates if each in trusted]
    levels = {each.level for each in so_far}
    strict = {each.level for each in so_far if each.topic == "strict"}
    if Level.FAILURE not in levels:
        words = _objection(path, anchors, purpose, now, strict=False)
        if words is not None:
            yield Finding(
                "chain-refused",
                Level.FAILURE,
                "chain",
                f"OpenSSL refuses the chain: {words}.",
                fix=_ASK,
            )
        elif Level.WARNING not in strict:
            words = _objection(path, anchors, purpose, now, strict=True)
            if words is not None:
                yield Finding(
                    "strict-refused", Level.WARNING, "strict",
                    f"OpenSSL refuses the chain when it is strict: {words}.", fix=_ASK,
                )  # fmt: skip


def _objection(
    path: Path, anchors: Sequence[bytes], purpose: Purpose, now: datetime, *, strict: bool
) -> str | None:
    from mtlsx.tls.verify import verify

    own, *others = path.certificates
    try:
        found = verify(
            own, anchors=anchors, untrusted=others, purpose=_PURPOSES[purpose], strict=strict, moment=now
        )  # fmt: skip
    except MaterialError:
        return "it cannot read one of the certificates"
    return (
        None
        if found.error is None
        else f"{found.error[1]} (error {found.error[0]} at depth {found.depth})"
    )
