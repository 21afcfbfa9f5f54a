"""The table ``[authorization]`` of EMQX 5 and 6: the sources of rules, and what counts where none decides.

Source: emqx_authz_schema.erl, emqx_authz_redis_schema.erl, emqx_schema.erl (6.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mtlsx.auth.authorization.redis import parse_command
from mtlsx.auth.settings import (
    Authorization,
    FileSource,
    RedisSource,
    SecurityProfile,
    SourceSettings,
)
from mtlsx.configuration import acl_conf, files, redis, rules
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.configuration.unsupported import refuse
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.schema import (
    Key,
    Table,
    WrongError,
    array,
    boolean,
    choice,
    shared,
    table,
    text,
)

_SUPPORTED = 'type = "redis" and type = "file"'
# The defaults of the generations. Source: emqx_schema.erl (5.0, 6.3).
_NO_MATCH = {"emqx5.0": "allow", "emqx6": "deny"}
_ALLOWANCES = {"plus": "+", "hash": "#", "slash": "/"}


@dataclass(frozen=True, slots=True)
class _Redis:
    """What a source on Redis has besides its server."""

    cmd: str
    compatibility_mode: Literal["none", "v4"] = "none"
    enable: bool = True


_ENABLE = Key("enable", boolean)
_REDIS = Table(_Redis, _ENABLE, Key("cmd", text), Key("compatibility_mode", choice(("none", "v4"))))


def _allowed(value: object, path: str) -> frozenset[str]:
    settings = table(value, path)
    for name in settings:
        if name not in _ALLOWANCES:
            raise WrongError(
                f"{path}.{name} is not a setting; allowed here: {', '.join(_ALLOWANCES)}."
            )
    return frozenset(
        character
        for name, character in _ALLOWANCES.items()
        if boolean(settings.get(name, False), f"{path}.{name}")
    )


def _allowed_value(characters: frozenset[str]) -> dict[str, bool]:
    return {name: character in characters for name, character in _ALLOWANCES.items()}


def _check(found: _Redis, path: str) -> None:
    try:
        parse_command(found.cmd, v4=found.compatibility_mode == "v4")
    except UsageError as error:
        raise WrongError(f"{path}: {error}") from error


class Reader:
    """Reads and writes the table in one dialect and security profile, on which rules depend."""

    def __init__(self, dialect: Dialect, profile: SecurityProfile) -> None:
        self._dialect = dialect
        self._profile = profile
        self._file: Table[FileSource] = Table(
            FileSource, _ENABLE, Key(Ours("rules"), self._rules, self._rules_value, always=True)
        )
        self._table = Table(
            Authorization,
            Key("no_match", choice(("allow", "deny")), always=True),
            Key("deny_action", choice(("ignore", "disconnect")), always=True),
            Key("ignore_backend_failures", boolean),
            Key("topic_template_allow", _allowed, _allowed_value),
            Key("sources", array(self._source, "an array of tables"), self._sources, always=True),
        )

    def read(self, value: object, path: str) -> Authorization:
        """The settings. Raises WrongError and UsageError."""
        settings = {"no_match": _NO_MATCH[self._dialect], **table(value, path)}
        return self._table.read(settings, path)

    def write(self, authorization: Authorization) -> dict[str, Any]:
        """What ``read`` gives back."""
        return self._table.write(authorization)

    def _source(self, value: object, path: str) -> SourceSettings:
        settings = dict(table(value, path))
        kind = settings.pop("type", None)
        if kind == "redis":
            server, own = shared(settings, path, redis.table_for(settings, path), _REDIS)
            found = _REDIS.read(own, path)
            _check(found, f"{path}.cmd")
            return RedisSource(
                redis.read(server, path), found.cmd, found.compatibility_mode, found.enable
            )
        if kind != "file":
            raise refuse(f"{path}.type", kind, _SUPPORTED)
        if "path" not in settings:
            return self._file.read(settings, path, name=f"{path}.rules")
        if "rules" in settings:
            raise WrongError(f"{path}: rules stand here or in the file of path, not in both.")
        file = text(settings.pop("path"), f"{path}.path")
        found_rules = acl_conf.read(
            files.read(Path(file), "ACL file"),
            source=f"ACL file {file}",
            dialect=self._dialect,
            security_profile=self._profile,
        )
        enable = boolean(settings.pop("enable", True), f"{path}.enable")
        return self._file.read(settings, path, rules=found_rules, name=file, enable=enable)

    def _sources(self, sources: tuple[SourceSettings, ...]) -> list[dict[str, Any]]:
        return [self._written(source) for source in sources]

    def _written(self, source: SourceSettings) -> dict[str, Any]:
        if isinstance(source, FileSource):
            return {"type": "file", **self._file.write(source)}
        if isinstance(source, RedisSource):
            own = _Redis(source.cmd, source.compatibility_mode, source.enable)
            return {"type": "redis", **redis.write(source.redis), **_REDIS.write(own)}
        raise TypeError(f"{type(source).__name__} is of EMQX 4.x")

    def _rules(self, value: object, path: str) -> Any:
        return rules.read(value, path, self._dialect)

    def _rules_value(self, value: Any) -> list[dict[str, Any]]:
        return rules.write(value)
