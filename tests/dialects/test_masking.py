"""What may be stored of a body: everything but its secrets, byte for byte."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dialects.masking import mask

KEYS = ["secret", "token", "passphrase", "password", "pin", "key", "apikey", "api_key"]
MORE_KEYS = ["api_secret", "api_token", "auth_key", "email_token", "licence", "signalToken", "PIN"]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ('{"secret":"hush","a":1}', '{"secret":"***","a":1}'),
        ('{ "Secret" : "hu\\"sh" , "a":1}', '{ "Secret" : "***" , "a":1}'),
        ('{"pin":1234,"a":1}', '{"pin":***,"a":1}'),
        ('{"pin": 1234}', '{"pin": ***}'),
        ('{"a":{"token":"hush"}}', '{"a":{"token":"***"}}'),
        ('{"token":{"a":["hush","}"]},"b":1}', '{"token":***,"b":1}'),
        ('{"secret":"hush","a":', '{"secret":"***","a":'),
        ('{"secret":"hush', '{"secret":"***'),
        ('{"secret":["hush"', '{"secret":***'),
        ("{'secret': 'hush', 'a': 1}", "{'secret': '***', 'a': 1}"),
        ('{secret: "hush", a: 1}', '{secret: "***", a: 1}'),
        ("{\u201csecret\u201d: \u201chush\u201d}", "{\u201csecret\u201d: \u201c***\u201d}"),
        ('{"s\\u0065cret":"hush"}', '{"s\\u0065cret":"***"}'),
        (
            '{"text":"{\\"secret\\":\\"hush\\",\\"a\\":1}"}',
            '{"text":"{\\"secret\\":\\"***\\",\\"a\\":1}"}',
        ),
        ('"secret":"hush","a":1', '"secret":"***","a":1'),
        ("bridge buy X1 secret=hush q=1", "bridge buy X1 secret=*** q=1"),
        ("key=hush hush;command=PLACE;qty=1;", "key=***;command=PLACE;qty=1;"),
        ("signal=long,symbol=EURUSD,secret=hush", "signal=long,symbol=EURUSD,secret=***"),
        ("SECRET: hush\nBUY X1", "SECRET: ***\nBUY X1"),
        ("https://x/hook?token=hush&a=1", "https://x/hook?token=***&a=1"),
        ("60123456789,buy,EURUSD,secret=hush", "***,buy,EURUSD,secret=***"),
        ("token=", "token="),
        ('{"keyword":"open","symbol":"X1"}', '{"keyword":"open","symbol":"X1"}'),
        ("BUY X1 QTY:1", "BUY X1 QTY:1"),
    ],
)
def test_what_follows_a_secrets_key_is_masked(body: str, stored: str) -> None:
    assert mask(body.encode()) == stored.encode()


def test_bytes_that_are_no_utf_8_are_kept() -> None:
    assert mask(b'\xff{"secret":"hu\xfesh","a":"\xfd"}') == b'\xff{"secret":"***","a":"\xfd"}'


@pytest.mark.parametrize("key", KEYS + MORE_KEYS)
@pytest.mark.parametrize(
    "form",
    [
        '{{"{key}":"{value}"}}',
        "{key}={value}",
        "{key}: {value}",
        "{{'{key}':'{value}'",
        '{{"a":"{{\\"{key}\\":\\"{value}\\"}}"}}',
        "a=1;{key}={value};b=2",
        '{{"{key}":["{value}"]}}',
    ],
)
def test_no_form_leaves_a_secret_readable(key: str, form: str) -> None:
    assert not mask(form.format(key=key, value="hush5hush").encode()).count(b"hush5hush")


@given(st.binary(max_size=300))
def test_a_body_without_a_secrets_key_is_unchanged(raw: bytes) -> None:
    if not re.search(rb"[=:,]", raw):
        assert mask(raw) == raw


@given(st.text(max_size=60), st.sampled_from(KEYS), st.text(max_size=60))
def test_masking_twice_changes_nothing_more(before: str, key: str, after: str) -> None:
    once = mask(f'{before}"{key}":"hush"{after}'.encode())
    assert mask(once) == once
