"""Where the certificates of a file lead: their order, what is needless or missing, which CA they end at.

A chain is sent as the file holds it: our certificate, then the intermediates that the other side may not have
(RFC 8446, section 4.4.2; RFC 5246, section 7.4.2). Issuers are found by name and signature (``certificates.chain``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mtlsx.certificates.chain import Link, links
from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.describe import CertificateDescription, describe
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import Name, common_names, format_name
from mtlsx.certificates.times import ValidityState, read_moment, validity

_TOPIC = "chain"
_LONGEST_NAME = 60
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Path:
    """The way from one certificate to its root, as far as it goes.

    ``certificates`` (DER), the one that was asked about first; ``about`` describes each; ``sent`` says how many of
    them, from the first, the file itself holds in a row. ``complete``: the last is self-signed.
    ``verified``: all signatures on the way were checked. ``namesakes``: certificates (DER) that bear the name of
    the issuer that is missing, but did not sign.
    """

    certificates: tuple[bytes, ...]
    about: tuple[CertificateDescription, ...]
    sent: int
    complete: bool
    verified: bool
    namesakes: tuple[bytes, ...]


def find_path(held: Sequence[bytes], own: int, elsewhere: Sequence[bytes], now: datetime) -> Path:
    """The way up from ``held[own]`` through the file's own certificates and those ``elsewhere``.

    All are DER certificates whose outline can be read. Where several could be the issuer (a CA that was renewed, or
    signed by another, too), one that is in date at ``now`` is taken, and rather one from elsewhere: so OpenSSL does.
    """
    others = (*elsewhere, *held[:own], *held[own + 1 :])
    everybody = tuple(
        dict.fromkeys((held[own], *sorted(others, key=lambda each: _is_old(each, now))))
    )
    found = links(everybody)
    way = _way(found)
    last = found[way[-1]]
    certificates = tuple(everybody[at] for at in way)
    in_file = set(held)
    outside = (at for at, each in enumerate(certificates) if each not in in_file)
    return Path(
        certificates=certificates,
        about=tuple(map(describe, certificates)),
        sent=next(outside, len(certificates)),
        complete=last.issuer == way[-1],
        verified=all(found[at].verified for at in way if found[at].issuer is not None),
        namesakes=tuple(everybody[at] for at in last.namesakes),
    )


def check_order(held: Sequence[bytes], own: int, path: Path) -> Iterator[Finding]:
    """What is needless or in the wrong place among the certificates of one file (DER)."""
    if len(held) == 1:
        return
    if held.index(held[own]):
        yield Finding(
            "own-cert-not-first", Level.FAILURE, _TOPIC,
            f"Our certificate is not the first in the file but the {_ordinal(own + 1)}.",
            "OpenSSL, and with it Mosquitto and most devices, takes the first for ours.",
            "Put our certificate first, then each one's issuer.",
        )  # fmt: skip
    copies = len(held) - len(set(held))
    if copies:
        yield Finding(
            "duplicate-certificate", Level.WARNING, _TOPIC,
            f"{_counted(copies, 'certificate')} in the file {'stands' if copies == 1 else 'stand'} there twice.",
            "It is sent twice in each handshake; some TLS libraries of devices refuse that.",
            "Leave one of each.",
        )  # fmt: skip
    sent = path.certificates[: path.sent]
    positions = [held.index(each) for each in sent]
    if positions[1:] != sorted(positions[1:]):
        wanted = ", ".join(short_name(about.subject) for about in path.about[: path.sent])
        yield Finding(
            "chain-out-of-order", Level.WARNING, _TOPIC,
            "The intermediate certificates are out of order.",
            "TLS 1.2 wants each one directly behind the one that it signed (RFC 5246, section 7.4.2).",
            f"Put them in this order: {wanted}.",
        )  # fmt: skip
    yield from _strays(held, path)
    if path.complete and 1 < path.sent == len(path.certificates):
        yield Finding(
            "root-in-file", Level.NOTE, _TOPIC,
            f'The root "{short_name(path.about[-1].subject)}" is in the file.',
            "It is sent in each handshake and helps nobody: who trusts it has it.",
            "Leave it out.",
        )  # fmt: skip


def check_chain(
    held: Sequence[bytes], path: Path, anchors: Sequence[bytes] | None
) -> Iterator[Finding]:
    """Whether the way leads to one of ``anchors`` (DER; None: not known whom the other side trusts)."""
    if path.complete and len(path.certificates) == 1:
        yield _self_signed(path, anchors)
        return
    gap = missing_intermediate(held, path)
    if gap is not None:
        yield gap
    if anchors is not None:
        trouble = _trouble(path, anchors)
        if trouble is not None:
            yield trouble
            return
    elif path.namesakes and not path.complete:
        yield _namesake(path)
        return
    if gap is None:
        yield _fine(path, anchors)
    if not path.verified:
        yield Finding(
            "chain-unverified", Level.WARNING, _TOPIC,
            "A signature in the chain could not be checked here: its algorithm is not supported.",
            fix="Have it verified where that algorithm is known, as with openssl verify.",
        )  # fmt: skip


def missing_intermediate(held: Sequence[bytes], path: Path) -> Finding | None:
    """What the file lacks, where a certificate at hand proves it."""
    lacking = [
        about
        for about in path.about[path.sent :]
        if not (path.complete and about is path.about[-1])
    ]
    if lacking:
        names = " and ".join(f'"{short_name(about.subject)}"' for about in lacking)
        return Finding(
            "own-chain-incomplete", Level.WARNING, _TOPIC,
            f"The file lacks the intermediate {names}, which the CA file holds.",
            "Whoever trusts only the root cannot find the way to it, and refuses the certificate.",
            "Append the intermediate certificate to the certificate file.",
        )  # fmt: skip
    strays = _authorities_off_the_way(held, path)
    if strays and not path.complete:
        last = path.about[-1]
        return Finding(
            "own-chain-incomplete", Level.WARNING, _TOPIC,
            f'The file has a gap: it holds "{short_name(strays[0].subject)}", but not'
            f' "{short_name(last.issuer)}", which issued "{short_name(last.subject)}".',
            "Without it nobody finds the way from one to the other.",
            _fetch(last) or f'Append the certificate of "{short_name(last.issuer)}".',
        )  # fmt: skip
    return None


def short_name(name: Name | None) -> str:
    """A name in a few words, safe to show: its common names, else all of it."""
    if name is None:
        return "(unreadable)"
    text = ", ".join(common_names(name)) or format_name(name)
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


def _is_old(certificate: bytes, now: datetime) -> bool:
    fields = parse_certificate(certificate)
    state = validity(read_moment(fields.not_before), read_moment(fields.not_after), now).state
    return state not in (ValidityState.VALID, ValidityState.ENDING)


def _way(found: Sequence[Link]) -> list[int]:
    way = [0]
    while (issuer := found[way[-1]].issuer) is not None and issuer not in way:
        way.append(issuer)
    return way


def _strays(held: Sequence[bytes], path: Path) -> Iterator[Finding]:
    # Another certificate of a CA on the way, as of one that another CA has signed, too, is no stranger.
    related = {about.subject for about in path.about}
    others = (describe(each) for each in dict.fromkeys(held) if each not in path.certificates)
    strays = [about for about in others if about.subject not in related]
    if strays and (path.complete or not _authorities_off_the_way(held, path)):
        names = ", ".join(f'"{short_name(about.subject)}"' for about in strays[:_MOST_NAMES])
        if len(strays) > _MOST_NAMES:
            names += f" and {len(strays) - _MOST_NAMES} more"
        yield Finding(
            "unrelated-certificate", Level.WARNING, _TOPIC,
            f"{names} in the file {'has' if len(strays) == 1 else 'have'} nothing to do with our certificate.",
            "It is sent in each handshake; some TLS libraries of devices refuse that.",
            "Leave it out.",
        )  # fmt: skip


def _authorities_off_the_way(held: Sequence[bytes], path: Path) -> list[CertificateDescription]:
    abouts = [describe(each) for each in held if each not in path.certificates]
    return [about for about in abouts if is_authority(about)]


def is_authority(about: CertificateDescription) -> bool:
    """Whether a certificate says that it is a CA's."""
    constraints = about.extensions.basic_constraints
    return constraints is not None and constraints.ca


