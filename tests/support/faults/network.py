"""Faults before anything is said: names, addresses and ports."""

from __future__ import annotations

from dataclasses import replace

from mtlsx.client.settings import ConnectionSettings, Transport
from support.faults.case import SHORT, Scene, case
from support.ports import closed_port, crowded_port

# RFC 1122, section 3.2.1.3: the broadcast address of the loopback; the kernel has no route for TCP to it.
NO_ROUTE = "127.255.255.255"


@case("tcp-refused", "localhost:[0-9]+", "(?i)refused")
def closed(scene: Scene) -> ConnectionSettings:
    return scene.settings(scene.enter(closed_port()), scene.pki.device)


@case("tcp-refused", "localhost:[0-9]+", "(?i)refused")
def closed_without_tls(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.enter(closed_port()))
    return replace(settings, transport=Transport.MQTT)


@case("tcp-refused", "localhost:[0-9]+", "(?i)refused")
def closed_for_websockets(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.enter(closed_port()), scene.pki.device)
    return replace(settings, transport=Transport.WSS)


@case("dns-not-found", r"nosuch\.invalid")
def unknown_host(scene: Scene) -> ConnectionSettings:
    return replace(scene.settings(8883, scene.pki.device), host="nosuch.invalid")


@case("tcp-unreachable", "8883", "(?i)unreachable")
def address_without_a_route(scene: Scene) -> ConnectionSettings:
    return replace(scene.settings(8883, scene.pki.device), host=NO_ROUTE)


@case("tcp-timeout", r"127\.0\.0\.1:[0-9]+", "(?i)in time", repeated=False)
def port_that_does_not_answer(scene: Scene) -> ConnectionSettings:
    settings = scene.settings(scene.enter(crowded_port()), scene.pki.device)
    return replace(settings, host="127.0.0.1", connect_timeout=SHORT)
