"""The positions that generic JSON states before and after its order."""

from decimal import Decimal

from bridge.dialects import fields
from bridge.dialects.generic_fields import Fields, agreed
from bridge.dialects.positions import Stated, read_stated, side_of
from bridge.dialects.strict import Json
from bridge.domain.values import StatedPosition
from bridge.errors import Refused


def position_after(found: Fields) -> Stated | None:
    stated = found.all("after", read_stated)
    if found.has("action") or found.has("flag") or found.has("signal_type"):
        stated += found.all("position", read_stated)
    return _position(found, "after_size", stated)


def position_before(found: Fields) -> Stated | None:
    return _position(found, "before_size", found.all("before", read_stated))


def _position(found: Fields, size_name: str, stated: list[tuple[str, Stated]]) -> Stated | None:
    """One position of its side, its signed size and its unsigned size."""
    side: StatedPosition | None = agreed([(path, s.side) for path, s in stated])
    sizes: list[tuple[str, Decimal]] = [(p, s.size) for p, s in stated if s.size is not None]
    for path, amount in found.all(size_name, _unsigned):
        if side is None and amount != 0:
            found.notes.passed_over(path, "the side of this position is not said")
        else:
            sizes.append((path, -amount if side is StatedPosition.SHORT else amount))
    size: Decimal | None = agreed(sizes)
    if side is None:
        return None if size is None else Stated(StatedPosition.FLAT, size)
    if size is not None and side_of(size) is not side:
        raise Refused(
            "position_contradiction", sizes[0][0], f"The position is {side}, and its size {size}."
        )
    return Stated(side, size)


def _unsigned(value: Json, field: str) -> Decimal:
    read = fields.number(value, field, "position_unreadable")
    if read < 0:
        raise Refused("position_unreadable", field, f"'{field}' is {read}; this size has no sign.")
    return read
