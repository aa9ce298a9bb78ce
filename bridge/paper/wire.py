"""Rows and bodies exactly as the broker writes them: this is where Decimals become JSON."""

from decimal import Decimal
from typing import Any

from bridge.paper import limits
from bridge.paper.accounts import ZERO, Account, profit
from bridge.paper.catalogue import BY_NUMBER, TRADE_ROUTE, Instrument
from bridge.paper.columns import LISTS, Columns
from bridge.paper.market import Market, Session
from bridge.paper.orders import Fill, Order, Position
from bridge.paper.prices import Quote
from bridge.paper.settings import PaperSettings

Row = dict[str, str | None]
_DEPTH_LEVELS = 5


def ok(data: Any) -> dict[str, Any]:
    return {"s": "ok", "d": data}


def refused(words: str) -> dict[str, Any]:
    return {"s": "error", "errmsg": words}


def gateway_error(status: int, words: str) -> dict[str, Any]:
    return {"statusCode": status, "message": words}


def decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def plain(value: Decimal) -> int | float:
    """A JSON number."""
    return int(value) if value == value.to_integral_value() else float(value)


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)


def _price(order: Order, value: Decimal | None) -> str | None:
    return "0" if value is not None and order.type == "market" and not value else decimal(value)


def order_row(order: Order, skew: int) -> Row:
    """A row of orders and of ordersHistory, by column."""
    protection = order.protection
    return {
        "id": str(order.id),
        "tradableInstrumentId": str(order.instrument),
        "routeId": str(order.route_id),
        "qty": decimal(order.qty),
        "side": order.side,
        "type": order.type,
        "status": order.status,
        "filledQty": decimal(order.filled),
        "avgPrice": decimal(order.avg_price),
        "price": decimal(order.price),
        "stopPrice": _price(order, order.stop_price),
        "validity": order.validity,
        "expireDate": None,
        "createdDate": str(order.created + skew),
        "lastModified": str(order.modified + skew),
        "isOpen": "true" if order.opens else "false",
        "positionId": _id(order.position_id),
        "stopLoss": decimal(protection.stop_loss),
        "stopLossType": protection.stop_loss_type,
        "takeProfit": decimal(protection.take_profit),
        "takeProfitType": protection.take_profit_type,
        "strategyId": order.tag,
    }


def position_row(position: Position, pl: Decimal, skew: int) -> Row:
    return {
        "id": str(position.id),
        "tradableInstrumentId": str(position.instrument),
        "routeId": str(position.route_id),
        "side": position.side,
        "qty": decimal(position.qty),
        "avgPrice": decimal(position.avg_price),
        "stopLossId": _id(position.stop_id),
        "takeProfitId": _id(position.target_id),
        "openDate": str(position.opened + skew),
        "unrealizedPl": decimal(pl),
        "strategyId": position.tag,
    }


def fill_row(fill: Fill, skew: int) -> Row:
    return {
        "id": str(fill.id),
        "price": decimal(fill.price),
        "side": fill.side,
        "createdDate": str(fill.at + skew),
        "qty": decimal(fill.qty),
        "orderId": str(fill.order_id),
        "positionId": str(fill.position_id),
        "tradableInstrumentId": str(fill.instrument),
    }


def config(columns: Columns, settings: PaperSettings) -> dict[str, Any]:
    access = ("orders", "ordersHistory", "filledOrders", "positions", "symbolInfo", "marketDepth")
    return ok(
        {
            "customerAccess": dict.fromkeys(access, True),
            **{f"{name}Config": columns.as_config(name) for name in LISTS},
            "rateLimits": limits.as_config(settings),
            "limits": [
                {"limitType": "QUOTES_HISTORY_BARS", "limit": settings.bars_max},
                {"limitType": "MAX_ORDERS_COUNT_IN_HISTORY", "limit": settings.history_max},
            ],
        }
    )


def all_accounts_item(account: Account) -> dict[str, str]:
    return {
        "id": str(account.id),
        "name": account.name,
        "currency": account.currency,
        "accNum": str(account.acc_num),
        "accountBalance": f"{account.balance:.2f}",
        "status": account.status,
    }


def account_item(account: Account) -> dict[str, Any]:
    """The account with its rules, as /trade/accounts lists it."""
    no_limit = {"value": None, "warnLevel1": None, "warnLevel2": None}
    unset = (
        "balanceRelativeDrawdown", "dailyLossLimit", "dailyProfitTarget", "maxDrawdownLevel",
        "maxOrderAmount", "maxOrderCapital", "maxOrdersCount", "maxPendingOrdersNumber",
        "maxPositionsNumber", "maxTrailingDrawdown", "positionLossLimit", "totalMaxPositionQty",
        "unrealizedLossLimit", "weeklyLossLimit",
    )  # fmt: skip
    ladders = {"dailyLossLimit", "unrealizedLossLimit", "weeklyLossLimit"}
    rules = {name: dict(no_limit) if name in ladders else None for name in unset}
    return {
        "id": str(account.id),
        "name": account.name,
        "type": "demo",
        "currency": account.currency,
        "status": account.status,
        "tradingRules": {
            "supportBrackets": True,
            "supportPartialClosePosition": True,
            "supportSelfTrading": True,
            "supportTradingOutOfTradingHours": False,
            "supportTrailingStop": True,
        },
        "riskRules": rules | account.rules,
        "marginRules": {"stopOutLevel": 100, "marginWarningLevel": 120},
    }


