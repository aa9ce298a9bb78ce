"""What an answer proves: a change ends in one of four outcomes, a read in data or in trouble.

| status, body | outcome of a change |
|---|---|
| 200, `s` ok, with an order id where one is placed | Accepted |
| 200 `s` error; 400 403 404 409 422 with an error body | Rejected, unless its words are doubtful |
| 204 to anything but a placement | Accepted |
| 401, 429 | NotTaken, NOT_ACCEPTED |
| anything else | Unknown |
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum

from bridge.brokers.tradelocker import strict
from bridge.brokers.tradelocker.transport import Reply
from bridge.domain.outcomes import Accepted, BrokerCall, NotTaken, Outcome, Rejected, Unknown
from bridge.domain.outcomes import WireClass as Wire
from bridge.errors import NoAnswer, TooSoon

LONGEST_WAIT = 60.0
REFUSING = frozenset({400, 403, 404, 409, 422})

# A broker has answered 400 "timed out" and carried the order out 8 seconds later.
_DOUBTFUL = re.compile(r"time[\s_-]*d?[\s_-]*out|unknown|in[\s_-]*progress", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_SPOKEN = ("errmsg", "message", "error")


class Kind(StrEnum):
    """What a changing call is meant to do."""

    PLACE = "place"
    CLOSE = "close"
    CANCEL = "cancel"
    MODIFY_ORDER = "modify order"
    MODIFY_POSITION = "modify position"
    CANCEL_ALL = "cancel all"
    CLOSE_ALL = "close all"


def outcome_of(
    kind: Kind, status: int, body: bytes, call: BrokerCall, wait: float | None = None
) -> Outcome:
    """What a whole answer to a change proves. `wait` is its Retry-After in seconds."""
    if status == 401:
        return NotTaken(call, "The broker did not accept our token (401).", Wire.NOT_ACCEPTED)
    if status == 429:
        return NotTaken(call, "Too many requests (429).", Wire.NOT_ACCEPTED, wait)
    if status == 204 and kind is not Kind.PLACE:
        return Accepted(call)
    if status == 200 or status in REFUSING:
        return _by_body(kind, status, body, call)
    return Unknown(call, f"The broker answered {status}: what it did is not known.")


def _by_body(kind: Kind, status: int, body: bytes, call: BrokerCall) -> Outcome:
    try:
        answer = strict.table(strict.parse(body))
        order_id = _order_id(answer)
    except strict.Unreadable as exc:
        return Unknown(call, f"The broker answered {status}, but unreadably: {exc}.")
    if status == 200 and answer.get("s") == "ok":
        return _taken(kind, order_id, call)
    if not _refuses(status, answer) or order_id is not None:
        return Unknown(call, f"The broker answered {status}, and neither yes nor no.")
    words = _words(answer)
    if _DOUBTFUL.search(words):
        return Unknown(call, f"The broker is not sure itself: {words}")
    return Rejected(call, words or "The broker refused and gave no reason.")


def _taken(kind: Kind, order_id: str | None, call: BrokerCall) -> Outcome:
    if kind is not Kind.PLACE:
        return Accepted(call)
    if order_id is None:
        return Unknown(call, "The broker said yes and gave no order id.")
    return Accepted(call, order_id)


def _order_id(answer: Mapping[str, object]) -> str | None:
    data = answer.get("d")
    return strict.identity(data.get("orderId")) if isinstance(data, dict) else None


def _refuses(status: int, answer: Mapping[str, object]) -> bool:
    if status == 200:
        return answer.get("s") == "error"
    return answer.get("s", "error") == "error" and ("s" in answer or _words(answer) != "")


def _words(answer: Mapping[str, object]) -> str:
    """What the broker says of a refusal, in full: every field that may hold it."""
    said = [answer[key] for key in _SPOKEN if answer.get(key) not in (None, "", False)]
    return "; ".join(" ".join(str(part).split()) for part in said)


def wait_from(retry_after: str | None, now: datetime) -> float | None:
    """The whole seconds of a Retry-After header, at most 60; None when it says nothing readable."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        return min(math.ceil(Decimal(text)), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - now).total_seconds(), 0.0), LONGEST_WAIT)


def body_of(reply: Reply, now: datetime, window: timedelta) -> bytes:
    """The body of a good answer to a read; what else may come is raised."""
    call, answer = reply.call, reply.answer
    if answer is None:
        raise NoAnswer(f"{call.route}: {call.error}")
    if answer.status == 429:
        wait = wait_from(answer.retry_after, now)
        due = now + (window if wait is None else timedelta(seconds=wait))
        raise TooSoon(due, f"{call.route}: too many requests (429)")
    if answer.status != 200:
        raise NoAnswer(f"{call.route} was answered {answer.status}")
    return answer.body


def data_of(body: bytes) -> object:
    """`d` of a good answer to a read, else Unreadable."""
    answer = strict.table(strict.parse(body))
    if answer.get("s") != "ok" or "d" not in answer:
        raise strict.Unreadable(_words(answer) or "the answer holds no data")
    return answer["d"]


def bars_of(body: bytes) -> object:
    """As `data_of`; an answer that says it has no data is good too, and given whole."""
    answer = strict.table(strict.parse(body))
    return answer if answer.get("s") == "no_data" else data_of(body)
