"""The facts of a handshake that did not end well: a record and our own side in, ``Evidence`` for the table out.

Everything that the rules may ask is found here: what was asked and sent, what our certificate says against itself,
who issued it and whom the server accepts, what is missing in either chain and where it could be fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.strings import printable
from mtlsx.identity.emqx import Refusal, identify
from mtlsx.probe import evidence as look
from mtlsx.probe.chain_gaps import Way, find_way
from mtlsx.probe.clock import doubt
from mtlsx.probe.first_bytes import looks_like, shown
from mtlsx.probe.rule import Evidence, Fact, Occasion
from mtlsx.tls.alerts import CLOSE_NOTIFY, alert_text
from mtlsx.tls.record import Ended
from mtlsx.tls.settings import TlsVersion

if TYPE_CHECKING:
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.tls.record import HandshakeRecord, VerifyError
    from mtlsx.tls.settings import TlsSettings

NAME_MISMATCH = "name mismatch"
"""The reason where the server's certificate is for another name."""

_PLAIN_PORTS = {80, 1883, 8080, 8083}

# Our certificate's faults in the order in which they tell most, and the verdict each speaks for.
_FAULTS = {
    Fact.EXPIRED: "client-cert-expired",
    Fact.NOT_YET_VALID: "client-cert-not-yet-valid",
    Fact.SELF_SIGNED: "client-cert-self-signed",
    Fact.NOT_FOR_CLIENTS: "client-cert-wrong-usage",
    Fact.CANNOT_SIGN: "client-cert-wrong-usage",
    Fact.WEAK: "client-cert-weak-crypto",
    Fact.ISSUER_EXPIRED: "client-cert-expired",
    Fact.GAP: "client-cert-missing-intermediate",
    Fact.NAMESAKE: "client-cert-unknown-ca",
    Fact.FOREIGN: "client-cert-unknown-ca",
}
# The same faults in words, where the server does not say a thing.
_SUSPICIONS = {
    Fact.EXPIRED: "it expired {expired}",
    Fact.NOT_YET_VALID: "it becomes valid {begins}",
    Fact.SELF_SIGNED: "it is self-signed",
    Fact.NOT_FOR_CLIENTS: "it is for {usages}, not for clients",
    Fact.CANNOT_SIGN: "its key usage ({usages}) leaves out digitalSignature",
    Fact.WEAK: "it has {weakness}",
    Fact.ISSUER_EXPIRED: 'its issuer "{stale_issuer}" expired {stale_expired}',
    Fact.GAP: "the intermediate {gap} that issued it is not in the certificate file",
    Fact.NAMESAKE: "it was issued by {lineage}, and a CA of that name at hand has another key",
    Fact.FOREIGN: "it was issued by {lineage}, and the broker asked for one from {accepted}",
}
# OpenSSL 3's words for X509_V_ERR numbers that pyOpenSSL has no names for.
_WORDS = {
    66: "end entity key too small",
    67: "CA key too small",
    68: "CA signature digest algorithm too weak",
}


def handshake_evidence(record: HandshakeRecord, local: LocalSide) -> Evidence:
    """The evidence of ``record``, for ``rules.RULES``; never raises."""
    alert = record.alert_received
    ended = record.ended
    if alert is not None:
        alert, ended = (
            (None, Ended.CLOSED) if alert == CLOSE_NOTIFY else (alert, Ended.ALERT_RECEIVED)
        )
    objection = _objection(record, local) if ended is Ended.REFUSED_BY_US else None
    own = find_way(local.chain, (*(local.anchors or ()), *record.server_chain, *local.fetched))
    server = find_way(record.server_chain, (*(local.anchors or ()), *local.chain, *local.fetched))
    clock = doubt((*record.server_chain, *local.chain, *(local.anchors or ())), local.now)
    facts = {
        Fact.PLAIN_PORT: local.port in _PLAIN_PORTS,
        Fact.HELLO: record.version is not None,
        Fact.ASKED: record.certificate_requested,
        Fact.SENT: record.certificate_sent and bool(local.chain),
        Fact.CLOCK_WRONG: clock is not None,
        **_own_facts(local, own, record.accepted_cas or ()),
        **_server_facts(record, local, server, objection),
    }
    found = frozenset(fact for fact, holds in facts.items() if holds)
    return Evidence(
        occasion=Occasion.HANDSHAKE,
        facts=found,
        ended=ended,
        alert=alert,
        code=None if objection is None else objection.code,
        reason=_reason(record, local),
        faults=tuple(dict.fromkeys(_FAULTS[fact] for fact in _FAULTS if fact in found)),
        excluded=_excluded(local, own, found),
        words={
            **_words(record, local, alert, clock),
            **_own_words(local, own, record.accepted_cas or (), found),
            **_server_words(record, local, server, objection),
        },
    )


