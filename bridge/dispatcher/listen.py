"""How a dispatcher on Postgres learns of new work: LISTEN on a direct connection of its own.

Poolers in transaction mode drop LISTEN silently, so this has its own URL. It is only a hint: the
poll is the net.
"""

import threading
from collections.abc import Iterator

import psycopg
import structlog

from bridge.dispatcher.wake import Wake
from bridge.store.db import database_url
from bridge.store.lanes import CHANNEL

log = structlog.get_logger(__name__)

_LISTEN_SECONDS = 1.0
_RECONNECT_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Listener:
    """LISTEN on a direct connection of its own, reconnecting with back-off."""

    def __init__(self, url: str, wake: Wake) -> None:
        self._url = database_url(url).set(drivername="postgresql").render_as_string(False)
        self._wake = wake
        self._stop = threading.Event()
        self.alive = False
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2 * _LISTEN_SECONDS)

    def _run(self) -> None:
        pauses = self._pauses()
        while not self._stop.is_set():
            try:
                self._listen()
                pauses = self._pauses()
            except psycopg.Error as exc:
                self.alive = False
                log.warning("listening was interrupted", error=type(exc).__name__)
                self._stop.wait(next(pauses))

    @staticmethod
    def _pauses() -> Iterator[float]:
        yield from _RECONNECT_SECONDS
        while True:
            yield _RECONNECT_SECONDS[-1]

    def _listen(self) -> None:
        with psycopg.connect(
            self._url, autocommit=True, keepalives_idle=10, keepalives_interval=3, connect_timeout=3
        ) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self.alive = True
            self._wake.set()  # whatever was announced while nobody listened
            while not self._stop.is_set():
                for _ in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                    self._wake.set()
