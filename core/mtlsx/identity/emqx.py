"""What EMQX makes of a client certificate: DER in, ``EmqxIdentity`` out.

These are the values that ``peer_cert_as_username`` and ``peer_cert_as_clientid`` can take, and those behind
``${cert_common_name}``, ``${cert_subject}`` and ``${cert_pem}``. EMQX runs on Erlang/OTP, whose generation
decides how the certificate is read: ``OTP_25`` for EMQX 4.x to 5.8, ``OTP_29`` for EMQX 6 (see
``otp_generations``).

Source: EMQX's esockd_peercert and esockd_ssl, emqx_channel.erl (6.0.3, 6.1.2, 6.2.1 for ``invalid-cn``).
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from mtlsx.identity import alternative_names, otp_certificate
from mtlsx.identity.erlang_names import UnformattableError, common_name, distinguished_name
from mtlsx.identity.otp_asn1 import UndecodableError
from mtlsx.identity.otp_generations import OTP_25, Generation


class Refusal(StrEnum):
    """Why EMQX never answers a client with this certificate."""

    UNDECODABLE = "undecodable"
    """OTP cannot decode the certificate: the TLS connection dies."""
    UNFORMATTABLE = "unformattable"
    """It decodes, then the code that makes text of the DN crashes: the connection dies."""
    INVALID_CN = "invalid-cn"
    """The CN is not UTF-8 or holds control characters: EMQX >= 6.0.3, 6.1.2 and 6.2.1 close the connection,
    older ones accept."""


class EmqxIdentity(NamedTuple):
    """The values of one certificate; a named tuple, because each decision makes one.

    ``cn`` and ``dn`` are bytes, UTF-8 as a rule (the DN always ASCII); None where there is no CN, or where they
    cannot be read (see ``refused``). ``crt`` is the DER itself, ``pem`` its base64 on one line without armour,
    ``md5`` its MD5 in lower-case hex. ``san`` maps ``dns``, ``ip``, ``email`` and ``uri`` to their values
    (UTF-8), only keys that have some; None where there are none at all. ``because`` tells what led to
    ``refused``, in words that begin in lower case; None where nothing did.
    """

    cn: bytes | None
    dn: bytes | None
    crt: bytes
    pem: str
    md5: str
    san: Mapping[str, tuple[bytes, ...]] | None
    refused: Refusal | None
    because: str | None = None


def identify(certificate: bytes, otp: Generation = OTP_25) -> EmqxIdentity:
    """What EMQX on this generation of Erlang/OTP makes of a certificate (DER); never raises."""
    cn = dn = san = refused = because = None
    try:
        decoded = otp_certificate.decode(certificate, otp)
        san = alternative_names.texts(decoded.alternative_names)
        cn = common_name(decoded.subject)
        dn = distinguished_name(decoded.subject)
    except UndecodableError as error:
        refused, because = Refusal.UNDECODABLE, str(error)
    except UnformattableError as error:
        refused, because = Refusal.UNFORMATTABLE, str(error)
    else:
        # The DN is escaped ASCII, so EMQX's check of it never fails.
        because = None if cn is None else text_violation(cn)
        refused = None if because is None else Refusal.INVALID_CN
    pem = binascii.b2a_base64(certificate, newline=False).decode("ascii")
    md5 = hashlib.md5(certificate, usedforsecurity=False).hexdigest()
    return EmqxIdentity(cn, dn, certificate, pem, md5, san, refused, because)


def text_violation(cn: bytes) -> str | None:
    """Why EMQX does not take ``cn`` as a name; None where it does.

    It must be UTF-8 without U+0000 to U+001F and U+007F to U+009F.
    """
    try:
        text = cn.decode()
    except UnicodeDecodeError:
        return "the CN is not UTF-8"
    return "the CN holds control characters" if _CONTROLS.search(text) else None


_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f]")
