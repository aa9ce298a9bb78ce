"""Our own writing of stops, targets and distances: `{"pips": 20}` in JSON, `20pips` in text."""

import re
from collections.abc import Iterable
from decimal import Decimal

from bridge.dialects.fields import above_zero, number, shown
from bridge.dialects.strict import Json
from bridge.domain.signals import BreakEven, Level, LevelKind, Target, Trailing
from bridge.errors import Refused

MAX_TARGETS = 8
DISTANCES = (LevelKind.DISTANCE, LevelKind.POINTS, LevelKind.PIPS, LevelKind.PERCENT)
STOPS = (LevelKind.PRICE, *DISTANCES)
TARGETS = (*STOPS, LevelKind.R)
_HUNDRED = Decimal(100)
_WRITTEN = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(pips|points|%|r)?", re.ASCII | re.IGNORECASE)


def level(
    value: Json, field: str, kinds: Iterable[LevelKind] = STOPS, *, signed: bool = False
) -> Level:
    """Exactly one of the allowed kinds with its number."""
    allowed = {k.value: k for k in kinds}
    if not isinstance(value, dict):
        raise Refused(
            "level_unreadable",
            field,
            f"'{field}' is {shown(value)}. Write {{\"{next(iter(allowed))}\": number}}; "
            f"known are {', '.join(allowed)}.",
        )
    if len(value) != 1 or next(iter(value)) not in allowed:
        raise Refused(
            "level_unreadable",
            field,
            f"'{field}' needs exactly one of {', '.join(allowed)}.",
        )
    name, amount = next(iter(value.items()))
    at = f"{field}.{name}"
    if not signed:
        return Level(allowed[name], above_zero(amount, at))
    read = number(amount, at)
    if read == 0:
        raise Refused("not_positive", at, f"'{at}' is 0; leave it out, or name a distance.")
    return Level(allowed[name], read)


def from_text(text: str, bare: LevelKind) -> Json:
    """The JSON form of a level in one-line text; a bare number is of the kind `bare`."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return text
    unit = (found[2] or "").lower()
    kind = {"": bare.value, "%": LevelKind.PERCENT.value}.get(unit, unit)
    return {kind: found[1]}


def targets(value: Json, field: str) -> tuple[Target, ...]:
    """Several take profits with the shares of the position they close."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_TARGETS:
        raise Refused(
            "level_unreadable", field, f"'{field}' must be a list of 1 to {MAX_TARGETS} levels."
        )
    read = tuple(_target(item, f"{field}[{i}]") for i, item in enumerate(value))
    shares = [t.share for t in read if t.share is not None]
    if shares and len(shares) < len(read):
        raise Refused("shares_wrong", field, f"'{field}': give every target a share, or none.")
    if sum(shares) > _HUNDRED:
        raise Refused("shares_wrong", field, f"'{field}': the shares add up to more than 100.")
    return read


def _target(value: Json, field: str) -> Target:
    if not isinstance(value, dict):
        raise Refused("level_unreadable", field, f"'{field}' is {shown(value)}, not a level.")
    rest: Json = {k: v for k, v in value.items() if k != "share"}
    share = above_zero(value["share"], f"{field}.share") if "share" in value else None
    return Target(level(rest, field, TARGETS), share)


def trailing(value: Json, field: str) -> Trailing:
    """A trailing distance, and the level after which it starts."""
    if not isinstance(value, dict):
        raise Refused("level_unreadable", field, f"'{field}' is {shown(value)}, not a distance.")
    rest: Json = {k: v for k, v in value.items() if k != "after"}
    after = level(value["after"], f"{field}.after", TARGETS) if "after" in value else None
    return Trailing(level(rest, field, DISTANCES), after)


def break_even(value: Json, field: str) -> BreakEven:
    """Stop to the entry after a level or a target, plus a distance."""
    if not isinstance(value, dict) or not {"after"} <= value.keys() <= {"after", "plus"}:
        raise Refused(
            "level_unreadable", field, f"'{field}' needs 'after' and may have 'plus', nothing else."
        )
    plus = level(value["plus"], f"{field}.plus", DISTANCES) if "plus" in value else None
    after = value["after"]
    if not isinstance(after, dict) or "target" not in after:
        return BreakEven(level(after, f"{field}.after", TARGETS), None, plus)
    at = f"{field}.after.target"
    count = number(after["target"], at)
    if len(after) != 1 or count not in range(1, MAX_TARGETS + 1):
        raise Refused("level_unreadable", at, f"'{at}' must be a target's number, 1 to 8.")
    return BreakEven(None, int(count), plus)
