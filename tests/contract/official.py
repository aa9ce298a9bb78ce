"""The broker's own client tells the scenario. Run by the Python of its own environment:

    python -m tests.contract.official <base address> <paper's time in ms>

It prints one JSON object: the answers of each chapter, or the type of what went wrong there. That
client sleeps a second before every call, so the chapters are told side by side.
"""

import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.contract import scenario
from tests.contract.scenario import Answer, Speaker, figure, identity, words

_tradelocker: Any = importlib.import_module("tradelocker")

_ORDERS = {
    "id": identity,
    "tradableInstrumentId": identity,
    "side": str,
    "type": str,
    "status": str,
    "qty": figure,
    "filledQty": figure,
    "avgPrice": figure,
    "price": figure,
    "stopPrice": figure,
    "createdDate": identity,
    "positionId": identity,
    "stopLoss": figure,
    "takeProfit": figure,
    "strategyId": identity,
}
_POSITIONS = {
    "id": identity,
    "tradableInstrumentId": identity,
    "side": str,
    "qty": figure,
    "avgPrice": figure,
    "stopLossId": identity,
    "takeProfitId": identity,
    "openDate": identity,
    "strategyId": identity,
}
_EXECUTIONS = {
    "id": identity,
    "orderId": identity,
    "positionId": identity,
    "tradableInstrumentId": identity,
    "side": str,
    "qty": figure,
    "price": figure,
    "createdDate": identity,
}
_ACCOUNTS = {"id": identity, "accNum": identity, "currency": str, "status": str}
_BARS = {"t": identity, **dict.fromkeys("ohlcv", figure)}
_CONFIGS = (
    *("ordersConfig", "ordersHistoryConfig", "positionsConfig"),
    *("filledOrdersConfig", "accountDetailsConfig"),
)


def _rows(frame: Any, columns: dict[str, Any]) -> Answer:
    """The rows of a data frame, each column in the words of the scenario."""
    found = frame.to_dict("records")
    return {"rows": [{name: say(row[name]) for name, say in columns.items()} for row in found]}


