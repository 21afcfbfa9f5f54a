"""An ``emqx.conf`` of EMQX 5 and 6: text in, a document out, and notes about what it says that means nothing here.

What EMQX has and this broker has not is passed over where nobody's access depends on it, and left in the document,
to be refused, where it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mtlsx.configuration.hocon import Include, parse

_ANY = "*"


def read(
    text: str, *, source: str, include: Include, has_acl_conf: bool
) -> tuple[dict[str, Any], list[str]]:
    """The document and the notes, sentences; ``has_acl_conf``: there is an ``acl.conf`` beside the file.

    Raises UsageError.
    """
    document = parse(text, source=source, include=include)
    notes: list[str] = []
    if "authentication" in document:
        document["authentication"] = _as_array(document["authentication"])
    authorization = document.get("authorization")
    if isinstance(authorization, dict) and "sources" in authorization:
        authorization["sources"] = _as_array(authorization["sources"])
    for listener in _listeners(document):
        _modernise(listener, notes)
    if has_acl_conf:
        _take_default_source(document, notes)
    passed = [
        *_pass_over(document, _TOP_LEVEL),
        *_pass_over(document, _BELOW),
        *_pass_over_for_tokens(document),
    ]
    if passed:
        notes.append(f"Passed over, as nothing here depends on it: {', '.join(passed)}.")
    return document, notes


def _any(_: Any) -> bool:
    return True


def _only(*harmless: Any) -> Callable[[Any], bool]:
    return lambda value: value in harmless


def _names(prefix: tuple[str, ...], names: str) -> dict[tuple[str, ...], Callable[[Any], bool]]:
    return {(*prefix, name): _any for name in names.split()}


_TOP_LEVEL: Mapping[tuple[str, ...], Callable[[Any], bool]] = {
    (name,): _any
    for name in [
        "actions",
        "agent",
        "alarm",
        "ai",
        "api_key",
        "auto_subscribe",
        "bridges",
        "broker",
        "cluster",
        "conn_congestion",
        "connectors",
        "crl_cache",
        "dashboard",
        "delayed",
        "durable_queues",
        "durable_sessions",
        "durable_storage",
        "event_message",
        "exhook",
        "file_transfer",
        "flapping_detect",
        "force_gc",
        "force_shutdown",
        "gateway",
        "license",
        "limiter",
        "listeners_quota",
        "log",
        "message_transformation",
        "mq",
        "multi_tenancy",
        "node",
        "opentelemetry",
        "overload_protection",
        "persistent_session_store",
        "plugins",
        "prometheus",
        "quota",
        "rate_limit",
        "retainer",
        "rewrite",
        "rpc",
        "rule_engine",
        "schema_registry",
        "schema_validation",
        "session_persistence",
        "slow_subs",
        "sources",
        "stats",
        "statsd",
        "sys_topics",
        "sysmon",
        "tcp_options",
        "telemetry",
        "topic_metrics",
        "trace",
        "vm",
    ]
}
"""What a whole EMQX has at the top level."""


_LISTENER = ("listeners", _ANY, _ANY)
_SSL = (*_LISTENER, "ssl_options")
_SUITES = "ciphers honor_cipher_order secure_renegotiate reuse_sessions hibernate_after log_level user_lookup_fun"
_BELOW: Mapping[tuple[str, ...], Callable[[Any], bool]] = {
    ("listeners", "quic"): _any,
    **_names(
        _LISTENER,
        "acceptors max_conn_rate messages_rate bytes_rate limiter tcp_options nolink proxy_protocol_timeout parse_unit",
    ),
    (*_LISTENER, "proxy_protocol"): _only(False),
    (*_LISTENER, "mountpoint"): _only("", None),
    (*_LISTENER, "access_rules"): _only(["allow all"], []),
    (*_LISTENER, "authentication"): _only([], None),
    **_names(
        _SSL,
        f"{_SUITES} handshake_timeout dhfile gc_after_handshake client_renegotiation partial_chain",
    ),
    (*_SSL, "enable_crl_check"): _only(False),
    (*_SSL, "verify_peer_ext_key_usage"): _only("", None, "undefined"),
    (*_SSL, "ocsp"): lambda value: (
        isinstance(value, dict) and value.get("enable_ocsp_stapling", False) is False
    ),
    **_names(
        (*_LISTENER, "websocket"),
        "mqtt_piggyback compress idle_timeout max_frame_size fail_if_no_subprotocol supported_subprotocols"
        " check_origin_enable allow_origin_absence check_origins proxy_address_header proxy_port_header"
        " deflate_opts validate_utf8",
    ),
    **_names(
        ("mqtt",),
        "strict_mode response_information retry_interval upgrade_qos mqueue_priorities mqueue_default_priority"
        " shared_subscription_strategy shared_subscription_initial_sticky_pick keepalive_check_interval"
        " keepalive_backoff",
    ),
    **_names(("authentication", _ANY), "auto_reconnect description"),
    **_names(
        ("authentication", _ANY, "ssl"), f"{_SUITES} versions depth password middlebox_comp_mode"
    ),
    **_names(("authorization", "sources", _ANY), "auto_reconnect description"),
    **_names(
        ("authorization", "sources", _ANY, "ssl"),
        f"{_SUITES} versions depth password middlebox_comp_mode",
    ),
    **_names(("authorization",), "cache node_cache"),
    **_names(("authentication_settings",), "node_cache total_latency_metric_buckets"),
    ("psk_authentication",): lambda value: (
        isinstance(value, dict) and value.get("enable", False) is False
    ),
}
"""What stands among the settings that matter. A value that would matter stays."""


def _as_array(value: Any) -> Any:
    """One table where EMQX takes an array, and numbered keys: ``authentication.1 { … }``."""
    if not isinstance(value, dict):
        return value
    if value and all(name.isdecimal() for name in value):
        return [value[name] for name in sorted(value, key=int)]
    return [value] if value else []


def _listeners(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kinds = document.get("listeners")
    for named in kinds.values() if isinstance(kinds, dict) else ():
        for listener in named.values() if isinstance(named, dict) else ():
            if isinstance(listener, dict):
                yield listener


def _modernise(listener: dict[str, Any], notes: list[str]) -> None:
    """What EMQX 5.0 called otherwise, and what is not offered."""
    if "enabled" in listener:
        listener.setdefault("enable", listener.pop("enabled"))
    options = listener.get("ssl_options")
    versions = options.get("versions") if isinstance(options, dict) else None
    if isinstance(options, dict) and isinstance(versions, list):
        kept = [version for version in versions if version not in ("tlsv1.1", "tlsv1")]
        if kept and len(kept) < len(versions):
            options["versions"] = kept
            notes.append("TLS 1.0 and 1.1 are not offered.")


def _take_default_source(document: dict[str, Any], notes: list[str]) -> None:
    """What EMQX asks where ``authorization`` names no sources."""
    authorization = document.setdefault("authorization", {})
    if isinstance(authorization, dict) and "sources" not in authorization:
        authorization["sources"] = [{"type": "file", "path": "${EMQX_ETC_DIR}/acl.conf"}]
        notes.append(
            "authorization.sources is not set: acl.conf beside the file counts, as in EMQX."
        )


def _pass_over(
    document: dict[str, Any], patterns: Mapping[tuple[str, ...], Callable[[Any], bool]]
) -> Iterator[str]:
    """Take out of ``document`` what the patterns name, and tell where it stood."""
    for pattern, harmless in patterns.items():
        yield from _taken(document, pattern, harmless, "")


def _pass_over_for_tokens(document: dict[str, Any]) -> Iterator[str]:
    """What an authenticator of tokens has for fetching keys, and what others need."""
    authenticators = document.get("authentication")
    for index, table in enumerate(authenticators if isinstance(authenticators, list) else ()):
        if isinstance(table, dict) and table.get("mechanism") == "jwt":
            for pattern, harmless in _FOR_TOKENS.items():
                yield from _taken(table, pattern, harmless, f"authentication[{index}]")


_FOR_TOKENS: Mapping[tuple[str, ...], Callable[[Any], bool]] = {
    ("pool_size",): _any,
    ("headers",): _only({}),
    ("ssl",): lambda value: isinstance(value, dict) and value.get("enable", False) is False,
}


def _taken(
    value: Any, pattern: tuple[str, ...], harmless: Callable[[Any], bool], path: str
) -> Iterator[str]:
    name, *rest = pattern
    if isinstance(value, list) and name == _ANY:
        for index, item in enumerate(value):
            yield from _taken(item, tuple(rest), harmless, f"{path}[{index}]")
    elif isinstance(value, dict) and rest:
        for each in [*value] if name == _ANY else [name] if name in value else []:
            below = f"{path}.{each}" if path else each
            yield from _taken(value[each], tuple(rest), harmless, below)
    elif isinstance(value, dict) and name in value and harmless(value[name]):
        del value[name]
        yield f"{path}.{name}" if path else name
