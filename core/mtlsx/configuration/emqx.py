"""A ``Configuration`` as files for a real EMQX: its configuration, the rules, and Redis commands to begin with.

For EMQX 5 and 6: ``emqx.conf``, ``acl.conf`` for file rules, ``users.json`` for the built-in database, ``emqx.env``
where the security profile is not the default. For 4.x: ``emqx.conf``, ``plugins/emqx_auth_redis.conf`` and
``acl.conf``. Beside them ``seed.redis``, for ``redis-cli``. Reading them back gives an equal ``Configuration``:
what EMQX does not have stands in comments that begin with ``#mtlsx``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mtlsx.auth.settings import BuiltInDatabase, FileSource
from mtlsx.configuration import acl_conf, bootstrap, conf_4_writer, document
from mtlsx.configuration.hocon_writer import Ours, dump
from mtlsx.configuration.model import GENERATION_4, Configuration
from mtlsx.configuration.seed import Entry, seeding

_ETC = "${EMQX_ETC_DIR}"
_SECRETS = frozenset({"password", "sentinel_password", "secret"})
_SECRETS_OF_USERS = frozenset({"password_hash", "salt"})
_NOT_PART = re.compile(r"[^A-Z0-9]+")
_OUR_SETTINGS = {
    "server": 'EMQX has no embedded store: give the address of a Redis in place of server = "embedded".',
    "crlfile": "EMQX takes revocation lists from the certificates' distribution points (enable_crl_check).",
    "receive_maximum": "EMQX tells clients its max_inflight as Receive Maximum.",
    "empty_clientid_needs_clean_start": "EMQX always refuses an empty client id without a clean start.",
    "timeout": "EMQX has no setting for how long Redis may take.",
    "endpoint": "EMQX fetches a JWKS over http or https, not from a file.",
    "users": "This EMQX imports no users from a file: create them in its dashboard.",
}


@dataclass(frozen=True, slots=True)
class Export:
    """Files by their names, which may hold a directory, and what to know about them, in sentences."""

    files: Mapping[str, str] = field(repr=False)
    notes: tuple[str, ...]


def emqx(
    configuration: Configuration, *, with_secrets: bool = False, entries: Sequence[Entry] = ()
) -> Export:
    """The files of ``configuration`` for the generation of EMQX that it is for.

    Without ``with_secrets``, passwords, hashes and keys are written as ``${NAME}``, to be filled in. ``entries``
    are devices for Redis, besides the users of the built-in database. Raises UsageError for what that EMQX's files
    cannot hold.
    """
    written = document.write(configuration)
    files: dict[str, str] = {}
    in_4 = configuration.auth.dialect in GENERATION_4
    notes: list[str] = []
    if in_4:
        _place_rules_4(configuration, written, files)
    else:
        _place_rules(configuration, written, files)
        _place_users(configuration, written, files, with_secrets=with_secrets)
    _mark_ours(written)
    if not with_secrets:
        hidden = _hide(written, "")
        if hidden or "users.json" in files:
            notes.append("Secrets are left out: fill in what is written as ${NAME}.")
    if in_4:
        redis = written.pop("auth", {}).get("redis")
        files = {"emqx.conf": conf_4_writer.broker(written), **files}
        if redis is not None:
            files["plugins/emqx_auth_redis.conf"] = conf_4_writer.plugin(redis)
            notes += _noted({"redis": redis})
    else:
        files = {"emqx.conf": dump(written), **files}
        if configuration.auth.security_profile != "legacy":
            profile = configuration.auth.security_profile
            files["emqx.env"] = f"EMQX_SECURITY_PROFILE={profile}\n"
    seeds = seeding(configuration, entries, with_secrets=with_secrets)
    if seeds:
        files["seed.redis"] = seeds
    notes += _noted(written)
    if "%mtlsx" in files.get("acl.conf", ""):
        notes.append("EMQX has no reason codes for rules: it answers as usual.")
    return Export(files, tuple(dict.fromkeys(notes)))


def _place_rules(
    configuration: Configuration, written: dict[str, Any], files: dict[str, str]
) -> None:
    """Put the rules of each file source into a file of EMQX's own."""
    sources = zip(
        configuration.auth.authorization.sources, written["authorization"]["sources"], strict=True
    )
    for source, table in sources:
        if isinstance(source, FileSource):
            name = f"acl-{len(files) + 1}.conf" if files else "acl.conf"
            files[name] = acl_conf.write(source.rules, dialect=configuration.auth.dialect)
            table.pop("rules")
            table["path"] = f"{_ETC}/{name}"


def _place_rules_4(
    configuration: Configuration, written: dict[str, Any], files: dict[str, str]
) -> None:
    for source in configuration.auth.authorization.sources:
        if isinstance(source, FileSource):
            files["acl.conf"] = acl_conf.write(source.rules, dialect=configuration.auth.dialect)
            written["acl_file"] = "etc/acl.conf"


def _place_users(
    configuration: Configuration,
    written: dict[str, Any],
    files: dict[str, str],
    *,
    with_secrets: bool,
) -> None:
    """Put the users of each built-in database into a file that EMQX imports; 5.0 imports none."""
    if configuration.auth.dialect == "emqx5.0":
        return
    number = 0
    tables = zip(configuration.auth.authentication, written["authentication"], strict=True)
    for settings, table in tables:
        if isinstance(settings, BuiltInDatabase) and settings.users:
            number += 1
            name = f"users-{number}.json" if number > 1 else "users.json"
            users = (
                settings.users if with_secrets else map(bootstrap.without_secrets, settings.users)
            )
            files[name] = bootstrap.write([*users])
            table.pop("users")
            table["bootstrap_file"] = f"{_ETC}/{name}"
            table["bootstrap_type"] = "hash"


def _mark_ours(written: dict[str, Any]) -> None:
    """Settings whose values only we take."""
    for table in written.get("authentication", ()):
        if str(table.get("endpoint", "")).startswith("file:"):
            table[Ours("endpoint")] = table.pop("endpoint")


def _hide(value: Any, path: str, secrets: frozenset[str] = _SECRETS) -> bool:
    """Replace what stands under the names ``secrets`` by placeholders; whether there was any."""
    hidden = False
    items = value.items() if isinstance(value, dict) else enumerate(value, start=1)
    for name, item in items:
        below = f"{path}_{name}"
        if name in secrets and isinstance(item, str) and item:
            value[name] = "${" + _NOT_PART.sub("_", below.upper()).strip("_") + "}"
            hidden = True
        elif isinstance(item, dict | list) and name != "verify_claims":
            inner = _SECRETS_OF_USERS if name == "users" else secrets
            hidden = _hide(item, below, inner) or hidden
    return hidden


def _noted(value: Any) -> list[str]:
    """What to know about the settings in a document that EMQX does not have."""
    notes: list[str] = []
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(name, Ours) and name in _OUR_SETTINGS:
                notes.append(_OUR_SETTINGS[name])
            notes += _noted(item)
    elif isinstance(value, list):
        for item in value:
            notes += _noted(item)
    return notes