def _objection(record: HandshakeRecord, local: LocalSide) -> VerifyError | None:
    return record.verify_errors[0] if record.verify_errors and local.settings.verify_chain else None


def _reason(record: HandshakeRecord, local: LocalSide) -> str:
    if record.name_error is not None and local.settings.verify_name and record.server_chain:
        return NAME_MISMATCH
    return record.error or ""


# ------------------------------------------------------------------ our certificate


def _own_facts(local: LocalSide, way: Way, accepted: tuple[bytes, ...]) -> dict[Fact, bool]:
    if not local.chain:
        return {}
    own = local.chain[0]
    issuers = {look.issuer_name(each) for each in way.certificates}
    return {
        Fact.EXPIRED: look.expired(own, local.now),
        Fact.ISSUER_EXPIRED: _stale_issuer(local, way) is not None,
        Fact.NOT_YET_VALID: look.not_yet_valid(own, local.now),
        Fact.SELF_SIGNED: look.self_issued(own),
        Fact.NOT_FOR_CLIENTS: look.lacks_client_purpose(own),
        Fact.CANNOT_SIGN: look.cannot_sign(own),
        Fact.WEAK: _weakness(local) is not None,
        Fact.GAP: bool(way.missing),
        Fact.NAMESAKE: bool(way.namesakes),
        Fact.FOREIGN: bool(accepted) and issuers.isdisjoint(accepted),
        Fact.NAMED: not issuers.isdisjoint(accepted),
        Fact.ODD: _odd(own) is not None,
    }


def _excluded(local: LocalSide, way: Way, found: frozenset[Fact]) -> frozenset[str]:
    """The candidates that our certificate speaks against; dates leave room for a clock that is wrong."""
    if not local.chain:
        return frozenset()
    own = local.chain[0]
    known = way.last is not None
    usable = Fact.NOT_FOR_CLIENTS not in found and Fact.CANNOT_SIGN not in found
    near_end = look.about_to_end(own, local.now) or look.expired(own, local.now)
    near_begin = look.just_begun(own, local.now) or look.not_yet_valid(own, local.now)
    against = {
        "client-cert-expired": not near_end and Fact.ISSUER_EXPIRED not in found,
        "client-cert-not-yet-valid": not near_begin,
        "client-cert-self-signed": Fact.SELF_SIGNED not in found,
        "client-cert-wrong-usage": usable,
        "client-cert-weak-crypto": Fact.WEAK not in found,
        "client-cert-missing-intermediate": way.complete and not way.missing,
    }
    return frozenset(name for name, holds in against.items() if holds and known)


def _own_words(
    local: LocalSide, way: Way, accepted: tuple[bytes, ...], found: frozenset[Fact]
) -> dict[str, str]:
    own = local.chain[0] if local.chain else b""
    stale = _stale_issuer(local, way) or b""
    last = way.last or own
    words = {
        "expired": look.end_of_validity(own, local.now),
        "begins": look.start_of_validity(own, local.now),
        "stale_issuer": look.short_subject(stale),
        "stale_expired": look.end_of_validity(stale, local.now),
        "usages": look.usages(own),
        "weakness": _weakness(local) or "no fault",
        "odd": printable(_odd(own) or "no reason"),
        "gap": _quoted(way.missing) or "(none)",
        "lineage": _lineage(way) or f'"{look.short_issuer(own)}"',
        "last_issuer": look.short_issuer(last),
        "wanted_key": look.authority_key(last) or "that of the CA that issued it",
        "fetch": _where(way.addresses),
        "accepted": ", ".join(f'"{look.short_name(name)}"' for name in accepted) or "nobody",
    }
    worst = next((fact for fact in _FAULTS if fact in found), None)
    suspicion = "" if worst is None else f"; as seen from here, {_SUSPICIONS[worst]}"
    return {**words, "suspicion": suspicion.format_map(words)}


def _stale_issuer(local: LocalSide, way: Way) -> bytes | None:
    """The nearest issuer of ours that has expired."""
    issuers = (each for each in way.certificates[1:] if look.expired(each, local.now))
    return next(issuers, None)


def _weakness(local: LocalSide) -> str | None:
    found = filter(None, map(look.weakness, local.chain))
    return next(found, None)


