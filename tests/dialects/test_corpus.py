"""The corpus of real messages, judged: nothing is acted on against what was expected of it."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.dialects import parse
from bridge.domain.signals import Refusal, Signal
from bridge.domain.values import Action, OrderType

Row = dict[str, Any]
ROWS: list[Row] = [
    json.loads(line)
    for line in (Path(__file__).parent / "alert-corpus.jsonl").read_text("utf-8").splitlines()
]
CLEAR = [r for r in ROWS if r["expected"]["verdict"] == "signal"]
UNDERSTOOD_AT_LEAST = 83
"""Of the clear messages; it only ever rises."""


def named(row: Row) -> str:
    return str(row["id"])


def differences(signal: Signal, expected: Row) -> Iterator[str]:
    """What in a signal is not as expected, by the corpus's rules of judging."""
    if signal.action != expected["action"]:
        yield f"action {signal.action}"
    if expected["symbol"].rpartition(":")[2] != signal.bare_symbol:
        yield f"symbol {signal.symbol}"
    if signal.action in (Action.CANCEL, Action.MODIFY):
        return
    yield from differing_numbers(signal, expected)
    for field in ("side_after", "close_side"):
        if expected.get(field) is not None and getattr(signal, field) != expected[field]:
            yield f"{field} {getattr(signal, field)}"


def differing_numbers(signal: Signal, expected: Row) -> Iterator[str]:
    for field in ("quantity", "price"):
        wanted = None if expected[field] is None else Decimal(expected[field])
        if getattr(signal, field) != wanted:
            yield f"{field} {getattr(signal, field)}"
    if (signal.unit or "unspecified") != (expected["quantity_unit"] or "unspecified"):
        yield f"unit {signal.unit}"
    if (signal.order_type or OrderType.MARKET) != (expected["order_type"] or "market"):
        yield f"order_type {signal.order_type}"


def contradicts(signal: Signal, expected: Row) -> bool:
    """Whether a signal contradicts an expectation that leaves something open."""
    if expected["action"] not in ("none", signal.action):
        return True
    if expected["symbol"] and expected["symbol"].rpartition(":")[2] != signal.bare_symbol:
        return True
    return expected["quantity"] is not None and Decimal(expected["quantity"]) != signal.quantity


def judge(row: Row) -> str:
    """`right`, `refused`, or what is wrong."""
    expected = row["expected"]
    answer = parse(row["raw"].encode())
    if isinstance(answer, Refusal):
        return "refused"
    if expected["verdict"] == "refuse":
        return f"acted on: {answer.signals}"
    if expected["verdict"] == "either":
        return f"contradicts: {answer}" if contradicts(answer.signals[0], expected) else "right"
    wrong = (
        list(differences(answer.signals[0], expected)) if len(answer.signals) == 1 else ["count"]
    )
    if expected["dialect"] not in ("any", answer.dialect):
        wrong.append(f"dialect {answer.dialect}")
    return ", ".join(wrong) or "right"


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_no_message_is_acted_on_against_what_is_expected(row: Row) -> None:
    assert judge(row) in ("right", "refused")


@pytest.mark.parametrize("row", CLEAR, ids=named)
def test_every_clear_message_is_understood(row: Row) -> None:
    assert judge(row) == "right", parse(row["raw"].encode())


def test_the_score_is_told_and_does_not_fall(capsys: pytest.CaptureFixture[str]) -> None:
    score = Counter((r["expected"]["verdict"], r["expected"]["dialect"], judge(r)) for r in ROWS)
    with capsys.disabled():
        for (verdict, dialect, judged), count in sorted(score.items()):
            print(f"\n{verdict:7} {dialect:14} {judged:9} {count}", end="")  # noqa: T201
    assert sum(score.values()) == len(ROWS)
    assert sum(judge(row) == "right" for row in CLEAR) >= UNDERSTOOD_AT_LEAST


def test_a_refusal_names_its_code_and_explains_itself() -> None:
    refusals = [a for a in (parse(r["raw"].encode()) for r in ROWS) if isinstance(a, Refusal)]
    assert all(r.code.islower() and r.message.endswith((".", "'", ")")) for r in refusals)
