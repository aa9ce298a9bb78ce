"""What a lane is carried out with: this process's tools, and the hold on an account's queue."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.audit import Event, record
from bridge.config import Timings
from bridge.domain.instruments import Listing, Position
from bridge.domain.outcomes import BrokerCall
from bridge.domain.reasons import Reason
from bridge.observe import Brokers, Calls, Opened
from bridge.store import Session, lanes
from bridge.store.db import Database
from bridge.store.executions import Execution
from bridge.store.lanes import Claimed

KEPT_FOR = timedelta(seconds=1)
"""How long a read of the positions may serve decisions, if nothing was called since."""


@dataclass(frozen=True)
class Tools:
    """What every lane of a dispatcher shares. `owner` names the dispatcher in leases."""

    database: Database
    brokers: Brokers
    timings: Timings
    owner: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    randomness: Callable[[int], bytes]
    jitter: Callable[[], float]


class Lease:
    """Until when a lane is ours, by this machine's monotonic clock."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._lost = threading.Event()

    def renewed(self, until: float) -> None:
        self._until = until

    def lose(self) -> None:
        self._lost.set()

    def holds(self, monotonic: float) -> bool:
        return not self._lost.is_set() and monotonic < self._until


@dataclass
class Lane:
    """One account's queue while we hold it."""

    tools: Tools
    claimed: Claimed
    lease: Lease
    calls: Calls = field(default_factory=Calls)
    in_hand: tuple[int, ...] = ()
    _opened: Opened | None = None
    _positions: Listing[Position] | None = None

    @property
    def account(self) -> int:
        return self.claimed.account

    def is_ours(self) -> bool:
        return self.lease.holds(self.tools.monotonic())

    def hold(self, db: Session) -> None:
        """Lock the lane for the rest of the transaction. Raises LostLane."""
        lanes.hold(db, self.claimed, self.tools.owner)

    def open(self) -> Opened:
        """The account's broker, opened once for as long as we hold the lane."""
        if self._opened is None:
            self._opened = self.tools.brokers.open(self.account, self.calls)
        return self._opened

    def positions(self, *, anew: bool) -> Listing[Position]:
        """The account's positions: read now, or the read that settled our last call.

        A read that began after our last call on this account, a moment ago, is as good as a new
        one; the broker allows one a second.
        """
        kept = self._positions
        if not anew and kept is not None and self.tools.now() - kept.begun_at <= KEPT_FOR:
            return kept
        self._positions = self.open().broker.positions()
        return self._positions

    def has_kept_positions(self) -> bool:
        """Whether `positions` would answer without asking the broker."""
        kept = self._positions
        return kept is not None and self.tools.now() - kept.begun_at <= KEPT_FOR

    def about_to_call(self) -> None:
        """What was read before a call says nothing about what is open after it."""
        self._positions = None

    def record(
        self,
        db: Session,
        event: Event,
        execution: Execution,
        *,
        reason: Reason | str | None = None,
        call: BrokerCall | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Append an audit entry about an execution of this lane."""
        record(
            db,
            event,
            now=self.tools.now(),
            user=execution.user,
            actor=f"dispatcher {self.tools.owner}",
            alert=execution.alert,
            execution=execution.id,
            reason=reason,
            call=call,
            data=data,
        )

    def record_calls(self, db: Session, event: Event, execution: Execution) -> None:
        """Append an entry for each read made since the last commit."""
        for call in self.calls.made:
            self.record(db, event, execution, call=call)
        self.calls.made.clear()
