"""Loss-free repairs are made and recorded; whatever might change the meaning is refused."""

import pytest

from bridge.dialects import parse
from bridge.domain.signals import Parsed, Refusal

PLAIN = parse(b'{"side":"buy","symbol":"EURUSD","quantity":"2"}')


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        ('\r\n{"side":"buy","symbol":"EURUSD",\r\n\r\n"quantity":"2"}\n', ()),
        ('{"side":"buy","symbol":"EURUSD","quantity":"2",}', ("trailing_comma_removed",)),
        (
            '{"side":"buy", // the side\n"symbol":"EURUSD", /* no * stars */ "quantity":"2"}',
            ("comment_removed",),
        ),
        (
            '{"side":"buy","symbol":"EURUSD","quantity":"2", // last\n}',
            ("comment_removed", "trailing_comma_removed"),
        ),
        ('{side:"buy", symbol : "EURUSD", quantity:"2"}', ("key_quoted",)),
        (
            "{\u201cside\u201d: \u201cbuy\u201d, \u201csymbol\u201d: \u201cEURUSD\u201d,"
            " \u201cquantity\u201d: \u201c2\u201d}",
            ("curly_quotes_read_as_quotes",),
        ),
        (
            '{\uff02side\uff02:\uff02buy\uff02,"symbol":"EURUSD","quantity":"2"}',
            ("curly_quotes_read_as_quotes",),
        ),
        (
            "{'side': 'buy', 'symbol': 'EURUSD', 'quantity': '2', 'do_trade': True}",
            ("single_quotes_read_as_quotes", "python_words_read_as_json"),
        ),
        ('"side":"buy", "symbol":"EURUSD", "quantity":"2"', ("outer_braces_added",)),
        (
            '"{\\"side\\":\\"buy\\",\\"symbol\\":\\"EURUSD\\",\\"quantity\\":\\"2\\"}"',
            ("json_read_from_a_json_text",),
        ),
        (
            '{"text":"{\\"side\\":\\"buy\\",\\"symbol\\":\\"EURUSD\\",\\"quantity\\":\\"2\\"}"}',
            ("text_read_from_its_wrapper",),
        ),
        (
            '{"side":"buy","symbol":"={"adjustment":"none","symbol":"EURUSD"}","quantity":"2"}',
            ("symbol_descriptor_read_as_its_symbol",),
        ),
        (
            '{"side":"buy","symbol":"={\\"symbol\\":\\"EURUSD\\"}","quantity":"2"}',
            ("symbol_descriptor_read_as_its_symbol",),
        ),
        (
            '{"side":"buy","symbol":"EURUSD","quantity":"quantity=2"}',
            ("value_repeating_its_key_stripped",),
        ),
        (
            "%7B%22side%22%3A%22buy%22%2C%22symbol%22%3A%22EURUSD%22%2C%22quantity%22%3A%222%22%7D",
            ("url_encoding_undone",),
        ),
    ],
)
def test_a_listed_repair_is_made_and_recorded(text: str, repairs: tuple[str, ...]) -> None:
    answer = parse(text.encode())
    assert isinstance(answer, Parsed), answer
    assert isinstance(PLAIN, Parsed)
    assert answer.signals == PLAIN.signals
    assert answer.repairs == repairs


@pytest.mark.parametrize(
    "text",
    [
        '{"side":"buy" "symbol":"EURUSD"}',
        '{"side":buy,"symbol":"EURUSD"}',
        '{"side":"buy","symbol":EURUSD}',
        '{"side":"buy","symbol":"EURUSD","note":"say "go" now"}',
        '{{"side":"buy","symbol":"EURUSD"}',
        '{"side":"buy","symbol":"EURUSD"}}',
        '{"side":"buy","symbol":"EURU',
        '""side":"buy","symbol":"EURUSD"',
        '"side":"buy,"symbol":"EURUSD"',
        '{"side":"buy","symbol":"EURUSD","sl": ,"tp":1}',
        "{'side': 'buy', 'symbol': 'EURUSD', 'note': 'it's'}",
        "{'side': 'buy', 'symbol': 'EURUSD', \"note\": \"it's\"}",
        '{\u201cside\u201d:"buy","symbol":"EURUSD","note":"a \u201cquoted\u201d word"}',
        "{\u201cside\u201d:\u201cbuy\u201d,\u201cnote\u201d:\u201cso \u201cgo\u201d\u201d}",
        '{"side":"buy","symbol":"EURUSD","note":"two\nlines"}',
        '{"side":"buy","symbol":"EURUSD" /* open}',
        '{"side":"buy";"symbol":"EURUSD"}',
        '{"side":"buy",,"symbol":"EURUSD"}',
        '{\\"side\\":\\"buy\\",\\"symbol\\":\\"EURUSD\\"}',
    ],
)
def test_what_might_change_the_meaning_is_not_repaired(text: str) -> None:
    answer = parse(text.encode())
    assert isinstance(answer, Refusal), answer
    assert answer.code == "json_broken"


