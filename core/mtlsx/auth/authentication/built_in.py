"""The password-based authenticator of EMQX 5 and 6 that has its users in a list of its own.

Source: emqx_authn_mnesia.erl (6.3).
"""

from __future__ import annotations

from typing import Final

from mtlsx.auth.authentication.answer import Answer, Grant
from mtlsx.auth.authentication.comparison import compared
from mtlsx.auth.authentication.redis import compare
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import Dialect
from mtlsx.auth.passwords import CrashError
from mtlsx.auth.reasons import Reason
from mtlsx.auth.settings import BuiltInDatabase
from mtlsx.auth.trace import Outcome, Replied, Trace, text_of
from mtlsx.packets.control_packets import Connect

_STORE: Final = "built-in database"


class BuiltInAuthenticator:
    """One ``[[authentication]]`` with ``backend = "built_in_database"``."""

    name = "built_in_database"

    def __init__(self, settings: BuiltInDatabase, dialect: Dialect) -> None:
        self._settings = settings
        self._dialect = dialect
        self._users = {user.user_id.encode(): user for user in settings.users}

    async def authenticate(self, client: ClientInfo, connect: Connect, trace: Trace) -> Answer:
        """See ``Authenticator``."""
        if connect.properties.authentication_method is not None:
            return Answer(
                Outcome.IGNORE,
                "CONNECT asks for enhanced authentication, which the built-in database cannot do",
            )
        if connect.password is None and not self._dialect.asks_without_password:
            return Answer(
                Outcome.IGNORE,
                "CONNECT has no password, and a certificate alone never satisfies a password"
                " authenticator",
            )
        by_name = self._settings.user_id_type == "username"
        what, user_id = (
            ("username", client.username) if by_name else ("client id", client.client_id)
        )
        if user_id is None:
            return Answer(Outcome.IGNORE, "there is no username to look for")
        user = self._users.get(user_id)
        found = "has" if user else "has no user with"
        trace.append(
            Replied(
                _STORE, user is not None, f"The {_STORE} {found} the {what} {text_of(user_id)}."
            )
        )
        if user is None:
            return Answer(Outcome.IGNORE, f"there is no user with this {what}")
        stored, salt = user.password_hash.encode(), user.salt.encode()
        algorithm = self._settings.password_hash_algorithm
        try:
            matched = await compare(algorithm, stored, connect.password, salt, self._dialect)
        except CrashError as error:
            return Answer(Outcome.CRASH, str(error))
        trace.extend(compared(algorithm, stored, connect.password, salt, matched=matched))
        if not matched:
            return Answer(
                Outcome.ERROR,
                "the password is not the stored one",
                Reason.BAD_USERNAME_OR_PASSWORD,
            )
        return Answer(
            Outcome.OK,
            "the password is the stored one",
            grant=Grant(is_superuser=user.is_superuser),
        )
