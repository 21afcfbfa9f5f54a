"""The chain that the certificates of one file make, in words: what is sent, in which order, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mtlsx.certificates import chain
from mtlsx.certificates.chain import Link
from mtlsx.certificates.describe import CertificateDescription, describe
from mtlsx_tui.cli.cards import Row
from mtlsx_tui.cli.cert_cards import short_name


def chain_rows(certificates: Sequence[bytes]) -> Iterator[Row]:
    """The certificates of one file in the order of their chains, then a sentence on order and gaps."""
    links = chain.links(certificates)
    paths = chain.chains(links)
    about = [describe(each) for each in certificates]
    if all(len(path) == 1 for path in paths) and all(
        map(_is_self_signed, range(len(links)), links)
    ):
        yield Row("Order", (f"{len(paths)} self-signed certificates that do not belong together",))
        return
    for path in paths:
        for at in path:
            yield Row(
                f"{at + 1}.", (f"{short_name(about[at].subject)}, {_signed_by(at, links, about)}",)
            )
    yield _order(paths, links, about)


def _order(
    paths: Sequence[tuple[int, ...]], links: Sequence[Link], about: Sequence[CertificateDescription]
) -> Row:
    if len(paths) > 1:
        missing = [
            f"the issuer of {path[-1] + 1}, {short_name(about[path[-1]].issuer)}, is not in this file"
            for path in paths
            if links[path[-1]].issuer is None
        ]
        return Row("Order", ("; ".join([f"{len(paths)} separate chains", *missing]),), "yellow")
    path = paths[0]
    top = path[-1]
    if links[top].issuer == top:
        reach = "complete up to the root"
    else:
        reach = f"without the root: {short_name(about[top].issuer)} is not in this file"
    if list(path) != sorted(path):
        wanted = ", ".join(str(at + 1) for at in path)
        return Row("Order", (f"out of order, TLS wants {wanted}; {reach}",), "yellow")
    return Row("Order", (f"in order, end certificate first; {reach}",), "green")


def _signed_by(at: int, links: Sequence[Link], about: Sequence[CertificateDescription]) -> str:
    issuer = links[at].issuer
    if issuer is None:
        return f"signed by {short_name(about[at].issuer)}, not in this file"
    if issuer == at:
        return "self-signed"
    return f"signed by {issuer + 1}" + ("" if links[at].verified else " (by name)")


def _is_self_signed(at: int, link: Link) -> bool:
    return link.issuer == at
