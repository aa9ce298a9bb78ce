"""What an answer to a change proves, status by status and body by body."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.brokers.tradelocker.answers import Kind, data_of, outcome_of, wait_from
from bridge.brokers.tradelocker.strict import Unreadable
from bridge.domain.outcomes import (
    Accepted,
    BrokerCall,
    NotTaken,
    Rejected,
    Unknown,
    WireClass,
)
from tests.brokers.stub import NOON

CALL = BrokerCall("POST /trade/accounts/{a}/orders", "/x", None, 200, None, None, NOON, NOON)
REFUSAL = b'{"s":"error","errmsg":"Not enough margin"}'
PLACED = b'{"d":{"orderId":"7421932185967501931"},"s":"ok"}'


def outcome(kind: Kind, status: int, body: bytes) -> Any:
    return outcome_of(kind, status, body, CALL)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, PLACED, Accepted),
        (200, b'{"s":"ok","d":{"orderId":7421932185967501931}}', Accepted),
        (200, b'{"s":"ok","d":{"orderId":""}}', Unknown),
        (200, b'{"s":"ok","d":{"orderId":null}}', Unknown),
        (200, b'{"s":"ok","d":{"orderId":"0"}}', Unknown),
        (200, b'{"s":"ok","d":{"orderId":7.5}}', Unknown),
        (200, b'{"s":"ok","d":{"orderId":"seven"}}', Unknown),
        (200, b'{"s":"ok","d":{}}', Unknown),
        (200, b'{"s":"ok","d":[]}', Unknown),
        (200, b'{"s":"ok"}', Unknown),
        (200, b'{"d":{"orderId":"7"}}', Unknown),
        (200, b'{"s":"OK","d":{"orderId":"7"}}', Unknown),
        (200, b'{"s":"no_data"}', Unknown),
        (200, b'{"errmsg":"no"}', Unknown),
        (200, b"", Unknown),
        (200, b"<html>", Unknown),
        (200, b'{"s":"ok","d":{"orderId":"74219', Unknown),
        (200, b'{"s":"error","s":"ok","d":{"orderId":"7"}}', Unknown),
        (200, b'{"s":"ok","d":{"orderId":"7"},"x":NaN}', Unknown),
        (200, b"\xff\xfe", Unknown),
        (200, b"[" * 100_000, Unknown),
        (200, b'["s","ok"]', Unknown),
        (200, b"null", Unknown),
        (200, REFUSAL, Rejected),
        (200, b'{"s":"error"}', Rejected),
        (200, b'{"s":"error","errmsg":"no","d":{"orderId":"7"}}', Unknown),
        (200, b'{"s":"error","errmsg":"Order cannot be created since trading out of session is'
              b' forbidden."}', Rejected),
        (200, b'{"s":"error","errmsg":"Request timed out"}', Unknown),
        (200, b'{"s":"error","errmsg":"TIMEOUT"}', Unknown),
        (200, b'{"s":"error","errmsg":"gateway time-out"}', Unknown),
        (200, b'{"s":"error","errmsg":"state unknown"}', Unknown),
        (200, b'{"s":"error","errmsg":"already in progress"}', Unknown),
        (200, b'{"s":"error","errmsg":"refused","message":"ORDER_IN_PROGRESS"}', Unknown),
        (201, PLACED, Unknown),
        (202, PLACED, Unknown),
        (204, b"", Unknown),
        (206, PLACED, Unknown),
        (100, PLACED, Unknown),
        (400, b'{"errmsg":"bad"}', Rejected),
        (400, b'{"message":"bad"}', Rejected),
        (400, b'{"statusCode":400,"error":"Bad Request"}', Rejected),
        (400, b'{"s":"error"}', Rejected),
        (400, b'{"s":"ok","message":"bad"}', Unknown),
        (400, b'{"message":""}', Unknown),
        (400, b'{"error":false}', Unknown),
        (400, b'{"code":17}', Unknown),
        (400, b"{}", Unknown),
        (400, b"Bad Request", Unknown),
        (400, b"", Unknown),
        (400, b'{"message":"timed out"}', Unknown),
        (403, b'{"message":"Forbidden"}', Rejected),
        (403, b"<html>blocked</html>", Unknown),
        (404, b'{"message":"no such order"}', Rejected),
        (409, b'{"message":"conflict"}', Rejected),
        (422, b'{"message":["qty must be a number","side"]}', Rejected),
        (402, REFUSAL, Unknown),
        (405, REFUSAL, Unknown),
        (406, REFUSAL, Unknown),
        *[(s, REFUSAL, Unknown) for s in (301, 302, 303, 307, 308, 408, 410, 425, 499)],
        *[(s, REFUSAL, Unknown) for s in (500, 501, 502, 503, 504, 520, 522, 524, 527, 599)],
        (401, b"", NotTaken),
        (401, PLACED, NotTaken),
        (429, b"", NotTaken),
    ],
)  # fmt: skip
def test_an_answer_to_a_placement_becomes_an_outcome(
    status: int, body: bytes, expected: type
) -> None:
    assert type(outcome(Kind.PLACE, status, body)) is expected


@pytest.mark.parametrize("kind", [Kind.CLOSE, Kind.CANCEL])
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"s":"ok"}', Accepted),
        (200, b'{"s":"ok","d":{"positions":[]}}', Accepted),
        (204, b"", Accepted),
        (200, b"", Unknown),
        (200, b"<html>", Unknown),
        (200, b'{"s":"pending"}', Unknown),
        (200, REFUSAL, Rejected),
        (404, b'{"message":"no such position"}', Rejected),
        (404, b"", Unknown),
        (502, b"", Unknown),
        (401, b"", NotTaken),
        (429, b"", NotTaken),
    ],
)
def test_an_answer_to_a_close_or_cancel_becomes_an_outcome(
    kind: Kind, status: int, body: bytes, expected: type
) -> None:
    assert type(outcome(kind, status, body)) is expected


def test_a_placement_brings_its_order_id_as_text() -> None:
    assert outcome(Kind.PLACE, 200, PLACED).order_id == "7421932185967501931"


def test_a_refusal_keeps_the_brokers_words() -> None:
    assert outcome(Kind.PLACE, 200, REFUSAL).reason == "Not enough margin"
    both = b'{"message":["a","b"],"error":"Bad Request"}'
    assert outcome(Kind.PLACE, 400, both).reason == "['a', 'b']; Bad Request"


def test_not_taken_says_that_the_broker_did_nothing_and_how_long_to_wait() -> None:
    answered = outcome_of(Kind.PLACE, 429, b"", CALL, 7.0)
    assert answered == NotTaken(CALL, "Too many requests (429).", WireClass.NOT_ACCEPTED, wait=7.0)


@given(st.sampled_from(Kind), st.integers(100, 599), st.binary(max_size=60))
def test_no_bytes_whatever_are_taken_for_success(kind: Kind, status: int, body: bytes) -> None:
    answered = outcome(kind, status, body)
    assert not isinstance(answered, Accepted) or (status == 204 and kind is not Kind.PLACE)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 2.0),
        ("60", 60.0),
        ("86400", 60.0),
        ("9" * 400, 60.0),
        ("Mon, 02 Mar 2026 12:00:09 GMT", 9.0),
        ("Mon, 02 Mar 2026 12:00:09 -0000", 9.0),
        ("Mon, 02 Mar 2026 13:00:00 GMT", 60.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("\u0667", None),
        ("1e3", None),
        ("NaN", None),
        ("Mon, 99 Mar 2026 12:00:09 GMT", None),
        ("Mon, 02 Mar 99999999999999 12:00:09 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_minute(
    header: str | None, seconds: float | None
) -> None:
    assert wait_from(header, NOON) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_whatever_raises(header: str) -> None:
    wait = wait_from(header, NOON + timedelta(days=1))
    assert wait is None or 0 <= wait <= 60


def test_a_read_gives_its_data_or_the_brokers_words() -> None:
    assert data_of(b'{"s":"ok","d":{"x":1}}') == {"x": 1}
    with pytest.raises(Unreadable, match="Account not found!"):
        data_of(b'{"s":"error","errmsg":"Account not found!"}')
    with pytest.raises(Unreadable, match="no data"):
        data_of(b'{"s":"ok"}')
