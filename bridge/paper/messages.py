"""One request as it arrived, and one answer as it shall leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
    """What the server read from the socket."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    arrived_ns: int = 0
    """Wall clock at the first byte."""
    arrived_monotonic_ns: int = 0
    reused: bool = False
    """Not the first request of its connection."""


@dataclass(slots=True)
class Delivery:
    """How the bytes of an answer reach the caller, or do not."""

    reset: bool = False
    """No byte, and the connection is reset."""
    hang: float = 0
    """Seconds without a byte before the connection is reset."""
    cut: int | None = None
    """Close after so many bytes of the body."""
    drip: float = 0
    """Bytes per second."""
    padding: int = 0
    """Spaces behind the body, counted in Content-Length."""


AT_ONCE = Delivery()


@dataclass(slots=True)
class Answer:
    """Status, headers and body, the Date moved by `skew_ms`, and the way of delivery."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=utf-8"
    skew_ms: int = 0
    delivery: Delivery = field(default_factory=lambda: AT_ONCE)
