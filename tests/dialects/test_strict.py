"""Bodies that only look readable are refused, each by name, within milliseconds."""

import sys
import time

import pytest

from bridge.dialects import identity_of, parse
from bridge.dialects.masking import mask
from bridge.dialects.strict import OddNumber, read_json
from bridge.domain.signals import Parsed, Refusal

LIMIT = 0.05 if sys.gettrace() is None else 0.5  # measuring coverage slows every line
ORDER = '{"action":"buy","symbol":"EURUSD"%s}'


def with_field(field: str) -> bytes:
    return (ORDER % ("," + field)).encode()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_body"),
        (b" \r\n\t", "empty_body"),
        (b"\xef\xbb\xbf", "empty_body"),
        (b"null", "not_understood"),
        (b"true", "not_understood"),
        (b"3", "not_understood"),
        (b'"x"', "not_understood"),
        (b"[]", "list_unreadable"),
        (b"[3]", "list_unreadable"),
        (b"{}", "action_missing"),
        (b'{"action":"buy","symbol":"EURUSD"', "json_broken"),
        (b'{"action":"buy","symbol":"EURUSD"} {"a":1}', "json_broken"),
        (b'{"action":"buy","symbol":"EURUSD"} now', "json_broken"),
        (b'{"side":"buy","side":"sell","symbol":"EURUSD"}', "duplicate_key"),
        (b'{"strategy":{"side":"buy","side":"buy"},"symbol":"EURUSD"}', "duplicate_key"),
        (with_field('"sl":NaN'), "number_not_finite"),
        (with_field('"sl":Infinity'), "number_not_finite"),
        (with_field('"note":-Infinity'), "number_not_finite"),
        (with_field('"quantity":1e400'), "quantity_unreadable"),
        (with_field('"quantity":"1E+999999"'), "quantity_unreadable"),
        (with_field('"note":' + "9" * 5000), "number_unreadable"),
        (b"[" * 9 + b"]" * 9, "too_deep"),
        (b"[" * 1000, "too_deep"),
        (b'{"a":' * 8000, "too_deep"),
        (b"[" * 16000, "too_deep"),
        (b"{" + b",".join(b'"k%d":1' % i for i in range(300)) + b"}", "too_many_fields"),
        (with_field('"note":"' + "x" * 5000 + '"'), "text_too_long"),
        (b" " * 65_537, "too_large"),
        (ORDER.encode("utf-16"), "not_utf8"),
        (ORDER.encode("utf-16-le"), "control_character"),
        (b'{"action":"buy","symbol":"\xc0\xaf"}', "not_utf8"),
        (b'{"action":"buy","symbol":"\xed\xa0\x80"}', "not_utf8"),
        (with_field('"note":"\\ud800"'), "control_character"),
        (with_field('"note":"a\\u0000"'), "control_character"),
        (b"BUY \x00EURUSD", "control_character"),
        (b"BUY \x1bEURUSD", "control_character"),
    ],
)
def test_a_body_that_is_not_strict_is_refused(raw: bytes, code: str) -> None:
    answer = parse(raw)
    assert isinstance(answer, Refusal)
    assert answer.code == code


def test_a_body_of_exactly_64_kib_is_read() -> None:
    raw = with_field('"note":"x"')
    assert isinstance(parse(raw + b" " * (65_536 - len(raw))), Parsed)


def test_eight_levels_are_read() -> None:
    assert read_json('{"a":' * 8 + "1" + "}" * 8)


def test_brackets_inside_texts_are_no_nesting() -> None:
    assert isinstance(parse(with_field('"note":"' + "[{" * 50 + '"')), Parsed)


def test_a_byte_order_mark_is_dropped_and_recorded() -> None:
    answer = parse(b"\xef\xbb\xbf" + with_field('"q":1'))
    assert isinstance(answer, Parsed)
    assert answer.repairs == ("byte_order_mark_removed",)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert isinstance(parse(with_field('"note":"\\ud83d\\ude00"')), Parsed)


def test_numbers_are_exact() -> None:
    answer = parse(with_field('"quantity":0.30000000000000004'))
    assert isinstance(answer, Parsed)
    assert str(answer.signals[0].quantity) == "0.30000000000000004"


def test_an_exponent_is_kept_out_of_used_fields_only() -> None:
    assert read_json("1e-05") == OddNumber("1e-05")
    assert isinstance(parse(with_field('"price":1e-05')), Parsed)
    refused = parse(with_field('"sl":1e-05'))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.field) == ("level_unreadable", "sl")


