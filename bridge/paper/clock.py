"""What time it is for the paper broker: real, or standing still until it is pushed."""

import time
from datetime import UTC, datetime


class Clock:
    """Wall time for rows and tokens, running time for limits; both stand still once held."""

    def __init__(self) -> None:
        self._held: tuple[int, int] | None = None

    def now(self) -> int:
        """Epoch milliseconds, UTC."""
        return self._held[0] if self._held else time.time_ns() // 1_000_000

    def running(self) -> int:
        """Microseconds that no step of the wall clock touches."""
        return self._held[1] if self._held else time.monotonic_ns() // 1_000

    def hold(self, wall: int) -> None:
        """Stand still at this moment, in epoch milliseconds."""
        self._held = (wall, self.running())

    def advance(self, ms: int) -> None:
        """Hold the clock, if it is not held yet, and push it forward."""
        wall, running = self._held or (self.now(), self.running())
        self._held = (wall + ms, running + ms * 1_000)

    def release(self) -> None:
        """Back to real time."""
        self._held = None


def iso(ms: int) -> str:
    """As the broker writes a time in text: 2023-05-26T16:59:53.000Z."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
