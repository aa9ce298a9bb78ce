"""Positional rows → values, by the names the broker's config gives to the places.

Columns may be reordered, added or missing. A row that does not fit the names is Unreadable: the
config is then read anew, and a row that still does not fit is no answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bridge.brokers.base import Limit
from bridge.brokers.tradelocker import strict
from bridge.brokers.tradelocker.limits import read_limits
from bridge.domain.instruments import AccountState, BrokerOrder, Position
from bridge.domain.values import PositionSide, Side, from_millis

Named = Mapping[str, object]

_TAG = "strategyId"
_MILLIS = re.compile(r"[0-9]{12,14}", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z _-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class BrokerConfig:
    """What `/trade/config` tells: columns of each list, rate limits, caps of history and bars."""

    orders: tuple[str, ...]
    history: tuple[str, ...]
    positions: tuple[str, ...]
    state: tuple[str, ...]
    executions: tuple[str, ...]
    limits: Mapping[str, Limit]
    history_cap: int | None
    bars_cap: int | None

    @property
    def tags_visible(self) -> bool:
        """Whether our tag can be read back in all three lists."""
        return all(_TAG in names for names in (self.orders, self.history, self.positions))


def read_config(data: object) -> BrokerConfig:
    table = strict.table(data)
    return BrokerConfig(
        orders=_columns(table, "ordersConfig"),
        history=_columns(table, "ordersHistoryConfig"),
        positions=_columns(table, "positionsConfig"),
        state=_columns(table, "accountDetailsConfig"),
        executions=_columns(table, "filledOrdersConfig"),
        limits=read_limits(table.get("rateLimits")),
        history_cap=_cap(table.get("limits"), "MAX_ORDERS_COUNT_IN_HISTORY"),
        bars_cap=_cap(table.get("limits"), "QUOTES_HISTORY_BARS"),
    )


def _columns(config: Named, key: str) -> tuple[str, ...]:
    if config.get(key) is None:
        return ()  # then no row of that list fits, and only that list cannot be read
    listed = strict.rows(strict.table(config[key]).get("columns"))
    names = tuple(strict.needed_text(strict.table(c).get("id")) for c in listed)
    if len(set(names)) != len(names):
        raise strict.Unreadable(f"{key} names a column twice")
    return names


def _cap(limits: object, name: str) -> int | None:
    for entry in limits if isinstance(limits, list) else []:
        if isinstance(entry, dict) and entry.get("limitType") == name:
            return int(strict.positive(entry.get("limit")))
    return None


def named(columns: Sequence[str], row: object) -> Named:
    cells = strict.rows(row)
    if len(cells) != len(columns):
        raise strict.Unreadable(f"a row of {len(cells)} cells for {len(columns)} columns")
    return dict(zip(columns, cells, strict=True))


def read_position(row: Named) -> Position:
    return Position(
        id=strict.needed_identity(row.get("id")),
        instrument_id=strict.needed_identity(row.get("tradableInstrumentId")),
        side=PositionSide.LONG if side_of(row) is Side.BUY else PositionSide.SHORT,
        lots=quantity_of(row),
        price=strict.needed_number(row.get("avgPrice")),
        opened_at=time_of(row.get("openDate")),
        stop_loss_id=strict.identity(row.get("stopLossId")),
        take_profit_id=strict.identity(row.get("takeProfitId")),
        tag=_tag(row),
    )


def read_order(row: Named) -> BrokerOrder:
    """An order, resting or in history. A status we do not know is kept as the broker says it."""
    return BrokerOrder(
        id=strict.needed_identity(row.get("id")),
        instrument_id=strict.needed_identity(row.get("tradableInstrumentId")),
        side=side_of(row),
        type=_word(row, "type").lower(),
        status=_word(row, "status"),
        lots=quantity_of(row),
        filled=strict.number(row.get("filledQty")),
        average_price=strict.number(row.get("avgPrice")),
        price=strict.number(row.get("price")),
        stop_price=strict.number(row.get("stopPrice")),
        created_at=time_of(row.get("createdDate")),
        position_id=strict.identity(row.get("positionId")),
        stop_loss=strict.number(row.get("stopLoss")),
        take_profit=strict.number(row.get("takeProfit")),
        tag=_tag(row),
    )


def read_state(row: Named, read_at: datetime) -> AccountState:
    return AccountState(
        balance=strict.needed_number(row.get("balance")),
        equity=strict.needed_number(row.get("projectedBalance")),
        available=strict.needed_number(row.get("availableFunds")),
        read_at=read_at,
    )


def side_of(row: Named) -> Side:
    side = strict.needed_text(row.get("side")).lower()
    if side not in (Side.BUY, Side.SELL):
        raise strict.Unreadable(f"{strict.quoted(side)} is no side")
    return Side(side)


def quantity_of(row: Named) -> Decimal:
    lots = strict.needed_number(row.get("qty"))
    if lots < 0:
        raise strict.Unreadable(f"{lots} is no quantity")
    return lots


def _tag(row: Named) -> str | None:
    """Anybody's label: only ever compared with our own."""
    label = row.get(_TAG)
    return None if label is None or label == "" else str(label)


def _word(row: Named, name: str) -> str:
    word = strict.needed_text(row.get(name))
    if _WORD.fullmatch(word) is None:
        raise strict.Unreadable(f"{strict.quoted(word)} is no {name}")
    return word


def time_of(value: object) -> datetime | None:
    millis = strict.identity(value)
    if millis is None:
        return None
    if _MILLIS.fullmatch(millis) is None:
        raise strict.Unreadable(f"{strict.quoted(millis)} is no time in milliseconds")
    return from_millis(int(millis))
