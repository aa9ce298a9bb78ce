"""What the use cases ask of a broker: reads that raise, changes that end in an outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from bridge.domain.instruments import (
    AccountState,
    BrokerAccount,
    BrokerOrder,
    Instrument,
    Listing,
    Position,
    Quote,
)
from bridge.domain.outcomes import BrokerCall, Outcome
from bridge.domain.values import OrderType, Secret, Side, Tag

Record = Callable[[BrokerCall], None]
"""Gets the redacted record of every call, whatever came of it."""


@dataclass(frozen=True)
class Limit:
    """At most `count` calls in every `window`, as the broker publishes it."""

    count: int
    window: timedelta


class Pace(Protocol):
    """Asks leave for one read. Raises TooSoon when the budget of that limit is used up."""

    def __call__(self, limit_name: str, limit: Limit) -> None: ...


@dataclass(frozen=True)
class Tokens:
    """A login's token pair; `expires_at` is the access token's own `exp`."""

    access: Secret
    refresh: Secret
    expires_at: datetime
    refresh_expires_at: datetime


class TokenKeeper(Protocol):
    """Where a login's tokens outlive the process."""

    def load(self) -> Tokens | None: ...

    def save(self, tokens: Tokens) -> None: ...


@dataclass(frozen=True)
class Login:
    """What it takes to sign in. `base_url` ends in `/backend-api`."""

    base_url: str
    email: str
    server: str
    password: Secret


@dataclass(frozen=True)
class OrderRequest:
    """One order, ready to be sent: every number is on its step and tick."""

    instrument: Instrument
    side: Side
    type: OrderType
    lots: Decimal
    price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None


class AccountBroker(Protocol):
    """One account of a login, as one lane uses it.

    Reads raise NoAnswer, TooSoon or NeedsSignIn. Changes never raise: they end in an outcome.
    """

    @property
    def tags_visible(self) -> bool:
        """Whether the broker's lists show our tags; without them nothing can be found again."""
        ...

    def instrument(self, name: str) -> Instrument:
        """By its exact name, ignoring case; cached. Raises UnknownInstrument."""
        ...

    def name_of(self, instrument_id: str) -> str:
        """The name of an instrument that positions and orders mention by id."""
        ...

    def quote(self, instrument: Instrument) -> Quote: ...

    def positions(self) -> Listing[Position]: ...

    def orders(self) -> Listing[BrokerOrder]: ...

    def orders_history(self, since: datetime) -> Listing[BrokerOrder]: ...

    def state(self) -> AccountState: ...

    def be_ready(self) -> None:
        """Have a token that lasts, so that a change goes out as soon as it is written down."""
        ...

    def place(self, order: OrderRequest, tag: Tag) -> Outcome: ...

    def close(self, position_id: str, lots: Decimal | None) -> Outcome:
        """Close `lots` of a position, or all of it with None."""
        ...

    def cancel(self, order_id: str) -> Outcome: ...

    def limit_of(self, limit_name: str) -> Limit:
        """The published limit, or the assumed one until the broker's config was read."""
        ...


class SignedIn(Protocol):
    """A login in use: one HTTP session, one token pair, shared by all its accounts."""

    def accounts(self, record: Record) -> tuple[BrokerAccount, ...]: ...

    def account(self, account: BrokerAccount, record: Record, pace: Pace) -> AccountBroker: ...

    def warm(
        self,
        account: BrokerAccount,
        names: tuple[str, ...],
        record: Record,
        *,
        pace: Pace | None = None,
    ) -> None:
        """Read ahead what an order would need: config, instruments, details of `names`.

        As far as the pace lets it; a later call goes on where this one stopped.
        """
        ...

    def close(self) -> None: ...
