"""What will surprise whoever uses this certificate: DER in, sentences out, only those that apply to it.

A trap is something that works in one place and not in another: a name that brokers read differently, a
character that one of them escapes, a value that splits a command. The facts behind the sentences are measured
(``tests/vectors``); texts from the certificate are shown without control characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from mtlsx.certificates.der import BMP_STRING, UNIVERSAL_STRING, DerError
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import Attribute
from mtlsx.certificates.oids import ATTRIBUTES, COMMON_NAME
from mtlsx.certificates.strings import TYPE_NAMES, printable
from mtlsx.identity import emqx, mosquitto, otp_certificate
from mtlsx.identity.emqx import EmqxIdentity, Refusal
from mtlsx.identity.mapping import CertificatePart, Mapping
from mtlsx.identity.mosquitto import MosquittoIdentity
from mtlsx.identity.otp_generations import OTP_25, OTP_29
from mtlsx.identity.redis_commands import CommandError, command_4
from mtlsx.identity.report import shown


class Trap(NamedTuple):
    """``id`` names the trap for programs, ``sentence`` tells it to people."""

    id: str
    sentence: str


def traps(certificate: bytes, mapping: Mapping | None = None) -> tuple[Trap, ...]:
    """The traps of a certificate (DER), refusals first; never raises.

    With ``mapping``, also those of the certificate's parts that it maps.
    """
    seen = _Seen(
        certificate=certificate,
        older=emqx.identify(certificate, OTP_25),
        newer=emqx.identify(certificate, OTP_29),
        mosquitto=mosquitto.identify(certificate),
        attributes=_attributes(certificate),
    )
    found = [trap for find in _FINDERS for trap in find(seen)]
    if mapping is not None:
        parts = {mapping.peer_cert_as_username, mapping.peer_cert_as_clientid}
        found += [trap for part, trap in _OF_PARTS.items() if part in parts]
    return tuple(found)


_OF_PARTS: dict[CertificatePart, Trap] = {
    "crt": Trap(
        "crt-is-binary",
        "crt is the DER itself and not text: nobody can type it, EMQX 5 and 6 cannot make a Redis key of it, and an "
        "MQTT 5 client with an empty client id crashes the connection when it is mapped to the client id.",
    ),
    "pem": Trap(
        "pem-is-bare",
        "pem is the base64 of the DER on one line, without the BEGIN and END lines and line breaks of a PEM file.",
    ),
    "md5": Trap(
        "md5-is-of-the-der",
        "md5 is that of the DER: openssl x509 -outform DER | md5sum gives it, the md5sum of a PEM file is another.",
    ),
}


class _Seen(NamedTuple):
    """One certificate as EMQX on both generations of Erlang/OTP and Mosquitto see it.

    ``attributes``: those of the subject in encoded order; None where the certificate has none to be read.
    """

    certificate: bytes
    older: EmqxIdentity
    newer: EmqxIdentity
    mosquitto: MosquittoIdentity
    attributes: tuple[Attribute, ...] | None

    @property
    def common_names(self) -> list[Attribute]:
        return [each for each in self.attributes or () if each.oid == COMMON_NAME]

    @property
    def cn(self) -> bytes | None:
        return self.older.cn if self.older.cn is not None else self.newer.cn

    @property
    def dn(self) -> bytes | None:
        return self.older.dn if self.older.dn is not None else self.newer.dn


def _attributes(certificate: bytes) -> tuple[Attribute, ...] | None:
    try:
        return tuple(each for rdn in parse_certificate(certificate).subject for each in rdn)
    except DerError:
        return None


def _refusals(seen: _Seen) -> Iterator[Trap]:
    older, newer = seen.older.refused, seen.newer.refused
    if Refusal.UNDECODABLE in (older, newer):
        who, why = _which(seen, Refusal.UNDECODABLE)
        yield Trap(
            "undecodable",
            f"{who} cannot read this certificate ({why}): Erlang drops the TLS connection, "
            "and the client gets no answer from MQTT.",
        )
    if Refusal.UNFORMATTABLE in (older, newer):
        who, why = _which(seen, Refusal.UNFORMATTABLE)
        yield Trap(
            "unformattable",
            f"{who} crashes while it makes text of the subject ({why}), and closes the connection.",
        )
    if Refusal.INVALID_CN in (older, newer):
        _, why = _which(seen, Refusal.INVALID_CN)
        yield Trap(
            "invalid-cn",
            f"EMQX from 6.0.3, 6.1.2 and 6.2.1 on closes the connection: {why}. Older ones and "
            "Mosquitto 2.0 accept it, and write it to their logs as it is.",
        )


def _which(seen: _Seen, refusal: Refusal) -> tuple[str, str]:
    """Which EMQX refuses so, and why."""
    older, newer = seen.older, seen.newer
    if older.refused == newer.refused:
        return "EMQX", printable(older.because or "")
    if older.refused == refusal:
        return "EMQX up to 5.8", printable(older.because or "")
    return "EMQX 6", printable(newer.because or "")


def _missing_names(seen: _Seen) -> Iterator[Trap]:
    if seen.attributes == ():
        yield Trap(
            "empty-subject",
            'The subject is empty. Usually it was asked for with openssl req -subj "/Common Name=…": '
            "openssl skips an attribute that it does not know; CN is the name that it knows.",
        )
    if seen.attributes is not None and not seen.common_names:
        yield Trap(
            "no-cn",
            "There is no CN: where EMQX maps it to the username or the client id, it silently takes those of "
            "CONNECT instead, so whoever connects chooses them. Mosquitto refuses the login.",
        )
        if seen.older.san or seen.newer.san:
            yield Trap(
                "name-only-in-san",
                "The names in the SAN do not help: EMQX maps only cn, dn, crt, pem and md5, and Mosquitto "
                "takes the CN or the whole subject.",
            )
    if seen.cn == b"":
        yield Trap(
            "empty-cn",
            "The CN is there but empty: the username is an empty text, and a Redis key ends where the CN should be.",
        )


def _several_names(seen: _Seen) -> Iterator[Trap]:
    if len(seen.common_names) > 1 and seen.cn is not None:
        yield Trap(
            "several-cns",
            f"There are {len(seen.common_names)} CNs: EMQX and RabbitMQ join them with a comma ({_shown(seen.cn)}), "
            f"Mosquitto takes only the first ({_shown(seen.common_names[0].value)}).",
        )


def _string_types(seen: _Seen) -> Iterator[Trap]:
    if seen.mosquitto.unloadable and seen.attributes is not None:
        yield Trap(
            "openssl-cannot-load",
            f"OpenSSL, and with it Mosquitto, cannot load this certificate ({printable(seen.mosquitto.unloadable)}).",
        )
        return
    first = next(iter(seen.common_names), None)
    if first is None:
        return
    kind = TYPE_NAMES.get(first.tag, "value that is no string")
    if seen.mosquitto.identity is None:
        holder = f"those of a {kind}" if first.tag in (BMP_STRING, UNIVERSAL_STRING) else "they"
        yield Trap(
            "cn-holds-nul",
            f"Mosquitto refuses the login: it takes the octets of the CN as they are, and {holder} hold NUL.",
        )
    elif len(seen.common_names) == 1 and seen.cn not in (None, seen.mosquitto.identity):
        yield Trap(
            "cn-in-other-octets",
            f"The CN is a {kind}: EMQX and RabbitMQ turn it into UTF-8 ({_shown(seen.cn or b'')}), Mosquitto takes its "
            f"octets as they are ({_shown(seen.mosquitto.identity)}).",
        )


def _generations(seen: _Seen) -> Iterator[Trap]:
    if seen.older.dn is None or seen.newer.dn is None or seen.older.dn == seen.newer.dn:
        return
    older, newer = (
        otp_certificate.decode(seen.certificate, otp).subject for otp in (OTP_25, OTP_29)
    )
    changed = dict.fromkeys(
        ATTRIBUTES.get(before.oid, before.oid)
        for old, new in zip(older, newer, strict=True)
        for before, after in zip(old, new, strict=True)
        if before.text != after.text
    )
    yield Trap(
        "dn-changes-with-emqx-6",
        f"The DN changes when EMQX is upgraded to 6, because of {_listed(list(changed))}: from Erlang/OTP 28 on, what "
        "is printed is the encoding of such a value (measured on 29; EMQX 6 has 28).",
    )


def _escapes(seen: _Seen) -> Iterator[Trap]:
    cn, dn = seen.cn or b"", seen.dn or b""
    if dn and (not cn.isascii() or b"~" in cn):
        yield Trap(
            "escaped-in-dn-only",
            "Non-ASCII characters and ~ are escaped in the DN (\\C3\\A9, \\7E), but not in the CN.",
        )
    eaten = [
        f"{placeholder} asks for {_shown(without)}"
        for placeholder, without in (("%C", _eaten(cn)), ("%d", _eaten(dn)))
        if without
    ]
    if eaten:
        yield Trap(
            "backslash-in-4x",
            f"EMQX 4.x eats backslashes in a Redis command: {' and '.join(eaten)}.",
        )


def _eaten(text: bytes) -> bytes | None:
    """What EMQX 4.x makes of ``text`` in a command, where it has backslashes; None where it has none."""
    if b"\\" not in text:
        return None
    try:
        return b" ".join(command_4("%C", {"C": text, "d": None, "c": None, "u": None}))
    except CommandError:
        return None


def _separators(seen: _Seen) -> Iterator[Trap]:
    names = [name for name, text in (("CN", seen.cn), ("DN", seen.dn)) if text and b" " in text]
    if names:
        yield Trap(
            "space-splits-4x",
            f"The {' and the '.join(names)} hold{'' if len(names) > 1 else 's'} spaces: in EMQX 4.x they split the "
            "Redis command, so that another key and other fields are asked for. EMQX 5 and 6 keep one key.",
        )
    if seen.cn and any(mark in seen.cn for mark in (b"%u", b"%c", b"%d")):
        yield Trap(
            "placeholder-in-cn",
            "The CN holds a placeholder of EMQX 4.x (%u, %c or %d), which expands it once more.",
        )


def _topics(seen: _Seen) -> Iterator[Trap]:
    cn = seen.cn or b""
    marks = [mark for mark in "+#/" if mark.encode() in cn]
    if marks:
        yield Trap(
            "wildcard-in-cn",
            f"The CN holds {_listed(marks)}: where it is the username, EMQX 5 and 6 skip ACL rules with ${{username}} "
            f"in their topic, and in EMQX 4.x own/%u becomes own/{_shown(cn)}.",
        )
    if cn.startswith(b"$"):
        yield Trap(
            "dollar-in-cn",
            "The CN begins with $: where it is the username, EMQX 4.x skips the Redis ACL.",
        )


_FINDERS: tuple[Callable[[_Seen], Iterator[Trap]], ...] = (
    _refusals,
    _missing_names,
    _several_names,
    _string_types,
    _generations,
    _escapes,
    _separators,
    _topics,
)

_LONGEST = 60


def _shown(text: bytes) -> str:
    readable = shown(text)
    return readable if len(readable) <= _LONGEST else f"{readable[: _LONGEST - 1]}…"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
