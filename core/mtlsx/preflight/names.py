"""Whether a server's certificate is for the host that its clients will connect to (RFC 9525)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.names import common_names
from mtlsx.certificates.strings import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.certificates.describe import CertificateDescription

_TOPIC = "names"
_SHOWN = 6


def check_names(
    certificate: bytes, about: CertificateDescription, host: str | None
) -> Iterator[Finding]:
    """Whether ``certificate`` (DER, which ``about`` describes) is for ``host``, a name or an IP address.

    Without ``host``: whether it is for any.
    """
    from mtlsx.tls.names import is_ip_address, name_error

    names = [each for each in about.extensions.alternative_names if each.kind in ("dns", "ip")]
    if host is None:
        yield _listed([str(each) for each in names])
        return
    reason = name_error(certificate, host)
    if reason is None:
        yield Finding("name-matches", Level.OK, _TOPIC, f"It is for {printable(host)}.")
        return
    kind = "IP" if is_ip_address(host) else "DNS"
    only_in_cn = host in (common_names(about.subject) if about.subject else ())
    as_dns = kind == "IP" and any(each.kind == "dns" and each.text == host for each in names)
    why = "Clients that check the server's name refuse it."
    if only_in_cn:
        why += " Its common name is the same, but that does not count."
    if as_dns:
        why += " The address stands there as a DNS name, which does not count for an address."
    yield Finding(
        "name-mismatch", Level.FAILURE, _TOPIC,
        f"It is not for {printable(host)}: {reason}.",
        why,
        f"Issue it with subjectAltName {kind}:{printable(host)}.",
    )  # fmt: skip


def _listed(names: list[str]) -> Finding:
    if not names:
        return Finding(
            "no-alternative-names", Level.WARNING, _TOPIC,
            "It has no subject alternative name that is a host's.",
            "Clients that check the server's name refuse it whatever the host; a common name does not count.",
            "Issue it with subjectAltName DNS:… or IP:….",
        )  # fmt: skip
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Finding(
        "names-not-checked", Level.NOTE, _TOPIC,
        f"It is for {', '.join(names[:_SHOWN])}{more}.",
        fix="Give a host with --host to check it.",
    )  # fmt: skip
