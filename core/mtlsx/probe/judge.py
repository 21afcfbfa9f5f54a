"""From what was observed to a verdict, for everything but the TLS handshake (that is ``judge_tls``).

Each function makes the evidence and asks the table of rules (``rules``). Nothing here looks anything up.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from mtlsx.certificates.strings import printable
from mtlsx.packets.reason_codes import reason_code_text, return_code_text
from mtlsx.probe.brokers import recognise
from mtlsx.probe.dialects import HANGS_UP, habit
from mtlsx.probe.dialing import host_and_port
from mtlsx.probe.evidence import lacks_common_name
from mtlsx.probe.first_bytes import looks_like, shown
from mtlsx.probe.handshake_evidence import handshake_evidence
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.rule import Evidence, Fact, Occasion, decide
from mtlsx.probe.rules import RULES
from mtlsx.probe.takeover import pushed_out
from mtlsx.probe.verdicts import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.errors import MaterialError
    from mtlsx.packets.control_packets import Connack, Disconnect
    from mtlsx.probe.brokers import Broker
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.probe.takeover import Life
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_FAILURE = 0x80


def judge_material(error: MaterialError) -> Verdict:
    """Why a file of ours could not be used."""
    return decide(
        RULES,
        Evidence(
            Occasion.MATERIAL,
            reason=error.verdict,
            words={"summary": error.summary, "fix": error.fix or ""},
        ),
    )


def judge_network(error: OSError, host: str, port: int) -> Verdict:
    """Why there is no TCP connection (``socket.gaierror``, ``TimeoutError``, ``OSError`` by errno)."""
    facts = {
        Fact.NO_ADDRESS: isinstance(error, socket.gaierror),
        Fact.SILENT: isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT,
        Fact.UNREACHABLE: error.errno in _UNREACHABLE,
        Fact.REFUSED: isinstance(error, ConnectionRefusedError),
    }
    said = printable(error.strerror or str(error))
    words = {
        "host": printable(host),
        "target": printable(host_and_port(host, port)),
        "error": said if facts[Fact.NO_ADDRESS] else said.lower(),
    }
    return decide(RULES, Evidence(Occasion.NETWORK, _true(facts), words=words))


def judge_upgrade(status_line: str, path: str) -> Verdict:
    """The server answered the websocket upgrade with another status than 101."""
    status = status_line.partition(" ")[2] or status_line
    words = {"path": printable(path), "status": printable(status[:80])}
    return decide(RULES, Evidence(Occasion.UPGRADE, words=words))


def judge_silence(host: str, port: int, seconds: float) -> Verdict:
    """The server took the connection, but sent no CONNACK within ``seconds``."""
    words = {"target": printable(host_and_port(host, port)), "seconds": f"{seconds:g}"}
    return decide(RULES, Evidence(Occasion.SILENCE, words=words))


def judge_close_before_connack(
    record: HandshakeRecord | None,
    local: LocalSide,
    first_bytes: bytes,
    disconnect: Disconnect | None,
    *,
    broker: Broker | None = None,
) -> Verdict:
    """The connection ended after CONNECT was sent, without a CONNACK.

    ``first_bytes``: what the server sent instead (plaintext); ``record``: the TLS handshake, in which a late
    alert stands too. ``broker``: which it is, where more is known than ``local`` and ``record`` show.
    """
    if record is not None and record.alert_received is not None:
        return judge_handshake(record, local)
    seen = None if record is None else handshake_evidence(record, local)
    facts = {
        Fact.DISCONNECT: disconnect is not None,
        Fact.BYTES: bool(first_bytes),
        Fact.OVER_TLS: record is not None,
        Fact.ASKED: seen is not None and Fact.ASKED in seen.facts,
        Fact.SENT: seen is not None and Fact.SENT in seen.facts,
        Fact.FAULTY: seen is not None and bool(seen.faults),
        Fact.JUDGED: record is not None and record.judged,
    }
    verdict = decide(
        RULES,
        Evidence(
            Occasion.NO_CONNACK,
            _true(facts),
            faults=seen.faults if seen else (),
            excluded=seen.excluded if seen else frozenset(),
            words={
                **(seen.words if seen else {}),
                "target": printable(local.target),
                "first_bytes": shown(first_bytes),
                "looks_like": looks_like(first_bytes),
                **_disconnect_words(disconnect),
            },
        ),
    )
    if verdict.id != "closed-without-connack":
        return verdict
    broker = broker or _recognised(local, record, None)
    return _in_its_dialect(verdict, broker, HANGS_UP, local)


def judge_connack(
    connack: Connack,
    local: LocalSide,
    *,
    version5: bool,
    record: HandshakeRecord | None = None,
    broker: Broker | None = None,
) -> Verdict:
    """The server refused CONNECT with a code (MQTT 3.1.1, table 3.1; MQTT 5.0, section 3.2.2.2).

    A server that does not speak MQTT 5 may answer with the code 1 of 3.1.1. ``record``: the TLS handshake;
    ``broker``: which it is, where more is known than ``connack``, ``local`` and ``record`` show.
    """
    in_5 = version5 and connack.code >= _FAILURE
    other = connack.properties.server_reference
    facts = {
        Fact.OTHER_SERVER: bool(other),
        Fact.HAS_CERTIFICATE: bool(local.chain),
        Fact.NO_CN: bool(local.chain) and lacks_common_name(local.chain[0]),
    }
    verdict = decide(
        RULES,
        Evidence(
            Occasion.CONNACK,
            _true(facts),
            # Codes of 3.1.1 end at 5; what a server of 3.1.1 says beyond them means nothing.
            code=connack.code if in_5 or connack.code < _FAILURE else None,
            words={
                "target": printable(local.target),
                "code": reason_code_text(connack.code) if in_5 else return_code_text(connack.code),
                "said": _said(connack.properties.reason_string),
                "other_server": printable(other or ""),
            },
        ),
    )
    if facts[Fact.NO_CN] and verdict.id in {"bad-credentials", "not-authorized"}:
        return verdict
    broker = broker or _recognised(local, record, connack)
    return _in_its_dialect(verdict, broker, connack.code, local)


def judge_subscribe(target: str, refused: Sequence[tuple[str, str]], reason: str | None) -> Verdict:
    """SUBACK refused: ``refused`` holds topic filter and the code's text; ``reason`` is the reason string."""
    topics = ", ".join(f"{_topic(topic)} ({text})" for topic, text in refused)
    return _on_topic(Occasion.SUBACK, target, topics, said=_said(reason))


