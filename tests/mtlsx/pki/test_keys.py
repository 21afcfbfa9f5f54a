"""Keys: every kind comes back from what was written, and only with its passphrase."""

from __future__ import annotations

import pytest

from mtlsx.errors import MaterialError, UsageError
from mtlsx.pki.keys import KeyKind, generate, kind_of, open_key, to_der, to_pem
from mtlsx.secret import Secret

FAST = [kind for kind in KeyKind if kind is not KeyKind.RSA_4096]


@pytest.mark.parametrize("kind", FAST)
@pytest.mark.parametrize("passphrase", [None, Secret("pass wörd")], ids=["plain", "encrypted"])
@pytest.mark.parametrize("write", [to_pem, to_der])
def test_what_is_written_is_opened_again(kind: KeyKind, passphrase: Secret | None, write) -> None:
    key = generate(kind)
    opened = open_key(write(key, passphrase), passphrase, source="k")
    assert kind_of(opened) is kind
    assert to_der(opened) == to_der(key)


def test_a_passphrase_is_asked_for_and_a_wrong_one_refused() -> None:
    encrypted = to_pem(generate(KeyKind.P256), Secret("right"))
    assert b"ENCRYPTED PRIVATE KEY" in encrypted
    with pytest.raises(MaterialError) as missing:
        open_key(encrypted, None, source="ca.key")
    assert missing.value.verdict == "key-encrypted"
    with pytest.raises(MaterialError) as wrong:
        open_key(encrypted, Secret("wrong"), source="ca.key")
    assert wrong.value.verdict == "passphrase-wrong"
    assert "wrong" not in str(wrong.value).replace("passphrase-wrong", "")


@pytest.mark.parametrize("text", ["", "x" * 1024])
def test_a_passphrase_that_openssl_could_not_be_given_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 1023 bytes"):
        to_pem(generate(KeyKind.ED25519), Secret(text))


def test_a_file_without_a_key_is_refused() -> None:
    with pytest.raises(MaterialError) as error:
        open_key(b"-----BEGIN NOTHING-----\n", None, source="x")
    assert error.value.verdict in {"not-a-key", "not-a-certificate"}
