"""The filters of the audit log: read from the address, written back to it, shown as chips."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from bridge.domain.status import AlertStatus, Status
from bridge.domain.values import rfc3339
from bridge.store.reads import NOTHING, Choices, Filters, Named

WINDOWS: Mapping[str, tuple[str, timedelta | None]] = {
    "15m": ("Last 15 min", timedelta(minutes=15)),
    "2h": ("Last 2 hours", timedelta(hours=2)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "all": ("All", None),
}
DEFAULT_WINDOW = "24h"
STATUSES = (*(s.value for s in Status), *(s.value for s in AlertStatus if s != "accepted"))
_PUBLIC_ID = re.compile(r"[0-9a-f]{32}")
_CURSOR = re.compile(r"[0-9a-f]{32}\.[0-9]{1,6}", re.ASCII)
_LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what it says and we do not know counts as not said."""

    hook: str | None
    account: str | None
    symbol: str | None
    status: str | None
    q: str | None
    window: str
    since: datetime | None
    until: datetime | None
    after: str | None
    open: str | None
    cursor: str

    @property
    def stated(self) -> dict[str, str]:
        """The filters as they stand in an address, without place and open alert."""
        said = {
            "hook": self.hook,
            "account": self.account,
            "symbol": self.symbol,
            "status": self.status,
            "q": self.q,
            "window": None if self.window == DEFAULT_WINDOW or self._own_window else self.window,
            "from": None if self.since is None else rfc3339(self.since),
            "to": None if self.until is None else rfc3339(self.until),
        }
        return {name: value for name, value in said.items() if value is not None}

    @property
    def _own_window(self) -> bool:
        return self.since is not None or self.until is not None

    def filters(self, now: datetime) -> Filters:
        """The same for the database, a window counted back from `now`."""
        since, length = self.since, WINDOWS[self.window][1]
        if not self._own_window and length is not None:
            since = now - length
        return Filters(self.hook, self.account, self.symbol, self.status, since, self.until, self.q)

    def address(self, path: str = "/audit", **changes: str) -> str:
        """The address with some filters changed."""
        said = {**self.stated, **changes}
        return f"{path}?{urlencode(said)}" if said else path

    def without(self, name: str) -> str:
        """The address with one filter taken off."""
        said = {k: v for k, v in self.stated.items() if k != name}
        return f"/audit?{urlencode(said)}" if said else "/audit"


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the address without it."""

    name: str
    value: str
    without: str
    at: datetime | None = None


def asked(args: "MultiDict[str, str]") -> Asked:
    """The filters in an address."""
    since, until = _moment(args.get("from")), _moment(args.get("to"))
    if since is not None and until is not None and until < since:
        since, until = until, since
    window = args.get("window", "")
    return Asked(
        hook=_id(args.get("hook")),
        account=_id(args.get("account")),
        symbol=_text(args.get("symbol")),
        status=args.get("status") if args.get("status") in STATUSES else None,
        q=_text(args.get("q")),
        window=window if window in WINDOWS else DEFAULT_WINDOW,
        since=since,
        until=until,
        after=_id(args.get("after")),
        open=_id(args.get("open")),
        cursor=_cursor(args.get("cursor")),
    )


def chips(asked: Asked, choices: Choices) -> list[Chip]:
    """Every filter that is set, each with the address that takes it off."""
    shown = {
        "hook": ("Hook", _name(choices.hooks, asked.hook)),
        "account": ("Account", _name(choices.accounts, asked.account)),
        "symbol": ("Symbol", asked.symbol),
        "status": ("Status", asked.status and asked.status.replace("_", " ")),
        "q": ("Search", asked.q),
        "window": ("Window", WINDOWS[asked.window][0]),
        "from": ("From", asked.since and f"{asked.since:%d %b %H:%M} UTC"),
        "to": ("To", asked.until and f"{asked.until:%d %b %H:%M} UTC"),
    }
    moments = {"from": asked.since, "to": asked.until}
    return [
        Chip(
            shown[key][0],
            shown[key][1] or "unknown",
            asked.without(key),
            moments.get(key),
        )
        for key in asked.stated
    ]


def _name(named: tuple[Named, ...], public_id: str | None) -> str | None:
    return next((n.name for n in named if n.public_id == public_id), None)


def _id(text: str | None) -> str | None:
    return text if text is not None and _PUBLIC_ID.fullmatch(text) else None


def _cursor(text: str | None) -> str:
    return text if text is not None and _CURSOR.fullmatch(text) else NOTHING


def _text(text: str | None) -> str | None:
    # the databases take no NUL, and nobody searches for one
    kept = (text or "").replace("\0", "").strip()[:_LONGEST]
    return kept or None


def _moment(text: str | None) -> datetime | None:
    """A time as the address or a date field gives it; without a zone it is UTC."""
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    try:
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        return None
