"""In what the generations of EMQX differ when they decide: one table, a row each.

``emqx6`` is EMQX 6.3, ``emqx5.0`` EMQX 5.0.26, ``emqx4.4`` and ``emqx4.2`` are 4.4.19 and 4.2.9 with their Redis
plugin. How the generations read a certificate is told by ``mtlsx.identity.otp_generations``.

Source: vectors ``emqx-auth`` (6.3 and the 4.x plugin) and ``emqx-observed`` (running 4.2.9, 4.4.19, 5.0.26).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from mtlsx.auth.reasons import Reason
from mtlsx.identity import mapping


@dataclass(frozen=True, slots=True)
class Dialect:
    """One generation of EMQX.

    ``name``: as configurations write it.
    ``placeholders``: ``${username}`` … in commands that are split once, or ``%u %c %C %d`` put in before the split.
    ``refuses_control_characters``: whether a common name that is not UTF-8 or holds control characters closes the
    connection.
    ``asks_without_password``: whether a Redis authenticator asks and compares where CONNECT has no password, which
    refuses; else it has no opinion.
    ``wrong_password``: the reason of a refusal.
    ``hex_case``: whether stored digests in upper case match.
    ``pbkdf2_macs``: which of EMQX's names for ``mac_fun`` it can compute with.
    ``empty_username_as_clientid``: what use_username_as_clientid does with an empty username.
    ``no_authenticator``: who decides over a client where none is configured: nobody (everybody is let in) or
    ``allow_anonymous``.
    ``rules_without_match``: what a Redis source says that has rules for a client, none of which matches.
    ``acl_values``: what stands behind a topic filter in Redis: a sum of 1 (subscribe) and 2 (publish), words, or
    words and JSON.
    ``rule_placeholders``: where a topic filter of a rule may hold placeholders (Redis rules of 4.x: anywhere).
    ``rule_wildcards``: what a wildcard at the beginning of a rule matches: every topic, or none that begins with
    ``$`` (Redis rules of 4.x: none).
    ``dollar_username``: whether a username that begins with ``$`` keeps the Redis source from being asked.
    ``delayed``: whether ``$delayed/SECONDS/TOPIC`` is authorized as TOPIC.
    ``denied_qos2``: the packet that answers a publish of QoS 2 that is denied.
    ``token_times``: which times of a token are checked without being asked for.
    ``aud_arrays``: whether a token's ``aud`` may be an array that holds what is asked for.
    ``security_profiles``: whether ``hardened`` exists.
    """

    name: mapping.Dialect
    placeholders: Literal["${}", "%"]
    refuses_control_characters: bool
    asks_without_password: bool
    wrong_password: Reason
    hex_case: Literal["any", "lower"]
    pbkdf2_macs: Literal["sha", "any"]
    empty_username_as_clientid: Literal["refuse", "accept"]
    no_authenticator: Literal["accept", "allow_anonymous"]
    rules_without_match: Literal["nomatch", "deny"]
    acl_values: Literal["JSON", "words", "bits"]
    rule_placeholders: Literal["anywhere", "levels"]
    rule_wildcards: Literal["all", "not $"]
    dollar_username: Literal["ordinary", "skips Redis"]
    delayed: bool
    denied_qos2: Literal["PUBREC", "PUBACK"]
    token_times: tuple[str, ...]
    aud_arrays: bool
    security_profiles: bool


EMQX_6: Final = Dialect(
    name="emqx6",
    placeholders="${}",
    refuses_control_characters=True,
    asks_without_password=False,
    wrong_password=Reason.BAD_USERNAME_OR_PASSWORD,
    hex_case="any",
    pbkdf2_macs="sha",
    empty_username_as_clientid="refuse",
    no_authenticator="accept",
    rules_without_match="nomatch",
    acl_values="JSON",
    rule_placeholders="anywhere",
    rule_wildcards="not $",
    dollar_username="ordinary",
    delayed=True,
    denied_qos2="PUBREC",
    token_times=("exp", "nbf"),
    aud_arrays=True,
    security_profiles=True,
)
EMQX_5_0: Final = replace(
    EMQX_6,
    name="emqx5.0",
    refuses_control_characters=False,
    asks_without_password=True,
    hex_case="lower",
    pbkdf2_macs="any",
    acl_values="words",
    rule_placeholders="levels",
    rule_wildcards="all",
    delayed=False,
    token_times=("exp", "iat", "nbf"),
    aud_arrays=False,
    security_profiles=False,
)
EMQX_4_4: Final = replace(
    EMQX_5_0,
    name="emqx4.4",
    placeholders="%",
    wrong_password=Reason.NOT_AUTHORIZED,
    no_authenticator="allow_anonymous",
    rules_without_match="deny",
    acl_values="bits",
    dollar_username="skips Redis",
)
EMQX_4_2: Final = replace(
    EMQX_4_4, name="emqx4.2", empty_username_as_clientid="accept", denied_qos2="PUBACK"
)

DIALECTS: Final[Mapping[mapping.Dialect, Dialect]] = {
    dialect.name: dialect for dialect in (EMQX_6, EMQX_5_0, EMQX_4_4, EMQX_4_2)
}
"""The rows of the table by their names."""