def _self_signed(path: Path, anchors: Sequence[bytes] | None) -> Finding:
    if anchors is not None and path.certificates[0] in anchors:
        return Finding(
            "chain-trusted", Level.OK, _TOPIC, "It is self-signed, and the CA file holds it itself."
        )
    if is_authority(path.about[0]) and anchors is None:
        return Finding("chain-is-root", Level.OK, _TOPIC, "It is a root: self-signed.")
    return Finding(
        "own-cert-self-signed", Level.WARNING if anchors is None else Level.FAILURE, _TOPIC,
        "It is self-signed.",
        "The other side accepts it only where its CA file holds this very certificate.",
        "Use one that a CA of the other side's has issued.",
    )  # fmt: skip


def _trouble(path: Path, anchors: Sequence[bytes]) -> Finding | None:
    """Why the way does not end at a trusted root."""
    last, name = path.about[-1], short_name(path.about[-1].issuer)
    if path.complete:
        if path.certificates[-1] in anchors:
            return None
        return Finding(
            "chain-unknown-ca", Level.FAILURE, _TOPIC,
            f'The chain ends at the root "{name}", which is not in the CA file.',
            "Who trusts the CA file alone refuses the certificate.",
            f'Add "{name}" to the CA file, or use a certificate of a CA that is in it.',
        )  # fmt: skip
    if path.namesakes:
        return _namesake(path)
    if path.certificates[-1] in anchors:
        return Finding(
            "chain-without-root", Level.FAILURE, _TOPIC,
            f'The CA file holds the intermediate "{short_name(last.subject)}", but not its root "{name}".',
            "OpenSSL and Erlang trust only a self-signed root, unless a partial chain is allowed.",
            f'Add the root "{name}" to the CA file.',
        )  # fmt: skip
    return Finding(
        "chain-unknown-ca", Level.FAILURE, _TOPIC,
        f'"{short_name(last.subject)}" was issued by "{name}", which is neither in the file nor in the CA file.',
        "Either the CA file is that of another CA, or an intermediate certificate is missing.",
        _fetch(last) or f'Get the certificate of "{name}": a root belongs into the CA file, an'
        " intermediate behind ours.",
    )  # fmt: skip


