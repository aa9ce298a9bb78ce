"""How a broker is spoken to over HTTP: the times allowed, and whom we believe to be it."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class WireTimings:
    """Bounds of every call, in seconds and bytes.

    `total` counts from the call to the last byte of its answer. A connection that stood still for
    `idle` is not used again: a gateway may have dropped it without telling us.
    """

    connect: float = 3.0
    total: float = 10.0
    idle: float = 50.0
    answer_bytes: int = 5 * 1024 * 1024
    connections: int = 8


@dataclass(frozen=True)
class Trust:
    """Who may stand behind the base URL.

    `private_hosts` allows loopback and private addresses, and plain http to them: environment
    `paper` only. `ca_file` replaces the public certificate authorities. Verification is never off.
    """

    private_hosts: bool = False
    ca_file: str | None = None


def utc_now() -> datetime:
    return datetime.now(UTC)
