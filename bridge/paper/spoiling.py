"""What a fault does to a call before the work and to its answer after it."""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.paper import wire
from bridge.paper.faults import Rule
from bridge.paper.messages import Answer, Delivery

_MEGABYTE = 1_000_000
_HANG_S = 60.0
_PHRASES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    408: "Request Timeout", 429: "Too Many Requests", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 520: "Web Server Returned an Error", 524: "A Timeout Occurred",
}  # fmt: skip


def phrase(status: int) -> str:
    return _PHRASES.get(status, "Answer")


def as_json(status: int, body: Any, headers: dict[str, str] | None = None) -> Answer:
    raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return Answer(status, raw, headers or {})


def too_fast(path: str, when: str, retry_after: str | None) -> Answer:
    """429 as the trading core behind the gateway writes it, with its own path."""
    inner = path.removeprefix("/trade")
    body = {
        "timestamp": when,
        "status": 429,
        "error": "Too Many Requests",
        "path": f"/clientapi/v1{inner}",
    }
    return as_json(429, body, {} if retry_after is None else {"Retry-After": retry_after})


def instead(rule: Rule, path: str, when: str) -> Answer | None:
    """The answer of a fault that keeps the work from being done, else None."""
    match rule.fault:
        case "drop_before" | "close_idle":
            return Answer(0, b"", delivery=Delivery(reset=True))
        case "rate_limited":
            wait = rule.args.get("retry_after")
            return too_fast(path, when, None if wait is None else str(wait))
        case "unauthorized":
            return as_json(401, wire.gateway_error(401, "Unauthorized"))
        case "redirect":
            location = str(rule.args.get("location", "https://redirected.invalid/"))
            return Answer(int(rule.number("code", 307)), b"", {"Location": location})
        case "status" if not rule.args.get("processed"):
            return _status(rule)
    return None


def wait_before(rule: Rule) -> None:
    """Hold the work back."""
    if rule.fault == "delay" and rule.args.get("before"):
        _wait(rule)


def spoilt(rule: Rule, answer: Answer) -> Answer:
    """What the caller gets of an answer to work that was done."""
    spoil = _AFTER.get(rule.fault)
    return answer if spoil is None else spoil(rule, answer)


def _wait(rule: Rule) -> None:
    jitter = rule.number("jitter")
    # How late is a matter of chance, not of secrecy.
    time.sleep(rule.number("s", 1) + random.random() * jitter)  # noqa: S311


def _status(rule: Rule) -> Answer:
    code = int(rule.number("code", 502))
    words = str(rule.args.get("text", phrase(code)))
    if rule.args.get("html"):
        page = f"<html><head><title>{code} {words}</title></head><body>{words}</body></html>"
        return Answer(code, page.encode(), content_type="text/html; charset=utf-8")
    return as_json(code, wire.gateway_error(code, words))


def _delay(rule: Rule, answer: Answer) -> Answer:
    if not rule.args.get("before"):
        _wait(rule)
    return answer


def _late(rule: Rule, answer: Answer) -> Answer:
    told = rule.args.get("answer", "drop")
    if told == "ok":
        return answer
    if told == "drop":
        return _delivered(answer, Delivery(reset=True))
    if told == "hang":
        return _delivered(answer, Delivery(hang=_HANG_S))
    words = rule.args.get("text", phrase(int(told)))
    return as_json(int(told), wire.gateway_error(int(told), str(words)))


def _delivered(answer: Answer, delivery: Delivery) -> Answer:
    return replace(answer, delivery=delivery)


_AFTER: Mapping[str, Callable[[Rule, Answer], Answer]] = {
    "delay": _delay,
    "drip": lambda rule, a: _delivered(a, Delivery(drip=rule.number("bytes_per_s", 1))),
    "drop_after": lambda rule, a: _delivered(a, Delivery(reset=True)),
    "hang": lambda rule, a: _delivered(a, Delivery(hang=rule.number("s", _HANG_S))),
    "truncate": lambda rule, a: _delivered(a, Delivery(cut=int(rule.number("n", 10)))),
    "empty": lambda rule, a: replace(a, status=200, body=b""),
    "no_order_id": lambda rule, a: as_json(200, {"s": "ok", "d": {}}),
    "oversize": lambda rule, a: _delivered(
        a, Delivery(padding=int(rule.number("mb", 10) * _MEGABYTE))
    ),
    "status": lambda rule, a: _status(rule),
    "late": _late,
}
