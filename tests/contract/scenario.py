"""The sentences, and what both clients share in saying them.

Imports nothing of Bridge: the broker's own client reads this module where Bridge is not installed.
Every answer is put into the same plain words on both sides: numbers as plain decimal text, nothing
and zero as None (the broker's client fills gaps with zeros), ids by the names of their steps.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Answer = dict[str, Any]

SOME = "<some>"
"""Stands in an expectation for anything that is there."""

HOUR = 3_600_000


@dataclass(frozen=True)
class Step:
    """One sentence: what is done, and what must stand in the answer of either client."""

    says: str
    do: str
    args: Mapping[str, Any]
    expect: Mapping[str, Any]
    name: str | None
    only: str | None


def step(
    says: str,
    do: str,
    expect: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    only: str | None = None,
    **args: Any,
) -> Step:
    """`name` is given to the id in the answer; `only` says that one client alone can say this."""
    return Step(says, do, args, expect or {}, name, only)


Chapter = Sequence[Step]

_BUY = {"symbol": "BTCUSD", "side": "buy", "lots": "0.02"}
_FAR = {**_BUY, "kind": "limit", "price": "50000"}
_NONE: Mapping[str, Any] = {"rows": []}


def _rows(*rows: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    return {"rows": list(rows), **more}


SIGNING_IN: Chapter = (
    step(
        "a login lists its accounts",
        "accounts",
        _rows({"id": "account", "accNum": "1", "currency": "USD", "status": "ACTIVE"}),
    ),
    step(
        "both tokens change on refresh",
        "refresh",
        {"access changed": True, "refresh changed": True},
    ),
    step(
        "the session goes on with the new tokens",
        "state",
        {"balance": "100000", "projectedBalance": "100000", "availableFunds": "100000"},
    ),
    step("the columns are told", "columns", {"positionsConfig": SOME, "filledOrdersConfig": SOME}),
    step("the account's rules are told", "rules", {"id": "account", "type": "demo"}),
    step("a session is told", "session", {"blockTrading": False, "holidays": []}, number=1547),
    step(
        "a session status has three operations and six order types",
        "session_status",
        {"allowedOperations": [True] * 3, "allowedOrderTypes": [True] * 6},
        number=20,
    ),
)

MARKET_DATA: Chapter = (
    step(
        "an instrument has lot facts and two routes",
        "instrument",
        {"id": "206", "tradeRoute": "9912", "infoRoute": "452", "maxLot": None, "lotStep": "0.01"},
        symbol="BTCUSD",
    ),
    step(
        "of two INFO routes the dead one is passed over",
        "instrument",
        {"infoRoute": "452", "lotSize": "100", "baseCurrency": None},
        symbol="XAUUSD",
    ),
    step("a quote is an ask above a bid", "quote", {"ap": SOME, "bp": SOME}, symbol="BTCUSD"),
    step("a depth has both sides", "depth", {"asks": SOME, "bids": SOME}, symbol="BTCUSD"),
    step("a day has its bar of asks", "daily_bar", {"c": SOME}, symbol="BTCUSD", side="ASK"),
    step("a day has its bar of bids", "daily_bar", {"c": SOME}, symbol="BTCUSD", side="BID"),
    step(
        "bars of a range begin at both its ends",
        "bars",
        _rows({"t": "1789156800000"}, {"t": "1789157700000"}),
        symbol="BTCUSD",
        resolution="15m",
        since=1789156800000,
        until=1789157700000,
    ),
    step(
        "a range of nothing has no bars and is no error",
        "bars",
        _NONE,
        symbol="BTCUSD",
        resolution="15m",
        since=1789156800000,
        until=1789156800000,
    ),
    step(
        "a range of too many bars is not asked for",
        "bars",
        {"refused": True},
        symbol="BTCUSD",
        resolution="1m",
        since=1789156800000,
        until=1789156800000 + 1000 * HOUR,
    ),
)

RESTING_ORDERS: Chapter = (
    step("a limit far away is taken", "place", {"id": "far"}, name="far", tag="b1far", **_FAR),
    step(
        "it rests as New and stands among the orders",
        "orders",
        _rows({"id": "far", "status": "New", "price": "50000", "strategyId": "b1far"}),
    ),
    step("it is absent from history", "history", _NONE),
    step(
        "a stop with stop loss and take profit is taken",
        "place",
        {"id": "stop"},
        name="stop",
        tag="b1stop",
        stop_loss="89000",
        take_profit="95000",
        **{**_BUY, "kind": "stop", "price": "90000"},
    ),
    step(
        "both rest, each with its own price",
        "orders",
        _rows(
            {"id": "far", "type": "limit", "price": "50000", "stopPrice": None},
            {"id": "stop", "type": "stop", "price": None, "stopPrice": "90000"},
        ),
    ),
    step(
        "an order is changed",
        "change_order",
        {"done": True},
        order="far",
        price="50001",
        lots="0.03",
    ),
    step(
        "and keeps its id",
        "orders",
        _rows({"id": "far", "price": "50001", "qty": "0.03"}, {"id": "stop"}),
    ),
    step("an order is cancelled", "cancel", {"done": True}, order="far"),
    step("a cancelled order is not cancelled again", "cancel", {"done": False}, order="far"),
    step("nor changed", "change_order", {"done": False}, order="far", price="50002"),
    step("the other one rests on", "orders", _rows({"id": "stop", "status": "New"})),
    step(
        "the cancelled one stands in history",
        "history",
        _rows({"id": "far", "status": "Cancelled", "filledQty": None}),
    ),
    step("a range before it holds nothing", "history", _NONE, since=-2 * HOUR, until=-HOUR),
)

A_POSITION: Chapter = (
    step(
        "a market order with stop loss and take profit is taken",
        "place",
        {"id": "bought"},
        name="bought",
        tag="b1bought",
        stop_loss="70000",
        take_profit="90000",
        **_BUY,
    ),
    step(
        "the history row of an order names its position",
        "position_of",
        {"id": "long"},
        name="long",
        order="bought",
    ),
    step(
        "the row is Filled with its average price and keeps the protective prices",
        "history",
        _rows(
            {
                "id": "bought",
                "status": "Filled",
                "filledQty": "0.02",
                "avgPrice": SOME,
                "positionId": "long",
                "stopLoss": "70000",
                "takeProfit": "90000",
                "strategyId": "b1bought",
            }
        ),
    ),
    step(
        "the position bears our tag and the ids of two orders",
        "positions",
        _rows(
            {
                "id": "long",
                "side": "buy",
                "qty": "0.02",
                "stopLossId": SOME,
                "takeProfitId": SOME,
                "strategyId": "b1bought",
            }
        ),
    ),
    step(
        "these are a stop and a limit of the other side",
        "orders",
        _rows(
            {"type": "stop", "side": "sell", "stopPrice": "70000", "positionId": "long"},
            {"type": "limit", "side": "sell", "price": "90000", "positionId": "long"},
        ),
    ),
    step(
        "a fill is an execution without a tag",
        "executions",
        _rows({"orderId": "bought", "positionId": "long", "qty": "0.02", "side": "buy"}),
    ),
    step(
        "legs are moved",
        "change_position",
        {"done": True},
        position="long",
        stop_loss="71000",
        take_profit="91000",
    ),
    step(
        "and keep their ids",
        "orders",
        _rows({"type": "stop", "stopPrice": "71000"}, {"type": "limit", "price": "91000"}),
    ),
    step("half of it is closed", "close", {"done": True}, position="long", lots="0.01"),
    step(
        "a partial close keeps the position's id and lowers its quantity",
        "positions",
        _rows({"id": "long", "qty": "0.01", "strategyId": "b1bought"}),
    ),
    step("and that of its legs", "orders", _rows({"qty": "0.01"}, {"qty": "0.01"})),
    step("the state counts the open position", "state", {"availableFunds": SOME}),
)

THE_END_OF_A_POSITION: Chapter = (
    step(
        "a bare market sell is taken",
        "place",
        {"id": "sold"},
        name="sold",
        tag="b1sold",
        **{**_BUY, "side": "sell"},
    ),
    step("it has a position", "position_of", {"id": "short"}, name="short", order="sold"),
    step(
        "the position has no legs",
        "positions",
        _rows({"id": "short", "side": "sell", "stopLossId": None, "takeProfitId": None}),
    ),
    step(
        "legs are made",
        "change_position",
        {"done": True},
        position="short",
        stop_loss="90000",
        take_profit="70000",
    ),
    step(
        "the position names both",
        "positions",
        _rows({"stopLossId": SOME, "takeProfitId": SOME}),
    ),
    step(
        "an explicit null removes a leg, a missing key leaves one",
        "change_position",
        {"done": True},
        position="short",
        stop_loss=None,
    ),
    step(
        "the other leg stays",
        "positions",
        _rows({"id": "short", "stopLossId": None, "takeProfitId": SOME}),
    ),
    step(
        "a stop loss on the wrong side is refused",
        "change_position",
        {"done": False},
        position="short",
        stop_loss="70000",
    ),
    step("all of it is closed", "close", {"done": True}, position="short", lots=None),
    step("the position is gone", "positions", _NONE),
    step("and its legs with it", "orders", _NONE),
    step(
        "history holds entry, legs and close, the close without our tag",
        "history",
        _rows(
            {"id": "sold", "side": "sell", "status": "Filled", "strategyId": "b1sold"},
            {"type": "stop", "status": "Cancelled", "strategyId": None},
            {"type": "limit", "status": "Cancelled", "strategyId": None},
            {"side": "buy", "status": "Filled", "positionId": "short", "strategyId": None},
        ),
    ),
    step(
        "each fill is an execution",
        "executions",
        _rows({"orderId": "sold"}, {"positionId": "short", "side": "buy"}),
    ),
    step("a gone position is not closed again", "close", {"done": False}, position="short"),
)

ALL_AT_ONCE: Chapter = (
    step("one instrument is bought", "place", {"id": "coin"}, name="coin", tag="b1coin", **_BUY),
    step(
        "and another",
        "place",
        {"id": "euro"},
        name="euro",
        tag="b1euro",
        **{**_BUY, "symbol": "EURUSD"},
    ),
    step(
        "each order has its own position",
        "positions",
        _rows({"tradableInstrumentId": "206"}, {"tradableInstrumentId": "278"}),
    ),
    step("closing all of one instrument", "close_all", {"done": True}, symbol="EURUSD"),
    step("spares the other", "positions", _rows({"tradableInstrumentId": "206"})),
    step("closing all", "close_all", {"done": True}),
    step("leaves nothing", "positions", _NONE),
    step("a limit rests", "place", {"id": "l1"}, name="l1", tag="b1l1", **_FAR),
    step(
        "and one of another instrument",
        "place",
        {"id": "l2"},
        name="l2",
        tag="b1l2",
        **{**_FAR, "symbol": "EURUSD", "price": "0.5"},
    ),
    step("cancelling all of one instrument", "cancel_all", {"done": True}, symbol="EURUSD"),
    step("spares the other order", "orders", _rows({"id": "l1"})),
    step("cancelling all", "cancel_all", {"done": True}),
    step("leaves no order", "orders", _NONE),
)

REFUSALS: Chapter = (
    step(
        "a quantity off the step is refused, not rounded",
        "place",
        {"refused": SOME},
        tag="b1off",
        **{**_BUY, "lots": "0.123"},
    ),
    step(
        "and one below a step",
        "place",
        {"refused": SOME},
        tag="b1low",
        **{**_BUY, "lots": "0.001"},
    ),
    step(
        "a stop loss on the wrong side is refused in the broker's words",
        "place",
        {"refused": "SL price is not valid for the order."},
        tag="b1wrong",
        stop_loss="90000",
        **_BUY,
    ),
    step("none of these is anywhere", "orders", _NONE),
    step("nor in history", "history", _NONE),
    step("a tag of 31 passes", "place", {"id": "t31"}, name="t31", tag="t" * 31, **_FAR),
    step(
        "a strategyId of 32 passes",
        "place",
        {"id": "t32"},
        name="t32",
        only="official",
        tag="t" * 32,
        **_FAR,
    ),
    step(
        "and of 33 is refused",
        "place",
        {"refused": SOME},
        only="official",
        tag="t" * 33,
        **_FAR,
    ),
    step(
        "we never send more than 31",
        "place",
        {"refused": "Not sent: A tag is at most 31 of [0-9a-z]."},
        only="ours",
        tag="t" * 32,
        **_FAR,
    ),
    step("what was taken is cancelled", "cancel", {"done": True}, order="t31"),
    step(
        "and echoes its tag exactly",
        "history",
        _rows({"id": "t31", "status": "Cancelled", "strategyId": "t" * 31}),
    ),
)

SCENARIO: Mapping[str, Chapter] = {
    "signing in": SIGNING_IN,
    "market data": MARKET_DATA,
    "resting orders": RESTING_ORDERS,
    "a position": A_POSITION,
    "the end of a position": THE_END_OF_A_POSITION,
    "all at once": ALL_AT_ONCE,
    "refusals": REFUSALS,
}


@dataclass
class Speaker:
    """One client telling a chapter. Subclasses have a method for each thing that steps do."""

    who: str
    ids: dict[str, str] = field(default_factory=dict)
    """Name of a step → the id it got."""

    def tell(self, chapter: Chapter) -> list[Answer | None]:
        """The answer to each step, None where the step is not for this client."""
        return [self._said(s) if s.only in (None, self.who) else None for s in chapter]

    def _said(self, said: Step) -> Answer:
        answer: Answer = getattr(self, said.do)(**said.args)
        if said.name is not None and answer.get("id") is not None:
            self.ids[said.name] = answer["id"]
        named = {found: name for name, found in self.ids.items()}
        renamed: Answer = _renamed(answer, named)
        return renamed


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def figure(value: Any) -> str | None:
    """A number as plain text; None for nothing and for zero, which one side cannot tell apart."""
    if value in (None, "") or (isinstance(value, float) and math.isnan(value)):
        return None
    number = Decimal(str(value))
    return f"{number.normalize():f}" if number else None


def identity(value: Any) -> str | None:
    """An id, or a time in milliseconds, as text; None for nothing and for zero."""
    return None if value in (None, "", 0, "0") else str(value)


def words(text: str) -> str:
    """What a refusal says, its spaces apart: ours are cleaned for showing."""
    return " ".join(text.split())


def email_of(who: str, chapter: str) -> str:
    """Each client has its own account for each chapter: a new e-mail opens one."""
    return f"{who}.{chapter.replace(' ', '.')}@example.com"


PASSWORD, SERVER = "open-sesame", "PAPER"
