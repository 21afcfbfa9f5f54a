"""What Redis must hold so that EMQX lets devices in: a hash for authentication and one for access rules, each.

In: certificates, passwords and the broker's settings. Out: ``RedisHash`` values whose keys are those that EMQX asks
for: the same code makes them that shows and decides (``mtlsx.identity``, ``mtlsx.auth.passwords``). They go to a
server in pipelines, or into a file for redis-cli.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.passwords import Algorithm, CrashError, as_4, make, make4, needs_salt, new_salt
from mtlsx.errors import UsageError
from mtlsx.identity import emqx
from mtlsx.identity.mapping import Mapping, resolve
from mtlsx.identity.redis_commands import CommandError, command_4, command_5, quoted, split

if TYPE_CHECKING:
    from redis import Redis

    from mtlsx.secret import Secret

Action: TypeAlias = Literal["publish", "subscribe", "all"]

ACL_COMMAND_5 = "HGETALL mqtt_acl:${username}"
ACL_COMMAND_4 = "HGETALL mqtt_acl:%u"
_BITS: dict[Action, bytes] = {"subscribe": b"1", "publish": b"2", "all": b"3"}
_CHUNK = 500  # hashes in a pipeline


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One rule; ``topic_filter`` may hold placeholders, which EMQX fills in (``${username}``, in 4.x ``%u``)."""

    action: Action
    topic_filter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the broker is configured.

    ``mapping``: what of the certificate is the identity, and the command of authentication; ``acl_command``: that of
    authorization; ``rules``: the same for every device, none: no hash is made for them; ``superuser``: that each
    device is one (EMQX 5 and 6).
    """

    mapping: Mapping
    algorithm: Algorithm
    acl_command: str
    rules: tuple[AccessRule, ...] = ()
    superuser: bool = False

    @property
    def is_4(self) -> bool:
        """Whether this is EMQX 4.x."""
        return DIALECTS[self.mapping.dialect].placeholders == "%"


@dataclass(frozen=True, slots=True)
class RedisHash:
    """A key and its fields."""

    key: bytes
    fields: tuple[tuple[bytes, bytes], ...] = field(repr=False)


def require_meant(settings: Settings) -> None:
    """Raise UsageError where what is stored could never be found right, whatever the certificate."""
    try:
        words = split(settings.mapping.command.encode())
    except CommandError as error:
        raise UsageError(f"The command {settings.mapping.command} is none: {error}") from error
    if len(words) < 3 or words[0].upper() not in (b"HGET", b"HMGET"):
        raise UsageError(
            f"The command {settings.mapping.command} asks for no fields of a hash.",
            fix="Write it as HMGET KEY FIELD ….",
        )
    fields = words[2:]
    if not settings.is_4 and not {b"password", b"password_hash"} & set(fields):
        raise UsageError(
            f"The command {settings.mapping.command} asks for neither password_hash nor password."
        )
    if needs_salt(settings.algorithm) and _salt_field(settings, fields) is None:
        raise UsageError(
            f"The command {settings.mapping.command} does not ask for the salt that the algorithm needs.",
            fix="Let it ask for salt, too, or store without one: --salt-position disable.",
        )
    if settings.superuser and (settings.is_4 or b"is_superuser" not in fields):
        raise UsageError(
            f"The command {settings.mapping.command} does not ask for is_superuser."
            if not settings.is_4
            else "EMQX 4.x asks for superusers with a command of its own.",
        )


def hashes(certificate: bytes, password: Secret, name: str, settings: Settings) -> list[RedisHash]:
    """What is stored for the device with this ``certificate`` (DER): authentication, and rules where there are some.

    ``name`` names it in messages. Raises UsageError where EMQX would ask for no key, or one that is not the device's
    alone.
    """
    identity = emqx.identify(certificate)
    mapped = resolve(identity, settings.mapping, username=None, client_id="")
    words = mapped.redis_command
    template = split(settings.mapping.command.encode())
    if identity.refused is not None:
        raise UsageError(
            f"EMQX takes no client with the certificate of {name}: {identity.because}."
        )
    if not words:
        raise UsageError(f"There is no command for {name}: {mapped.redis_text}.")
    # In 4.x a value with a space makes other words of the command; without a value the key is everybody's.
    if len(words) != len(template) or mapped.username is None:
        raise UsageError(
            f"The command for {name} would be {mapped.redis_text}, which is not about this device alone."
        )
    made = [RedisHash(words[1], _fields(settings, words[2:], password))]
    if settings.rules:
        key = _acl_key(settings, identity, mapped.username.encode())
        made.append(RedisHash(key, tuple(_rule(rule, settings) for rule in settings.rules)))
    return made


def all_hashes(
    devices: Sequence[tuple[bytes, Secret, str]],
    settings: Settings,
    *,
    report: Callable[[int], None] = lambda _: None,
) -> list[RedisHash]:
    """``hashes`` of many devices (certificate, password, name), on all cores: bcrypt and PBKDF2 take their time.

    Raises UsageError, also where two devices would have the same key.
    """
    require_meant(settings)
    owners: dict[bytes, str] = {}
    made: list[RedisHash] = []

    def of(device: tuple[bytes, Secret, str]) -> list[RedisHash]:
        certificate, password, name = device
        return hashes(certificate, password, name, settings)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (_, _, name), found in zip(devices, pool.map(of, devices), strict=True):
            for each in found:
                if owners.setdefault(each.key, name) != name:
                    raise UsageError(
                        f"{name} and {owners[each.key]} have the same key, {quoted([each.key])}."
                    )
            made += found
            report(1)
    return made


def existing(client: Redis, made: Sequence[RedisHash]) -> list[bytes]:
    """Those keys that the server has already. Raises ``redis.exceptions.RedisError``."""
    found: list[bytes] = []
    for chunk in _chunks(made):
        pipeline = client.pipeline(transaction=False)
        for each in chunk:
            pipeline.exists(each.key)
        found += [each.key for each, there in zip(chunk, pipeline.execute(), strict=True) if there]
    return found


def store(
    client: Redis, made: Sequence[RedisHash], *, report: Callable[[int], None] = lambda _: None
) -> None:
    """Store them, in place of what is under their keys, a pipeline of some hundreds at a time, each whole or not.

    Raises ``redis.exceptions.RedisError``.
    """
    for chunk in _chunks(made):
        pipeline = client.pipeline(transaction=True)
        for each in chunk:
            pipeline.delete(each.key)
            pipeline.hset(each.key, mapping=dict(each.fields))
        pipeline.execute()
        report(len(chunk))


def as_commands(made: Iterable[RedisHash]) -> bytes:
    """A file for ``redis-cli < FILE``: a command on each line, in place of what is under the keys."""
    lines = []
    for each in made:
        lines.append(quoted([b"DEL", each.key]))
        lines.append(quoted([b"HSET", each.key, *(part for pair in each.fields for part in pair)]))
    return "".join(f"{line}\n" for line in lines).encode()


def default_mapping(identity: str, algorithm: Algorithm, *, four: bool, superuser: bool) -> Mapping:
    """The mapping for an identity, with a command that asks for what the algorithm needs."""
    salt = " salt" if needs_salt(algorithm) else ""
    if four:
        key = {"cn": "tls_domain:%C", "dn": "tls_subject:%d", "md5": "tls_md5:%u"}[identity]
        return Mapping(_PARTS[identity], command=f"HMGET {key} password{salt}", dialect="emqx4.4")
    key = {
        "cn": "tls_domain:${cert_common_name}",
        "dn": "tls_subject:${cert_subject}",
        "md5": "tls_md5:${username}",
    }[identity]
    more = " is_superuser" if superuser else ""
    return Mapping(_PARTS[identity], command=f"HMGET {key} password_hash{salt}{more}")


_PARTS: dict[str, Literal["cn", "dn", "md5"]] = {"cn": "cn", "dn": "dn", "md5": "md5"}


def _fields(
    settings: Settings, asked: Sequence[bytes], password: Secret
) -> tuple[tuple[bytes, bytes], ...]:
    plain = password.reveal().encode()
    salt = new_salt(settings.algorithm)
    try:
        if settings.is_4:
            stored = make4(as_4(settings.algorithm), plain, salt)
        else:
            dialect = DIALECTS[settings.mapping.dialect]
            stored = make(settings.algorithm, plain, salt, dialect=dialect)
    except CrashError as error:
        raise UsageError(str(error)) from error
    # EMQX 5 and 6 look at password_hash before password; 4.x at the first field, whatever it is called.
    name = b"password_hash" if b"password_hash" in asked else b"password"
    fields = [(asked[0] if settings.is_4 else name, stored)]
    salt_field = _salt_field(settings, asked)
    if needs_salt(settings.algorithm) and salt_field is not None:
        fields.append((salt_field, salt))
    if settings.superuser:
        fields.append((b"is_superuser", b"1"))
    return tuple(fields)


def _salt_field(settings: Settings, asked: Sequence[bytes]) -> bytes | None:
    if settings.is_4:
        return asked[1] if len(asked) > 1 else None
    return b"salt" if b"salt" in asked else None


def _acl_key(settings: Settings, identity: emqx.EmqxIdentity, username: bytes) -> bytes:
    try:
        if settings.is_4:
            words = command_4(
                settings.acl_command,
                {"C": identity.cn, "d": identity.dn, "c": username, "u": username},
            )
        else:
            words = command_5(
                settings.acl_command,
                {
                    "cert_common_name": identity.cn,
                    "cert_subject": identity.dn,
                    "username": username,
                    "clientid": username,
                },
            )
    except CommandError as error:
        raise UsageError(f"The command {settings.acl_command} is none: {error}") from error
    if len(words) != 2 or words[0].upper() != b"HGETALL":
        raise UsageError(
            f"The command {settings.acl_command} becomes {quoted(words)}, which asks for no access rules.",
            fix="Write it as HGETALL KEY.",
        )
    return words[1]


def _rule(rule: AccessRule, settings: Settings) -> tuple[bytes, bytes]:
    value = _BITS[rule.action] if settings.is_4 else rule.action.encode()
    return rule.topic_filter.encode(), value


def _chunks(made: Sequence[RedisHash]) -> Iterator[Sequence[RedisHash]]:
    for at in range(0, len(made), _CHUNK):
        yield made[at : at + _CHUNK]
