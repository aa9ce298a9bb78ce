"""One short method per route. The account is header and path alike, always from one value."""

import re
from collections.abc import Mapping
from datetime import datetime

from bridge.brokers.base import Login
from bridge.brokers.tradelocker import bodies
from bridge.brokers.tradelocker.transport import Request
from bridge.domain.instruments import BrokerAccount
from bridge.domain.values import Secret, epoch_millis
from bridge.errors import Refused

_LAST_PLACE = re.compile(r"\{\w+\}$")
_NO_QUERY: Mapping[str, str] = {}


def token(login: Login) -> Request:
    fields = bodies.token_body(login.email, login.password.value, login.server)
    return Request("POST", "/auth/jwt/token", "/auth/jwt/token", fields=fields)


def refresh(secret: Secret) -> Request:
    fields = bodies.refresh_body(secret.value)
    return Request("POST", "/auth/jwt/refresh", "/auth/jwt/refresh", fields=fields)


def all_accounts(access: Secret) -> Request:
    headers = {"Authorization": f"Bearer {access.value}"}
    return Request("GET", "/auth/jwt/all-accounts", "/auth/jwt/all-accounts", headers=headers)


class AccountRoutes:
    """The routes of one account under one access token. Each gives the request, sent by others."""

    def __init__(self, account: BrokerAccount, access: Secret) -> None:
        self._account = account
        self._access = access

    def config(self) -> Request:
        return self._request("GET", "/trade/config")

    def instruments(self) -> Request:
        return self._request("GET", "/trade/accounts/{a}/instruments")

    def instrument(self, instrument_id: str, route_id: str) -> Request:
        query = {"routeId": route_id}
        return self._request(
            "GET", "/trade/instruments/{tradableInstrumentId}", instrument_id, query=query
        )

    def quotes(self, instrument_id: str, route_id: str) -> Request:
        query = {"routeId": route_id, "tradableInstrumentId": instrument_id}
        return self._request("GET", "/trade/quotes", query=query)

    def positions(self) -> Request:
        return self._request("GET", "/trade/accounts/{a}/positions")

    def orders(self) -> Request:
        return self._request("GET", "/trade/accounts/{a}/orders")

    def orders_history(self, since: datetime, until: datetime | None = None) -> Request:
        query = {"from": str(epoch_millis(since))}
        if until is not None:
            query["to"] = str(epoch_millis(until))
        return self._request("GET", "/trade/accounts/{a}/ordersHistory", query=query)

    def state(self) -> Request:
        return self._request("GET", "/trade/accounts/{a}/state")

    def accounts(self) -> Request:
        return self._request("GET", "/trade/accounts")

    def executions(self) -> Request:
        return self._request("GET", "/trade/accounts/{a}/executions")

    def session(self, session_id: str) -> Request:
        return self._request("GET", "/trade/sessions/{sessionId}", session_id)

    def session_status(self, status_id: str) -> Request:
        return self._request("GET", "/trade/sessionStatuses/{sessionStatusId}", status_id)

    def daily_bar(self, instrument_id: str, route_id: str, side: str) -> Request:
        query = {"routeId": route_id, "tradableInstrumentId": instrument_id, "barType": side}
        return self._request("GET", "/trade/dailyBar", query=query)

    def depth(self, instrument_id: str, route_id: str) -> Request:
        query = {"routeId": route_id, "tradableInstrumentId": instrument_id}
        return self._request("GET", "/trade/depth", query=query)

    def bars(
        self,
        instrument_id: str,
        route_id: str,
        resolution: str,
        since: datetime,
        until: datetime,
    ) -> Request:
        query = {
            "routeId": route_id,
            "tradableInstrumentId": instrument_id,
            "resolution": resolution,
            "from": str(epoch_millis(since)),
            "to": str(epoch_millis(until)),
        }
        return self._request("GET", "/trade/history", query=query)

    def place(self, fields: bodies.Fields) -> Request:
        return self._request("POST", "/trade/accounts/{a}/orders", fields=fields)

    def close(self, position_id: str, fields: bodies.Fields) -> Request:
        return self._request("DELETE", "/trade/positions/{positionId}", position_id, fields=fields)

    def cancel(self, order_id: str) -> Request:
        return self._request("DELETE", "/trade/orders/{orderId}", order_id)

    def modify_order(self, order_id: str, fields: bodies.Fields) -> Request:
        return self._request("PATCH", "/trade/orders/{orderId}", order_id, fields=fields)

    def modify_position(self, position_id: str, fields: bodies.Fields) -> Request:
        route = "/trade/positions/{positionId}"
        return self._request("PATCH", route, position_id, fields=fields)

    def cancel_all(self, instrument_id: str | None) -> Request:
        return self._request("DELETE", "/trade/accounts/{a}/orders", query=_only(instrument_id))

    def close_all(self, instrument_id: str | None) -> Request:
        return self._request("DELETE", "/trade/accounts/{a}/positions", query=_only(instrument_id))

    def _request(
        self,
        method: str,
        route: str,
        thing: str | None = None,
        *,
        query: Mapping[str, str] = _NO_QUERY,
        fields: bodies.Fields | None = None,
    ) -> Request:
        headers = {
            "Authorization": f"Bearer {self._access.value}",
            "accNum": self._account.acc_num,
        }
        path = route.replace("{a}", _id(self._account.id))
        if thing is not None:
            path = _LAST_PLACE.sub(_id(thing), path)
        return Request(method, route, path, query, fields, headers)


def _only(instrument_id: str | None) -> Mapping[str, str]:
    return _NO_QUERY if instrument_id is None else {"tradableInstrumentId": _id(instrument_id)}


def _id(text: str) -> str:
    if not (text.isascii() and text.isdecimal()):
        raise Refused("bad_id", "id", f"{text!r} is no id of the broker.")
    return text
