"""What ``mtlsx cert identity`` prints for people: a card for each certificate. Values in, text out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtlsx.identity import emqx, mosquitto, rabbitmq
from mtlsx.identity.emqx import EmqxIdentity, Refusal
from mtlsx.identity.mapping import Mapping, resolve
from mtlsx.identity.otp_generations import GENERATIONS, OTP_25, OTP_29
from mtlsx.identity.report import shown
from mtlsx.identity.traps import traps
from mtlsx_tui.cli.cards import Row, card

_PEM_ENDS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What the card is to answer: for ``broker`` (None: all), with what ``username`` and ``client_id`` CONNECT
    has, under which ``mapping``."""

    mapping: Mapping
    username: str | None
    client_id: str
    broker: str | None


def as_text(certificates: Sequence[tuple[str, int, bytes]], asked: Asked, width: int | None) -> str:
    """The cards of ``certificates`` (source, index in it, DER), wrapped to ``width`` columns (None: not)."""
    counts = Counter(source for source, _, _ in certificates)
    cards = []
    for source, index, certificate in certificates:
        title = shown(source.encode(errors="surrogateescape"))
        if counts[source] > 1:
            title += f", certificate {index + 1} of {counts[source]}"
        cards.append("\n".join(card(title, _rows(certificate, asked), width=width)))
    return "\n\n".join(cards)


def _rows(certificate: bytes, asked: Asked) -> Iterator[Row | None]:
    older, newer = (emqx.identify(certificate, otp) for otp in (OTP_25, OTP_29))
    broker = asked.broker
    if broker in (None, "emqx", "emqx_otp29"):
        seen = newer if broker == "emqx_otp29" else older
        yield from _names(seen, with_reason=broker is not None)
        if broker is None:
            yield from _difference(older, newer)
        yield from _parts(seen)
    if broker is None:
        yield None
    if broker in (None, "mosquitto"):
        yield from _mosquitto(certificate, older if broker is None else None)
    if broker in (None, "rabbitmq"):
        yield from _rabbitmq(certificate, older if broker is None else None)
    if broker in (None, "emqx", "emqx_otp29"):
        yield from _mapped(certificate, asked)
    warnings = traps(certificate, asked.mapping) if broker is None else ()
    if warnings:
        yield None
    for trap in warnings:
        yield Row("⚠", (trap.sentence,), "yellow")


def _names(seen: EmqxIdentity, *, with_reason: bool) -> Iterator[Row]:
    if seen.refused:
        # Among the warnings the reason stands in a sentence.
        reason = f": {shown((seen.because or '').encode())}" if with_reason else ""
        yield Row("refused", (f"{seen.refused}{reason}",), "red")
    yield _name("cn", seen.cn, seen)
    yield _name("dn", seen.dn, seen)


def _name(label: str, name: bytes | None, seen: EmqxIdentity) -> Row:
    if name:
        return Row(label, (shown(name),))
    if name is not None:
        return Row(label, ("(empty)",), "yellow")
    return Row(label, ("(unreadable)" if seen.refused else "(none)",), "yellow")


def _difference(older: EmqxIdentity, newer: EmqxIdentity) -> Iterator[Row]:
    """What EMQX 6 sees differently."""
    if newer.refused and newer.refused != older.refused:
        yield Row("on EMQX 6", (f"refused: {newer.refused}",), "red")
    elif older.refused and not newer.refused:
        yield Row("on EMQX 6", ("accepted",))
    for label, before, after in (("cn", older.cn, newer.cn), ("dn", older.dn, newer.dn)):
        if after is not None and before != after:
            yield Row(f"{label}, EMQX 6", (shown(after),))


def _parts(seen: EmqxIdentity) -> Iterator[Row]:
    yield Row("md5", (f"{seen.md5}  (of the DER, not the file)",))
    pem = f"{seen.pem[:_PEM_ENDS]}…{seen.pem[-_PEM_ENDS:]}"
    yield Row("pem", (f"{pem}  ({len(seen.pem)} characters, one line, no armour)",))
    yield Row("crt", (f"{len(seen.crt)} bytes  (the DER itself, not text)",))
    yield Row("crt sha256", (hashlib.sha256(seen.crt).hexdigest(),))
    if seen.san:
        names = (f"{key} {shown(value)}" for key, values in seen.san.items() for value in values)
        yield Row("san", tuple(names))


def _mosquitto(certificate: bytes, like: EmqxIdentity | None) -> Iterator[Row]:
    seen = mosquitto.identify(certificate)
    if seen.unloadable:
        yield Row("mosquitto", (f"cannot be loaded: {shown(seen.unloadable.encode())}",), "red")
        return
    if like is not None and (seen.identity, seen.subject) == (like.cn, like.dn) and seen.identity:
        yield Row("mosquitto", ("identity and subject are cn and dn",))
        return
    cn, dn = (None, None) if like is None else (like.cn, like.dn)
    yield Row(
        "mosquitto",
        (
            f"identity  {_compared(seen.identity, cn, 'cn') or '(refused)'}",
            f"subject   {_compared(seen.subject, dn, 'dn')}",
        ),
    )


def _rabbitmq(certificate: bytes, like: EmqxIdentity | None) -> Iterator[Row]:
    seen = rabbitmq.identify(certificate)
    if seen.distinguished_name is None:
        yield Row("rabbitmq", ("refused",), "red")
        return
    if like is not None:  # the same code makes the same names
        yield Row("rabbitmq", ("the same cn and dn",))
        return
    yield Row(
        "rabbitmq",
        (
            f"common name  {_compared(seen.common_name) or '(none)'}",
            f"DN           {_compared(seen.distinguished_name)}",
        ),
    )


def _compared(name: bytes | None, other: bytes | None = None, label: str = "") -> str:
    """``name``, or that it is the same as the one under ``label``; empty where there is none."""
    if name is None:
        return ""
    return f"is {label}" if name and name == other else shown(name) or "(empty)"


def _mapped(certificate: bytes, asked: Asked) -> Iterator[Row | None]:
    identity = emqx.identify(certificate, GENERATIONS[asked.mapping.dialect])
    if identity.refused in (Refusal.UNDECODABLE, Refusal.UNFORMATTABLE):
        return  # nobody gets as far as CONNECT
    mapped = resolve(identity, asked.mapping, username=asked.username, client_id=asked.client_id)
    yield None
    yield _taken("username", mapped.username, mapped.username_from, identity)
    yield _taken("client id", mapped.client_id, mapped.client_id_from, identity)
    yield Row("redis", (mapped.redis_text, *_OLDER.get(asked.mapping.dialect, ())))


# Behind the command, where the placeholders are not those of today.
_OLDER = {"emqx5.0": ("(EMQX 5.0)",), "emqx4.4": ("(EMQX 4.4)",), "emqx4.2": ("(EMQX 4.2)",)}


def _taken(label: str, value: str | None, source: str | None, identity: EmqxIdentity) -> Row:
    if value is None or source is None:
        return Row(label, (f"(CONNECT's; give it with --{label.replace(' ', '-')})",))
    if value == identity.crt.decode(errors="backslashreplace"):
        value = f"{len(identity.crt)} bytes"
    return Row(label, (f"{shown(value.encode()) or '(empty)'}  (from {source})",))