def instrument_item(instrument: Instrument) -> dict[str, Any]:
    """An instrument as …/instruments lists it: no lot data."""
    routes = [{"id": TRADE_ROUTE, "type": "TRADE"}]
    routes += [{"id": route, "type": "INFO"} for route in instrument.info_routes]
    return {
        "tradableInstrumentId": instrument.number,
        "id": instrument.symbol_id,
        "name": instrument.name,
        "description": instrument.description,
        "type": instrument.type,
        "tradingExchange": instrument.exchange,
        "marketDataExchange": _data_exchange(instrument),
        "country": None,
        "logoUrl": None,
        "localizedName": instrument.name,
        "routes": routes,
        "barSource": "BID",
        "hasIntraday": True,
        "hasDaily": True,
    }


def _data_exchange(instrument: Instrument) -> str:
    return "Cryptos" if instrument.type == "CRYPTO" else instrument.exchange


_NOT_APPLICABLE = (
    "betSize", "betStep", "bettingCurrency", "contractMonth", "country", "deliveryStatus",
    "exerciseStyle", "firstTradeDate", "industry", "lastTradeDate", "logoUrl", "marketCap",
    "noticeDate", "sector", "settlementDate", "strikePrice", "strikeType",
)  # fmt: skip


def instrument_details(instrument: Instrument, session: Session) -> dict[str, Any]:
    """Every field of an instrument, null where it does not apply, in the alphabet's order."""
    known = {
        "barSource": "BID",
        "baseCurrency": instrument.base,
        "description": instrument.description,
        "hasDaily": True,
        "hasIntraday": True,
        "isin": "",
        "leverage": f"{instrument.leverage:.2f}",
        "localizedName": instrument.name,
        "lotSize": plain(instrument.lot_size),
        "lotStep": plain(instrument.lot_step),
        "margin_hedging_type": "none" if instrument.name == "XMRUSD" else "fx_cfd",
        "marketDataExchange": _data_exchange(instrument),
        "maxLot": None if instrument.max_lot is None else plain(instrument.max_lot),
        "minLot": plain(instrument.min_lot),
        "name": instrument.name,
        "quotingCurrency": instrument.quoting,
        "settlementSystem": "Immediate",
        "symbolStatus": session.symbol_status,
        "tickCost": [{"leftRangeLimit": None, "tickCost": 0.0}],
        "tickSize": [{"leftRangeLimit": None, "tickSize": plain(instrument.tick)}],
        "tradeSessionId": instrument.session,
        "tradeSessionStatusId": instrument.status,
        "tradingExchange": instrument.exchange,
        "type": instrument.type,
    }
    every = dict.fromkeys(_NOT_APPLICABLE) | known
    return {name: every[name] for name in sorted(every, key=str.lower)}


def session(number: int) -> dict[str, Any]:
    return {"id": number, "name": "Around the clock", "blockTrading": False, "holidays": []}


def quotes(quote: Quote) -> dict[str, float]:
    return {"ap": float(quote.ask), "as": 1.0, "bp": float(quote.bid), "bs": 1.0}


def depth(quote: Quote, tick: Decimal) -> dict[str, list[list[float]]]:
    return {
        "asks": [[float(quote.ask + n * tick), float(n + 1)] for n in range(_DEPTH_LEVELS)],
        "bids": [[float(quote.bid - n * tick), float(n + 1)] for n in range(_DEPTH_LEVELS)],
    }


def state(account: Account, market: Market, settings: PaperSettings, now: int) -> dict[str, Any]:
    """The account's figures by column; sums are exact before they become numbers."""
    floating = sum((profit(p, account, market, now) for p in account.positions.values()), ZERO)
    fees = sum((settings.fee_per_lot * p.qty for p in account.positions.values()), ZERO)
    today = account.session(now)
    equity = account.balance + floating
    initial = account.margin + account.blocked
    figures = {
        "balance": account.balance,
        "projectedBalance": equity,
        "availableFunds": equity - initial,
        "cashBalance": account.balance,
        "withdrawalAvailable": max(ZERO, equity - initial),
        "initialMarginReq": initial,
        "maintMarginReq": account.margin,
        "marginWarningLevel": Decimal(120),
        "stopOutLevel": Decimal(100),
        "warningMarginReq": initial,
        "marginBeforeWarning": equity - initial,
        "todayGross": today.gross,
        "todayNet": today.gross - today.fees,
        "todayFees": today.fees,
        "todayVolume": today.volume,
        "todayTradesCount": Decimal(today.trades),
        "openGrossPnL": floating,
        "openNetPnL": floating - fees,
        "positionsCount": Decimal(len(account.positions)),
        "ordersCount": Decimal(len(account.orders)),
    }
    return {name: plain(value) for name, value in figures.items()}


def known_status(number: int) -> Instrument | None:
    """The instrument whose session status has this id."""
    return next((i for i in BY_NUMBER.values() if i.status == number), None)
