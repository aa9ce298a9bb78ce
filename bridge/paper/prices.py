"""The price of one instrument at any moment: a seeded walk, a script, or set by hand."""

import random
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal

from bridge.paper.catalogue import Instrument

TICK_MS = 500
"""How often a walking price moves."""

# Period in ms and reach as a part of the price: fast and small to slow and wide.
_WAVES = (
    (2_000, 0.00002),
    (15_000, 0.00006),
    (120_000, 0.0002),
    (900_000, 0.0006),
    (7_200_000, 0.0015),
    (86_400_000, 0.006),
)
_KEPT_STRETCHES = 10_000


@dataclass(frozen=True, slots=True)
class Quote:
    bid: Decimal
    ask: Decimal

    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class Held:
    """A price that stands still."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Script:
    """A price that jumps at given moments and keeps the last."""

    moments: tuple[int, ...]
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Walking:
    """The seeded walk, shifted by so many ticks to start where the price stood."""

    shift: int


Stretch = Held | Script | Walking


class Tape:
    """What the price was, is, and by the walk would be."""

    def __init__(self, instrument: Instrument, seed: int, *, walk: bool) -> None:
        self.instrument = instrument
        # Prices need a seed that can be repeated, not secrecy.
        source = random.Random(f"{seed}/{instrument.number}")  # noqa: S311
        self._noise = [source.uniform(-1, 1) for _ in range(4096)]
        self._base = int(instrument.start / instrument.tick)
        self._starts = [0]
        self._stretches: list[Stretch] = [Walking(0) if walk else Held(self._quote(self._base))]
        self._cache: tuple[int, int, Quote] | None = None

    def at(self, ms: int) -> Quote:
        """The quote at a moment, the same however often and in whatever order one asks."""
        last = len(self._starts) - 1
        place = last if ms >= self._starts[last] else bisect_right(self._starts, ms) - 1
        match self._stretches[max(place, 0)]:
            case Held(quote):
                return quote
            case Script(moments, quotes):
                return quotes[max(bisect_right(moments, ms) - 1, 0)]
            case Walking(shift):
                return self._walking(ms // TICK_MS, shift)

    def moments(self, start: int, end: int) -> list[int]:
        """When, after start and up to end, somebody set the price."""
        first = bisect_right(self._starts, start)
        found = [begun for begun in self._starts[first:] if begun <= end]
        for stretch in self._stretches[max(first - 1, 0) :]:
            if isinstance(stretch, Script):
                found += [m for m in stretch.moments if start < m <= end]
        return found

    def moves_between(self, start: int, end: int) -> list[int]:
        """When the price may move after start and up to end, in at most some 2000 looks."""
        found = self.moments(start, end)
        if isinstance(self._stretches[-1], Walking):
            first = start // TICK_MS + 1
            last = end // TICK_MS
            stride = max(1, (last - first) // 2000)
            found += [tick * TICK_MS for tick in range(first, last + 1, stride)]
        return sorted(found)

    def hold(self, quote: Quote, now: int) -> None:
        self._add(Held(quote), now)

    def script(self, steps: list[tuple[int, Quote]], now: int) -> None:
        moments = tuple(now + ms for ms, _ in steps)
        self._add(Script(moments, tuple(q for _, q in steps)), now)

    def walk(self, now: int) -> None:
        """Walk on from where the price stands."""
        if isinstance(self._stretches[-1], Walking):
            return
        here = int(self.at(now).bid / self.instrument.tick)
        self._add(Walking(here - self._bid(now // TICK_MS, 0)), now)

    def stand(self, now: int) -> None:
        """Stop walking where the price stands."""
        if isinstance(self._stretches[-1], Walking):
            self._add(Held(self.at(now)), now)

    def _add(self, stretch: Stretch, now: int) -> None:
        self._starts.append(now)
        self._stretches.append(stretch)
        self._cache = None
        if len(self._starts) > _KEPT_STRETCHES:
            del self._starts[0], self._stretches[0]

    def _walking(self, tick: int, shift: int) -> Quote:
        if self._cache and self._cache[:2] == (tick, shift):
            return self._cache[2]
        quote = self._quote(self._bid(tick, shift))
        self._cache = (tick, shift, quote)
        return quote

    def _bid(self, tick: int, shift: int) -> int:
        ms = tick * TICK_MS
        away = 0.0
        for wave, (period, reach) in enumerate(_WAVES):
            cell, rest = divmod(ms, period)
            left = self._noise[(cell + wave * 683) & 4095]
            right = self._noise[(cell + 1 + wave * 683) & 4095]
            away += reach * (left + (right - left) * rest / period)
        return max(1, round(self._base * (1 + away)) + shift)

    def _quote(self, bid: int) -> Quote:
        tick = self.instrument.tick
        return Quote(bid * tick, (bid + self.instrument.spread) * tick)
