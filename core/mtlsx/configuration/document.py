"""From a document of plain values, whatever file it came from, to a ``Configuration``, and back.

The names are EMQX's; ``dialect`` is ours, and says which generation of EMQX the others belong to. Paths in a
document are absolute (``files.located``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_args

from mtlsx.auth.settings import AuthSettings, SecurityProfile
from mtlsx.configuration import (
    authentication,
    authorization,
    generation_4,
    generations,
    listeners,
    mqtt,
)
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.configuration.model import GENERATION_4, Configuration
from mtlsx.configuration.unsupported import refuse_psk
from mtlsx.identity.mapping import Dialect
from mtlsx.schema import Key, Reader, Table, WrongError, boolean, choice, unknown

_DIALECT: Reader = choice(get_args(Dialect))
_PROFILE: Reader = choice(get_args(SecurityProfile))
_COMMON = ("dialect", "listeners", "mqtt")
_OF_5_AND_6 = ("security_profile", "authentication_settings", "authentication", "authorization")


@dataclass(frozen=True, slots=True)
class _Settings:
    """The table ``[authentication_settings]``."""

    ignore_backend_failures: bool = False


_SETTINGS = Table(_Settings, Key("ignore_backend_failures", boolean))


def read(document: dict[str, Any], *, dialect: Dialect = "emqx6") -> Configuration:
    """The configuration that ``document`` stands for; ``dialect`` counts where it names none.

    Raises WrongError and UsageError.
    """
    dialect = _DIALECT(document.get("dialect", dialect), "dialect")
    refuse_psk(document)
    generations.check(document, dialect)
    in_4 = dialect in GENERATION_4
    allowed = _COMMON + (generation_4.NAMES if in_4 else _OF_5_AND_6)
    for name in document:
        if name not in allowed:
            raise WrongError(unknown(name, allowed))
    broker, identity = mqtt.read(document.get("mqtt", {}), "mqtt")
    found = listeners.read(document.get("listeners", {}), "listeners")
    if in_4:
        found, identity = generation_4.settled(found, identity)
        return Configuration(found, broker, generation_4.read(document, dialect, identity))
    auth = AuthSettings(dialect=dialect, identity=identity)
    return Configuration(found, broker, _read(document, auth))


def write(configuration: Configuration) -> dict[str, Any]:
    """What ``read`` gives back, but for rules that ``generation_4`` leaves to their file."""
    auth = configuration.auth
    written: dict[str, Any] = {
        Ours("dialect"): auth.dialect,
        "listeners": listeners.write(configuration.listeners),
        "mqtt": mqtt.write(configuration.mqtt, auth.identity),
    }
    if auth.dialect in GENERATION_4:
        return {**written, **generation_4.write(auth)}
    if auth.security_profile != "legacy":
        written[Ours("security_profile")] = auth.security_profile
    if auth.ignore_backend_failures:
        written["authentication_settings"] = {"ignore_backend_failures": True}
    rules = authorization.Reader(auth.dialect, auth.security_profile)
    return {
        **written,
        "authentication": authentication.write(auth.authentication),
        "authorization": rules.write(auth.authorization),
    }


def _read(document: dict[str, Any], auth: AuthSettings) -> AuthSettings:
    """The settings of the engine in EMQX 5 and 6."""
    profile = _PROFILE(document.get("security_profile", "legacy"), "security_profile")
    rules = authorization.Reader(auth.dialect, profile)
    settings = _SETTINGS.read(
        document.get("authentication_settings", {}), "authentication_settings"
    )
    return replace(
        auth,
        security_profile=profile,
        authentication=authentication.read(document.get("authentication", []), "authentication"),
        ignore_backend_failures=settings.ignore_backend_failures,
        authorization=rules.read(document.get("authorization", {}), "authorization"),
    )
