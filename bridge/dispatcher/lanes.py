"""Holding lanes: each lease is renewed by a thread of its own, so a slow call does not lose it."""

import threading

import structlog

from bridge.errors import NotStored
from bridge.lane import Lane, Lease, Tools
from bridge.store import heartbeat, lanes
from bridge.store.db import Database
from bridge.store.lanes import Claimed
from bridge.store.migrate import GENERATION

log = structlog.get_logger(__name__)


class Held:
    """The lanes this dispatcher holds now, and the thread that renews their leases."""

    def __init__(self, tools: Tools, renewals: Database) -> None:
        self._tools = tools
        self._renewals = renewals
        self._lanes: dict[int, Lane] = {}
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew_all, name="renewal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def claim(self, slots: int) -> list[Lane]:
        """Lanes that are due and free, at most so many, each with its lease."""
        tools, lease = self._tools, self._tools.timings.lease
        until = tools.monotonic() + lease.total_seconds()
        if tools.database.sqlite:
            with tools.database.reading() as db:
                if not lanes.any_due(db, tools.now(), lease):
                    return []
        with tools.database.transaction() as db:
            if heartbeat.generation(db) > GENERATION:
                log.error("the database is of a newer generation; this dispatcher claims nothing")
                return []
            # on SQLite the clock is read here, under the write lock that the first statement took:
            # read before it, another's newer lease would look longer than a lease can be
            claimed = lanes.claim(db, tools.owner, lease, slots, tools.now())
        taken = [Lane(tools, c, Lease(until)) for c in claimed]
        with self._guard:
            self._lanes.update((lane.account, lane) for lane in taken)
        return taken

    def forget(self, lane: Lane) -> None:
        """The lane was given back, or lost."""
        with self._guard:
            if self._lanes.get(lane.account) is lane:
                del self._lanes[lane.account]

    def count(self) -> int:
        with self._guard:
            return len(self._lanes)

    def _renew_all(self) -> None:
        while not self._stop.wait(self._tools.timings.renewal.total_seconds()):
            with self._guard:
                held = list(self._lanes.values())
            for lane in held:
                self._renew(lane)

    def _renew(self, lane: Lane) -> None:
        tools, lease = self._tools, self._tools.timings.lease
        until = tools.monotonic() + lease.total_seconds()
        try:
            with self._renewals.transaction() as db:
                ours = lanes.renew(db, lane.claimed, tools.owner, lease, tools.now())
        except NotStored as exc:
            log.warning("a lease could not be renewed", account=lane.account, error=str(exc))
            return
        if ours:
            lane.lease.renewed(until)
        elif not self._given_back(lane.claimed):
            lane.lease.lose()
            log.warning("a lane was lost", account=lane.account)

    def _given_back(self, claimed: Claimed) -> bool:
        """Whether the lane was released between our look at the list and the renewal."""
        with self._guard:
            lane = self._lanes.get(claimed.account)
            return lane is None or lane.claimed != claimed
