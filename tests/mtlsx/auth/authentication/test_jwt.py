"""The JWT authenticator, as emqx_authn_jwt decides: tokens, claims, and what a client gets by them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authentication.answer import Answer
from mtlsx.auth.authentication.jwt import JwtAuthenticator
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import DIALECTS, EMQX_6, Dialect
from mtlsx.auth.reasons import Reason
from mtlsx.auth.rules import Rule
from mtlsx.auth.settings import JwtAuthentication
from mtlsx.auth.trace import Checked, Outcome, Trace, as_text
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import Connect
from mtlsx.packets.properties import ConnectProperties
from mtlsx.secret import Secret
from support.tokens import signed, signer

NOW = 1_700_000_000
SECRET = "0123456789abcdef0123456789abcdef"
ALICE = ClientInfo(b"dev-1", b"alice")


async def no_loader(endpoint: str) -> bytes:
    raise AssertionError(endpoint)


def token(claims: object, secret: str = SECRET, algorithm: str = "HS256") -> bytes:
    return signed(claims, secret, algorithm)


async def answered(
    octets: bytes | None,
    *,
    client: ClientInfo = ALICE,
    method: bytes | None = None,
    profile: Any = "legacy",
    dialect: Dialect = EMQX_6,
    **settings: Any,
) -> tuple[Answer, Trace]:
    trace: Trace = []
    configured = JwtAuthentication(
        **(
            settings
            if settings.keys() & {"public_key", "endpoint"}
            else {"secret": Secret(SECRET)} | settings
        )
    )
    authenticator = JwtAuthenticator(
        configured, no_loader, lambda: NOW + 0.5, security_profile=profile, dialect=dialect
    )
    connect = Connect(password=octets, properties=ConnectProperties(authentication_method=method))
    return await authenticator.authenticate(client, connect, trace), trace


async def test_a_signed_token_lets_in() -> None:
    answer, trace = await answered(token({"exp": NOW + 100}))
    assert answer.outcome is Outcome.OK
    assert answer.grant.expires_at == NOW + 100
    assert as_text(trace) == (
        "✔ The token is signed with HS256 and the secret.\n"
        "✔ The token expires in 1 minute (2023-11-14 22:15:00 UTC)."
    )


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_hmac_algorithms(algorithm: str) -> None:
    secret = "s" * 64
    answer, _ = await answered(token({}, secret, algorithm), secret=Secret(secret))
    assert answer.outcome is Outcome.OK


async def test_a_secret_in_base64() -> None:
    raw = signed({}, b"\x00\xff" * 20, "HS256")
    settings = {
        "secret": Secret("AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/w=="),
        "secret_base64_encoded": True,
    }
    assert (await answered(raw, **settings))[0].outcome is Outcome.OK


async def test_a_token_without_end_is_taken_with_a_warning() -> None:
    answer, trace = await answered(token({}))
    assert (answer.outcome, answer.grant.expires_at) == (Outcome.OK, None)
    assert "⚠ The token has no claim exp, so it never expires." in as_text(trace)


@pytest.mark.parametrize(
    ("octets", "detail"),
    [
        (b"public", "what the client sent is no token"),
        (b"", "what the client sent is no token"),
        (b"\xff.\x00.=", "what the client sent is no token"),
        (token({}, "another secret of thirty-two octets!"), "the signature of the token cannot be verified"),
        (token({})[:-4] + b"AAAA", "the signature of the token cannot be verified"),
        (token(b"no json"), "the claims of the token are not JSON"),
        (token(b'{"exp": 1e999}'), "the claims of the token are not JSON"),
        (token(b"[" * 60000), "the claims of the token are not JSON"),
        (token([1]), "the claims of the token are no JSON object"),
    ],
)  # fmt: skip
async def test_what_cannot_be_verified_is_a_failure_of_the_authenticator(
    octets: bytes, detail: str
) -> None:
    answer, _ = await answered(octets)
    assert (answer.outcome, answer.reason, answer.detail) == (Outcome.CRASH, None, detail)


@pytest.mark.parametrize(
    ("claims", "what", "sentence"),
    [
        ({"exp": NOW}, "exp", "The token expired 0 seconds ago (2023-11-14 22:13:20 UTC)."),
        ({"exp": NOW - 200}, "exp", "The token expired 3 minutes ago (2023-11-14 22:10:00 UTC)."),
        ({"exp": str(NOW - 7200)}, "exp", "The token expired 2 hours ago"),
        ({"exp": 12.5}, "exp", "The token expired 19,675 days ago"),
        ({"exp": -(10**4000)}, "exp", "The token expired more than 1,000,000 days ago."),
        ({"exp": "soon"}, "exp", "The claim exp of the token is no number."),
        ({"exp": None}, "exp", "The claim exp of the token is no number."),
        ({"exp": True}, "exp", "The claim exp of the token is no number."),
        ({"nbf": NOW + 1}, "nbf", "The token is valid only in 1 second (2023-11-14 22:13:21 UTC), as nbf says."),
        ({"nbf": []}, "nbf", "The claim nbf of the token is no number."),
    ],
)  # fmt: skip
async def test_times(claims: dict[str, Any], what: str, sentence: str) -> None:
    answer, trace = await answered(token(claims))
    assert (answer.outcome, answer.reason) == (Outcome.ERROR, Reason.BAD_USERNAME_OR_PASSWORD)
    failed = [step for step in trace if isinstance(step, Checked) and not step.passed]
    assert [step.what for step in failed] == [what]
    assert sentence in failed[0].detail


@pytest.mark.parametrize(
    "claims",
    [{"exp": NOW + 1}, {"exp": f"{NOW + 1}"}, {"nbf": NOW}, {"nbf": f"{NOW}.0"}, {"nbf": 1.5}],
)
async def test_times_that_are_right(claims: dict[str, Any]) -> None:
    assert (await answered(token(claims)))[0].outcome is Outcome.OK


async def test_the_time_of_issue_counts_before_emqx_6() -> None:
    octets = token({"iat": NOW + 60})
    assert (await answered(octets))[0].outcome is Outcome.OK
    answer, trace = await answered(octets, dialect=DIALECTS["emqx5.0"])
    assert answer.outcome is Outcome.ERROR
    assert "The token was issued in 1 minute" in as_text(trace)


async def test_an_end_that_is_no_whole_number_makes_emqx_raise() -> None:
    octets = token({"exp": NOW + 100.5})
    assert (await answered(octets))[0].outcome is Outcome.CRASH
    answer, _ = await answered(octets, disconnect_after_expire=False)
    assert (answer.outcome, answer.grant.expires_at) == (Outcome.OK, None)


@pytest.mark.parametrize(
    ("expected", "claims", "sentence"),
    [
        ("${clientid}", {"c": "dev-1"}, "✔ The claim c is dev-1 (${clientid}), as verify_claims asks."),
        ("d-${username}", {"c": "d-alice"}, "✔ The claim c is d-alice (d-${username})"),
        ("iot", {"c": "iot"}, "✔ The claim c is iot, as verify_claims asks."),
        ("${clientid}", {"c": "dev-2"}, "✘ The claim c is dev-2; verify_claims asks for dev-1 (${clientid})."),
        ("1", {"c": 1}, "✘ The claim c is a number; verify_claims asks for 1."),
        ("iot", {}, "✘ The token has no claim c; verify_claims asks for iot."),
        ("iot", {"c": ["iot"]}, "✘ The claim c is an array; verify_claims asks for iot."),
        ("${zone}", {"c": "${zone}"}, "✔ The claim c is"),
        ("x", {"c": "y" * 500}, f"✘ The claim c is {'y' * 80}…; verify_claims asks for x."),
        ("x", {"c": "\ud800"}, "✘ The claim c is"),
    ],
)  # fmt: skip
async def test_claims_that_are_asked_for(
    expected: str, claims: dict[str, Any], sentence: str
) -> None:
    answer, trace = await answered(token(claims), verify_claims=(("c", expected),))
    assert sentence in as_text(trace)
    good = sentence.startswith("✔")
    assert answer.outcome is (Outcome.OK if good else Outcome.ERROR)
    assert answer.reason is (None if good else Reason.BAD_USERNAME_OR_PASSWORD)


@pytest.mark.parametrize(
    ("aud", "outcome"),
    [
        ("dev-1", Outcome.OK),
        (["x", "dev-1"], Outcome.OK),
        ([], Outcome.ERROR),
        ("", Outcome.ERROR),
        ({"dev-1": 1}, Outcome.ERROR),
        (["x"], Outcome.ERROR),
    ],
)
async def test_the_audience_may_be_an_array(aud: object, outcome: Outcome) -> None:
    settings = {"verify_claims": (("aud", "${clientid}"),)}
    assert (await answered(token({"aud": aud}), **settings))[0].outcome is outcome


async def test_an_empty_audience_is_none() -> None:
    nobody = ClientInfo(b"dev-1")
    settings = {"verify_claims": (("aud", "${username}"),), "client": nobody}
    assert (await answered(token({"aud": ""}), **settings))[0].outcome is Outcome.ERROR
    settings = {"verify_claims": (("sub", "${username}"),), "client": nobody}
    assert (await answered(token({"sub": ""}), **settings))[0].outcome is Outcome.OK


async def test_the_audience_is_looked_at_first_and_in_5_0_is_one_text() -> None:
    octets = token({"aud": ["a"], "exp": 1})
    _, trace = await answered(octets, verify_claims=(("aud", "b"),))
    assert "The claim aud is an array" in as_text(trace)
    assert "expired" not in as_text(trace)
    answer, _ = await answered(
        token({"aud": ["a"]}), verify_claims=(("aud", "a"),), dialect=DIALECTS["emqx5.0"]
    )
    assert answer.outcome is Outcome.ERROR


async def test_a_client_id_that_is_no_text_makes_emqx_raise() -> None:
    answer, _ = await answered(
        token({"c": "x"}), client=ClientInfo(b"\xff"), verify_claims=(("c", "${clientid}"),)
    )
    assert answer.outcome is Outcome.CRASH


@pytest.mark.parametrize(
    ("profile", "on_missing_jwt", "outcome"),
    [
        ("legacy", None, Outcome.IGNORE),
        ("hardened", None, Outcome.ERROR),
        ("hardened", "ignore", Outcome.IGNORE),
        ("legacy", "deny", Outcome.ERROR),
    ],
)
async def test_a_missing_token(profile: str, on_missing_jwt: str | None, outcome: Outcome) -> None:
    answer, _ = await answered(None, profile=profile, on_missing_jwt=on_missing_jwt)
    assert answer.outcome is outcome
    assert (answer.reason is Reason.BAD_USERNAME_OR_PASSWORD) == (outcome is Outcome.ERROR)


async def test_a_token_in_the_username() -> None:
    octets = token({"sub": "x"})
    client = ClientInfo(b"dev-1", octets)
    settings = {"client": client, "from_field": "username"}
    answer, trace = await answered(None, **settings)
    assert answer.outcome is Outcome.OK
    answer, trace = await answered(
        b"not looked at", **settings, verify_claims=(("sub", "${username}"),)
    )
    assert answer.outcome is Outcome.ERROR
    assert octets.decode() not in as_text(trace) + answer.detail
    assert "verify_claims asks for ••••••" in as_text(trace)
    nobody, _ = await answered(b"x", client=ClientInfo(b"dev-1"), from_field="username")
    assert nobody.outcome is Outcome.IGNORE


async def test_enhanced_authentication_is_left_to_others() -> None:
    assert (await answered(token({}), method=b"SCRAM-SHA-256"))[0].outcome is Outcome.IGNORE


@pytest.mark.parametrize(
    ("value", "superuser"),
    [
        (True, True), (1, True), (2, True), ("true", True), ("01", True), ("+1", True),
        (False, False), (0, False), (1.0, False), ("True", False), ("1 ", False), ("", False),
        (None, False), ([], False), ({}, False),
    ],
)  # fmt: skip
async def test_superusers(value: object, superuser: bool) -> None:
    answer, _ = await answered(token({"is_superuser": value}))
    assert answer.grant.is_superuser is superuser


async def test_client_attributes() -> None:
    claims = {
        "client_attrs": {
            "a": "text", "b": 7, "c": 1.5, "d": True, "e": ["x", 121], "f": None, "g": {}, "bad name": "x",
            "h": 1e22,
        },
        "client_attrs.a": "more",
    }  # fmt: skip
    answer, trace = await answered(token(claims))
    assert answer.grant.client_attrs == {
        "a": b"more",
        "b": b"7",
        "c": b"1.5",
        "d": b"true",
        "e": b"xy",
        "h": b"1.0e22",
    }
    assert 'EMQX drops the client attribute "bad name" of the token.' in as_text(trace)
    assert "EMQX drops the client attribute f of the token." in as_text(trace)


@pytest.mark.parametrize(("claim", "override"), [("d2", b"d2"), ("", None), (7, None)])
async def test_clientid_override(claim: object, override: bytes | None) -> None:
    answer, _ = await answered(token({"clientid_override": claim}))
    assert answer.grant.clientid_override == override


async def test_rules() -> None:
    claims = {"acl": {"pub": ["a/${clientid}"], "all": []}, "exp": NOW + 5}
    answer, _ = await answered(token(claims))
    acl = answer.grant.acl
    assert acl is not None
    assert acl.rules[0] == Rule("allow", "publish", (b"a/${clientid}",))
    assert (acl.otherwise, acl.expires_at) == ("deny", NOW + 5)
    answer, _ = await answered(
        token({"rules": [{"permission": "deny", "action": "all", "topic": "#"}]}),
        acl_claim_name="rules",
        disconnect_after_expire=False,
    )
    acl = answer.grant.acl
    assert acl is not None
    assert (acl.otherwise, acl.expires_at) == ("nomatch", None)
    assert (await answered(token({})))[0].grant.acl is None


async def test_wrong_rules_refuse_and_what_is_no_rules_makes_emqx_raise() -> None:
    answer, _ = await answered(token({"acl": [{"permission": "perhaps"}]}))
    assert (answer.outcome, answer.reason) == (Outcome.ERROR, Reason.BAD_USERNAME_OR_PASSWORD)
    assert (await answered(token({"acl": "all"})))[0].outcome is Outcome.CRASH


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "needs exactly one of secret, public_key and endpoint"),
        ({"secret": Secret("a"), "public_key": "b"}, "needs exactly one of"),
        ({"secret": Secret("")}, "is empty"),
        ({"secret": Secret("not base64!"), "secret_base64_encoded": True}, "is not base64"),
        ({"public_key": "no PEM"}, "is no public key and no certificate in PEM"),
        ({"endpoint": "ftp://example/keys"}, "is no URL"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as wrong:
        JwtAuthenticator(JwtAuthentication(**settings), no_loader, lambda: NOW)
    assert "not base64!" not in str(wrong.value)


async def test_nothing_secret_is_told() -> None:
    for octets in (
        token({"sub": "bob"}),
        token({}, "another secret of thirty-two octets!"),
        b"p4ssw0rd",
    ):
        answer, trace = await answered(octets, verify_claims=(("sub", "${username}"),))
        told = as_text(trace) + answer.detail + repr(answer) + repr(trace)
        for secret in (octets.decode(), octets.rpartition(b".")[2].decode(), SECRET):
            assert secret not in told


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_NAMES = st.sampled_from(
    ["exp", "nbf", "iat", "aud", "sub", "acl", "is_superuser", "client_attrs", "clientid_override"]
)


@given(st.dictionaries(_NAMES | st.text(max_size=3), _JSON))
async def test_any_claims_have_an_answer(claims: dict[str, Any]) -> None:
    octets = token(json.dumps(claims).encode())
    for dialect in (EMQX_6, DIALECTS["emqx5.0"]):
        answer, trace = await answered(
            octets, dialect=dialect, verify_claims=(("sub", "${username}"), ("aud", "x"))
        )
        assert answer.outcome in (Outcome.OK, Outcome.ERROR, Outcome.CRASH)
        assert as_text(trace)


@given(st.binary(max_size=80))
async def test_any_octets_have_an_answer(octets: bytes) -> None:
    head = token({}).partition(b".")[0]
    for tried in (
        octets,
        head + b"." + octets,
        head + b"." + octets + b".",
        head + b".e30." + octets,
    ):
        answer, _ = await answered(tried)
        assert answer.outcome is Outcome.CRASH


async def test_a_public_key_reads_the_same_claims() -> None:
    key = signer("ES256")
    answer, trace = await answered(key.sign({"exp": 1}), public_key=key.public_pem)
    assert answer.outcome is Outcome.ERROR
    assert "The token is signed with ES256 and the public key." in as_text(trace)
