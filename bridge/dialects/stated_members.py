"""A stated position whose side and size are members of their own."""

from decimal import Decimal

from bridge.dialects import fields
from bridge.dialects.members import Members
from bridge.dialects.positions import Stated, read_stated, side_of
from bridge.domain.values import StatedPosition
from bridge.errors import Refused


def position(order: Members, side_key: str, size_key: str) -> Stated | None:
    """A position from its side and its size without a sign, either of which may be missing."""
    stated = order.get(side_key, read_stated)
    size = order.get(size_key, lambda v, f: fields.number(v, f, "position_unreadable"))
    if stated is None or size is None:
        return stated or (Stated(side_of(size), size) if size == 0 else None)
    signed = -abs(size) if stated.side is StatedPosition.SHORT else size
    if side_of(signed) is not stated.side or stated.size not in (None, signed, Decimal(0)):
        raise Refused(
            "position_contradiction",
            order.path(size_key),
            f"The position is {stated.side}, and its size {size}.",
        )
    return Stated(stated.side, signed)