def test_json_in_a_text_in_a_text_is_refused() -> None:
    once = '"{\\"side\\":\\"buy\\",\\"symbol\\":\\"EURUSD\\"}"'
    twice = '"' + once.replace("\\", "\\\\").replace('"', '\\"') + '"'
    answer = parse(twice.encode())
    assert isinstance(answer, Refusal)
    assert answer.code == "not_understood"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"side":"buy","symbol":"={\\"a\\":1}"}', "symbol_unreadable"),
        ('{"side":"buy","symbol":"={"a":1}"}', "symbol_unreadable"),
        ('{"side":"buy","symbol":"={broken}"}', "symbol_unreadable"),
        ('{"side":"buy","symbol":"EURUSD","sl":"tp=1"}', "two_values"),
        ('{"side":"buy","symbol":"EURUSD","sl":"1,085.0"}', "level_unreadable"),
        ('{"side":"buy","symbol":"EURUSD","sl":"1.o85"}', "level_unreadable"),
        (
            '{"side":"buy","symbol":"EURUSD","quantity":{{strategy.order.contracts}}}',
            "placeholder_unfilled",
        ),
        ("{'side': 'buy', 'symbol': None}", "symbol_unreadable"),
    ],
)
def test_a_used_field_is_never_repaired(text: str, code: str) -> None:
    answer = parse(text.encode())
    assert isinstance(answer, Refusal), answer
    assert answer.code == code


def test_a_refusal_carries_the_repairs_made_before_it() -> None:
    answer = parse(b'{"side":"buy",}')
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.repairs) == ("symbol_missing", ("trailing_comma_removed",))


def test_a_refusal_carries_the_secret_so_that_a_wrong_one_is_answered_like_any_other() -> None:
    answer = parse(b'{"secret":"S","side":"buy"}')
    assert isinstance(answer, Refusal)
    assert answer.secret is not None
    assert answer.secret.value == "S"
    assert "S'" not in repr(answer.secret)


@pytest.mark.parametrize(
    "text",
    [
        '{"content":"BUY EURUSD LOT 0.1"}',
        '{"text":"BUY EURUSD LOT 0.1","username":"bot"}',
        '{"message":"BUY EURUSD LOT 0.1","secret":"S"}',
        '{"msg":" BUY EURUSD LOT 0.1\\n"}',
    ],
)
def test_a_relays_wrapper_is_looked_into_once(text: str) -> None:
    answer = parse(text.encode())
    assert isinstance(answer, Parsed), answer
    assert (answer.dialect, answer.signals[0].symbol) == ("words", "EURUSD")
    assert answer.repairs == ("text_read_from_its_wrapper",)


def test_a_text_beside_other_content_is_no_wrapper() -> None:
    answer = parse(b'{"text":"BUY EURUSD LOT 0.1","volume":3}')
    assert isinstance(answer, Refusal)
    assert answer.code == "action_missing"


def test_an_empty_text_in_a_wrapper_is_no_instruction() -> None:
    answer = parse(b'{"text":" "}')
    assert isinstance(answer, Refusal)


def test_a_wrapper_in_a_wrapper_is_not_looked_into() -> None:
    answer = parse(b'{"text":"{\\"text\\":\\"BUY EURUSD LOT 0.1\\"}"}')
    assert isinstance(answer, Refusal)
