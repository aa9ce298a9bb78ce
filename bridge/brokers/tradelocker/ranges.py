"""Which range of bars may be asked for at all."""

from datetime import datetime

from bridge.brokers.tradelocker.values import Resolution
from bridge.errors import Refused

MOST_BARS = 20_000


def check(resolution: Resolution, since: datetime, until: datetime, published: int | None) -> None:
    """Refused unless the range runs forward and holds no more bars than are given at once."""
    if since.tzinfo is None or until.tzinfo is None:
        raise Refused("bad_range", "since", "A range has times with a zone.")
    if since > until:
        raise Refused("bad_range", "since", "The range ends before it begins.")
    most = MOST_BARS if published is None else min(published, MOST_BARS)
    bars = (until - since) // resolution.span + 1
    if bars > most:
        raise Refused("too_many_bars", "since", f"{bars} bars in one range, at most {most}.")
