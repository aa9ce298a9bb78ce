"""The columns of each list, which may be permuted, extended and cut while the broker runs."""

from collections.abc import Mapping, Sequence
from typing import Any

_ORDER = (
    "id", "tradableInstrumentId", "routeId", "qty", "side", "type", "status", "filledQty",
    "avgPrice", "price", "stopPrice", "validity", "expireDate", "createdDate", "lastModified",
    "isOpen", "positionId", "stopLoss", "stopLossType", "takeProfit", "takeProfitType",
    "strategyId",
)  # fmt: skip
_POSITION = (
    "id", "tradableInstrumentId", "routeId", "side", "qty", "avgPrice", "stopLossId",
    "takeProfitId", "openDate", "unrealizedPl", "strategyId",
)  # fmt: skip
_FILL = (
    "id", "price", "side", "createdDate", "qty", "orderId", "positionId", "tradableInstrumentId",
)  # fmt: skip

DESCRIPTIONS: Mapping[str, str] = {
    "balance": "A current realized balance of an account.",
    "projectedBalance": "A future balance which includes all accrued and not accrued profit/loss.",
    "availableFunds": "Amount of funds which can be used for trading.",
    "blockedBalance": "Balance blocked by a broker or by a user for withdrawal/transfer.",
    "cashBalance": "A current cash position for an account with taken into account unsettled"
    " profit/loss.",
    "unsettledCash": "Cash sum of unsettled account operations, which have not been delivered to"
    " an account yet and will be delivered in accordance with T+n settlement system.",
    "withdrawalAvailable": "Shows an amount of cash that you can withdraw immediately from your"
    " account.",
    "stocksValue": "A total cost of assets, traded with Stock pre-paid margin type, positions of"
    " which are open on a selected account.",
    "optionValue": "Current option value in portfolio. Can be positive for a long Net position, or"
    " negative for a short Net position. Option value is calculated only for Options with Option"
    " trading style 'Premium-style' or 'Market-to-market'. Option trading style is set up by a"
    " broker.",
    "initialMarginReq": "Amount of initial margin blocked for all positions and orders taking into"
    " account a margin crossing.",
    "maintMarginReq": "Total margin used for maintenance of a current portfolio in account"
    " currency.",
    "marginWarningLevel": "Shows Maintenance margin level.",
    "blockedForStocks": "Amount of funds debited from a balance in case of trading with symbols"
    " with Stocks pre-paid margin type. After closing such position, funds will be returned to an"
    " account. Stock operations can be pending.",
    "stockOrdersReq": "Total margin blocked for orders with Stock pre-paid margin type.",
    "stopOutLevel": "Maintenance margin level value needed for the stop out to occur.",
    "warningMarginReq": "Warning margin requirement for positions and orders.",
    "marginBeforeWarning": "Margin available before warning triggering.",
    "todayGross": "A gross profit for today.",
    "todayNet": "A total profit or loss realized from positions today.",
    "todayFees": "Fees paid today.",
    "todayVolume": "A total volume traded for today.",
    "todayTradesCount": "A number of trades done for today.",
    "openGrossPnL": "A profit or loss on all currently opened positions and currency, recalculated"
    " in real-time based on the most recent quotes",
    "openNetPnL": "A net profit or loss on open positions.",
    "positionsCount": "A number of currently opened positions.",
    "ordersCount": "A number of currently placed pending orders.",
}
_TITLES = {
    "positions": "Positions",
    "orders": "Orders",
    "ordersHistory": "Orders history",
    "filledOrders": "Filled orders",
    "accountDetails": "Account details",
}
_AS_SHIPPED: Mapping[str, tuple[str, ...]] = {
    "positions": _POSITION,
    "orders": _ORDER,
    "ordersHistory": _ORDER,
    "filledOrders": _FILL,
    "accountDetails": tuple(DESCRIPTIONS),
}


class Columns:
    """Which columns each list has now, and in which order."""

    def __init__(self) -> None:
        self._of = dict(_AS_SHIPPED)

    def of(self, name: str) -> tuple[str, ...]:
        return self._of[name]

    def change(
        self, name: str, *, order: Sequence[str], extra: Sequence[str], missing: Sequence[str]
    ) -> None:
        """Those of `order` first, the others behind them, `extra` last, none of `missing`."""
        shipped = _AS_SHIPPED[name]
        first = [c for c in order if c in shipped]
        rest = [c for c in shipped if c not in first]
        self._of[name] = tuple(c for c in [*first, *rest, *extra] if c not in missing)

    def as_config(self, name: str) -> dict[str, Any]:
        """One `…Config` of /trade/config."""
        listed: list[dict[str, str]] = []
        for column in self._of[name]:
            words = DESCRIPTIONS.get(column) if name == "accountDetails" else None
            listed.append({"id": column} | ({"description": words} if words else {}))
        return {"id": name, "title": _TITLES[name], "columns": listed}

    def row(self, name: str, values: Mapping[str, str | None], empty: str | None) -> list[Any]:
        """A positional row; a column we know nothing of, or nothing for, is empty."""
        found = [values.get(column) for column in self._of[name]]
        return found if empty is None else [empty if v is None else v for v in found]


LISTS = tuple(_AS_SHIPPED)
