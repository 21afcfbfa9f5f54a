"""What devices are called, and plans that cannot be meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mtlsx.bench.plan import (
    Plan,
    check_plan,
    device_publication,
    device_settings,
    device_subscription,
)
from mtlsx.client.settings import ConnectionSettings, Publication, Subscription, Transport
from mtlsx.errors import UsageError
from mtlsx.tls.settings import TlsSettings

CONNECTION = ConnectionSettings(
    host="localhost", port=8883, client_id="bench_%i", username="user-%03i",
    tls=TlsSettings(ca_file="ca-%i.pem", certificate_file="dev-%i.crt", key_file="keys/%04i.key"),
)  # fmt: skip
PLAN = Plan(kind="conn", connection=CONNECTION)


def test_each_device_has_its_own_names() -> None:
    device = device_settings(PLAN, 7)
    assert (device.client_id, device.username) == ("bench_7", "user-007")
    assert (device.tls.certificate_file, device.tls.key_file) == ("dev-7.crt", "keys/0007.key")
    assert device.tls.ca_file == "ca-%i.pem"
    publication = device_publication(Publication("%u/%c/%i/%02i", b"%i"), device, 7)
    assert publication == Publication("user-007/bench_7/7/07", b"%i")
    assert device_subscription(Subscription("+/%i/#", 1), device, 7) == Subscription("+/7/#", 1)


def test_what_is_not_given_stays_away() -> None:
    bare = replace(CONNECTION, username=None, tls=TlsSettings())
    device = device_settings(replace(PLAN, connection=bare), 1)
    assert device.username is None
    assert device.tls == TlsSettings()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"count": 0}, "1 to 1,000,000 devices, not 0"),
        ({"first": -1}, "cannot have the number -1"),
        ({"interval": -0.1}, "between connections"),
        ({"message_interval": -1}, "between messages"),
        ({"limit": -1}, "0 is no limit"),
        ({"connection": replace(CONNECTION, client_id="dev")}, 'the client id "dev"'),
        ({"connection": replace(CONNECTION, transport=Transport.WSS)}, "does not speak websockets"),
        ({"connection": replace(CONNECTION, port=0)}, "Port 0 does not exist"),
        ({"publication": Publication("a/+")}, "holds a wildcard"),
        ({"subscriptions": (Subscription("a#"),)}, "must be the whole last level"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        check_plan(replace(PLAN, **changes))


def test_a_single_device_needs_no_number() -> None:
    check_plan(replace(PLAN, count=1, connection=replace(CONNECTION, client_id="dev")))
