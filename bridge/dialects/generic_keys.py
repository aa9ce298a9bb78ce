"""The keys that generic JSON knows, and what an unknown key's name may not speak of."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bridge.dialects import words
from bridge.dialects.strict import Json

_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "action": "action order_action side signal direction command cmd position_direction",
        "signal_type": "signal_type",
        "symbol": "symbol ticker pair instrument tv_instrument tvTicker market s",
        "quantity": "quantity qty contracts order_contracts size amount q 仓位",
        "volume": "volume",
        "lots": "lots lot",
        "base": "base",
        "cash": "quote usd",
        "equity": "allocation_percent",
        "risk": "risk_percent",
        "type": "order_type ordertype type pricetype",
        "limit_price": "limit_price",
        "stop_price": "stop_price",
        "price": "price",
        "reference": "close entry entry_price order_price market_price trigger_price alert_price",
        "stop": "sl stop_loss sl_price stop",
        "stop_percent": "stop_loss_percent",
        "target": "tp take_profit tp_price target",
        "target_percent": "take_profit_percent",
        "after": "position_size market_position sentiment",
        "after_size": "market_position_size",
        "before": "prev_position_size prev_market_position prev_position prev_sentiment",
        "before_size": "prev_market_position_size",
        "position": "position",
        "reduce_only": "reduce_only",
        "close_position": "close_position",
        "close_side": "close_side",
        "cancel_orders": "cancel_orders",
        "do_trade": "do_trade",
        "test": "test dry_run is_test test_mode",
        "id": "id signal_id event_id uuid",
        "fired": "timenow timestamp alert_time",
        "bar_time": "time date",
        "max_age": "max_lag max_age",
        "account": "account account_id stub subaccount",
        "exchange": "exchange tv_exchange tvExchange",
        "interval": "interval timeframe",
        "strategy": "strategy strategy_name",
        "comment": "comment message note 备注",
        "text": "order_id order_comment alert_message order_alert_message text alert_name",
        "bar": "open high low bar plot",
        "report": "pnl profit closed_at",
        "order_form": "investment_type signal_token",
    }
)
LOOKED_INTO = frozenset(("strategy", "order", "data", "signal", "alert", "payload"))
SIZES = ("quantity", "volume", "lots", "base", "cash", "equity", "risk")
MAX_TARGETS = 8

_SEPARATORS = re.compile(r"[\s_.\-]+")
_NUMBERED = re.compile(r"(?:tp|takeprofit|target)([1-9])(?:price)?")
_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SPEAKING = ("stop", "loss", "trail", "reduce", "close", "cancel", "inverse", "expir", "delay")
_SPEAKING_TOO = ("exit", "flatten", "revers", "profit", "target", "option", "strike", "breakeven")
_CHANGING = words.spelled(
    "mode max maxsize maxqty maxquantity maxposition unit units orders signals multiplier",
    "quantitytype qtytype sizetype sizemode amounttype volumetype currencytype",
    "amountpertrade amountpertradetype hedge opposite timeinforce tif postonly order data",
)
_SIZING = words.spelled(
    "size lot lots qty quantity risk amount contracts percent pct notional usdt cash capital"
)


def norm(key: str) -> str:
    """A key without case, blanks and `_ - .`."""
    return _SEPARATORS.sub("", key).casefold()


_FIELDS: Mapping[str, str] = MappingProxyType(
    {norm(key): field for field, keys in _SYNONYMS.items() for key in keys.split()}
)


def field_of(key: str) -> str | None:
    """The field that a key stands for; `target_3` for numbered targets, `flag` for a side."""
    name = norm(key)
    if name in _FIELDS:
        return _FIELDS[name]
    if found := _NUMBERED.fullmatch(name):
        return f"target_{found[1]}"
    return "flag" if name in words.WORDS else None


def knows(key: str) -> bool:
    """Whether generic JSON gives the key a meaning."""
    return field_of(key) is not None or norm(key) in LOOKED_INTO


def speaks_of_protection(key: str) -> bool:
    """Whether an unknown key's name speaks of protection or of another kind of order."""
    name = norm(key)
    return any(w in name for w in _SPEAKING + _SPEAKING_TOO) or bool({"sl", "tp"} & _tokens(key))


def changes_the_order(key: str) -> bool:
    """Whether an unknown key's name speaks of the size or the way of the order."""
    return norm(key) in _CHANGING or bool(_SIZING & _tokens(key))


def _tokens(key: str) -> frozenset[str]:
    """The words that a key is joined of: `takeProfit_pct` → take, profit, pct."""
    return frozenset(t.lower() for t in _TOKENS.findall(key))


def inner_keys(value: Json) -> Iterator[str]:
    """Every key inside an unknown member."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from inner_keys(member)
    elif isinstance(value, list):
        for item in value:
            yield from inner_keys(item)