def test_the_place_where_json_breaks_is_named() -> None:
    answer = parse(b'{"action":"buy"\n"symbol":"X1"}')
    assert isinstance(answer, Refusal)
    assert "line 2, column 1" in answer.message


@pytest.mark.parametrize(
    "raw",
    [
        *(piece * (65_000 // len(piece)) for piece in (b'"', b'\\"', b"[", b"{", b'{"a":', b"/*")),
        *(piece * (65_000 // len(piece)) for piece in (b"{'", b"={", b"{{", b"%a", b"a=", b"a;b=")),
        *(
            piece * (65_000 // len(piece))
            for piece in (b"order buy @ ", b"A:", b"SL ", b"-", b"a ")
        ),
        *(
            piece * (65_000 // len(piece))
            for piece in (b"secret", b'secret:"', b'"key":[', b"1,buy,")
        ),
        *(
            piece * (65_000 // len(piece))
            for piece in (b"SIGNAL=BUY;", b"a=1\nSIGNAL=BUY\n", b"\\n", b"BUY\n", b"a:buy x=1\n")
        ),
        *(
            b"1,buy,EURUSD," + piece * (64_000 // len(piece))
            for piece in (b",", b"risk=1,", b"=", b" ")
        ),
        *(b"1,EURUSD,buy," + piece * (64_000 // len(piece)) for piece in (b"a=b,", b"tp1=1,")),
        *(
            b"K(X) {" + piece * (64_000 // len(piece))
            for piece in (b"market(", b"a=1,", b"market(side=buy);", b"K(X) {", b"(a=", b" ")
        ),
        b"K(X){market(position=0);}" * 2_600,
        *(b"command=PLACE;key=K;" + piece * 10_000 for piece in (b"a=1;", b";", b"qty=1 ", b"=")),
        *(b"s=x b=long " + piece * 10_000 for piece in (b"q=1|", b"& ", b"q=1 ", b"p=-")),
        *(b"acct X/Y buy 3$ " + piece * 10_000 for piece in (b"x3 ", b"//", b"pos 1\n", b"1$ ")),
        b"ENTER-LONG_" + b"A_" * 32_000,
        b"ENTER-LONG_" + b"A" * 64_000,
        b'{"code":"ENTER-LONG_' + b"A_" * 2_000 + b'"}',
        b'{"platform_name":"x","order_action":"buy","ticker":"' + b"a=" * 2_000 + b'"}',
        b'{"a":"' + b'\\"' * 32_000,
        b'"' + b"\\" * 65_000,
        b"{" + b"/*" * 32_000,
        b"{" + b"1," * 32_000,
        b'{"a":"={' + b"{" * 60_000,
        b"bridge buy X " + b"a=" * 32_000,
        b"bridge buy X " + b'a="' * 20_000,
        b"BUY XAUUSD " + b"SL 1 " * 13_000,
        b"a" * 65_000,
        b" " * 60_000 + b"x" + b" " * 5_000,
        b"x(" * 32_000,
        b"order buy @ 1 filled on X. New strategy position is " + b"1" * 60_000,
        b"order" + b" " * 60_000 + b"buy",
        b"%7B" * 21_000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_no_body_takes_long(raw: bytes) -> None:
    for work in (parse, mask, identity_of):
        times = []
        for _ in range(3):
            start = time.thread_time()
            work(raw)
            times.append(time.thread_time() - start)
        assert min(times) < LIMIT, work


def test_an_ordinary_message_takes_well_under_a_millisecond() -> None:
    raw = with_field('"quantity":"1","sl":"1.05","price":"1.08","note":"' + "x" * 3900 + '"')
    times = []
    for _ in range(101):
        start = time.thread_time()
        parse(raw)
        times.append(time.thread_time() - start)
    assert sorted(times)[50] < LIMIT / 50


def test_equal_messages_have_one_identity() -> None:
    spellings = [
        b'{"action":"buy","symbol":"X1","quantity":1.0,"secret":"a"}',
        b'\xef\xbb\xbf{ "symbol":"X1", "quantity":1.00,\r\n"action":"buy","secret":"b"}\n',
    ]
    assert len({identity_of(raw) for raw in spellings}) == 1


def test_different_messages_have_different_identities() -> None:
    bodies = [b'{"a":1}', b'{"a":"1"}', b'{"a":1,"b":null}', b"a", b"A", b"\xff", b"\xfe", b""]
    assert len({identity_of(raw) for raw in bodies}) == len(bodies)


def test_a_broken_body_has_the_identity_of_its_text() -> None:
    assert identity_of(b'{"a":1,}\r\n') == identity_of(b' {"a":1,}\n')
