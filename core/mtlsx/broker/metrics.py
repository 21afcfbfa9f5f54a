"""Counts of a broker in the form that Prometheus reads, by its own client library.

    metrics = Metrics(broker)
    metrics.take(event)         for each event of the broker
    metrics.text()

Numbers of now are read from the broker when they are asked for; all others are counted from its events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from mtlsx.broker.client_events import ClientConnected, ClientDisconnected, ClientRefused, Decided
from mtlsx.broker.events import ConnectionRefused, HandshakeRefused, UpgradeRefused
from mtlsx.errors import UsageError

if TYPE_CHECKING:
    from prometheus_client import Metric

    from mtlsx.broker.broker import Broker, BrokerEvent

_GAUGES: Final = {
    "connections": "TCP connections that are up, with those that are not let in yet",
    "sessions": "MQTT sessions, with those whose client is away",
    "retained_messages": "Retained messages",
}
_TOTALS: Final = {
    "messages_received": "PUBLISH packets of clients",
    "messages_sent": "Writes of messages to clients",
}


class Metrics:
    """All of them, under names that begin with ``mtlsx_``."""

    def __init__(self, broker: Broker) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Counts(broker))
        self._connected = self._counter("clients_connected", "CONNECT packets accepted", "listener")
        self._gone = self._counter("clients_disconnected", "Clients gone", "listener", "by")
        self._refused = self._counter("clients_refused", "CONNECT packets refused", "reason")
        self._handshakes = self._counter("handshakes_refused", "TLS handshakes refused", "alert")
        self._unheard = self._counter("connections_refused", "Connections closed unheard", "limit")
        self._denied = self._counter(
            "denied", "Publishes, subscriptions and wills denied", "action"
        )

    def take(self, event: BrokerEvent) -> None:
        """Count one event."""
        match event:
            case ClientConnected():
                self._connected.labels(event.listener).inc()
            case ClientDisconnected():
                self._gone.labels(event.listener, event.by).inc()
            case ClientRefused():
                self._refused.labels(event.reason).inc()
            case HandshakeRefused():
                self._handshakes.labels(event.alert or "none").inc()
            case ConnectionRefused():
                self._unheard.labels(event.limit).inc()
            case UpgradeRefused():
                self._unheard.labels("websocket").inc()
            case Decided() if not event.allowed:
                self._denied.labels(event.action).inc()
            case _:
                pass

    def text(self) -> str:
        """All of them now, in Prometheus' text format."""
        return generate_latest(self._registry).decode()

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answer HTTP on ``host`` and ``port`` from a thread, until what comes back is called.

        Raises ``UsageError`` where the address is not to be had.
        """
        try:
            server, _ = start_http_server(port, host, self._registry)
        except OSError as error:
            raise UsageError(
                f"Metrics cannot be served on {host}:{port}: {(error.strerror or 'error').lower()}."
            ) from error
        return server.shutdown

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"mtlsx_{name}", words, labels, registry=self._registry)


class _Counts(Collector):
    """What the broker itself counts, read when somebody asks."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def collect(self) -> Iterable[Metric]:
        counts = self._broker.counts
        for name, words in _GAUGES.items():
            yield GaugeMetricFamily(f"mtlsx_{name}", words, counts[name])
        for name, words in _TOTALS.items():
            yield CounterMetricFamily(f"mtlsx_{name}", words, counts[name])