class Official(Speaker):
    """The unchanged client, one method of it for each step."""

    def __init__(self, base: str, email: str, now: int) -> None:
        super().__init__("official")
        self._now = now
        self._api = _tradelocker.TLAPI(
            environment=base,
            username=email,
            password=scenario.PASSWORD,
            server=scenario.SERVER,
            log_level="critical",
        )
        self.ids["account"] = str(self._api.account_id)

    def accounts(self) -> Answer:
        return _rows(self._api.get_all_accounts(), _ACCOUNTS)

    def refresh(self) -> Answer:
        before = self._api.get_access_token(), self._api.get_refresh_token()
        self._api.refresh_access_tokens()
        after = self._api.get_access_token(), self._api.get_refresh_token()
        return {"access changed": before[0] != after[0], "refresh changed": before[1] != after[1]}

    def state(self) -> Answer:
        state = self._api.get_account_state()
        return {k: figure(state[k]) for k in ("balance", "projectedBalance", "availableFunds")}

    def columns(self) -> Answer:
        config = self._api.get_config()
        return {name: [column["id"] for column in config[name]["columns"]] for name in _CONFIGS}

    def rules(self) -> Answer:
        (account,) = self._api.get_trade_accounts()
        told: Answer = {k: str(account[k]) for k in ("id", "type", "currency", "status")}
        for kind in ("tradingRules", "riskRules", "marginRules"):
            told[kind] = {name: json.dumps(rule) for name, rule in account[kind].items()}
        return told

    def session(self, number: int) -> Answer:
        session = self._api.get_session_details(number)
        return {name: session[name] for name in ("blockTrading", "holidays")}

    def session_status(self, number: int) -> Answer:
        status = self._api.get_session_status_details(number)
        names = ("allowedOperations", "allowedOrderTypes")
        return {name: [bool(flag) for flag in status[name]] for name in names}

    def instrument(self, symbol: str) -> Answer:
        number = self._number(symbol)
        details = self._api.get_instrument_details(number)
        return {
            "id": str(number),
            "name": self._api.get_symbol_name_from_instrument_id(number),
            "tradeRoute": self._api.get_trade_route_id(number),
            "infoRoute": self._api.get_info_route_id(number),
            **{name: figure(details[name]) for name in ("lotSize", "lotStep", "minLot", "maxLot")},
            "tickSize": [figure(tick["tickSize"]) for tick in details["tickSize"]],
            **{n: details[n] for n in ("type", "quotingCurrency", "baseCurrency", "symbolStatus")},
        }

    def quote(self, symbol: str) -> Answer:
        quote = self._api.get_quotes(self._number(symbol))
        return {name: figure(quote[name]) for name in ("ap", "bp")}

    def depth(self, symbol: str) -> Answer:
        depth = self._api.get_market_depth(self._number(symbol))
        return {side: [[figure(n) for n in level] for level in depth[side]] for side in depth}

    def daily_bar(self, symbol: str, side: str) -> Answer:
        bar = self._api.get_daily_bar(self._number(symbol), bar_type=side)
        return {name: figure(bar[name]) for name in "ohlcv"}

    def bars(self, symbol: str, resolution: str, since: int, until: int) -> Answer:
        try:
            frame = self._api.get_price_history(
                self._number(symbol), resolution, start_timestamp=since, end_timestamp=until
            )
        except ValueError:
            return {"refused": True}
        return _rows(frame, _BARS)

    def place(
        self,
        symbol: str,
        side: str,
        lots: str,
        tag: str,
        kind: str = "market",
        price: str | None = None,
        stop_loss: str | None = None,
        take_profit: str | None = None,
    ) -> Answer:
        prices = {} if price is None else {"stop_price" if kind == "stop" else "price": price}
        legs = {"stop_loss": stop_loss, "take_profit": take_profit}
        given = {name: value for name, value in legs.items() if value is not None}
        try:
            order_id = self._api.create_order(
                self._number(symbol),
                float(lots),
                side,
                type_=kind,
                validity="IOC" if kind == "market" else "GTC",
                strategy_id=tag,
                _ignore_len_check=True,
                **{name: float(value) for name, value in (prices | given).items()},
                **{f"{name}_type": "absolute" for name in given},
            )
        except _tradelocker.TLAPIOrderException as refused:
            return {"id": None, "refused": words(str(refused))}
        return {"id": str(order_id), "refused": None}

    def orders(self) -> Answer:
        return _rows(self._api.get_all_orders(history=False), _ORDERS)

    def history(self, since: int = -scenario.HOUR, until: int = scenario.HOUR) -> Answer:
        frame = self._api.get_all_orders(
            history=True, start_timestamp=self._now + since, end_timestamp=self._now + until
        )
        return _rows(frame, _ORDERS)

    def positions(self) -> Answer:
        return _rows(self._api.get_all_positions(), _POSITIONS)

    def executions(self) -> Answer:
        return _rows(self._api.get_all_executions(), _EXECUTIONS)

    def position_of(self, order: str) -> Answer:
        return {"id": identity(self._api.get_position_id_from_order_id(int(self.ids[order])))}

    def change_order(self, order: str, price: str, lots: str | None = None) -> Answer:
        change = {"price": price} if lots is None else {"price": price, "qty": lots}
        return {"done": self._api.modify_order(int(self.ids[order]), change)}

    def change_position(self, position: str, **legs: str | None) -> Answer:
        names = {"stop_loss": "stopLoss", "take_profit": "takeProfit"}
        change = {names[k]: None if v is None else float(v) for k, v in legs.items()}
        return {"done": self._api.modify_position(int(self.ids[position]), change)}

    def cancel(self, order: str) -> Answer:
        return {"done": self._api.delete_order(int(self.ids[order]))}

    def close(self, position: str, lots: str | None = None) -> Answer:
        number, part = int(self.ids[position]), 0 if lots is None else float(lots)
        return {"done": self._api.close_position(position_id=number, close_quantity=part)}

    def cancel_all(self, symbol: str | None = None) -> Answer:
        return {"done": self._api.delete_all_orders(self._filter(symbol))}

    def close_all(self, symbol: str | None = None) -> Answer:
        return {"done": self._api.close_all_positions(self._filter(symbol))}

    def _number(self, symbol: str) -> int:
        number: int = self._api.get_instrument_id_from_symbol_name(symbol)
        return number

    def _filter(self, symbol: str | None) -> int:
        return 0 if symbol is None else self._number(symbol)


def _tell(base: str, now: int, title: str) -> list[Answer | None]:
    speaker = Official(base, scenario.email_of("official", title), now)
    return speaker.tell(scenario.SCENARIO[title])


def main(base: str, now: int) -> None:
    told: dict[str, Any] = {}
    with ThreadPoolExecutor(len(scenario.SCENARIO)) as pool:
        tellings = {title: pool.submit(_tell, base, now, title) for title in scenario.SCENARIO}
    for title, telling in tellings.items():
        trouble = telling.exception()
        told[title] = telling.result() if trouble is None else type(trouble).__name__
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