def judge_publish(target: str, topic: str, text: str, reason: str | None = None) -> Verdict:
    """PUBACK or PUBREC refused a message: ``text`` is the code's, ``reason`` the reason string."""
    return _on_topic(Occasion.PUBACK, target, f"{_topic(topic)} ({text})", said=_said(reason))


def judge_no_echo(target: str, topic: str, seconds: float, *, version5: bool) -> Verdict:
    """A message was acknowledged, but did not come back on the granted subscription within ``seconds``."""
    facts = {Fact.IN_5: version5}
    return _on_topic(Occasion.NO_ECHO, target, _topic(topic), _true(facts), seconds=f"{seconds:g}")


def judge_unanswered(target: str, topic: str, seconds: float, *, subscribe: bool) -> Verdict:
    """SUBSCRIBE (or, where not ``subscribe``, PUBLISH) for ``topic`` had no answer within ``seconds``."""
    facts = {Fact.OF_SUBSCRIBE: subscribe}
    return _on_topic(
        Occasion.UNANSWERED, target, _topic(topic), _true(facts), seconds=f"{seconds:g}"
    )


def judge_hang_up(target: str, topic: str, *, subscribe: bool) -> Verdict:
    """The server closed the connection in place of an answer to SUBSCRIBE or PUBLISH for ``topic``."""
    facts = {Fact.OF_SUBSCRIBE: subscribe}
    return _on_topic(Occasion.HUNG_UP, target, _topic(topic), _true(facts))


def _topic(topic: str) -> str:
    return f'"{printable(topic)}"'


def _on_topic(
    occasion: Occasion,
    target: str,
    topics: str,
    facts: frozenset[Fact] = frozenset(),
    *,
    said: str = "",
    seconds: str = "",
) -> Verdict:
    words = {"target": printable(target), "topics": topics, "said": said, "seconds": seconds}
    return decide(RULES, Evidence(occasion, facts, words=words))


def judge_loss(
    disconnect: Disconnect | None,
    host: str,
    port: int,
    *,
    unanswered_ping: bool,
    lives: Sequence[Life] = (),
) -> Verdict:
    """An accepted connection ended without our asking.

    ``lives``: this connection and those before it with the same client id, in their order (``takeover``).
    """
    times = pushed_out(lives)
    facts = {
        Fact.DISCONNECT: disconnect is not None,
        Fact.NO_PINGRESP: unanswered_ping,
        Fact.PATTERN: times > 0,
    }
    words = {
        "target": printable(host_and_port(host, port)),
        "times": str(times),
        **_disconnect_words(disconnect),
    }
    code = None if disconnect is None else disconnect.code
    return decide(RULES, Evidence(Occasion.LOSS, _true(facts), code=code, words=words))


def judge_success(
    target: str, last: Stage, record: HandshakeRecord | None, seconds: float
) -> Verdict:
    """All that was asked for succeeded.

    ``last``: the last stage that ran; ``record``: the TLS handshake; ``seconds``: how long the server had to say
    something against our certificate.
    """
    facts = {
        Fact.ECHOED: last is Stage.PUBLISH,
        Fact.ACCEPTED: last in {Stage.MQTT, Stage.SUBSCRIBE},
        Fact.OVER_TLS: record is not None,
        Fact.ASKED: record is not None and record.certificate_requested,
        Fact.SENT: record is not None and record.certificate_sent,
        Fact.JUDGED: record is not None and record.judged,
    }
    words = {
        "target": printable(target),
        "version": (record.version if record else None) or "TLS",
        "seconds": f"{seconds:g}",
    }
    return replace(decide(RULES, Evidence(Occasion.SUCCESS, _true(facts), words=words)), at=last)


def _recognised(
    local: LocalSide, record: HandshakeRecord | None, connack: Connack | None
) -> Broker | None:
    return recognise(
        local.host,
        alpn=record.alpn if record else None,
        server_chain=record.server_chain if record else (),
        connack=connack,
        dialect=local.dialect,
    )


def _in_its_dialect(
    verdict: Verdict, broker: Broker | None, code: int, local: LocalSide
) -> Verdict:
    """``verdict`` with what the broker means by it, where that is known."""
    meant = None if broker is None else habit(broker, code, password=local.sends_password)
    if meant is None:
        return verdict
    return replace(
        verdict, summary=f"{verdict.summary.removesuffix('.')}; {meant.meaning}.", fix=meant.fix
    )


def _disconnect_words(disconnect: Disconnect | None) -> dict[str, str]:
    if disconnect is None:
        return {"code": "", "said": ""}
    return {
        "code": reason_code_text(disconnect.code),
        "said": _said(disconnect.properties.reason_string),
    }


def _said(reason_string: str | None) -> str:
    return f', saying "{printable(reason_string)}"' if reason_string else ""


def _true(facts: dict[Fact, bool]) -> frozenset[Fact]:
    return frozenset(fact for fact, holds in facts.items() if holds)
