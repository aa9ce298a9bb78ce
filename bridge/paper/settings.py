"""How the paper broker behaves where the real one is unknown or differs from broker to broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any

SCOPES = ("user", "account", "token")
HISTORY_DATES = ("createdDate", "lastModified")


class WrongSetting(ValueError):
    """A setting has no such name or value; nothing was changed."""


@dataclass(frozen=True)
class PaperSettings:
    """One value for the whole broker; a change replaces it."""

    # sign-in
    server: str = "PAPER"
    """The server at which any new e-mail opens an account."""
    access_seconds: int = 3600
    refresh_seconds: int = 604800
    old_refresh_dies: bool = True
    login_evicts: bool = True
    """A new login ends all earlier tokens of that user."""

    # rate limits
    limit_factor: Decimal = Decimal(1)
    limit_scope: str = "user"
    limits: Mapping[str, int] = field(default_factory=dict)
    """Per interval, by rateLimitType; also CONFIG and AUTH, which have none by default."""
    retry_after: str | None = None

    # trading
    node: int = 101
    fill_delay_ms: int = 50
    fill_ratio: Decimal = Decimal(1)
    fee_per_lot: Decimal = Decimal(0)
    start_balance: Decimal = Decimal(100000)
    stop_out: bool = False
    walk: bool = True
    excess_close_refused: bool = True
    tag_inherited: bool = False
    strategy_query_labels: bool = True
    """A strategyId in the query of a close labels the closing order; otherwise it filters."""
    cancel_all_drops_children: bool = True
    forex_pips: bool = True

    # reading
    history_date: str = "createdDate"
    history_max: int = 10000
    bars_max: int = 50000
    refused_in_history: bool = True
    acc_num_wins: bool = True
    empty_for_null: bool = False
    no_tag: str | None = None
    """What stands for a missing strategyId, such as key-undefined."""

    def __post_init__(self) -> None:
        checks = {
            "limit_scope": self.limit_scope in SCOPES,
            "history_date": self.history_date in HISTORY_DATES,
            "limit_factor": self.limit_factor > 0,
            "fill_ratio": 0 < self.fill_ratio <= 1,
            "fill_delay_ms": self.fill_delay_ms >= 0,
            "access_seconds": self.access_seconds > 0,
            "refresh_seconds": self.refresh_seconds > 0,
            "node": 0 < self.node < 128,
            "fee_per_lot": self.fee_per_lot >= 0,
            "history_max": self.history_max > 0,
            "bars_max": self.bars_max > 0,
            "limits": all(limit > 0 for limit in self.limits.values()),
        }
        wrong = [name for name, right in checks.items() if not right]
        if wrong:
            raise WrongSetting(f"out of range: {', '.join(wrong)}")

    def changed(self, wanted: Mapping[str, Any]) -> "PaperSettings":
        """These settings with some replaced, values as JSON brings them."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        missing = sorted(set(wanted) - set(known))
        if missing:
            raise WrongSetting(f"no such setting: {', '.join(missing)}")
        return replace(self, **{name: _like(known[name], wanted[name], name) for name in wanted})

    def as_json(self) -> dict[str, Any]:
        shown = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: str(v) if isinstance(v, Decimal) else v for k, v in shown.items()}


def _like(old: Any, new: Any, name: str) -> Any:
    """`new` in the type of `old`, or refused."""
    if isinstance(old, Decimal):
        return _decimal(new, name)
    if isinstance(old, Mapping):
        return _counts(new, name)
    optional = old is None or name in {"retry_after", "no_tag"}
    allowed = (str, type(None)) if optional else (type(old),)
    if type(new) not in allowed:
        raise WrongSetting(f"{name} cannot be {new!r}")
    return new


def _decimal(new: Any, name: str) -> Decimal:
    if isinstance(new, bool) or not isinstance(new, int | str | Decimal):
        raise WrongSetting(f"{name} cannot be {new!r}")
    try:
        value = Decimal(new)
    except InvalidOperation:
        raise WrongSetting(f"{name} cannot be {new!r}") from None
    if not value.is_finite():
        raise WrongSetting(f"{name} cannot be {new!r}")
    return value


def _counts(new: Any, name: str) -> dict[str, int]:
    if not isinstance(new, dict) or any(type(v) is not int for v in new.values()):
        raise WrongSetting(f"{name} cannot be {new!r}")
    return dict(new)
