"""One request, one answer, and the proof whether anything was sent at all.

No request is ever repeated here, no redirect followed, no netrc or proxy looked up. What comes
back is always a Reply; the caller decides what it means.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from bridge.brokers.tradelocker.connection import Flight, in_flight, plug_into
from bridge.brokers.wire import Trust, WireTimings
from bridge.domain.outcomes import BrokerCall

_KEPT_TEXT = 4096
_KEPT_FIELDS = frozenset(
    [
        "server",
        "qty",
        "routeId",
        "tradableInstrumentId",
        "side",
        "type",
        "validity",
        "price",
        "stopPrice",
        "stopLoss",
        "stopLossType",
        "takeProfit",
        "takeProfitType",
        "strategyId",
        "trailingOffset",
    ]
)
_JWT = re.compile(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}", re.ASCII)
_PLAINLY = {
    "gaierror": "host name not found",
    "ConnectionRefusedError": "connection refused",
    "ConnectionResetError": "connection reset",
    "BrokenPipeError": "connection reset",
    "RemoteDisconnected": "closed without an answer",
    "IncompleteRead": "answer cut short",
    "TimeoutError": "timed out",
    "SSLCertVerificationError": "certificate not trusted",
    "SSLError": "TLS failed",
}
_TROUBLE = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError)


@dataclass(frozen=True)
class Request:
    """One call. `fields` are name and JSON text of each member of the body, in order."""

    method: str
    route: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def body(self) -> bytes | None:
        return None if self.fields is None else _object_text(self.fields).encode()

    @property
    def kept(self) -> str | None:
        """What of the body may be shown: fields by allow-list."""
        shown = {k: v for k, v in (self.fields or {}).items() if k in _KEPT_FIELDS}
        return _object_text(shown) if shown else None

    @property
    def keeps_answer(self) -> bool:
        """Answers of the auth routes hold tokens or names of people: never kept."""
        return not self.path.startswith("/auth/")


@dataclass(frozen=True)
class Answer:
    """A whole answer: status, body, and the two headers that decide anything."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None


@dataclass(frozen=True)
class Reply:
    """What came of one request. Without an answer, `unsent` proves that no byte went out."""

    call: BrokerCall
    answer: Answer | None
    unsent: bool = False


class Transport:
    """The HTTP session of one login, shared by all its lanes."""

    def __init__(
        self,
        base_url: str,
        clock: Callable[[], datetime],
        timings: WireTimings,
        trust: Trust,
        hidden: tuple[str, ...] = (),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._timings = timings
        self._trust = trust
        self._hidden = [re.compile(re.escape(text), re.IGNORECASE) for text in hidden if text]
        self._slots = threading.BoundedSemaphore(timings.connections)
        self._session = _Session()
        self._session.trust_env = False
        self._session.verify = trust.ca_file or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(
            pool_connections=1,
            pool_maxsize=timings.connections,
            max_retries=0,
            pool_block=True,
        )
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        self._session.close()

    def send(self, request: Request) -> Reply:
        """Send once and read the whole answer, within the deadline and the size cap."""
        flight = Flight(
            deadline=time.monotonic() + self._timings.total,
            idle=self._timings.idle,
            private_hosts=self._trust.private_hosts,
        )
        sent_at = self._clock()
        try:
            answer, trouble = self._exchange(request, flight), None
        except _TROUBLE as exc:
            answer, trouble = None, _name_of(exc, flight)
        call = BrokerCall(
            route=f"{request.method} {request.route}",
            path=request.path + _query_text(request.query),
            request=self._shown(request.kept),
            status=None if answer is None else answer.status,
            answer=self._kept_answer(request, answer),
            error=trouble,
            sent_at=sent_at,
            answered_at=self._clock(),
        )
        return Reply(call, answer, unsent=answer is None and flight.unsent)

    def not_sent(self, request: Request, why: str) -> Reply:
        """The record of a call that we did not make."""
        now = self._clock()
        route = f"{request.method} {request.route}"
        call = BrokerCall(route, request.path, self._shown(request.kept), None, None, why, now, now)
        return Reply(call, None, unsent=True)

    def clean(self, text: str) -> str:
        """Text from the wire that can be stored and shown: no secrets, nothing unstorable."""
        text = _JWT.sub("***", text)
        for pattern in self._hidden:
            text = pattern.sub("***", text)
        text = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
        return text[:_KEPT_TEXT]

    def _exchange(self, request: Request, flight: Flight) -> Answer:
        if not self._slots.acquire(timeout=max(flight.left, 0)):
            flight.unsent, flight.refused = True, "no free connection"
            raise urllib3.exceptions.TimeoutError(flight.refused)
        try:
            with in_flight(flight), closing(self._ask(request, flight)) as response:
                body = _read(response, self._timings.answer_bytes)
                retry_after = response.headers.get("Retry-After")
                return Answer(response.status_code, body, retry_after)
        finally:
            self._slots.release()

    def _ask(self, request: Request, flight: Flight) -> requests.Response:
        headers = {"Accept": "application/json", **request.headers}
        if request.fields is not None:
            headers["Content-Type"] = "application/json"
        prepared = self._session.prepare_request(
            requests.Request(
                request.method,
                self._base_url + request.path,
                headers=headers,
                params=dict(request.query),
                data=request.body,
            )
        )
        left = max(flight.left, 0.001)
        return self._session.send(
            prepared,
            stream=True,
            allow_redirects=False,
            timeout=(min(self._timings.connect, left), left),
        )

    def _kept_answer(self, request: Request, answer: Answer | None) -> str | None:
        if answer is None or not request.keeps_answer:
            return None
        return self.clean(answer.body[: 2 * _KEPT_TEXT].decode("utf-8", "replace"))

    def _shown(self, text: str | None) -> str | None:
        return None if text is None else self.clean(text)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        # Even without following, a session reads the body of a redirect whole: past our size cap.
        return None


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        plug_into(self.poolmanager)


class _TooLarge(requests.RequestException):
    pass


def _read(response: requests.Response, cap: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > cap:
            raise _TooLarge("the answer is too large")
    return bytes(body)


def _name_of(exc: BaseException, flight: Flight) -> str:
    """The trouble in a few words of ours: exception texts may quote anything."""
    if flight.refused is not None:
        return flight.refused
    if isinstance(exc, _TooLarge):
        return "answer too large"
    if flight.left <= 0:
        return "deadline passed"
    root = type(_innermost(exc)).__name__
    return _PLAINLY.get(root, root)


def _innermost(exc: BaseException) -> BaseException:
    """The trouble that an exception of requests or urllib3 was made from."""
    for _ in range(8):
        given = [getattr(exc, "reason", None), *exc.args[:2], exc.__cause__]
        inner = next((e for e in given if isinstance(e, BaseException)), None)
        if inner is None:
            break
        exc = inner
    return exc


def _object_text(fields: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(k)}: {v}" for k, v in fields.items()) + "}"


def _query_text(query: Mapping[str, str]) -> str:
    return "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
