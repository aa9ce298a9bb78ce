"""A dispatcher as a whole: it claims lanes, hands them to its threads, and drains when told."""

import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from bridge.config import Settings, Timings
from bridge.dispatcher.lanes import Held
from bridge.dispatcher.loop import give_back, guarded_step
from bridge.dispatcher.wake import FileWatch, Wake, Watcher
from bridge.errors import BridgeError, NotStored
from bridge.lane import Lane, Tools
from bridge.observe import Brokers
from bridge.sealing import Keys
from bridge.store import heartbeat, lanes
from bridge.store.db import DISPATCH, Database, Patience
from bridge.store.migrate import GENERATION

log = structlog.get_logger(__name__)

SLOTS = 16
"""Lanes worked at once: each waits for the broker most of its time."""

_RENEWALS = Patience(pool=2, wait=1.0, statement=2.0, urgent=True, queue=1.0)
_EMBEDDED_WATCH_SECONDS = 0.25


class Dispatcher:
    """Started in a thread (embedded) or as the process of `bridge worker`."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        now: Callable[[], datetime],
        timings: Timings | None = None,
        *,
        slots: int = SLOTS,
    ) -> None:
        self._settings = settings
        self._timings = timings or Timings()
        self._slots = slots
        self._database = Database(settings.database_url, DISPATCH)
        self._renewals = Database(settings.database_url, _RENEWALS)
        self.wake = Wake()
        self._tools = Tools(
            database=self._database,
            brokers=Brokers(self._database, keys, settings, self._timings, now),
            timings=self._timings,
            owner=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}",
            now=now,
            monotonic=time.monotonic,
            randomness=secrets.token_bytes,
            jitter=random.SystemRandom().random,
        )
        self._held = Held(self._tools, self._renewals)
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="lane")

    def run(self) -> None:
        """Work until `stop()`; returns when every lane is given back."""
        watchers = self._watchers()
        self._beat()
        self._held.start()
        for watcher in watchers:
            watcher.start()
        threading.Thread(target=self._background, name="background", daemon=True).start()
        log.info("dispatcher started", owner=self._tools.owner, slots=self._slots)
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._drain(watchers)

    def stop(self) -> None:
        """Claim no more, end the calls in hand, give every lane back."""
        self._stopping.set()
        self.wake.set()

    def join(self) -> bool:
        """Wait until drained, at most the drain time; whether it was."""
        return self._drained.wait(self._timings.drain.total_seconds())

    def _watchers(self) -> list[Watcher]:
        if not self._settings.sqlite:
            from bridge.dispatcher.listen import Listener  # psycopg is installed for Postgres only

            return [Listener(self._settings.listen_url or self._settings.database_url, self.wake)]
        path = str(self._settings.database_path)
        if self._settings.embedded:
            return [FileWatch(path, self.wake, _EMBEDDED_WATCH_SECONDS)]
        return [FileWatch(path, self.wake)]

    def _turn(self) -> None:
        """Claim for the free slots, then sleep until something is due."""
        free = self._slots - self._held.count()
        try:
            taken = self._held.claim(free) if free > 0 else []
            for lane in taken:
                self._pool.submit(self._work, lane)
            if len(taken) < free or free <= 0:
                self.wake.wait(self._pause())
        except NotStored as exc:
            log.warning("lanes could not be claimed", error=str(exc))
            self.wake.wait(self._timings.poll.total_seconds())

    def _pause(self) -> float:
        """To the earliest lane that will be due, at most one poll."""
        longest = self._timings.poll.total_seconds()
        with self._database.reading() as db:
            until = lanes.next_ready(db, self._tools.now())
        return longest if until is None else min(longest, max(0.0, until.total_seconds()))

    def _work(self, lane: Lane) -> None:
        """One lane, step by step, until it is given back, lost, or we are told to stop."""
        try:
            while not self._stopping.is_set() and lane.is_ours():
                if not guarded_step(lane):
                    return
            self._hand_over(lane)
        finally:
            self._held.forget(lane)
            # the lane may be due again before the loop would look, or a slot was waited for
            self.wake.set()

    def _hand_over(self, lane: Lane) -> None:
        if not lane.is_ours():
            return
        try:
            give_back(lane)
        except BridgeError as exc:
            log.warning("a lane was not given back", account=lane.account, error=str(exc))

    def _background(self) -> None:
        """Sign of life, and reading ahead what an order would need."""
        try:
            self._tools.brokers.warm()
        except BridgeError as exc:
            log.info("reading ahead was interrupted", error=str(exc))
        while not self._stopping.wait(self._timings.heartbeat.total_seconds()):
            self._beat()

    def _beat(self) -> None:
        try:
            with self._renewals.transaction() as db:
                heartbeat.beat(db, self._tools.owner, GENERATION, self._tools.now())
        except NotStored as exc:
            log.warning("the heartbeat was not written", error=str(exc))

    def _drain(self, watchers: list[Watcher]) -> None:
        self._stopping.set()
        for watcher in watchers:
            watcher.stop()
        self._pool.shutdown(wait=True)
        self._held.stop()
        self._tools.brokers.close()
        self._database.dispose()
        self._renewals.dispose()
        self._drained.set()
        log.info("dispatcher stopped", owner=self._tools.owner)
