"""What a buy or sell means beside the position that the strategy states before and after it.

before → after          a buy is               a sell is
─────────────────────   ────────────────────   ────────────────────
flat → long             a buy                  a contradiction
long → more long        a buy                  a contradiction
long → less long        a contradiction        a close of that much
long → flat             a contradiction        a close
long → short            a contradiction        a sell, ending short
and the mirror image for the short side.
"""

from dataclasses import dataclass
from decimal import Decimal

from bridge.dialects.fields import number, shown, used_text
from bridge.dialects.strict import Json
from bridge.domain.values import EXACT, NUMBER, PositionSide, Side, StatedPosition
from bridge.errors import Refused

_TOLERANCE = Decimal("0.000001")
_FLAT = StatedPosition.FLAT
_WORDS = {
    "long": StatedPosition.LONG,
    "bullish": StatedPosition.LONG,
    "short": StatedPosition.SHORT,
    "bearish": StatedPosition.SHORT,
    "flat": StatedPosition.FLAT,
}


@dataclass(frozen=True)
class Stated:
    """One stated position: its side, and its signed size where the message gives it."""

    side: StatedPosition
    size: Decimal | None = None


@dataclass(frozen=True)
class Meaning:
    """What an order turns out to be: an opening, or a close of one side."""

    closes: PositionSide | None
    partly: bool = False


def side_of(size: Decimal) -> StatedPosition:
    """The side of a signed size."""
    if size > 0:
        return StatedPosition.LONG
    return StatedPosition.SHORT if size < 0 else _FLAT


def read_stated(value: Json, field: str) -> Stated:
    """A position as a word or as a signed number."""
    text = used_text(value, field)
    side = _WORDS.get(text.strip().casefold())
    if side is not None:
        return Stated(side, Decimal(0) if side is _FLAT else None)
    if not NUMBER.fullmatch(text):
        raise Refused(
            "position_unreadable",
            field,
            f"'{field}' is {shown(text)}. A position is long, short, flat or a signed number.",
        )
    size = number(value, field)
    return Stated(side_of(size), size)


def interpret(side: Side, before: Stated | None, after: Stated | None, field: str) -> Meaning:
    """What a buy or sell means by the table above; a contradiction is refused."""
    if after is None:
        return Meaning(None)
    ours, theirs = _stated(side.opens), _stated(side.opens.opposite)
    if after.side is ours:
        _check_grows(before, after, field)
        return Meaning(None)
    if before is not None and before.side is not theirs:
        raise _contradiction(side, before, after, field)
    if after.side is theirs and not _shrinks(before, after):
        raise _contradiction(side, before, after, field)
    return Meaning(side.opens.opposite, partly=after.side is theirs)


def check_quantity(
    side: Side, quantity: Decimal, before: Stated | None, after: Stated | None, field: str
) -> None:
    """Refuse a quantity that does not lead from the position before to the position after."""
    if before is None or after is None or before.size is None or after.size is None:
        return
    moved = EXACT.subtract(after.size, before.size)
    signed = quantity if side is Side.BUY else -quantity
    largest = max(abs(before.size), abs(after.size), quantity)
    if abs(EXACT.subtract(moved, signed)) > EXACT.multiply(largest, _TOLERANCE):
        raise Refused(
            "quantity_contradicts_position",
            field,
            f"'{field}' is {quantity}, but the stated positions differ by {moved}.",
        )


def _stated(side: PositionSide) -> StatedPosition:
    return StatedPosition(side.value)


def _check_grows(before: Stated | None, after: Stated, field: str) -> None:
    """An order on the side of the position after it adds to it, or turns it round."""
    if before is None or before.side is not after.side:
        return
    if before.size is None or after.size is None:
        return
    if abs(after.size) <= abs(before.size):
        raise Refused(
            "position_contradiction",
            field,
            f"The order would add to the position, but that goes from {before.size} to "
            f"{after.size} as stated.",
        )


def _shrinks(before: Stated | None, after: Stated) -> bool:
    if before is None or before.size is None or after.size is None:
        return True
    return abs(after.size) < abs(before.size)


def _contradiction(side: Side, before: Stated | None, after: Stated, field: str) -> Refused:
    origin = f"from {before.side} " if before else ""
    return Refused(
        "position_contradiction",
        field,
        f"A {side} does not lead {origin}to {after.side}, as the message states.",
    )
