"""Bars out of the same prices that quotes and fills come from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.paper.prices import TICK_MS, Quote, Tape

_MINUTE = 60_000
_SPANS = {
    "1m": _MINUTE,
    "5m": 5 * _MINUTE,
    "15m": 15 * _MINUTE,
    "30m": 30 * _MINUTE,
    "1H": 60 * _MINUTE,
    "4H": 240 * _MINUTE,
    "1D": 1440 * _MINUTE,
}
RESOLUTIONS = (*_SPANS, "1W", "1M")
_MONDAY = 4 * 1440 * _MINUTE  # 5 January 1970
_WEEK = 7 * 1440 * _MINUTE
_LOOKS = 200_000
"""How many prices one answer may be made of."""


def bars(
    tape: Tape, resolution: str, start: int, end: int, now: int, most: int
) -> list[dict[str, Any]] | None:
    """Bars that begin within start and end, the forming one last; None if there are too many."""
    spans: list[tuple[int, int]] = []
    for span in _spans(resolution, start, min(end, now)):
        spans.append(span)
        if len(spans) > most:
            return None
    looks = max(4, min(60, _LOOKS // max(len(spans), 1)))
    return [bar(tape, begin, min(stop, now + 1), looks) for begin, stop in spans]


def bar(tape: Tape, begin: int, stop: int, looks: int = 60, side: str = "BID") -> dict[str, Any]:
    """Open, high, low, close and a made-up volume of one span."""
    last = max(begin, stop - 1)
    step = max(TICK_MS, (stop - begin) // looks)
    moments = [*range(begin, last, step), last, *tape.moments(begin, last)]
    prices = [_price(tape.at(m), side) for m in moments]
    volume = (last - begin) // TICK_MS + 1
    return {
        "t": begin,
        "o": _plain(prices[0]),
        "h": _plain(max(prices)),
        "l": _plain(min(prices)),
        "c": _plain(_price(tape.at(last), side)),
        "v": float(volume),
    }


def day_start(ms: int) -> int:
    return ms // _SPANS["1D"] * _SPANS["1D"]


def _price(quote: Quote, side: str) -> Decimal:
    return quote.ask if side == "ASK" else quote.bid


def _plain(price: Decimal) -> float:
    return float(price)


def _spans(resolution: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if resolution == "1M":
        yield from _months(start, end)
        return
    length, first = (_WEEK, _MONDAY) if resolution == "1W" else (_SPANS[resolution], 0)
    begin = -((first - start) // length) * length + first
    while begin <= end:
        yield begin, begin + length
        begin += length


def _months(start: int, end: int) -> Iterator[tuple[int, int]]:
    month = datetime.fromtimestamp(max(start, 0) / 1000, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    while (begin := int(month.timestamp()) * 1000) <= end:
        following = (month + timedelta(days=32)).replace(day=1)
        if begin >= start:
            yield begin, int(following.timestamp()) * 1000
        month = following
