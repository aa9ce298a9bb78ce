"""The 25 routes: method and path template, the limit each counts under, and who answers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.paper import reading, signing_in, trading
from bridge.paper.call import Context

Handler = Callable[[Context], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One route; `limit` is the rateLimitType that its calls use up."""

    name: str
    answer: Handler
    limit: str
    status: int = 200
    needs_account: bool = True
    needs_token: bool = True


def _signing_in(name: str, answer: Handler, status: int, *, token: bool) -> Route:
    return Route(name, answer, "AUTH", status, needs_account=False, needs_token=token)


_A = "/trade/accounts/{a}"

ROUTES: Mapping[str, Route] = {
    route.name: route
    for route in (
        _signing_in("POST /auth/jwt/token", signing_in.token, 201, token=False),
        _signing_in("POST /auth/jwt/refresh", signing_in.refresh, 201, token=False),
        _signing_in("GET /auth/jwt/all-accounts", signing_in.all_accounts, 200, token=True),
        Route("GET /trade/config", reading.config, "CONFIG"),
        Route("GET /trade/accounts", reading.accounts, "GET_ACCOUNTS"),
        Route(f"GET {_A}/executions", reading.executions, "GET_EXECUTIONS"),
        Route(f"GET {_A}/instruments", reading.instruments, "GET_INSTRUMENTS"),
        Route(f"GET {_A}/orders", reading.orders, "GET_ORDERS"),
        Route(f"GET {_A}/ordersHistory", reading.orders_history, "GET_ORDERS_HISTORY"),
        Route(f"GET {_A}/positions", reading.positions, "GET_POSITIONS"),
        Route(f"GET {_A}/state", reading.state, "GET_ACCOUNTS_STATE"),
        Route(
            "GET /trade/instruments/{tradableInstrumentId}",
            reading.instrument,
            "GET_INSTRUMENT_DETAILS",
        ),
        Route("GET /trade/sessions/{sessionId}", reading.session, "GET_TRADE_SESSIONS"),
        Route(
            "GET /trade/sessionStatuses/{sessionStatusId}",
            reading.session_status,
            "GET_SESSION_STATUSES",
        ),
        Route("GET /trade/dailyBar", reading.daily_bar, "DAILY_BAR"),
        Route("GET /trade/depth", reading.depth, "DEPTH"),
        Route("GET /trade/history", reading.history, "QUOTES_HISTORY"),
        Route("GET /trade/quotes", reading.quotes, "QUOTES"),
        Route(f"POST {_A}/orders", trading.place, "PLACE_ORDER"),
        Route(f"DELETE {_A}/orders", trading.cancel_all, "MODIFY_ORDER"),
        Route(f"DELETE {_A}/positions", trading.close_all, "MODIFY_POSITION"),
        Route("DELETE /trade/orders/{orderId}", trading.cancel, "MODIFY_ORDER"),
        Route("PATCH /trade/orders/{orderId}", trading.change_order, "MODIFY_ORDER"),
        Route("DELETE /trade/positions/{positionId}", trading.close, "MODIFY_POSITION"),
        Route("PATCH /trade/positions/{positionId}", trading.change_position, "MODIFY_POSITION"),
    )
}
NAMES = frozenset(ROUTES)

_THINGS = {
    "instruments": "tradableInstrumentId",
    "sessions": "sessionId",
    "sessionStatuses": "sessionStatusId",
    "orders": "orderId",
    "positions": "positionId",
}


def match(method: str, path: str) -> tuple[Route | None, Mapping[str, str]]:
    """The route of a path below /backend-api, and what stands in its braces."""
    match path.split("/")[1:]:
        case ["trade", "accounts", account, rest]:
            name, ids = f"{method} {_A}/{rest}", {"a": account}
        case ["trade", kind, thing] if kind in _THINGS:
            name, ids = f"{method} /trade/{kind}/{{{_THINGS[kind]}}}", {_THINGS[kind]: thing}
        case _:
            name, ids = f"{method} {path}", {}
    return ROUTES.get(name), ids
