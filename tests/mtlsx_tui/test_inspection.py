"""From a connection's files to what the card shows and which field is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mtlsx.client.settings import ConnectionSettings, Transport
from mtlsx.identity.mapping import Mapping
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.identity import Inspection, Remark
from mtlsx_tui.inspection import inspect, remarks
from support.made_pki import CLIENT, NOW, SERVER, Made, make

CA = make("Demo CA", ca=True)
DEVICE = make("346a004d", CA, usage=CLIENT)


@pytest.fixture
def settings(tmp_path: Path) -> ConnectionSettings:
    certificate, key = DEVICE.save(tmp_path, "device")
    ca_file, _ = CA.save(tmp_path, "ca")
    tls = TlsSettings(ca_file=ca_file, certificate_file=certificate, key_file=key)
    return ConnectionSettings(host="broker.example", port=8883, tls=tls)


def look(settings: ConnectionSettings, **tls: object) -> Inspection:
    changed = replace(settings, tls=replace(settings.tls, **tls))
    return inspect(changed, Mapping(), now=NOW.timestamp())


def remarked(settings: ConnectionSettings, **tls: object) -> dict[str, tuple[Remark, ...]]:
    changed = replace(settings, tls=replace(settings.tls, **tls))
    errors = inspect(changed, Mapping(), now=NOW.timestamp()).errors
    return remarks(changed, errors, now=NOW.timestamp())


def test_what_the_broker_will_see(settings: ConnectionSettings) -> None:
    inspection = look(settings)
    identity = inspection.identity
    assert identity is not None
    assert (identity.cn, identity.dn) == ("346a004d", "CN=346a004d")
    assert (identity.username, identity.username_from) == ("346a004d", "cn")
    assert identity.redis == "HMGET tls_domain:346a004d password"
    assert (identity.key, identity.validity.days) == ("EC P-256", 30)
    assert (identity.traps, inspection.errors) == ((), {})


def test_a_password_alone_is_remarked_on(settings: ConnectionSettings) -> None:
    identity = look(replace(settings, password=Secret("hush"))).identity
    assert identity is not None
    assert [trap for trap in identity.traps if "empty username" in trap]
    assert "hush" not in repr(identity)
    named = look(replace(settings, password=Secret("hush"), username="u")).identity
    assert named is not None
    assert named.traps == ()


def test_faults_stand_beside_their_field(settings: ConnectionSettings, tmp_path: Path) -> None:
    _, other_key = make("other").save(tmp_path, "other")
    missing = str(tmp_path / "missing.pem")
    certificate = settings.tls.certificate_file
    for field, tls in (
        ("ca_file", {"ca_file": missing}),
        ("ca_file", {"ca_file": certificate}),
        ("certificate_file", {"certificate_file": missing}),
        ("certificate_file", {"certificate_file": other_key}),
        ("key_file", {"key_file": other_key}),
        ("key_file", {"key_file": missing}),
    ):
        assert list(look(settings, **tls).errors) == [field], tls


@pytest.mark.parametrize(
    ("made", "failure", "said"),
    [
        (lambda: make("dev", CA, usage=CLIENT, days=(-9, -2)), True, "expired"),
        (lambda: make("dev", CA, usage=CLIENT, days=(5, 9)), True, "becomes valid"),
        (lambda: make("dev", CA, usage=SERVER), True, "client"),
        (lambda: make(None, CA, usage=CLIENT), False, "CN"),
    ],
    ids=["expired", "not-yet-valid", "wrong-usage", "no-cn"],
)
def test_what_will_go_wrong_stands_beside_the_certificate(
    settings: ConnectionSettings,
    tmp_path: Path,
    made: Callable[[], Made],
    failure: bool,
    said: str,
) -> None:
    certificate, key = made().save(tmp_path, "other")
    Path(key).chmod(0o600)
    found = remarked(settings, certificate_file=certificate, key_file=key)
    (field,) = found
    assert field == "certificate_file"
    assert any(each.failure is failure for each in found[field] if said in each.text), found


def test_a_key_that_others_may_read_is_told(settings: ConnectionSettings) -> None:
    assert settings.tls.key_file is not None
    Path(settings.tls.key_file).chmod(0o644)
    (remark,) = remarked(settings)["key_file"]
    assert not remark.failure
    assert "chmod" in remark.text
    Path(settings.tls.key_file).chmod(0o600)
    assert remarked(settings) == {}


def test_what_is_an_error_already_is_not_said_twice(
    settings: ConnectionSettings, tmp_path: Path
) -> None:
    certificate = settings.tls.certificate_file
    for tls in (
        {"ca_file": certificate},
        {"ca_file": str(tmp_path / "missing")},
        {"certificate_file": str(tmp_path / "missing")},
        {"key_file": certificate},
        {"key_file": make("other").save(tmp_path, "other")[1]},
    ):
        (field,) = look(settings, **tls).errors
        assert not any(each.failure for each in remarked(settings, **tls).get(field, ())), tls


def test_without_a_certificate_there_is_a_sentence(settings: ConnectionSettings) -> None:
    one_way = look(settings, certificate_file=None, key_file=None)
    assert one_way.identity is None
    assert "only what CONNECT says" in one_way.note
    assert remarks(replace(settings, transport=Transport.MQTT), {}, now=0.0) == {}
    plain = look(replace(settings, transport=Transport.MQTT))
    assert "No TLS" in plain.note
