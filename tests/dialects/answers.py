"""Asking for a message's meaning, for the tests of the vendors' dialects."""

from decimal import Decimal

from bridge.dialects import parse
from bridge.domain.signals import Level, LevelKind, Parsed, Refusal, Signal

D = Decimal


def understood(dialect: str, text: str) -> Parsed:
    """The parsed message, which that dialect must have read."""
    answer = parse(text.encode())
    assert isinstance(answer, Parsed), answer
    assert answer.dialect == dialect
    return answer


def signals(dialect: str, text: str) -> tuple[Signal, ...]:
    return understood(dialect, text).signals


def refused(dialect: str | None, text: str) -> tuple[str, str | None]:
    """The refusal's code and field."""
    answer = parse(text.encode())
    assert isinstance(answer, Refusal), answer
    assert answer.dialect == dialect
    assert answer.message
    return answer.code, answer.field


def told(answer: Parsed) -> set[str]:
    """The fields that were not honoured."""
    return {n.field for n in answer.not_honoured}


def at(price: str) -> Level:
    return Level(LevelKind.PRICE, D(price))


def percent(amount: str) -> Level:
    return Level(LevelKind.PERCENT, D(amount))


def points(amount: str) -> Level:
    return Level(LevelKind.POINTS, D(amount))


def pips(amount: str) -> Level:
    return Level(LevelKind.PIPS, D(amount))


def away(amount: str) -> Level:
    return Level(LevelKind.DISTANCE, D(amount))
