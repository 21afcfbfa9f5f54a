"""What expressions are worth, as EMQX's emqx_variform and emqx_variform_bif say."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.expressions.evaluate import evaluate
from mtlsx.auth.expressions.functions import _FUNCTIONS
from mtlsx.auth.expressions.parse import parse
from mtlsx.auth.expressions.values import LIMIT, ExpressionError
from mtlsx.errors import UsageError

TOKEN = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"none"}', json.dumps({"sub": "dev-1", "a": {"b": [1]}}).encode(), b"x")
)
CLIENT: dict[str, object] = {
    "username": b"alice",
    "clientid": b"Sensor-17",
    "nobody": None,
    "empty": b"",
    "octets": b"\xff\xfe",
    "number": 7,
    "peerhost": (127, 0, 0, 1),
    "password": TOKEN.encode(),
    "client_attrs": {"tns": b"acme"},
    "cert_san": {"dns": [b"a.example", b"b.example"], "ip": []},
    "long": b"a" * 60000,
}


def value(text: str) -> bytes:
    return evaluate(parse(text), CLIENT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("username", b"alice"),
        ("client_attrs.tns", b"acme"),
        ("number", b"7"),
        ("nobody", b""),
        ("'text'", b"text"),
        ("1.50", b"1.5"),
        ("2.0", b"2.0"),
        ("-12", b"-12"),
        ("false", b"false"),
        ("cert_san.ip", b""),
        ("octets", b"\xff\xfe"),
        # texts
        ("concat([username,'-x'])", b"alice-x"),
        ("concat(username, number)", b"alice7"),
        ("concat([[1,'a'], 2.0, true, nobody])", b'[1,"a"]2.0true'),
        ("concat([[72,105]])", b"Hi"),
        ("lower(clientid)", b"sensor-17"),
        ("upper('straße')", b"STRASSE"),
        ("lower('ΣΑΣ')", "σασ".encode()),
        ("trim('  x\t')", b"x"),
        ("ltrim('xxay', 'x')", b"ay"),
        ("rtrim('a\u00e9\u00e9', 'é')", b"a"),
        ("reverse('abc')", b"cba"),
        ("reverse('né')", b"\xe9n"),  # iolist_to_binary writes code points as octets
        ("rm_prefix(clientid, 'Sensor-')", b"17"),
        ("rm_prefix(clientid, 'x')", b"Sensor-17"),
        ("strlen('e\u0301\r\n👩\u200d💻')", b"3"),
        ("strlen('🇩🇪🇨🇳')", b"2"),
        ("strlen('각')", b"1"),
        ("substr(clientid, 7)", b"17"),
        ("substr('e\u0301x', 1, 5)", b"x"),
        ("substr(clientid, 99)", b""),
        ("nth(2, split('a..b', '.'))", b"b"),
        ("nth(2, split('a..b', '.', 'notrim'))", b""),
        ("nth(2, split('a.b.c', '.', 'leading'))", b"b.c"),
        ("nth(1, split('a.b.c', '.', 'trailing'))", b"a.b"),
        ("nth('2', tokens(' a, b', ', '))", b"b"),
        ("nth(9, cert_san.dns)", b""),
        ("nth(2, tokens('a\r\nb', ',', 'nocrlf'))", b"b"),
        ("join_to_string(cert_san.dns)", b"a.example, b.example"),
        ("join_to_string('-', [1,'b'])", b"1-b"),
        ("pad('a', 3)", b"a  "),
        ("pad('a', 4, 'both', '*')", b"*a**"),
        ("pad('a', 3, 'leading', 'xy')", b"xyxya"),
        ("pad('long', 2)", b"long"),
        ("replace('a.b.c', '.', '-')", b"a-b-c"),
        ("replace('a.b.c', '.', '-', 'leading')", b"a-b.c"),
        ("replace('a.b.c', '.', '-', 'trailing')", b"a.b-c"),
        ("replace('abc', '', 'x')", b"abc"),
        ("find('a.b.c', '.')", b".b.c"),
        ("find('a.b.c', '.', 'trailing')", b".c"),
        ("find('abc', 'x')", b""),
        ("ascii('A')", b"65"),
        (r"unescape('a\n\x41\\')", b"a\nA\\"),
        (r"unescape('\x4e2d!')", "中!".encode()),
        ("any_to_str(number)", b"7"),
        ("topic_join(['a', 1, 'b'])", b"a/1/b"),
        ("topic_join('a/', 'b')", b"a/b"),
        ("nth(2, topic_split('a/b'))", b"b"),
        ("topic_match('a/b', 'a/+')", b"true"),
        # regular expressions
        ("regex_match(clientid, '^[[:alpha:]]+-[0-9]+$')", b"true"),
        ("regex_match(clientid, '^x')", b"false"),
        (r"regex_replace(clientid, '([0-9])', '<\1&>')", b"Sensor-<11><77>"),
        (r"regex_replace('ab', '(?<x>a)', '\\\g{1}\9')", rb"\ab"),
        ("nth(1, regex_extract(clientid, '([A-Z]).*-([0-9]+)(z)?'))", b"S"),
        ("coalesce(regex_extract(clientid, '(x)?-([0-9]+)'))", b"17"),
        # codes and hashes
        ("bin2hexstr('Az')", b"417A"),
        ("hexstr2bin('417a')", b"Az"),
        ("bin2hexstr(hexstr2bin('f'))", b"0F"),
        ("int2hexstr(255)", b"FF"),
        ("base64_encode('a?>')", b"YT8+"),
        ("base64_encode('a?>a', 'urlsafe', 'no_padding')", b"YT8-YQ"),
        ("base64_decode('YT8+')", b"a?>"),
        ("base64_decode('YT8-YQ', 'urlsafe', 'no_padding')", b"a?>a"),
        ("hash('sha256', username)", hashlib.sha256(b"alice").hexdigest().encode()),
        ("hash('sha', username)", b"522b276a356bdf39013dfabea2cd43e141ecc9e8"),
        ("map_to_range(17, 1, 10)", b"8"),
        ("map_to_range('a', 0, 9)", b"7"),
        ("map_to_range(-7, 0, 4)", b"-2"),
        ("hash_to_range('a', 5, 5)", b"5"),
        ("""json_value('{"a":{"b":3}}', 'a.b')""", b"3"),
        ("""json_value('{"a":null}', 'a')""", b""),
        ("json_value('no json', 'a')", b""),
        ("jwt_value(password, 'sub')", b"dev-1"),
        ("concat('x', jwt_value(password, 'nothing'))", b"xundefined"),
        # comparisons
        ("str_comp('a', 'b')", b"lt"),
        ("str_eq(7, '7')", b"true"),
        ("str_gte('b', 'b')", b"true"),
        ("num_comp(2, 10)", b"lt"),
        ("num_eq(1, 1.0)", b"false"),
        ("num_gt(1.0, 1)", b"true"),
        ("not(str_eq('a', 'b'))", b"true"),
        ("not(true)", b"false"),
        ("is_empty_val(nobody)", b"true"),
        # those that do not look at all their arguments
        ("iif(str_eq('a', 'a'), 'yes', nosuch)", b"yes"),
        ("iif(nosuch, 'yes', 'no')", b"no"),
        ("iif(false, 'yes', 'no')", b"yes"),  # a literal false is text, which is not empty
        ("coalesce(nosuch, nobody, empty, username)", b"alice"),
        ("coalesce([nosuch, 'x'])", b"x"),
        ("coalesce(cert_san.dns)", b"a.example"),
        ("coalesce()", b""),
        ("is_empty(nosuch)", b"true"),
        ("is_empty(username)", b"false"),
        ("lower(str_eq('a', 'a'))", b"true"),
    ],
)
def test_value(text: str, expected: bytes) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nosuch", "The client has no nosuch."),
        ("username.x", "The client has no username.x."),
        ("concat([nosuch])", "The client has no nosuch."),
        ("nosuch(1)", "EMQX has no function nosuch."),
        ("cert_san.dns", "The expression gives an array, not text."),
        ("peerhost", "The expression gives a tuple, not text."),
        ("concat([peerhost])", "concat fails: EMQX makes no text of a tuple."),
        ("client_attrs", "The expression gives a map, not text."),
        ("lower(1)", "lower fails: Text is wanted, not a number."),
        ("lower(octets)", "lower fails: A text is not UTF-8."),
        ("concat([octets])", "concat fails: A text is not UTF-8."),
        ("concat('x')", "concat fails: An array is wanted, not text."),
        ("reverse('中')", "reverse fails: EMQX fails here with characters above U+00FF."),
        ("substr('a', '1')", "substr fails: An integer is wanted, not text."),
        ("substr('a', -1)", "substr fails: A start or a length is negative."),
        ("split('a', 'b', 'x')", "split fails: There is no such way to split."),
        ("nth(0, cert_san.dns)", "nth fails: Positions count from 1."),
        ("nth('1_0', cert_san.dns)", "nth fails: The position is no integer."),
        ("ascii(empty)", "ascii fails: The text is empty."),
        (r"unescape('\q')", "unescape fails: There is no such escape sequence."),
        (r"unescape('\xd800')", "unescape fails"),
        ("regex_match('a', '(')", "regex_match fails: The regular expression cannot be read."),
        ("hash('sha257', 'a')", "hash fails: There is no hash 'sha257'."),
        ("hexstr2bin('xx')", "hexstr2bin fails: The text is not hexadecimal."),
        ("base64_decode('YQ')", "base64_decode fails: The text is not base64."),
        ("num_lt('1', 2)", "num_lt fails: A number is wanted, not text."),
        ("map_to_range(1, 2, 1)", "map_to_range fails: The range is empty."),
        ("not(username)", "not fails: True or false is wanted, not text."),
        ("coalesce(username)", "coalesce takes an array or several values, not text."),
        ("jwt_value('a.b', 'c')", "jwt_value fails: The text is no token."),
        ("pad('a', 99999999999)", "pad fails: A text would have"),
        ("replace(long, 'a', long)", "replace fails: A text would have 3600000000 octets"),
        ("regex_replace(long, 'a', long)", "regex_replace fails: A text would have"),
        ("topic_join('', 'a')", "topic_join fails: A topic or a word is missing."),
    ],
)
def test_failure(text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError, match=re.escape(sentence)):
        value(text)


def test_a_failure_never_shows_a_value() -> None:
    for text in (
        "nth(password, [1])",
        "hash('x', password)",
        "not(password)",
        "substr(password, 'x')",
    ):
        with pytest.raises(ExpressionError) as failure:
            value(text)
        assert TOKEN[:10] not in str(failure.value)


_ARGUMENTS = st.deferred(
    lambda: st.one_of(
        st.sampled_from([*CLIENT, "cert_san.dns", "nosuch", "1", "-3", "2.5", "true"]),
        st.sampled_from(["'all'", "'leading'", "'urlsafe'", "'('", "'[[:alpha:]]'", r"'\g'", "''"]),
        st.text(alphabet="ab\u00e9\u0301\r\n\\x41 中👩\u200d", max_size=8).map("'{}'".format),
        _CALLS,
        st.lists(_ARGUMENTS, min_size=1, max_size=3).map(lambda items: f"[{','.join(items)}]"),
    )
)
_CALLS = st.sampled_from([*_FUNCTIONS, ("coalesce", 1), ("iif", 3), ("is_empty", 1)]).flatmap(
    lambda call: st.lists(_ARGUMENTS, min_size=call[1], max_size=call[1]).map(
        lambda arguments: f"{call[0]}({','.join(arguments)})"
    )
)


@given(_CALLS, st.binary(max_size=12))
def test_evaluating_gives_octets_or_a_sentence(text: str, username: bytes) -> None:
    try:
        made = evaluate(parse(text), {**CLIENT, "username": username})
    except (UsageError, ExpressionError) as error:  # deeper than DEPTH, or one of EMQX's failures
        made = str(error).encode()
    assert len(made) <= LIMIT


@given(st.text())
def test_characters_are_kept_and_counted(text: str) -> None:
    client = {"x": text.encode(errors="replace")}
    whole = evaluate(parse("concat([substr(x, 0, 2), substr(x, 2)])"), client)
    assert whole == client["x"]
    assert int(evaluate(parse("strlen(x)"), client)) <= len(text)
