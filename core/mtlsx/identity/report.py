"""All brokers' view of one certificate as values for JSON: DER in, a dictionary out; and names as people see them.

The shape is that of ``brokers`` in ``mtlsx cert identity --json``. Text that is not UTF-8 is ``{"hex": …}``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from mtlsx.identity import emqx, mosquitto, rabbitmq
from mtlsx.identity.emqx import EmqxIdentity
from mtlsx.identity.otp_generations import OTP_25, OTP_29


def as_json(
    certificate: bytes, brokers: Collection[str] | None = None
) -> dict[str, dict[str, Any]]:
    """What each of ``brokers`` makes of a certificate (DER); never raises.

    The brokers are ``emqx`` (EMQX 4.x to 5.8), ``emqx_otp29`` (EMQX 6), ``mosquitto`` and ``rabbitmq``; None:
    all of them.
    """
    return {
        broker: report(certificate)
        for broker, report in _REPORTS.items()
        if brokers is None or broker in brokers
    }


def text_as_json(text: bytes | None) -> str | dict[str, str] | None:
    """``text`` as a string, or as ``{"hex": …}`` where it is not UTF-8."""
    if text is None:
        return None
    try:
        return text.decode()
    except UnicodeDecodeError:
        return {"hex": text.hex()}


def octets_of_json(text: str | Mapping[str, str]) -> bytes:
    """The octets of which ``text_as_json`` made ``text``."""
    return text.encode() if isinstance(text, str) else bytes.fromhex(text["hex"])


def shown(text: bytes) -> str:
    r"""``text`` for people and terminals: no control characters, octets that are not UTF-8 as ``\xNN``.

    Backslashes stay single, so that a DN can be copied.
    """
    characters = text.decode(errors="backslashreplace")
    if characters.isprintable():
        return characters
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in characters
    )


def _emqx(identity: EmqxIdentity) -> dict[str, Any]:
    return {
        "cn": text_as_json(identity.cn),
        "dn": text_as_json(identity.dn),
        "crt": {"length": len(identity.crt), "sha256": hashlib.sha256(identity.crt).hexdigest()},
        "pem": identity.pem,
        "md5": identity.md5,
        "san": identity.san
        and {
            key: [text_as_json(value) for value in values] for key, values in identity.san.items()
        },
        "refused": identity.refused,
    }


def _mosquitto(certificate: bytes) -> dict[str, Any]:
    identity = mosquitto.identify(certificate)
    return {
        "identity": text_as_json(identity.identity),
        "subject": text_as_json(identity.subject),
    }


def _rabbitmq(certificate: bytes) -> dict[str, Any]:
    identity = rabbitmq.identify(certificate)
    return {
        "common_name": text_as_json(identity.common_name),
        "distinguished_name": text_as_json(identity.distinguished_name),
    }


_REPORTS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "emqx": lambda certificate: _emqx(emqx.identify(certificate, OTP_25)),
    "emqx_otp29": lambda certificate: _emqx(emqx.identify(certificate, OTP_29)),
    "mosquitto": _mosquitto,
    "rabbitmq": _rabbitmq,
}
BROKERS = tuple(_REPORTS)
"""The brokers that there are, in the order in which they are shown."""
