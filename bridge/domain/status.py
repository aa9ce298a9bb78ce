"""Where an execution stands, and the only ways it may go from there."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """Of an execution."""

    QUEUED = "queued"
    SENDING = "sending"
    WORKING = "working"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    DENIED = "denied"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    NOT_PLACED = "not_placed"
    NEEDS_REVIEW = "needs_review"
    SHADOWED = "shadowed"


class AlertStatus(StrEnum):
    """Of an alert."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"
    REFUSED = "refused"


_S = Status
_ENDS = frozenset({_S.FILLED, _S.REJECTED, _S.CANCELLED})

MOVES: Mapping[Status, frozenset[Status]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.DENIED, _S.EXPIRED, _S.CANCELLED, _S.SHADOWED}),
    # not_placed straight from sending: only when no byte ever left
    _S.SENDING: _ENDS | {_S.WORKING, _S.UNKNOWN, _S.NOT_PLACED},
    # by evidence from the broker alone
    _S.UNKNOWN: _ENDS | {_S.WORKING, _S.NOT_PLACED, _S.NEEDS_REVIEW},
    _S.WORKING: _ENDS,
    # by a person, named
    _S.NEEDS_REVIEW: _ENDS | {_S.WORKING, _S.NOT_PLACED},
    # odd but real: the sweep saw our tag after all; marked late
    _S.NOT_PLACED: _ENDS | {_S.WORKING},
    _S.FILLED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.DENIED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.SHADOWED: frozenset(),
}

NEXT_ATTEMPT: Mapping[Status, bool] = {
    # back to queued with attempt + 1; True: only for intents that reduce risk, after a fresh read
    _S.SENDING: False,
    _S.UNKNOWN: True,
    _S.WORKING: True,
}

FINAL = frozenset({s for s, ways in MOVES.items() if not ways} | {_S.NOT_PLACED})
IN_FLIGHT = frozenset({_S.SENDING, _S.UNKNOWN})
UNFINISHED = frozenset(set(Status) - FINAL)

SENTENCES: Mapping[Status, str] = {
    _S.QUEUED: "Waiting for its turn on this account.",
    _S.SENDING: "Written down as being sent; the broker's answer is not recorded yet.",
    _S.WORKING: "The broker accepted it; it is not final yet.",
    _S.FILLED: "Done at the broker.",
    _S.REJECTED: "The broker refused it.",
    _S.CANCELLED: "Cancelled.",
    _S.DENIED: "Not sent: a rule, limit or halt stood against it.",
    _S.EXPIRED: "Not sent: too old when its turn came.",
    _S.UNKNOWN: "Sent, but no trustworthy answer came; Bridge is asking the broker.",
    _S.NOT_PLACED: "Proved not to have reached the broker's books.",
    _S.NEEDS_REVIEW: "Bridge cannot tell what happened; a person must look and say.",
    _S.SHADOWED: "Computed in full, nothing sent.",
}


def check_move(old: Status, new: Status) -> None:
    """Raise ValueError when the table has no way from `old` to `new`."""
    if new not in MOVES[old]:
        raise ValueError(f"an execution cannot go from {old} to {new}")


def check_next_attempt(old: Status, *, reduces: bool) -> None:
    """Raise ValueError when an execution that is `old` may not be queued for another attempt."""
    if old not in NEXT_ATTEMPT or (NEXT_ATTEMPT[old] and not reduces):
        raise ValueError(f"an execution that is {old} has no next attempt")
