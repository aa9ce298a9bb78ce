"""How a dispatcher learns of new work on SQLite: an event in this process, or the file's version.

Each is only a hint. The poll is the net: the worst case is one poll late.
"""

import sqlite3
import threading
from typing import Protocol

_WATCH_SECONDS = 0.005


class Wake:
    """The event a dispatcher sleeps on."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Sleep until something is said to have come, at most so long."""
        if self._event.wait(seconds):
            self._event.clear()


class Watcher(Protocol):
    """Sets the event when work may have come."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class FileWatch:
    """Another process wrote to the SQLite file: its data version changed. No lock is taken."""

    def __init__(self, path: str, wake: Wake, every: float = _WATCH_SECONDS) -> None:
        self._path = path
        self._wake = wake
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            seen = self._version(connection)
            while not self._stop.wait(self._every):
                now = self._version(connection)
                if now != seen:
                    seen = now
                    self._wake.set()
        finally:
            connection.close()

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        row: tuple[int] = connection.execute("PRAGMA data_version").fetchone()
        return row[0]
