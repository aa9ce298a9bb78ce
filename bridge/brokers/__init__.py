"""Brokers: a login is opened by the name of its broker; everything after that is a protocol."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bridge.brokers.base import Login, SignedIn, TokenKeeper
from bridge.brokers.tradelocker.login import TradeLockerLogin
from bridge.brokers.wire import Trust, WireTimings, utc_now

Opener = Callable[[Login, TokenKeeper, Callable[[], datetime], WireTimings, Trust], SignedIn]

BROKERS: Mapping[str, Opener] = {"tradelocker": TradeLockerLogin}

__all__ = ["BROKERS", "Trust", "WireTimings", "open_login", "utc_now"]


def open_login(
    login: Login,
    *,
    keeper: TokenKeeper,
    clock: Callable[[], datetime] = utc_now,
    timings: WireTimings = WireTimings(),  # noqa: B008  (frozen)
    trust: Trust = Trust(),  # noqa: B008  (frozen)
    broker: str = "tradelocker",
) -> SignedIn:
    """A login ready for use. Nothing is sent before the first call; `close()` ends it."""
    return BROKERS[broker](login, keeper, clock, timings, trust)
