"""From a handshake to its verdict, where the server refused us; where we refused it, ``judge_server`` says why.

What the server's alert says is not enough: brokers use the same alert for different faults and different
alerts for the same one. So an alert only says that our certificate was refused, or that TLS was not agreed; the
certificate's own dates, usage and issuer say why. Where they contradict the alert, the verdict is
``client-cert-rejected`` and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.times import ValidityState
from mtlsx.probe.evidence import (
    end_of_validity,
    issuer_at_hand,
    lacks_client_purpose,
    period,
    self_issued,
    short_issuer,
    short_name,
    short_subject,
    start_of_validity,
)
from mtlsx.probe.judge_server import judge_server
from mtlsx.probe.verdicts import Verdict
from mtlsx.tls.alerts import alert_text
from mtlsx.tls.record import Ended
from mtlsx.tls.settings import TlsVersion

if TYPE_CHECKING:
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.tls.record import HandshakeRecord

_PLAIN_PORTS = {80, 1883, 8080, 8083}

# RFC 8446, section 6.2: alerts that are about the protocol, whatever was sent before.
_PROTOCOL_ALERTS = {
    70: "tls-version-mismatch",
    71: "cipher-mismatch",
    112: "sni-unrecognized",
    120: "alpn-mismatch",
}
# What an alert says of our certificate when nothing at hand contradicts it.
_CERTIFICATE_ALERTS = {
    44: "client-cert-revoked",
    48: "client-cert-unknown-ca",
}
# Alerts that no local evidence explains, and what else they may stand for, by habit of some server.
_POSSIBLY = {
    40: ("client-cert-wrong-usage", "client-cert-unknown-ca"),
    42: ("client-cert-unknown-ca", "client-cert-revoked"),
    43: ("client-cert-wrong-usage", "client-cert-weak-crypto"),
    45: ("client-cert-revoked",),
    46: ("client-cert-unknown-ca",),
    51: ("client-cert-unknown-ca",),
    80: ("client-cert-weak-crypto",),
}
# What such an alert hints at.
_HINTS = {
    42: " The broker may trust another CA of the same name.",
    45: " The broker's clock may be wrong, or its CRL out of date.",
    51: " The broker may trust another CA of the same name: a signature did not verify there.",
}


def judge_handshake(record: HandshakeRecord, local: LocalSide) -> Verdict:
    """The verdict on a handshake that did not end well, or whose alert came after it."""
    if record.alert_received is not None:
        return _alert(record, record.alert_received, local)
    match record.ended:
        case Ended.REFUSED_BY_US:
            return judge_server(record, local)
        case Ended.NOT_TLS:
            return Verdict(
                "not-tls",
                f"{local.target} answered, but not in TLS: {_shown(record.first_bytes)}.",
                "Use the broker's TLS port (usually 8883), or connect without TLS.",
            )
        case Ended.TIMEOUT:
            return Verdict(
                "tls-timeout",
                f"{local.target} took the connection and then said nothing.",
                "Check that this is a TLS port, and what stands between here and the broker.",
                ("not-tls",),
            )
        case _:
            return _closed(record, local)


def _closed(record: HandshakeRecord, local: LocalSide) -> Verdict:
    if record.certificate_requested and record.certificate_sent:
        return Verdict(
            "client-cert-rejected",
            f"{local.target} hung up on our certificate without saying why.",
            "Look into the broker's log; it may be unable to decode the certificate.",
            _faults(local),
        )
    if record.certificate_requested:
        return _no_certificate(local, "and hung up when none came")
    before = record.version is None
    likely_plain = f" Port {local.port} is usually a plain one." if _plain(local) else ""
    return Verdict(
        "tls-closed",
        f"{local.target} hung up {'on our ClientHello' if before else 'during the handshake'}."
        + likely_plain,
        "Check that this is a TLS port: a broker that speaks plain MQTT there does this."
        if before
        else "Look into the broker's log.",
        ("not-tls",) if before else (),
    )


def _alert(record: HandshakeRecord, number: int, local: LocalSide) -> Verdict:
    said = alert_text(number)
    if number in _PROTOCOL_ALERTS:
        return _protocol(_PROTOCOL_ALERTS[number], said, local)
    if number in {41, 116} or (number == 40 and _asked_in_vain(record)):
        return _no_certificate(local, f"and refused with {said}")
    if record.certificate_sent:
        return _certificate_refused(record, number, local)
    if number == 40:
        return Verdict(
            "cipher-mismatch",
            f"{local.target} found nothing in common with us: {said}.",
            "Allow other ciphers or another TLS version.",
            ("tls-version-mismatch", "sni-unrecognized"),
        )
    return Verdict(
        "tls-alert", f"{local.target} broke the handshake off: {said}.", "Look into its log."
    )


def _asked_in_vain(record: HandshakeRecord) -> bool:
    return record.certificate_requested and not record.certificate_sent


def _protocol(verdict: str, said: str, local: LocalSide) -> Verdict:
    settings = local.settings
    oldest, newest = settings.minimum_version, settings.maximum_version
    words = {
        "tls-version-mismatch": (
            f"does not speak TLS {oldest}" + (f" to {newest}" if newest != oldest else ""),
            f"Allow {_other_version(oldest, newest)}, here or in the broker.",
        ),
        "cipher-mismatch": ("found our ciphers too weak", "Allow stronger ciphers."),
        "sni-unrecognized": (
            f"does not know the server name {settings.sni or local.host}",
            "Set the server name (SNI) that the broker expects.",
        ),
        "alpn-mismatch": (
            f"accepts none of our ALPN protocols ({', '.join(settings.alpn) or 'none offered'})",
            "Offer the protocol that the broker expects, such as mqtt or x-amzn-mqtt-ca.",
        ),
    }
    what, fix = words[verdict]
    return Verdict(verdict, f"{local.target} {what}: {said}.", fix)


def _other_version(oldest: TlsVersion, newest: TlsVersion) -> str:
    others = [version for version in TlsVersion if not oldest <= version <= newest]
    return f"TLS {others[0]}" if others else "another TLS version"


def _no_certificate(local: LocalSide, how: str) -> Verdict:
    return Verdict(
        "client-cert-required",
        f"{local.target} asked for a client certificate {how}; none was given.",
        "Give the device's certificate and key.",
    )


def _certificate_refused(record: HandshakeRecord, number: int, local: LocalSide) -> Verdict:
    said = alert_text(number)
    faults = _faults(local)
    verdict = _CERTIFICATE_ALERTS.get(number) or (faults[0] if faults else "client-cert-rejected")
    if verdict == "client-cert-unknown-ca":
        if "client-cert-self-signed" in faults:
            verdict = "client-cert-self-signed"
        elif issuer_at_hand(local.chain, (local.anchors or ()) + record.server_chain):
            verdict = "client-cert-missing-intermediate"
    summary, fix = _certificate_words(verdict, record, local)
    others = (*faults, *_POSSIBLY.get(number, ()))
    if verdict == "client-cert-unknown-ca":
        others = (*others, "client-cert-missing-intermediate")
    if verdict == "client-cert-rejected":
        summary += _HINTS.get(number, "")
    return Verdict(
        verdict,
        f"{local.target} refused our certificate: {said}. {summary}",
        fix,
        tuple(dict.fromkeys(other for other in others if other != verdict)),
    )


def _faults(local: LocalSide) -> tuple[str, ...]:
    """What is wrong with our certificate by itself, the most telling first."""
    if not local.chain:
        return ()
    own = local.chain[0]
    state = period(own, local.now).state
    faults = {
        "client-cert-expired": state is ValidityState.EXPIRED,
        "client-cert-not-yet-valid": state is ValidityState.NOT_YET_VALID,
        "client-cert-self-signed": self_issued(own),
        "client-cert-wrong-usage": lacks_client_purpose(own),
    }
    return tuple(name for name, found in faults.items() if found)


def _certificate_words(
    verdict: str, record: HandshakeRecord, local: LocalSide
) -> tuple[str, str | None]:
    own = local.chain[0]
    issuer = short_issuer(own)
    asked = ", ".join(f'"{short_name(name)}"' for name in record.accepted_cas or ())
    missing = issuer_at_hand(local.chain, (local.anchors or ()) + record.server_chain)
    match verdict:
        case "client-cert-expired":
            return f"It expired {end_of_validity(own, local.now)}.", "Renew the certificate."
        case "client-cert-not-yet-valid":
            return (
                f"It becomes valid {start_of_validity(own, local.now)}.",
                "Check the clocks here and where it was issued, or wait.",
            )
        case "client-cert-self-signed":
            return (
                "It is self-signed.",
                "Use one that a CA of the broker's has issued, or make the broker trust this one.",
            )
        case "client-cert-wrong-usage":
            return (
                "Its extended key usage does not allow client authentication.",
                "Issue it with extendedKeyUsage clientAuth.",
            )
        case "client-cert-revoked":
            return "The broker takes it for revoked.", "Issue a new certificate for this device."
        case "client-cert-missing-intermediate" if missing is not None:
            return (
                f'The intermediate "{short_subject(missing)}" that issued it is not in the certificate file.',
                "Append the intermediate certificate to the certificate file.",
            )
        case "client-cert-unknown-ca":
            told = (
                f"the broker asked for one from {asked}"
                if asked
                else "the broker does not say whom it trusts"
            )
            return (
                f'It was issued by "{issuer}"; {told}.',
                f'Use a certificate from a CA that the broker trusts, or add "{issuer}" to its cacertfile.',
            )
        case _:
            return (
                f'It was issued by "{issuer}", is in date and may be used by a client, as seen from here.',
                "Look into the broker's log for this connection.",
            )


def _plain(local: LocalSide) -> bool:
    return local.port in _PLAIN_PORTS


def _shown(data: bytes) -> str:
    return repr(data[:32].decode("ascii", errors="backslashreplace"))