def _namesake(path: Path) -> Finding:
    last = path.about[-1]
    name = short_name(last.issuer)
    return Finding(
        "chain-namesake-ca", Level.FAILURE, _TOPIC,
        f'"{short_name(last.subject)}" was not signed by the "{name}" that is at hand, but by another'
        " CA of the same name.",
        "The CA was set up twice, with the same name and another key.",
        f'Take the certificate of the "{name}" that issued it, or have it issued anew.',
    )  # fmt: skip


def _fine(path: Path, anchors: Sequence[bytes] | None) -> Finding:
    way = " ← ".join(short_name(about.subject) for about in path.about)
    last = path.about[-1]
    if path.complete and anchors is not None:
        return Finding("chain-trusted", Level.OK, _TOPIC, f"It leads to the CA file: {way}.")
    if path.complete:
        return Finding("chain-complete", Level.OK, _TOPIC, f"It leads to a root: {way}.")
    issuer = short_name(last.issuer)
    return Finding(
        "chain-not-checked", Level.NOTE, _TOPIC,
        f"It was issued by {issuer}: {way}."
        if len(path.about) == 1
        else f"It leads to {issuer}: {way}.",
        "Whether that is a root or an intermediate that the file lacks, only the CA's certificate tells.",
        "Give the CA that the other side trusts with --ca.",
    )  # fmt: skip


def _fetch(about: CertificateDescription) -> str | None:
    addresses = about.extensions.issuer_addresses
    return f"Fetch it from {addresses[0]} and append it to the file." if addresses else None


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
