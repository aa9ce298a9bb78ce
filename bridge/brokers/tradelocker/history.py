"""The whole of a history that the broker gives only in parts.

Its `hasMore` says that rows of the asked range are missing, and there is no cursor: which of them
is not said, so the range is halved until no half is cut [official docs] [observed].
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.instruments import BrokerOrder, Listing
from bridge.errors import NoAnswer, Refused, TooSoon

MOST_READS = 64
OVERLAP = timedelta(seconds=1)
"""Of two halves: whether ranges include their ends is unknown, and dates may be cut to seconds."""
NARROWEST = 4 * OVERLAP

Window = tuple[datetime, datetime]
Read = Callable[[datetime, datetime], Listing[BrokerOrder]]
Wait = Callable[[datetime], None]


@dataclass
class _Found:
    """What was read so far, the newest windows first."""

    windows: list[Window]
    rows: dict[str, BrokerOrder] = field(default_factory=dict)
    begun_at: datetime | None = None
    read_at: datetime | None = None
    complete: bool = True

    def take(self, window: Window, part: Listing[BrokerOrder]) -> None:
        self.begun_at = self.begun_at or part.begun_at
        self.read_at = part.read_at
        for row in part.rows:
            self.rows.setdefault(row.id, row)  # of a row seen twice the later half was read first
        if part.complete:
            return
        start, end = window
        if not part.rows or end - start <= NARROWEST:
            self.complete = False
            return
        half = start + (end - start) / 2
        self.windows += [(start, half + OVERLAP), (half - OVERLAP, end)]

    def listing(self) -> Listing[BrokerOrder]:
        if self.begun_at is None or self.read_at is None:
            raise NoAnswer("The history could not be read at all.")
        complete = self.complete and not self.windows
        return Listing(tuple(self.rows.values()), self.begun_at, self.read_at, complete)


def whole_history(
    read: Read, since: datetime, until: datetime, wait: Wait | None = None
) -> Listing[BrokerOrder]:
    """All rows of the range, each once; not complete when that could not be had in 64 tries.

    `wait` is called with the time at which a rate limit lets us on. Without it, what has been read
    by then is given, not complete; a limit that stops the first read is raised.
    """
    if since > until:
        raise Refused("bad_range", "since", "The range ends before it begins.")
    found = _Found([(since, until)])
    for _ in range(MOST_READS):
        if not found.windows:
            break
        window = found.windows[-1]
        try:
            part = read(*window)
        except TooSoon as exc:
            if wait is None:
                if found.begun_at is None:
                    raise
                break
            wait(exc.due)
            continue
        found.windows.pop()
        found.take(window, part)
    return found.listing()
