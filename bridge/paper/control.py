"""The control interface /paper/v1: what tests and demos may do to the broker from outside."""

import hmac
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from bridge.paper import signing_in, spoiling, wire
from bridge.paper.accounts import Account
from bridge.paper.catalogue import Instrument
from bridge.paper.columns import LISTS
from bridge.paper.faults import WrongRule
from bridge.paper.fields import number, read_json, text
from bridge.paper.market import CURRENCIES, MODES, ORDER_TYPES, Session, named
from bridge.paper.messages import Answer, Request
from bridge.paper.prices import Quote
from bridge.paper.refusals import Malformed, NotFound
from bridge.paper.routes import NAMES
from bridge.paper.settings import WrongSetting

if TYPE_CHECKING:
    from bridge.paper.app import Paper

PREFIX = "/paper/v1"
Body = Mapping[str, Any]
_LIST = "list"
"""Where a body that is a bare list stands."""


class Control:
    """Reachable over HTTP only with a key; in the same process by `call`."""

    def __init__(self, paper: "Paper", key: str | None) -> None:
        self._paper = paper
        self._key = key

    def answer(self, request: Request) -> Answer:
        if self._key is None:
            return spoiling.as_json(404, wire.gateway_error(404, "Not Found"))
        shown = request.headers.get("x-paper-key", "")
        if not hmac.compare_digest(shown.encode(), self._key.encode()):
            return spoiling.as_json(401, wire.gateway_error(401, "Unauthorized"))
        path = unquote(request.path.removeprefix(PREFIX))
        try:
            body = _read(request.body)
            return spoiling.as_json(200, self.call(request.method, path, body, request.query))
        except (Malformed, WrongSetting, WrongRule) as exc:
            return spoiling.as_json(400, wire.gateway_error(400, str(exc)))
        except NotFound as exc:
            return spoiling.as_json(404, wire.gateway_error(404, str(exc)))

    def call(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Do one control call, `path` without /paper/v1; ValueError or NotFound if it is wrong."""
        first, *rest = path.strip("/").split("/")
        handler = _HANDLERS.get(f"{method} {'/'.join([first, *['…'] * len(rest)])}")
        if len(rest) == 2 and rest[1] == "path":
            handler = _HANDLERS.get(f"{method} {first}/…/path")
        if handler is None:
            raise NotFound("No such control call")
        with self._paper.lock:
            return handler(self._paper, rest, body or {}, query or {})


def _read(raw: bytes) -> Body:
    """An object, or a bare list where a call takes one."""
    body = read_json(raw) if raw.strip() else {}
    if isinstance(body, list):
        return {_LIST: body}
    if not isinstance(body, dict):
        raise Malformed("A JSON object or list is wanted")
    return body


Rest = list[str]
Query = Mapping[str, str]


def _reset(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    paper.reset(_whole(body, "seed", 1))
    return {"ok": True}


def _settings(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    return paper.broker.settings.as_json()


def _change_settings(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    paper.change_settings(paper.broker.settings.changed(body))
    if "walk" in body:
        paper.broker.market.walk(paper.broker.settings.walk, paper.clock.now())
    return paper.broker.settings.as_json()


def _new_user(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    """A user, with one account unless `accounts` says 0."""
    server = text(body, "server") or paper.broker.settings.server
    email, password = _text(body, "email"), _text(body, "password")
    if paper.broker.people.find(server, email) is not None:
        raise Malformed("This login exists")
    user = paper.broker.people.open(server, email, password)
    paper.broker.book.journal.keep(user)
    opened = [] if body.get("accounts") == 0 else [signing_in.open_account(paper.broker, user)]
    return {"userId": user.id, "uid": user.uid, "accounts": [_shown(a) for a in opened]}


def _new_account(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    server = text(body, "server") or paper.broker.settings.server
    user = paper.broker.people.find(server, _text(body, "email"))
    if user is None:
        raise NotFound("No such login")
    currency = text(body, "currency") or "USD"
    if currency not in CURRENCIES:
        raise Malformed(f"currency must be one of {', '.join(sorted(CURRENCIES))}")
    acc_num = None if body.get("accNum") is None else _whole(body, "accNum", 0)
    if acc_num in user.accounts:
        raise Malformed("This accNum exists")
    rules = body.get("rules") or {}
    if not isinstance(rules, dict):
        raise Malformed("rules must be an object")
    account = signing_in.open_account(
        paper.broker, user, acc_num=acc_num, currency=currency,
        balance=number(body, "balance"), rules=rules,
    )  # fmt: skip
    paper.broker.book.journal.keep(user)
    return _shown(account)


def _shown(account: Account) -> dict[str, str]:
    return wire.all_accounts_item(account)


def _set_price(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    quote = _quote(body.get("bid"), body.get("ask"))
    now = paper.clock.now()
    paper.broker.book.settle(now)
    for instrument in _named(rest[0]):
        paper.broker.market.tapes[instrument.number].hold(quote, now)
        paper.broker.book.evaluate(instrument.number, now)
    paper.broker.book.settle(now)
    return {"ok": True}


def _script_price(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    """A list, or `steps`: [ms from now, bid, ask] in rising order."""
    now = paper.clock.now()
    paper.broker.book.settle(now)
    steps = [_step(step) for step in body.get(_LIST, body.get("steps")) or []]
    if not steps or any(a[0] > b[0] for a, b in pairwise(steps)):
        raise Malformed("steps must be [ms, bid, ask] in rising order")
    for instrument in _named(rest[0]):
        paper.broker.market.tapes[instrument.number].script(steps, now)
        paper.broker.book.evaluate(instrument.number, now)
    return {"ok": True}


def _step(step: Any) -> tuple[int, Quote]:
    if not isinstance(step, list) or len(step) != 3:
        raise Malformed("a step is [ms, bid, ask]")
    return _whole({"ms": step[0]}, "ms", 0), _quote(step[1], step[2])


def _quote(bid: Any, ask: Any) -> Quote:
    found = [number({"price": price}, "price") for price in (bid, ask)]
    low, high = (Decimal(0) if price is None else price for price in found)
    if low <= 0 or high < low:
        raise Malformed("bid and ask must be positive, and ask not below bid")
    return Quote(low, high)


def _walk(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    """`on`: whether prices walk. Starting releases prices set by hand from where they stand."""
    on = body.get("on")
    if not isinstance(on, bool):
        raise Malformed("on must be true or false")
    now = paper.clock.now()
    paper.broker.book.settle(now)
    paper.broker.market.walk(on, now)
    return {"on": on}


def _set_session(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    """`mode`, and for the mode `types` the allowed order `types`."""
    mode = body.get("mode", "types" if "types" in body else None)
    types = body.get("types", list(ORDER_TYPES))
    if mode not in MODES or not isinstance(types, list) or not set(types) <= set(ORDER_TYPES):
        raise Malformed(f"mode must be one of {', '.join(MODES)}, types of {ORDER_TYPES}")
    for instrument in _named(rest[0]):
        paper.broker.market.set_session(instrument, Session(mode, tuple(types)))
    return {"ok": True}


def _set_columns(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    """Per list: `order`, `extra`, `missing`; a list that is not named goes back to normal."""
    odd = sorted(set(body) - set(LISTS))
    if odd:
        raise Malformed(f"no such list: {', '.join(odd)}")
    for name in LISTS:
        wanted = body.get(name) or {}
        order, extra, missing = (wanted.get(key) or [] for key in ("order", "extra", "missing"))
        paper.broker.columns.change(name, order=order, extra=extra, missing=missing)
    return {name: list(paper.broker.columns.of(name)) for name in LISTS}


def _put_faults(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    rules = body.get(_LIST, body.get("rules"))
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise WrongRule("rules must be a list of objects")
    paper.faults.put(rules, NAMES)
    return _faults(paper, rest, body, query)


def _faults(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    return {"rules": [rule.as_json() for rule in paper.faults.rules]}


def _clear_faults(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    paper.faults.clear()
    return _faults(paper, rest, body, query)


def _clock(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    """`advance_ms` holds the clock and pushes it; `real` lets it run again."""
    if body.get("real") is True:
        paper.clock.release()
        paper.windows.clear()
    else:
        paper.clock.advance(_whole(body, "advance_ms", 0))
    now = paper.clock.now()
    paper.broker.book.settle(now)
    return {"now_ms": now}


def _wire(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    since = _whole(query, "since", 0)
    tag = query.get("tag")
    found = paper.wire.since(since) if tag is None else paper.wire.tagged(tag, since)
    return {"calls": [seen.as_json() for seen in found]}


def _truth(paper: "Paper", rest: Rest, body: Body, query: Query) -> Any:
    return paper.truth(rest[0])


def _named(symbol: str) -> list[Instrument]:
    found = named(symbol)
    if not found:
        raise NotFound("No such symbol")
    return found


def _text(body: Body, name: str) -> str:
    value = text(body, name)
    if not value:
        raise Malformed(f"{name} must not be empty")
    return value


def _whole(body: Body, name: str, default: int) -> int:
    value = number(body, name)
    if value is None:
        return default
    if value != value.to_integral_value() or value < 0:
        raise Malformed(f"{name} must be a whole number")
    return int(value)


_HANDLERS: Mapping[str, Callable[["Paper", Rest, Body, Query], Any]] = {
    "POST reset": _reset,
    "GET settings": _settings,
    "PUT settings": _change_settings,
    "POST users": _new_user,
    "POST accounts": _new_account,
    "PUT prices/…": _set_price,
    "POST prices/…/path": _script_price,
    "PUT walk": _walk,
    "PUT sessions/…": _set_session,
    "PUT columns": _set_columns,
    "PUT faults": _put_faults,
    "GET faults": _faults,
    "DELETE faults": _clear_faults,
    "POST clock": _clock,
    "GET wire": _wire,
    "GET truth/…": _truth,
}
