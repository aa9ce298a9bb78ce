"""The broker's rate limits by name: as its config publishes them, else as we assume them."""

from collections.abc import Mapping
from datetime import timedelta

from bridge.brokers.base import Limit
from bridge.brokers.tradelocker import strict

PLACE = "PLACE_ORDER"
CANCEL = "MODIFY_ORDER"  # cancels and closes have no published limit of their own
CLOSE = "MODIFY_POSITION"

INSTRUMENTS = "GET_INSTRUMENTS"
DETAILS = "GET_INSTRUMENT_DETAILS"
QUOTES = "QUOTES"
POSITIONS = "GET_POSITIONS"
ORDERS = "GET_ORDERS"
HISTORY = "GET_ORDERS_HISTORY"
STATE = "GET_ACCOUNTS_STATE"
ACCOUNTS = "GET_ACCOUNTS"
EXECUTIONS = "GET_EXECUTIONS"
SESSIONS = "GET_TRADE_SESSIONS"
SESSION_STATUSES = "GET_SESSION_STATUSES"
DAILY_BAR = "DAILY_BAR"
DEPTH = "DEPTH"
BARS = "QUOTES_HISTORY"

_SECOND = timedelta(seconds=1)
_MEASURES = {"SECONDS": _SECOND, "MINUTES": timedelta(minutes=1)}

ASSUMED: Mapping[str, Limit] = {
    PLACE: Limit(5, _SECOND),
    CANCEL: Limit(5, _SECOND),
    CLOSE: Limit(5, _SECOND),
    INSTRUMENTS: Limit(2, _SECOND),
    DETAILS: Limit(2, _SECOND),
    QUOTES: Limit(10, _SECOND),
    POSITIONS: Limit(1, _SECOND),
    ORDERS: Limit(1, _SECOND),
    HISTORY: Limit(1, _SECOND),
    STATE: Limit(4, 2 * _SECOND),
    ACCOUNTS: Limit(2, _SECOND),
    EXECUTIONS: Limit(2, _SECOND),
    SESSIONS: Limit(2, _SECOND),
    SESSION_STATUSES: Limit(2, _SECOND),
    DAILY_BAR: Limit(5, _SECOND),
    DEPTH: Limit(10, _SECOND),
    BARS: Limit(60, 60 * _SECOND),
}


def read_limits(published: object) -> Mapping[str, Limit]:
    """Every limit we use. An entry that makes no sense leaves what we assume."""
    found = dict(ASSUMED)
    for entry in published if isinstance(published, list) else []:
        if isinstance(entry, dict) and entry.get("rateLimitType") in ASSUMED:
            limit = _read_limit(entry)
            if limit is not None:
                found[entry["rateLimitType"]] = limit
    return found


def _read_limit(entry: Mapping[str, object]) -> Limit | None:
    measure = _MEASURES.get(str(entry.get("measure")))
    try:
        count = strict.positive(entry.get("limit"))
        number = strict.positive(entry.get("intervalNum"))
    except strict.Unreadable:
        return None
    if measure is None or count != int(count) or number != int(number) or number > 1440:
        return None
    return Limit(int(count), int(number) * measure)
