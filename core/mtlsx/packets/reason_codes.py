"""What the servers' codes are called: CONNACK return codes of MQTT 3.1 and 3.1.1, reason codes of 5.0."""

from __future__ import annotations

RETURN_CODES = {
    0: "Connection accepted",
    1: "Unacceptable protocol version",
    2: "Identifier rejected",
    3: "Server unavailable",
    4: "Bad user name or password",
    5: "Not authorized",
}
"""CONNACK return codes (MQTT 3.1.1, table 3.1)."""

REASON_CODES = {
    0x00: "Success",
    0x01: "Granted QoS 1",
    0x02: "Granted QoS 2",
    0x04: "Disconnect with Will Message",
    0x10: "No matching subscribers",
    0x11: "No subscription existed",
    0x18: "Continue authentication",
    0x19: "Re-authenticate",
    0x80: "Unspecified error",
    0x81: "Malformed Packet",
    0x82: "Protocol Error",
    0x83: "Implementation specific error",
    0x84: "Unsupported Protocol Version",
    0x85: "Client Identifier not valid",
    0x86: "Bad User Name or Password",
    0x87: "Not authorized",
    0x88: "Server unavailable",
    0x89: "Server busy",
    0x8A: "Banned",
    0x8B: "Server shutting down",
    0x8C: "Bad authentication method",
    0x8D: "Keep Alive timeout",
    0x8E: "Session taken over",
    0x8F: "Topic Filter invalid",
    0x90: "Topic Name invalid",
    0x91: "Packet Identifier in use",
    0x92: "Packet Identifier not found",
    0x93: "Receive Maximum exceeded",
    0x94: "Topic Alias invalid",
    0x95: "Packet too large",
    0x96: "Message rate too high",
    0x97: "Quota exceeded",
    0x98: "Administrative action",
    0x99: "Payload format invalid",
    0x9A: "Retain not supported",
    0x9B: "QoS not supported",
    0x9C: "Use another server",
    0x9D: "Server moved",
    0x9E: "Shared Subscriptions not supported",
    0x9F: "Connection rate exceeded",
    0xA0: "Maximum connect time",
    0xA1: "Subscription Identifiers not supported",
    0xA2: "Wildcard Subscriptions not supported",
}
"""Reason codes (MQTT 5.0, section 2.4)."""

FAILURE = 0x80
"""The first code that refuses, in every packet of 5.0 and in SUBACK of 3.1.1."""


def return_code_text(code: int) -> str:
    """The words for a CONNACK return code of MQTT 3.1 or 3.1.1, with its number."""
    return f"{RETURN_CODES.get(code, 'Reserved')} ({code})"


def reason_code_text(code: int) -> str:
    """The words for an MQTT 5.0 reason code, with its number in hexadecimal."""
    return f"{REASON_CODES.get(code, 'Unknown reason code')} (0x{code:02X})"


def suback_text(code: int, *, version5: bool) -> str:
    """What one code of a SUBACK means: the QoS granted, or why not.

    MQTT 3.1.1 knows one refusal, 0x80, without a reason (section 3.9.3).
    """
    if code < FAILURE:
        return f"QoS {code} granted"
    return reason_code_text(code) if version5 else f"Failure (0x{code:02X})"
