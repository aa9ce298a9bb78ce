"""What a handler may see: the broker's parts, whose call it is, and its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.paper.accounts import Account
from bridge.paper.book import Book
from bridge.paper.columns import Columns
from bridge.paper.faults import Rule
from bridge.paper.fields import query_number
from bridge.paper.market import Market
from bridge.paper.people import People, User
from bridge.paper.refusals import Malformed, NotFound, Unauthorized
from bridge.paper.settings import PaperSettings


@dataclass
class Broker:
    """All parts of one paper broker. Whoever touches them holds the application's lock."""

    settings: PaperSettings
    market: Market
    book: Book
    people: People
    columns: Columns


@dataclass(slots=True)
class Context:
    """One call that passed token, account and rate limit."""

    broker: Broker
    now: int
    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    user: User | None = None
    account: Account | None = None
    rule: Rule | None = None
    """The fault that struck this call."""

    def holder(self) -> User:
        if self.user is None:
            raise Unauthorized
        return self.user

    def of_account(self) -> Account:
        if self.account is None:
            raise Unauthorized
        return self.account

    def id_of(self, name: str) -> int:
        """A number of the path; anything else was never given out."""
        digits = self.ids[name]
        if not (digits.isascii() and digits.isdecimal()):
            raise NotFound("Not found")
        return int(digits)

    def number(self, name: str) -> int | None:
        return query_number(self.query, name)

    def wanted(self, name: str) -> int:
        """A number that the query must have."""
        value = query_number(self.query, name)
        if value is None:
            raise Malformed(f"{name} must not be null")
        return value

    def fault(self, name: str) -> Rule | None:
        """The rule that struck, if it is of this kind."""
        return self.rule if self.rule is not None and self.rule.fault == name else None

    @property
    def skew_ms(self) -> int:
        rule = self.fault("skew")
        return 0 if rule is None else int(rule.number("s") * 1000)
