"""Whatever arrives: no exception, no delay, and what we write ourselves is read back as written."""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.dialects import NAMES, identity_of, parse
from bridge.dialects.masking import mask
from bridge.domain.signals import Parsed, Refusal
from bridge.domain.values import Action, Unit, plain

LIMIT = 0.05 if sys.gettrace() is None else 0.5  # measuring coverage slows every line
BODIES = [
    json.loads(line)["raw"].encode()
    for line in (Path(__file__).parent / "alert-corpus.jsonl").read_text("utf-8").splitlines()
] + [p.read_bytes() for p in sorted((Path(__file__).parent / "samples").glob("*/*"))]
PIECES = [
    b'"',
    b"{",
    b"}",
    b"[",
    b":",
    b",",
    b"\\",
    b"'",
    b"//",
    b"/*",
    b"{{ticker}}",
    b"NaN",
    b"-",
]
PIECES += [
    b"null",
    b"\xff",
    b"\x00",
    b"\n",
    "\u201c".encode(),
    "\u202e".encode(),
    b"1e9",
    b"=",
    b"%",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
KEYS = "bridge action side symbol ticker qty quantity unit price type sl tp position orders id time"
VALUES = ["buy", "sell", "close", "long", "EURUSD", "1", "0", -1, 1, "limit", None, True, "50%", {}]
orderlike = st.dictionaries(
    st.sampled_from(KEYS.split()), st.sampled_from(VALUES) | json_values, max_size=8
)


def check(raw: bytes) -> Parsed | Refusal:
    answer = parse(raw)
    assert isinstance(answer, Parsed | Refusal)
    if isinstance(answer, Parsed):
        assert 1 <= len(answer.signals) <= 20
        for signal in answer.signals:
            assert signal.symbol.isascii()
            if signal.action is not Action.TARGET:
                assert signal.quantity is None or signal.quantity > 0
    else:
        assert answer.code
        assert answer.message
    return answer


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(raw: bytes) -> None:
    check(raw)
    mask(raw)
    assert identity_of(raw).startswith("body:")


@given(st.text(max_size=400), st.sampled_from([*NAMES, "auto", "?"]))
def test_any_text_is_answered_whatever_the_hook_pins(text: str, dialect: str) -> None:
    assert isinstance(parse(text.encode("utf-8", "surrogatepass"), dialect), Parsed | Refusal)


@given(orderlike | st.lists(orderlike, max_size=3) | json_values)
def test_any_json_is_answered(value: Any) -> None:
    check(json.dumps(value).encode())


@given(st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_message_is_answered_at_once(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from(BODIES))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 12))
        raw = raw[:at] + data.draw(st.sampled_from(PIECES)) + raw[at + cut :]
    start = time.thread_time()
    check(raw)
    assert time.thread_time() - start < LIMIT


numbers = st.decimals(
    min_value=Decimal("0.00000001"), max_value=Decimal(999_999), places=8, allow_nan=False
)


@given(
    st.sampled_from(["buy", "sell"]),
    st.from_regex(r"[A-Z]{3,8}(\.[a-z]{1,3})?", fullmatch=True),
    numbers,
    st.sampled_from([Unit.LOTS, Unit.UNITS, Unit.CASH]),
    st.sampled_from(["price", "distance", "points", "pips", "percent"]),
    numbers,
)
def test_what_our_dialect_can_say_is_read_back(
    action: str, symbol: str, quantity: Decimal, unit: Unit, kind: str, amount: Decimal
) -> None:
    value = {
        "bridge": 1,
        "action": action,
        "symbol": symbol,
        "quantity": plain(quantity),
        "unit": unit,
        "stop_loss": {kind: plain(amount)},
    }
    answer = check(json.dumps(value).encode())
    assert isinstance(answer, Parsed), answer
    (signal,) = answer.signals
    assert (signal.action, signal.symbol, signal.unit) == (action, symbol, unit)
    assert signal.quantity == quantity
    assert signal.stop_loss is not None
    assert (signal.stop_loss.kind, signal.stop_loss.value) == (kind, amount)


@given(st.permutations(list({"side": "buy", "symbol": "X1", "qty": "2", "sl": "1"}.items())))
def test_the_order_of_keys_changes_nothing(pairs: list[tuple[str, str]]) -> None:
    raw = json.dumps(dict(pairs)).encode()
    wanted = b'{"side":"buy","symbol":"X1","qty":"2","sl":"1"}'
    assert parse(raw) == parse(wanted)
    assert identity_of(raw) == identity_of(wanted)
