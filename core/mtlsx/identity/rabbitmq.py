"""What RabbitMQ makes of a client certificate: DER in, ``RabbitmqIdentity`` out.

With ``mqtt.ssl_cert_login = true`` the MQTT username is the distinguished name, or the common name where
``ssl_cert_login_from = common_name``. The code is the ancestor of EMQX's and gives the same texts, but RabbitMQ
refuses no control characters. Its names change with the generation of Erlang/OTP as EMQX's do.

Source: rabbit_cert_info.erl and rabbit_ssl.erl.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtlsx.identity import otp_certificate
from mtlsx.identity.erlang_names import UnformattableError, common_name, distinguished_name
from mtlsx.identity.otp_asn1 import UndecodableError
from mtlsx.identity.otp_generations import OTP_25, Generation


@dataclass(frozen=True, slots=True)
class RabbitmqIdentity:
    """The two names, UTF-8 as a rule; None where there is none, or where RabbitMQ refuses the certificate."""

    common_name: bytes | None
    distinguished_name: bytes | None


def identify(certificate: bytes, otp: Generation = OTP_25) -> RabbitmqIdentity:
    """What RabbitMQ on this generation of Erlang/OTP makes of a certificate (DER); never raises."""
    try:
        subject = otp_certificate.decode(certificate, otp).subject
    except UndecodableError:
        return RabbitmqIdentity(None, None)
    name = None
    try:
        name = common_name(subject)
        return RabbitmqIdentity(name, distinguished_name(subject))
    except UnformattableError:
        return RabbitmqIdentity(name, None)
