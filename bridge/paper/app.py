"""The paper broker as one object: a WSGI app, and what a server of our own asks for answers."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from bridge.paper import refusals as no
from bridge.paper import routes, spoiling, wire
from bridge.paper.accounts import Account
from bridge.paper.book import Book, Forgetful, Journal
from bridge.paper.call import Broker, Context
from bridge.paper.clock import Clock, iso
from bridge.paper.columns import Columns
from bridge.paper.control import Control
from bridge.paper.faults import Call, Faults, Rule
from bridge.paper.fields import read_body
from bridge.paper.limits import Windows
from bridge.paper.market import Market
from bridge.paper.messages import Answer, Request
from bridge.paper.people import People, User
from bridge.paper.refusals import Malformed, No, NotFound, Refusal, Unauthorized
from bridge.paper.routes import Route
from bridge.paper.settings import PaperSettings
from bridge.paper.state import StateFile
from bridge.paper.tokens import Mint
from bridge.paper.truth import truth
from bridge.paper.wirelog import Entry, WireLog

PREFIX = "/backend-api"
_NOTHING: Mapping[str, Any] = {}


class TooFast(No):
    """The call is over its rate limit: 429."""


class Dropped(ConnectionResetError):
    """A fault wants the connection reset, and this server cannot do it better."""


class Paper:
    """A TradeLocker of our own. Calls may come from many threads; one works at a time."""

    def __init__(
        self, seed: int, state: Path | None, control_key: str | None, settings: PaperSettings
    ) -> None:
        self.lock = threading.RLock()
        self.clock = Clock()
        self.faults = Faults()
        self.wire = WireLog()
        self.windows = Windows()
        self.control = Control(self, control_key)
        self.broker = self._new_broker(seed, settings, Forgetful())
        self.state = None if state is None else StateFile(state, self.lock)
        if self.state is not None:
            self.state.load(self.broker)
            self.broker.book.journal = self.state

    def _new_broker(self, seed: int, settings: PaperSettings, journal: Journal) -> Broker:
        market = Market(seed, self.clock, walk=settings.walk)
        people = People(Mint(secrets.token_bytes(32)))
        return Broker(settings, market, Book(market, settings, journal), people, Columns())

    def reset(self, seed: int) -> None:
        """Fresh state under the same settings: no users, no faults, real time, a new log."""
        self.clock.release()
        self.faults.clear()
        self.wire.clear()
        self.windows.clear()
        self.broker = self._new_broker(seed, self.broker.settings, self.broker.book.journal)
        if self.state is not None:
            self.state.wipe(self.broker)

    def change_settings(self, settings: PaperSettings) -> None:
        self.broker.settings = settings
        self.broker.book.settings = settings

    def truth(self, account_id: str | int) -> dict[str, Any]:
        """An account as it really is."""
        with self.lock:
            now = self.clock.now()
            self.broker.book.settle(now)
            account = self.broker.book.accounts.get(int(account_id))
            if account is None:
                raise NotFound("No such account")
            return truth(self.broker, account, now)

    def close(self) -> None:
        """Write down what is not yet written; the object stays usable in memory."""
        if self.state is not None:
            self.state.close()

    # one request

    def answer(self, request: Request) -> Answer:
        """The answer to a request, and how to deliver it."""
        if request.path.startswith(f"{PREFIX}/"):
            return self._broker_call(request)
        if request.path.startswith("/paper/v1/"):
            return self.control.answer(request)
        return spoiling.as_json(404, wire.gateway_error(404, "Not Found"))

    def _broker_call(self, request: Request) -> Answer:
        entry = self.wire.begin(request)
        path = request.path.removeprefix(PREFIX)
        route, ids = routes.match(request.method, path)
        entry.route = route.name if route else None
        body, trouble = _read(request)
        entry.tag = _tag(body, request)
        rule = self._struck(request, route, ids, entry) if self.faults else None
        answer = None
        if rule is not None:
            spoiling.wait_before(rule)
            answer = spoiling.instead(rule, path, iso(self.clock.now()))
        if answer is None:
            answer = self._work(request, route, ids, entry, rule, trouble or body)
            if rule is not None:
                answer = spoiling.spoilt(rule, answer)
                answer.skew_ms = _skew(rule)
        silent = answer.delivery.reset or answer.delivery.hang > 0
        self.wire.finish(entry, *((None, None) if silent else (answer.status, answer.body)))
        return answer

    def _work(
        self,
        request: Request,
        route: Route | None,
        ids: Mapping[str, str],
        entry: Entry,
        rule: Rule | None,
        body: Mapping[str, Any] | Malformed,
    ) -> Answer:
        """Token, account, rate limit, work; a no becomes the answer that the broker gives."""
        path = request.path.removeprefix(PREFIX)
        try:
            with self.lock:
                if route is None:
                    raise NotFound("Not Found")
                now = self.clock.now()
                self.broker.book.settle(now)
                plain = _NOTHING if isinstance(body, Malformed) else body
                call = Context(self.broker, now, ids, request.query, plain, rule=rule)
                self._admit(call, route, request, entry)
                if isinstance(body, Malformed):
                    raise body
                entry.processed = True
                _refuse_by_fault(rule)
                data = route.answer(call)
            return spoiling.as_json(route.status, data)
        except Refusal as refusal:
            return spoiling.as_json(200, wire.refused(str(refusal)))
        except Malformed as exc:
            return spoiling.as_json(400, wire.gateway_error(400, str(exc)))
        except NotFound as exc:
            return spoiling.as_json(404, wire.gateway_error(404, str(exc)))
        except Unauthorized:
            return spoiling.as_json(401, wire.gateway_error(401, "Unauthorized"))
        except TooFast:
            wait = self.broker.settings.retry_after
            return spoiling.too_fast(path, iso(self.clock.now()), wait)

    def _admit(self, call: Context, route: Route, request: Request, entry: Entry) -> None:
        """Set user and account of a call, or raise; the rate limit comes last."""
        if route.needs_token:
            call.user = self.broker.people.bearer(_bearer(request), call.now + call.skew_ms)
        if route.needs_account and call.user is not None:
            call.account = self._account(call.user, call.ids.get("a"), request, entry)
            entry.account = str(call.account.id)
        who = self._who(call, request)
        allowed = self.windows.admit(who, route.limit, self.clock.running(), self.broker.settings)
        if not allowed:
            raise TooFast

    def _who(self, call: Context, request: Request) -> str:
        """Whose window a call counts in."""
        if call.user is None:
            return f"login {call.body.get('email')}"
        match self.broker.settings.limit_scope:
            case "account" if call.account is not None:
                return f"account {call.account.id}"
            case "token":
                return _bearer(request)
            case _:
                return f"user {call.user.id}"

    def _account(self, user: User, in_path: str | None, request: Request, entry: Entry) -> Account:
        """The account of the header; that of the path must be this user's too."""
        acc_num = request.headers.get("accnum")
        if not acc_num:
            raise Malformed(no.HEADER_MISSING)
        owned = {str(number): account_id for number, account_id in user.accounts.items()}
        account_id = owned.get(acc_num)
        if account_id is None:
            raise Refusal(no.ACCOUNT_NOT_FOUND)
        if in_path is not None and in_path != str(account_id):
            if in_path not in map(str, owned.values()):
                raise Refusal(no.ACCOUNT_NOT_FOUND)
            entry.mismatch = True
            if not self.broker.settings.acc_num_wins:
                raise Refusal(no.ACCOUNT_NOT_FOUND)
        return self.broker.book.accounts[account_id]

    def _struck(
        self, request: Request, route: Route | None, ids: Mapping[str, str], entry: Entry
    ) -> Rule | None:
        """The fault of this call, if any; tokens die at once when that is the fault."""
        with self.lock:
            user = self._bearer_of(request)
            account = None if user is None else self._named(user, request)
            entry.account = ids.get("a") if account is None else str(account)
            name = route.name if route else ""
            rule = self.faults.strike(Call(name, entry.account, entry.tag, request.reused))
            if rule is not None:
                entry.fault = rule.fault
                if rule.fault == "revoke" and user is not None:
                    self.broker.people.revoke(user)
                    self.broker.book.journal.keep(user)
        return rule

    def _bearer_of(self, request: Request) -> User | None:
        user = None
        with suppress(Unauthorized):
            user = self.broker.people.bearer(_bearer(request), self.clock.now())
        return user

    @staticmethod
    def _named(user: User, request: Request) -> int | None:
        acc_num = request.headers.get("accnum", "")
        plain = acc_num.isascii() and acc_num.isdecimal()
        return user.accounts.get(int(acc_num)) if plain else None

    # WSGI

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        answer = self.answer(_from_environ(environ))
        delivery = answer.delivery
        if delivery.hang:
            time.sleep(delivery.hang)
        if delivery.hang or delivery.reset:
            raise Dropped
        body = answer.body + b" " * delivery.padding
        headers = {
            "Content-Type": answer.content_type,
            "Content-Length": str(len(body)),
            "Date": formatdate((self.clock.now() + answer.skew_ms) / 1000, usegmt=True),
            **answer.headers,
        }
        start_response(f"{answer.status} {spoiling.phrase(answer.status)}", list(headers.items()))
        sent = body if delivery.cut is None else body[: delivery.cut]
        return _dripping(sent, delivery.drip) if delivery.drip else [sent]


def _dripping(body: bytes, bytes_per_s: float) -> Iterable[bytes]:
    for byte in body:
        time.sleep(1 / bytes_per_s)
        yield bytes([byte])


def _from_environ(environ: Mapping[str, Any]) -> Request:
    length = environ.get("CONTENT_LENGTH") or "0"
    headers = {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k[:5] == "HTTP_"}
    return Request(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers,
        environ["wsgi.input"].read(int(length)),
        time.time_ns(),
        time.monotonic_ns(),
    )


def _read(request: Request) -> tuple[Mapping[str, Any], Malformed | None]:
    if not request.body:
        return _NOTHING, None
    try:
        return read_body(request.body), None
    except Malformed as exc:
        return _NOTHING, exc


def _tag(body: Mapping[str, Any], request: Request) -> str | None:
    tag = body.get("strategyId") or request.query.get("strategyId")
    return tag if isinstance(tag, str) else None


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized
    return token


def _refuse_by_fault(rule: Rule | None) -> None:
    if rule is not None and rule.fault == "refuse":
        raise Refusal(str(rule.args.get("text", "Refused")))


def _skew(rule: Rule) -> int:
    return int(rule.number("s") * 1000) if rule.fault == "skew" else 0
