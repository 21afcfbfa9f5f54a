"""What came of a bench: as text, as JSON, and while it runs as one line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mtlsx.bench.run import Phase
from mtlsx.certificates.strings import printable
from mtlsx.probe.verdicts import KINDS

if TYPE_CHECKING:
    from mtlsx.bench.histogram import Latencies
    from mtlsx.bench.run import Bench

_LATENCIES = {
    "handshake": "TCP and TLS",
    "connack": "CONNECT to CONNACK",
    "connection": "both",
    "acknowledgement": "to acknowledgement",
    "delivery": "from sending to arrival",
}


def progress(bench: Bench) -> str:
    """One line about a bench that runs."""
    tally = bench.tally
    failed = sum(failure.devices for failure in tally.failures.values())
    told = f", {failed:,} failed" if failed else ""
    if bench.phase is Phase.LOADING:
        return f"loading {tally.prepared:,} of {tally.devices:,} devices{told}"
    rate = _rate(tally.connected, tally.connecting.seconds)
    line = f"{tally.connected:,} of {tally.devices:,} connected, {rate}{told}"
    if bench.phase is Phase.CONNECTING:
        return line
    messages = _messages(bench)
    if messages:
        line += f" · {messages:,} messages, {_rate(messages, tally.messaging.seconds)}"
    return line if bench.phase is Phase.WORKING else f"{line} · disconnecting"


def report_text(bench: Bench) -> str:
    """The result for people."""
    tally, connection = bench.tally, bench.plan.connection
    seconds = tally.connecting.seconds
    whole = f"{tally.connected:,} of {tally.devices:,} devices connected in {seconds:.2f} s"
    early = " (interrupted)" if bench.stopped else ""
    target = f"{connection.host}:{connection.port}"
    lines = [f"{target}: {whole}, {_rate(tally.connected, seconds)}{early}"]
    lines += _message_lines(bench)
    table = {
        words: found
        for name, words in _LATENCIES.items()
        if name in tally.latencies and (found := tally.latencies[name].summary()) is not None
    }
    if table:
        lines.append(f"  {'ms':24} {'p50':>9} {'p95':>9} {'p99':>9} {'max':>9}")
        lines += [_row(words, found) for words, found in table.items()]
    for verdict, failure in sorted(tally.failures.items(), key=lambda each: -each[1].devices):
        more = f" ({failure.times:,} times)" if failure.times > failure.devices else ""
        devices = f"{failure.devices:,} device{'' if failure.devices == 1 else 's'}"
        lines.append(f"  {verdict}: {devices}{more}, for example:")
        lines.append(f"    {printable(failure.summary)}")
    return "\n".join(lines)


def report_json(bench: Bench, exit_code: int) -> dict[str, Any]:
    """The result for programs; times in seconds, latencies in milliseconds, rates per second."""
    plan, tally = bench.plan, bench.tally
    connecting, messaging = tally.connecting.seconds, tally.messaging.seconds
    return {
        "bench": plan.kind,
        "target": f"{plan.connection.host}:{plan.connection.port}",
        "devices": tally.devices,
        "connected": tally.connected,
        "seconds": round(connecting, 3),
        "connections_per_second": _per_second(tally.connected, connecting),
        "subscribed": tally.subscribed,
        "messages": {
            "sent": tally.sent,
            "acknowledged": tally.acknowledged,
            "refused": tally.refused,
            "unanswered": tally.unanswered,
            "received": tally.received,
            "received_bytes": tally.received_bytes,
            "seconds": round(messaging, 3),
            "per_second": _per_second(_messages(bench), messaging),
        },
        "latency_ms": {
            name: {key: value if key == "count" else round(value, 3) for key, value in asdict(found).items()}
            for name, histogram in tally.latencies.items()
            if (found := histogram.summary()) is not None
        },
        "failures": {
            verdict: {
                "devices": failure.devices,
                "times": failure.times,
                "exit_code": KINDS[verdict].exit_code,
                "summary": failure.summary,
            }
            for verdict, failure in tally.failures.items()
        },
        "interrupted": bench.stopped,
        "exit_code": exit_code,
    }  # fmt: skip


def _message_lines(bench: Bench) -> list[str]:
    tally, plan = bench.tally, bench.plan
    messages, seconds = _messages(bench), tally.messaging.seconds
    if plan.kind == "sub":
        size = f", {tally.received_bytes:,} bytes" if tally.received else ""
        return [
            f"  {tally.subscribed:,} subscribed; {messages:,} messages{size}, {_rate(messages, seconds)}"
        ]
    if plan.publication is None:
        return []
    if plan.publication.qos == 0:
        return [f"  {messages:,} messages sent with QoS 0, {_rate(messages, seconds)}"]
    others = [
        f", {count:,} {what}"
        for what, count in (("refused", tally.refused), ("unanswered", tally.unanswered))
        if count
    ]
    return [
        f"  {messages:,} of {tally.sent:,} messages acknowledged{''.join(others)}, {_rate(messages, seconds)}"
    ]


def _messages(bench: Bench) -> int:
    """The messages whose way is over as far as can be seen."""
    publication = bench.plan.publication
    if publication is None:
        return bench.tally.received
    return bench.tally.acknowledged if publication.qos else bench.tally.sent


def _row(words: str, found: Latencies) -> str:
    values = (found.p50, found.p95, found.p99, found.maximum)
    return f"  {words:24} " + " ".join(f"{value:9.1f}" for value in values)


def _rate(count: int, seconds: float) -> str:
    return f"{_per_second(count, seconds):,.0f}/s"


def _per_second(count: int, seconds: float) -> float:
    return round(count / seconds, 1) if seconds > 0 else 0.0
