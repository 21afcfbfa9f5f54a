"""Identity against vectors that the brokers' own code made: ``--vectors DIR``, see ``support.vectors``."""

from __future__ import annotations

import base64
from typing import Any

from mtlsx.identity import emqx
from mtlsx.identity.report import as_json, text_as_json


def test_identity(identity_vector: dict[str, Any]) -> None:
    expected = dict(identity_vector["expected"])
    if "emqx" in expected:
        # Vectors hold it only where the newer generation of Erlang/OTP differs.
        expected.setdefault("emqx_otp29", expected["emqx"])
    found = as_json(base64.b64decode(identity_vector["der_b64"]))
    # Other brokers and further facts that a vector may tell of are not ours.
    known = {
        (broker, key): values[key]
        for broker, values in expected.items()
        for key in found.get(broker, {})
        if key in values
    }
    assert known
    assert {(broker, key): found[broker][key] for broker, key in known} == known


def test_peercert(peercert_vector: dict[str, Any]) -> None:
    found = emqx.identify(base64.b64decode(peercert_vector["input"]["der_b64"]))
    names = {
        "subject": text_as_json(found.dn),
        "common_name": text_as_json(found.cn),
        "md5": found.md5,
    }
    expected = peercert_vector["expected"]
    assert {key: names[key] for key in expected} == expected
