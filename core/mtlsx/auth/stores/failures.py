"""What went wrong with a Redis, as one sentence that names the server and says what to do.

Error replies are told by their kind and never quoted: Redis echoes words of a command in some of them, and a word
may be a secret.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator

from redis.exceptions import InvalidResponse, RedisError, ResponseError

from mtlsx.auth.stores.store import StoreError

BUSY = (
    "All connections to {} stayed busy for {:g} s: raise pool_size, or look why it answers slowly."
)
UNREACHED = "{} took no connection within {:g} s: look whether it runs, at its address, at firewalls and at ssl."
SILENT = "{} did not answer within {:g} s: look whether it is paused or overloaded."
"""Sentences for time that ran out, with the server and the seconds to put in."""

ERROR_REPLIES = {
    "WRONGPASS": "{} refuses the username or the password: correct them.",
    "NOAUTH": "{} wants a password: configure one, and a username where it has ACL users.",
    "NOPERM": "{} does not permit this command or this key to the user: widen its ACL.",
    "WRONGTYPE": "{} holds something of another type at this key than the command expects: look with TYPE.",
    "LOADING": "{} is still loading its data: wait until it has.",
    "BUSY": "{} is busy with a script: wait, or end it with SCRIPT KILL.",
    "READONLY": "{} is a replica, where nothing can be written: name the master.",
    "MASTERDOWN": "{} is a replica that lost its master and does not answer: name the master.",
    "MOVED": '{} is a node of a cluster and has not got this key: set redis_type to "cluster".',
    "ASK": '{} is a node of a cluster that is moving this key: set redis_type to "cluster".',
    "CLUSTERDOWN": "{} belongs to a cluster that is down: look at CLUSTER INFO.",
    "CROSSSLOT": "{} cannot run a command whose keys are on different nodes of the cluster: use one key.",
    "TRYAGAIN": "{} is moving the keys of this command to another node: try again.",
    "DENIED": "{} is in protected mode and answers on its own machine only: give it a password.",
    "OOM": "{} has no memory left for this command: raise maxmemory.",
    "MISCONF": "{} refuses to write, as it cannot save its data: look into its log.",
}
"""Sentences by the first word of an error reply."""

GENERAL_ERRORS = {
    "max number of clients": "{} has no connection left: raise its maxclients, or lower pool_size.",
    "without any password configured": "{} asks for no password, but one is configured: remove it.",
    "no password is set": "{} asks for no password, but one is configured: remove it.",
    "invalid password": "{} refuses the password: correct it.",
    "DB index is out of range": "{} has no database of this number: correct the database.",
    "SELECT is not allowed": "{} is a node of a cluster, which has one database only: set database to 0.",
    "cluster support disabled": '{} is no node of a cluster: set redis_type to "single".',
    "unknown command": "{} does not know this command: correct it.",
    "wrong number of arguments": "{} wants another number of words for this command: correct it.",
}
"""Sentences by what an error reply that begins with ERR contains."""

PEER_REFUSALS = {
    "CERTIFICATE_REQUIRED": "wants a client certificate: set certfile and keyfile",
    "UNKNOWN_CA": "does not trust the authority of our client certificate: use one that it trusts",
    "BAD_CERTIFICATE": "refuses our client certificate: use another",
    "CERTIFICATE_EXPIRED": "says that our client certificate has expired: renew it",
    "CERTIFICATE_UNKNOWN": "refuses our client certificate: use another",
    "UNSUPPORTED_CERTIFICATE": "says that our client certificate is not for clients: use another",
    "HANDSHAKE_FAILURE": "refuses the TLS handshake: it may want a client certificate",
}
"""What a server says by a TLS alert."""

NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}

# What redis-py's parser raises besides, when the other side speaks something else: numbers that are none, lines
# without end, redirections without a node, arrays without bottom.
NOT_REDIS = (ValueError, IndexError, RecursionError)


def failure(server: str, error: Exception) -> StoreError:
    """The sentence for what redis-py raised, connecting or asking. ``server`` is what it is called."""
    kind = code(error)
    if kind is not None:
        return StoreError(_error_reply(kind, str(error)).format(server))
    for cause in causes(error):
        if isinstance(cause, ssl.SSLError):
            return StoreError(f"{server} {_tls_failure(cause)}.")
        if isinstance(cause, (socket.gaierror, UnicodeError)):
            return StoreError(
                f"The host name of {server} is not known: correct it, or look at DNS."
            )
        if isinstance(cause, ConnectionRefusedError):
            return StoreError(
                f"{server} refuses connections: start Redis there, or correct the port."
            )
        if isinstance(cause, ConnectionError):
            return StoreError(closed(server))
        if isinstance(cause, OSError) and cause.strerror:
            return StoreError(f"{server} cannot be reached: {cause.strerror.lower()}.")
    if isinstance(error, (InvalidResponse, *NOT_REDIS)):
        return StoreError(f"{server} does not speak Redis's protocol: correct host and port.")
    return StoreError(closed(server))


def unusable_files(server: str, error: OSError) -> StoreError:
    """The sentence for TLS files that cannot be loaded."""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or "not PEM"
    else:
        reason = error.strerror or "unreadable"
    return StoreError(
        f"The TLS files for {server} cannot be used ({reason.replace('_', ' ').lower()}):"
        " look at cacertfile, certfile and keyfile."
    )


def closed(server: str) -> str:
    """The sentence for a connection that ended without an answer."""
    return f"{server} closed the connection without an answer: look whether it runs, and whether it wants TLS."


def code(error: Exception) -> str | None:
    """The first word of an error reply, such as ``WRONGTYPE``; None where ``error`` is no answer of Redis.

    The connection that an answer came on is as good as before, unless redis-py has closed it.
    """
    if isinstance(error, RedisError) and error.status_code is not None:
        return error.status_code
    # redis-py takes the first word off only where it has a class for it.
    return str(error).partition(" ")[0] if isinstance(error, ResponseError) else None


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """``error`` and what it came from, which redis-py keeps as its context."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _error_reply(kind: str, text: str) -> str:
    if kind in ERROR_REPLIES:
        return ERROR_REPLIES[kind]
    for words, sentence in GENERAL_ERRORS.items():
        if words in text:
            return sentence
    shown = kind if _CODE.fullmatch(kind) else "of an unknown kind"
    return f"{{}} answers with an error ({shown}): try the command with redis-cli."


_CODE = re.compile("[A-Z]{1,20}")


def _tls_failure(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"shows a certificate that is not accepted ({error.verify_message.rstrip('.')}):"
            " correct cacertfile or server_name_indication"
        )
    reason = error.reason or ""
    if reason in NOT_TLS:
        return "does not speak TLS at this port: correct the port, or switch ssl off"
    for alert, sentence in PEER_REFUSALS.items():
        if reason.endswith(alert):
            return sentence
    return f"does not agree on TLS ({reason.replace('_', ' ').lower() or 'no reason given'}): look into its log"
