"""From a handshake that we ended to its verdict: what we have against the server, or against what it picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.probe.evidence import (
    end_of_validity,
    holds_namesake,
    issuer_at_hand,
    self_issued,
    short_issuer,
    short_subject,
    start_of_validity,
)
from mtlsx.probe.verdicts import RefusedBy, Verdict

if TYPE_CHECKING:
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.tls.record import HandshakeRecord, VerifyError

# OpenSSL's X509_V_ERR numbers (openssl/x509_vfy.h).
_VERIFY_ERRORS = {
    2: "server-unknown-ca",
    9: "server-not-yet-valid",
    10: "server-expired",
    18: "server-self-signed",
    19: "server-unknown-ca",
    20: "server-unknown-ca",
    21: "server-unknown-ca",
    23: "server-revoked",
    24: "server-wrong-usage",
    26: "server-wrong-usage",
    32: "server-wrong-usage",
    66: "server-weak-crypto",
    67: "server-weak-crypto",
    68: "server-weak-crypto",
    79: "server-wrong-usage",
}


def judge_server(record: HandshakeRecord, local: LocalSide) -> Verdict:
    """The verdict on a handshake with ``Ended.REFUSED_BY_US``."""
    if record.verify_errors and local.settings.verify_chain:
        return _server_chain(record, record.verify_errors[0], local)
    if record.name_error is not None and record.server_chain:
        name = local.settings.sni or local.host
        return Verdict(
            "server-name-mismatch",
            f"The certificate of {local.target} is not for {name}: {record.name_error}.",
            "Connect by a name that the certificate holds, set it as server name (SNI), or issue the"
            " certificate for this one.",
        )
    error = record.error or "no reason given"
    what = "tls-alert"
    if "version" in error or "protocol" in error:
        what = "tls-version-mismatch"
    elif "cipher" in error:
        what = "cipher-mismatch"
    elif "too small" in error or "too weak" in error:
        what = "server-weak-crypto"
    by = None if what == "server-weak-crypto" else RefusedBy.US
    return Verdict(
        what,
        f"We refused what {local.target} picked: {error}.",
        "Allow it here (TLS version, ciphers), or change the broker.",
        by=by,
    )


def _server_chain(record: HandshakeRecord, error: VerifyError, local: LocalSide) -> Verdict:
    verdict = _VERIFY_ERRORS.get(error.code, "server-unknown-ca")
    subject = short_subject(error.certificate)
    whose = "certificate" if error.depth == 0 else f'issuer "{subject}"'
    trusted = (
        f"CA file {local.settings.ca_file}" if local.settings.ca_file else "system's trust store"
    )
    start = f"We refused {local.target}:"
    match verdict:
        case "server-expired":
            return Verdict(
                verdict,
                f"{start} its {whose} expired {end_of_validity(error.certificate, local.now)}.",
                "Renew it on the broker, or check this machine's clock.",
            )
        case "server-not-yet-valid":
            return Verdict(
                verdict,
                f"{start} its {whose} becomes valid {start_of_validity(error.certificate, local.now)}.",
                "Check this machine's clock, or issue it anew.",
            )
        case "server-self-signed":
            return Verdict(
                verdict,
                f'{start} its certificate "{subject}" is self-signed and not in the {trusted}.',
                "Give this certificate as the CA file, if you know it to be the broker's.",
            )
        case "server-revoked":
            return Verdict(
                verdict,
                f"{start} its {whose} is revoked.",
                "Issue a new certificate for the broker.",
            )
        case "server-wrong-usage":
            return Verdict(
                verdict,
                f"{start} its {whose} is not made for this use ({error.text}).",
                "Issue it with extendedKeyUsage serverAuth, its issuer as a CA.",
            )
        case "server-weak-crypto":
            return Verdict(
                verdict,
                f"{start} its {whose} is too weak ({error.text}).",
                "Issue it with RSA 2048 or EC P-256 and SHA-256.",
            )
    return _unknown_ca(record, error, local, trusted)


def _unknown_ca(
    record: HandshakeRecord, error: VerifyError, local: LocalSide, trusted: str
) -> Verdict:
    last = record.server_chain[-1] if record.server_chain else error.certificate
    missing = issuer_at_hand(record.server_chain, local.chain)
    if missing is not None:
        return Verdict(
            "server-missing-intermediate",
            f'We refused {local.target}: it does not send the intermediate "{short_subject(missing)}"'
            " that issued its certificate.",
            "Append the intermediate to the broker's certfile.",
        )
    why = "" if error.code in _VERIFY_ERRORS else f" ({error.text})"
    if holds_namesake(local.anchors or (), last):
        # The same root would have verified: this is one that was made anew with its old name.
        where = f"the {trusted} holds a CA of that name, but with another key"
    else:
        where = f"that CA is not in the {trusted}"
    return Verdict(
        "server-unknown-ca",
        f'We refused {local.target}: its certificate was issued by "{short_issuer(last)}"; {where}{why}.',
        "Give the CA certificate that issued the broker's certificate.",
        () if self_issued(last) else ("server-missing-intermediate",),
    )
