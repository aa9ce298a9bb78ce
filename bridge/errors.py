"""Our exceptions as one tree. Each says what the program does next.

BridgeError
├── Refused              the asker gave something we do not take: told back
│   └── Invalid          several refusals at once, all named
├── NotFound             no such thing, or not yours: 404, the same for both
├── WrongSettings        the start is refused, every wrong setting named
├── CannotOpen           a sealed secret does not open in this row: use denied
├── NotStored            the database did not take it in time: 503
├── LostRace             another writer moved the execution first: give up
├── LostLane             the lane is no longer ours: stop working on it
└── BrokerTrouble        a read of the broker failed: nothing was changed there
    ├── NoAnswer         transport trouble or an unreadable answer: read again later
    ├── TooSoon          our own or the broker's rate limit: read again at `due`
    └── NeedsSignIn      the broker refuses the login: the owner must act
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


class BridgeError(Exception):
    """Anything Bridge raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input: stable code, the field, a sentence."""

    code: str
    field: str | None
    message: str


class Refused(BridgeError):
    """The asker gave something we do not take."""

    def __init__(self, code: str, field: str | None, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(code, field, message)


class Invalid(BridgeError):
    """Several things are wrong; all are named at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f.message for f in faults))
        self.faults = tuple(faults)


class NotFound(BridgeError):
    """There is no such thing for this user."""


class WrongSettings(BridgeError):
    """The environment is not one Bridge can start in."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


class CannotOpen(BridgeError):
    """A sealed secret does not open here: wrong key, or a value moved from another row."""


class NotStored(BridgeError):
    """The database did not take it within our deadline."""


class LostRace(BridgeError):
    """Another writer moved this execution first."""


class LostLane(BridgeError):
    """The lane's lease is no longer ours."""


class BrokerTrouble(BridgeError):
    """A read of the broker failed; nothing was changed there."""


class NoAnswer(BrokerTrouble):
    """No trustworthy answer came: read again later."""


class TooSoon(BrokerTrouble):
    """A rate limit stands in the way: read again at `due`."""

    def __init__(self, due: datetime, message: str) -> None:
        super().__init__(message)
        self.due = due


class NeedsSignIn(BrokerTrouble):
    """The broker refuses this login: its owner must act."""


class UnknownInstrument(BrokerTrouble):
    """The account has no instrument, or more than one, of exactly this name."""

    def __init__(self, name: str, matches: int, near: Sequence[str]) -> None:
        super().__init__(f"{matches} instruments are named {name}")
        self.name = name
        self.matches = matches
        self.near = tuple(near)
