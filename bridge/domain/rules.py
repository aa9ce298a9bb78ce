"""Rule: when, what, where, which size and order, unless."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from bridge.domain.instruments import mapped_symbol
from bridge.domain.intents import Opposite
from bridge.domain.signals import Level
from bridge.domain.values import OrderType, Unit

ANY = "*"
DEFAULT_MAX_AGE = timedelta(seconds=60)
"""The one default guard: an open older than this is not sent."""


class Mode(StrEnum):
    """Whether a rule acts, only computes, or sleeps."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


class What(StrEnum):
    """What a rule does with a signal."""

    FOLLOW = "follow"
    LONG_ONLY = "long_only"
    SHORT_ONLY = "short_only"
    INVERSE = "inverse"
    TARGET = "target"
    CLOSE_ONLY = "close_only"
    CANCEL = "cancel"


@dataclass(frozen=True)
class When:
    """Which signals a rule acts on. `*` in actions does not include halt."""

    symbols: tuple[str, ...] = (ANY,)
    actions: tuple[str, ...] = (ANY,)
    strategies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Size:
    """A rule's size, as written."""

    mode: str
    value: Decimal | None = None
    unit: Unit | None = None
    fallback_mode: str | None = None
    fallback_value: Decimal | None = None
    cap: Decimal | None = None


@dataclass(frozen=True)
class OrderForm:
    """The order a rule makes, where it does not leave that to the alert."""

    type: OrderType
    price: Decimal | None = None
    offset: Level | None = None


@dataclass(frozen=True)
class Unless:
    """A rule's guards. `spread` is in price units."""

    max_age: timedelta = DEFAULT_MAX_AGE
    spread: Decimal | None = None
    open_positions: int | None = None
    require: str | None = None


@dataclass(frozen=True)
class RuleAccount:
    """Where a rule acts: our account's key and names, and how much of the size it takes."""

    account: int
    public_id: str
    connection: str
    label: str
    multiplier: Decimal


@dataclass(frozen=True)
class Rule:
    """A user's sentence, whole."""

    id: int
    public_id: str
    name: str
    position: int
    mode: Mode
    when: When
    what: What
    size: Size
    accounts: tuple[RuleAccount, ...]
    opposite: Opposite = Opposite.CLOSE
    own_only: bool = False
    stop_loss: Level | None = None
    take_profit: Level | None = None
    order: OrderForm | None = None
    unless: Unless = Unless()
    symbols: Mapping[str, str] = field(default_factory=dict)


def warnings_of(rules: Sequence[Rule]) -> Iterator[str]:
    """What a careful reader would point at in one hook's rules."""
    live = [r for r in rules if r.mode is Mode.LIVE]
    for i, first in enumerate(live):
        for second in live[i + 1 :]:
            if _meet(first, second):
                yield (
                    f"Rules '{first.name}' and '{second.name}' are both live and can reach the "
                    "same account and symbol: both will act."
                )
    for rule in rules:
        yield from _size_warnings(rule)


def _meet(first: Rule, second: Rule) -> bool:
    shared = {a.account for a in first.accounts} & {a.account for a in second.accounts}
    anything = ANY in first.when.symbols or ANY in second.when.symbols
    return bool(shared) and (anything or bool(_reached(first) & _reached(second)))


def _reached(rule: Rule) -> set[str]:
    """The broker's names that a rule's listed symbols can stand for."""
    listed = set(rule.when.symbols)
    by_map = {name for text, name in rule.symbols.items() if text.rpartition(":")[2] in listed}
    return {n.casefold() for n in by_map | {mapped_symbol(s, rule.symbols) for s in listed}}


def _size_warnings(rule: Rule) -> Iterator[str]:
    if rule.size.mode != "as_alert":
        return
    if rule.size.unit is None:
        yield (
            f"Rule '{rule.name}' takes the alert's quantity but names no unit: "
            "alerts that state none will be denied."
        )
    if rule.size.fallback_mode is None:
        yield (
            f"Rule '{rule.name}' has no fallback size: "
            "opening alerts without a quantity will be denied."
        )
