"""SQLite takes one writer at a time. Inside a process they queue here, not in the file's lock.

Waiting in the file's busy handler means sleeping in steps of up to 100 ms; here a writer goes on as
soon as the one before it has committed, and those that a sender waits for go first.
"""

import threading


class WriterQueue:
    """A lock with a fast lane."""

    def __init__(self) -> None:
        lock = threading.Lock()
        self._urgent = threading.Condition(lock)
        self._usual = threading.Condition(lock)
        self._urgent_waiting = 0
        self._busy = False

    def acquire(self, seconds: float, *, urgent: bool) -> bool:
        """Wait for the turn, at most so long; whether it came."""
        with self._urgent:
            if not urgent:
                return self._take(self._usual.wait_for(self._free_for_usual, seconds))
            self._urgent_waiting += 1
            try:
                return self._take(self._urgent.wait_for(self._free, seconds))
            finally:
                self._urgent_waiting -= 1
                self._call_next()

    def release(self) -> None:
        """The writer has committed or given up."""
        with self._urgent:
            self._busy = False
            self._call_next()

    def _free(self) -> bool:
        return not self._busy

    def _free_for_usual(self) -> bool:
        return not self._busy and self._urgent_waiting == 0

    def _take(self, came: bool) -> bool:
        self._busy = self._busy or came
        return came

    def _call_next(self) -> None:
        if self._busy:
            return
        (self._urgent if self._urgent_waiting else self._usual).notify()
