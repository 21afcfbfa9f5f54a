"""From a certificate's identity to what EMQX works with: the username, the client id and the Redis command.

In: an ``EmqxIdentity``, the settings that map it (by EMQX's names), and what CONNECT says. Out: ``Mapped``.
The rest of authentication (what Redis answers, passwords, rules) is not decided here.

Source: emqx_channel.erl (6.3), the 4.x plugin emqx_auth_redis; vectors ``emqx-auth`` (``tmpl4``,
``tmpl5_authn``, ``split``) and ``emqx-observed``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from mtlsx.identity.redis_commands import CommandError, command_4, command_5, quoted

if TYPE_CHECKING:
    from mtlsx.identity.emqx import EmqxIdentity

CertificatePart: TypeAlias = Literal["disabled", "cn", "dn", "crt", "pem", "md5"]
Dialect: TypeAlias = Literal["emqx6", "emqx5.0", "emqx4.4", "emqx4.2"]

DEFAULT_COMMAND_5 = "HMGET tls_domain:${cert_common_name} password"
DEFAULT_COMMAND_4 = "HMGET tls_domain:%C password"


@dataclass(frozen=True, slots=True)
class Mapping:
    """The settings of a broker that decide over identity, by EMQX's own names.

    ``command`` is the Redis command of authentication (``cmd``, in 4.x ``auth_cmd``); ``dialect`` says which
    generation of EMQX, and with it which placeholders the command has: ``${…}``, or in 4.x ``%C %d %c %u``.
    """

    peer_cert_as_username: CertificatePart = "cn"
    peer_cert_as_clientid: CertificatePart = "disabled"
    use_username_as_clientid: bool = False
    command: str = DEFAULT_COMMAND_5
    dialect: Dialect = "emqx6"


@dataclass(frozen=True, slots=True)
class Mapped:
    """What EMQX will take.

    ``username``: None where there is none. ``username_from``: ``"cn"`` … ``"md5"`` or ``"CONNECT"``; None where
    there is no username. ``client_id`` and ``client_id_from`` likewise (``"username"`` too); an empty client id
    from None is one that the broker assigns. Octets that are not UTF-8 stand as ``\\xNN`` in both texts.
    ``redis_command``: the words as they are sent; empty where EMQX cannot make any. ``redis_text``: the same on
    one line for people, or a sentence in parentheses that says why there is none.
    """

    username: str | None
    username_from: str | None
    client_id: str
    client_id_from: str | None
    redis_command: tuple[bytes, ...]
    redis_text: str


def resolve(
    identity: EmqxIdentity, mapping: Mapping, *, username: str | None, client_id: str
) -> Mapped:
    """What EMQX makes of ``identity`` and of the ``username`` and ``client_id`` in CONNECT; never raises.

    The certificate wins over CONNECT; a value that it does not have falls back to CONNECT.
    """
    name, name_from = _certificate_part(identity, mapping.peer_cert_as_username)
    if name is None and username is not None:
        name, name_from = _octets(username), "CONNECT"
    client, client_from = _certificate_part(identity, mapping.peer_cert_as_clientid)
    if mapping.use_username_as_clientid and name is not None:
        client, client_from = name, "username"
    if client is None:
        client, client_from = _octets(client_id), "CONNECT" if client_id else None
    command, text = _command(identity, mapping, name, client)
    return Mapped(
        username=None if name is None else name.decode(errors="backslashreplace"),
        username_from=name_from,
        client_id=client.decode(errors="backslashreplace"),
        client_id_from=client_from,
        redis_command=command,
        redis_text=text,
    )


def _octets(text: str) -> bytes:
    # Arguments that are not UTF-8 come from the command line with surrogates for their octets.
    return text.encode(errors="surrogateescape")


def certificate_part(identity: EmqxIdentity, part: CertificatePart) -> bytes | None:
    """The octets that ``part`` of a certificate stands for; None where it is disabled or the certificate lacks it."""
    if part == "disabled":
        return None
    value: bytes | str | None = getattr(identity, part)
    return value.encode() if isinstance(value, str) else value


def _certificate_part(
    identity: EmqxIdentity, part: CertificatePart
) -> tuple[bytes | None, str | None]:
    value = certificate_part(identity, part)
    return value, None if value is None else part


def _command(
    identity: EmqxIdentity, mapping: Mapping, username: bytes | None, client_id: bytes
) -> tuple[tuple[bytes, ...], str]:
    try:
        if mapping.dialect in ("emqx4.4", "emqx4.2"):
            command = command_4(
                mapping.command,
                {"C": identity.cn, "d": identity.dn, "c": client_id, "u": username},
            )
        else:
            command = command_5(
                mapping.command,
                {
                    "cert_common_name": identity.cn,
                    "cert_subject": identity.dn,
                    "cert_pem": identity.pem.encode(),
                    "clientid": client_id,
                    "username": username,
                },
            )
    except CommandError as error:
        return (), f"({str(error).rstrip('.')})"
    return command, quoted(command)
