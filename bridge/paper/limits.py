"""Rate limits: one table for what is published and for what is enforced."""

from collections import deque
from collections.abc import Hashable, Mapping
from typing import Any

from bridge.paper.settings import PaperSettings

_SECONDS = {"SECONDS": 1, "MINUTES": 60}

# measure, intervalNum, limit: in the order of /trade/config
PUBLISHED: Mapping[str, tuple[str, int, int]] = {
    "GET_ACCOUNTS": ("SECONDS", 1, 2),
    "GET_EXECUTIONS": ("SECONDS", 1, 2),
    "GET_INSTRUMENTS": ("SECONDS", 1, 2),
    "GET_ORDERS": ("SECONDS", 1, 1),
    "GET_ORDERS_HISTORY": ("SECONDS", 1, 1),
    "GET_POSITIONS": ("SECONDS", 1, 1),
    "GET_ACCOUNTS_STATE": ("SECONDS", 2, 4),
    "GET_INSTRUMENT_DETAILS": ("SECONDS", 1, 2),
    "GET_TRADE_SESSIONS": ("SECONDS", 1, 2),
    "GET_SESSION_STATUSES": ("SECONDS", 1, 2),
    "PLACE_ORDER": ("SECONDS", 1, 5),
    "MODIFY_ORDER": ("SECONDS", 1, 5),
    "MODIFY_POSITION": ("SECONDS", 1, 5),
    "DAILY_BAR": ("SECONDS", 1, 5),
    "QUOTES": ("SECONDS", 1, 10),
    "DEPTH": ("SECONDS", 1, 10),
    "TRADES": ("SECONDS", 1, 5),
    "QUOTES_HISTORY": ("MINUTES", 1, 60),
}
UNPUBLISHED = ("CONFIG", "AUTH")
"""Without a limit unless the settings give one, per second."""


def limit_of(name: str, settings: PaperSettings) -> tuple[int, int] | None:
    """(calls, seconds) of a limit as it stands now, or None."""
    if name in PUBLISHED:
        measure, number, limit = PUBLISHED[name]
        seconds = number * _SECONDS[measure]
    elif name in settings.limits:
        limit, seconds = 0, 1
    else:
        return None
    limit = settings.limits.get(name, limit)
    return max(1, int(limit * settings.limit_factor)), seconds


def as_config(settings: PaperSettings) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for name, (measure, number, _) in PUBLISHED.items():
        found = limit_of(name, settings)
        limit = found[0] if found else 0
        listed.append(
            {"rateLimitType": name, "measure": measure, "intervalNum": number, "limit": limit}
        )
    return listed


class Windows:
    """Sliding windows. A refused call takes no room in its window."""

    def __init__(self) -> None:
        self._taken: dict[tuple[Hashable, str], deque[int]] = {}

    def admit(self, who: Hashable, name: str, now_us: int, settings: PaperSettings) -> bool:
        """Whether this call is within the limit; if so it counts."""
        found = limit_of(name, settings)
        if found is None:
            return True
        limit, seconds = found
        taken = self._taken.setdefault((who, name), deque())
        while taken and taken[0] <= now_us - seconds * 1_000_000:
            taken.popleft()
        if len(taken) >= limit:
            return False
        taken.append(now_us)
        return True

    def clear(self) -> None:
        """Forget all calls."""
        self._taken.clear()
