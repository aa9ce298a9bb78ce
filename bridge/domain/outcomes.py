"""What one broker call came to, and the redacted record it leaves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WireClass(StrEnum):
    """A changing call by what was seen on the wire."""

    NOT_SENT = "not_sent"  # no byte of the request left this machine
    NOT_ACCEPTED = "not_accepted"  # the broker answered that it did nothing: 401, 429
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class BrokerCall:
    """One request and its answer, redacted before it gets here.

    `route` is the template (`POST /trade/accounts/{a}/orders`), `path` what was called. Bodies are
    text cut to a few KiB. `status` is None when no answer came; `error` then names the trouble.
    """

    route: str
    path: str
    request: str | None
    status: int | None
    answer: str | None
    error: str | None
    sent_at: datetime
    answered_at: datetime

    @property
    def milliseconds(self) -> int:
        return round((self.answered_at - self.sent_at).total_seconds() * 1000)


@dataclass(frozen=True)
class Accepted:
    """The broker took it. A placement has its order id; taken is not yet filled."""

    call: BrokerCall
    order_id: str | None = None
    wire: WireClass = WireClass.ACCEPTED


@dataclass(frozen=True)
class Rejected:
    """The broker said no, in words that prove it did nothing."""

    call: BrokerCall
    reason: str
    wire: WireClass = WireClass.REJECTED


@dataclass(frozen=True)
class NotTaken:
    """Proved that nothing was done, and worth another attempt while fresh.

    `wire` is NOT_SENT or NOT_ACCEPTED; `wait` is what the broker asked for, in seconds.
    """

    call: BrokerCall
    reason: str
    wire: WireClass
    wait: float | None = None


@dataclass(frozen=True)
class Unknown:
    """Sent, and no trustworthy answer: ask, never guess, never send again."""

    call: BrokerCall
    reason: str
    wire: WireClass = WireClass.UNKNOWN


Outcome = Accepted | Rejected | NotTaken | Unknown
