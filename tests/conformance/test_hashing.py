"""Stored passwords against what EMQX's own code said of them: ``--vectors DIR``, see ``support.vectors``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mtlsx.auth.passwords import (
    Algorithm,
    Bcrypt,
    CrashError,
    Pbkdf2,
    Simple,
    matches,
    matches4,
    parse4,
)
from support.vector_values import octets, some


def algorithm_of(settings: Mapping[str, Any]) -> Algorithm:
    """``password_hash_algorithm`` as the vectors write it."""
    values = dict(settings)
    name = values.pop("name")
    if name == "bcrypt":
        return Bcrypt(**values)
    return Pbkdf2(**values) if name == "pbkdf2" else Simple(name, **values)


def outcome(decide: Callable[[], bool]) -> bool | str:
    try:
        return decide()
    except CrashError:
        return "crash"


def expected(vector: Mapping[str, Any]) -> bool | str:
    values = vector["expected"]
    return "crash" if "exception" in values else bool(values["match"])


def test_hash5(hash5_vector: dict[str, Any]) -> None:
    given = hash5_vector["input"]
    algorithm = algorithm_of(given["algorithm"])
    stored, password, salt = some(given["stored"]), given["password"], given.get("salt")
    found = outcome(lambda: matches(algorithm, stored, octets(password), octets(salt)))
    assert found == expected(hash5_vector)


def test_hash4(hash4_vector: dict[str, Any]) -> None:
    given = hash4_vector["input"]
    algorithm = parse4(",".join(map(str, given["type"])))
    columns = [octets(given[name]) for name in ("stored", "salt") if name in given]
    found = outcome(lambda: matches4(algorithm, columns, octets(given["password"])))
    assert found == expected(hash4_vector)