def _odd(certificate: bytes) -> str | None:
    """Why Erlang's TLS, with EMQX on it, dies of this certificate."""
    identity = identify(certificate)
    dies = identity.refused in {Refusal.UNDECODABLE, Refusal.UNFORMATTABLE}
    return identity.because if dies else None


def _lineage(way: Way) -> str:
    """The issuers of ours, the nearest first: '"Plant CA", that by "Root CA"'."""
    names = [
        f'"{look.short_issuer(each)}"' for each in way.certificates if not look.self_issued(each)
    ]
    return ", that by ".join(names)


# ------------------------------------------------------------------ the server's certificate


def _server_facts(
    record: HandshakeRecord, local: LocalSide, way: Way, objection: VerifyError | None
) -> dict[Fact, bool]:
    if not record.server_chain:
        return {}
    leaf = record.server_chain[0]
    name = local.settings.sni or local.host
    alone = look.common_name(leaf)
    return {
        Fact.SERVER_GAP: any(each not in (local.anchors or ()) for each in way.missing),
        Fact.SERVER_NAMESAKE: _is_namesake(record, local, way),
        Fact.SERVER_ROOT: look.self_issued(record.server_chain[-1]),
        Fact.AT_ISSUER: objection is not None and objection.depth > 0,
        Fact.NAME_IN_CN: alone is not None
        and alone.casefold() == name.casefold()
        and not look.has_alternative_name(leaf),
    }


def _is_namesake(record: HandshakeRecord, local: LocalSide, way: Way) -> bool:
    """Whether the CA file holds a CA of the name of the last issuer that is known, which is not that issuer."""
    anchors = local.anchors or ()
    if any(each in anchors for each in way.namesakes):
        return True
    root = record.server_chain[-1]
    roots = (each for each in anchors if look.self_issued(each) and each != root)
    return look.self_issued(root) and look.issuer_name(root) in map(look.issuer_name, roots)


def _server_words(
    record: HandshakeRecord, local: LocalSide, way: Way, objection: VerifyError | None
) -> dict[str, str]:
    subject = b"" if objection is None else objection.certificate
    last = record.server_chain[-1] if record.server_chain else subject
    deep = objection is not None and objection.depth > 0
    ca_file = local.settings.ca_file
    return {
        "whose": f'issuer "{look.short_subject(subject)}"' if deep else "certificate",
        "whose_subject": look.short_subject(subject),
        "whose_issuer": look.short_issuer(subject),
        "whose_expired": look.end_of_validity(subject, local.now),
        "whose_begins": look.start_of_validity(subject, local.now),
        "whose_usages": look.usages(subject),
        "objection": ""
        if objection is None
        else printable(_WORDS.get(objection.code, objection.text)),
        "server_issuer": look.short_issuer(last),
        "server_gap": _quoted(way.missing) or "(none)",
        "server_fetch": _where(way.addresses),
        "server_cn": (look.common_name(record.server_chain[0]) if record.server_chain else None)
        or "",
        "trusted": f"CA file {printable(ca_file)}" if ca_file else "system's trust store",
        "name_error": printable(record.name_error or ""),
    }


# ------------------------------------------------------------------ what was offered


def _words(
    record: HandshakeRecord, local: LocalSide, alert: int | None, clock: str | None
) -> dict[str, str]:
    settings = local.settings
    return {
        "target": printable(local.target),
        "port": str(local.port),
        "name": printable(settings.sni or local.host),
        "alert": "no alert" if alert is None else alert_text(alert),
        "our_versions": _our_versions(settings),
        "other_version": _other_version(settings),
        "alpn": printable(", ".join(settings.alpn)) or "none offered",
        "first_bytes": shown(record.first_bytes),
        "looks_like": looks_like(record.first_bytes),
        "reason": printable(record.error or "no reason given"),
        "clock": clock or "",
    }


def _our_versions(settings: TlsSettings) -> str:
    oldest, newest = settings.minimum_version, settings.maximum_version
    return f"TLS {oldest}" + (f" to {newest}" if newest != oldest else "")


def _other_version(settings: TlsSettings) -> str:
    oldest, newest = settings.minimum_version, settings.maximum_version
    others = [version for version in TlsVersion if not oldest <= version <= newest]
    return f"TLS {others[0]}" if others else "another TLS version"


def _quoted(certificates: tuple[bytes, ...]) -> str:
    return " and ".join(f'"{look.short_subject(each)}"' for each in certificates)


def _where(addresses: tuple[str, ...]) -> str:
    return f"; it can be fetched from {addresses[0]}" if addresses else ""
