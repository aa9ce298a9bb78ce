"""OctoBot's own keys in a text of pairs: offsets as prices, several targets, tags.

`STOP_PRICE` is the price of a stop order, and the stop loss of every other order.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.dialects import fields
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import OPENING, PENDING, check_leverage, check_offset
from bridge.domain.signals import CancelFilter, Level, LevelKind, Signal, Target
from bridge.domain.values import Action, OrderType, Side
from bridge.errors import Refused

MAX_TARGETS = 8
_TARGET = re.compile(r"TAKE_PROFIT_PRICE(?:_([0-9]{1,2}))?")
_RATIO = re.compile(r"TAKE_PROFIT_VOLUME_RATIO(?:_([0-9]{1,2}))?")
_OFFSET = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,20})?)([%d])", re.ASCII)
_KINDS = {"%": LevelKind.PERCENT, "d": LevelKind.DISTANCE}


@dataclass(frozen=True)
class Told:
    """What OctoBot's keys say beside the generic ones. A level's number is signed when `offset`."""

    offset: Level | None = None
    stop: str | None = None
    targets: tuple[tuple[str, str], ...] = ()
    ratios: tuple[tuple[str, str], ...] = ()
    leverage: str | None = None
    tag: str | None = None
    side: str | None = None


NOTHING = Told()


def take(value: dict[str, Json], notes: Notes) -> Told:
    """OctoBot's keys, taken out of the pairs."""
    typed = str(value.get("ORDER_TYPE", "")).upper()
    own = {"LIMIT": "PRICE", "STOP": "STOP_PRICE"}.get(typed)
    if own != "PRICE" and _OFFSET.fullmatch(str(value.get("PRICE", ""))):
        raise Refused("order_type_missing", "PRICE", "An offset as price needs ORDER_TYPE=LIMIT.")
    if "BOT_ID" in value:
        notes.passed_over("BOT_ID", "it names a bot of the sender")
        del value["BOT_ID"]
    return Told(
        offset=_own_offset(value, own),
        stop=_pop(value, "STOP_PRICE") if own != "STOP_PRICE" else None,
        targets=_numbered(value, _TARGET),
        ratios=_numbered(value, _RATIO),
        leverage=_pop(value, "LEVERAGE"),
        tag=_pop(value, "TAG"),
        side=_pop(value, "PARAM_SIDE"),
    )


def _pop(value: dict[str, Json], key: str) -> str | None:
    return fields.used_text(value.pop(key), key) if key in value else None


def _own_offset(value: dict[str, Json], key: str | None) -> Level | None:
    """The order's own price where it is an offset from the market."""
    text = value.get(key) if key else None
    found = _OFFSET.fullmatch(text) if isinstance(text, str) else None
    if found is None or key is None:
        return None
    del value[key]
    return Level(_KINDS[found[2]], Decimal(found[1]))


def _numbered(value: dict[str, Json], pattern: re.Pattern[str]) -> tuple[tuple[str, str], ...]:
    keys = sorted(
        ((int(found[1] or 0), key) for key in value if (found := pattern.fullmatch(key))),
    )
    return tuple((key, fields.used_text(value.pop(key), key)) for _, key in keys)


def applied(signal: Signal, told: Told, notes: Notes) -> Signal:
    """The signal with what OctoBot's keys say."""
    if told.leverage is not None:
        check_leverage(signal, told.leverage, "LEVERAGE", notes)
    if signal.action is Action.CANCEL:
        return replace(signal, cancel=_filter(signal, told))
    _check_side(signal, told)
    signal = _with_offset(signal, told)
    if signal.action is Action.CLOSE:
        _pass_levels_over(told, notes)
        return signal
    if told.tag is not None and signal.comment is None:
        signal = replace(signal, comment=told.tag[: fields.MAX_INFORMATION])
    return _with_targets(_with_stop(signal, told), told)


def _filter(signal: Signal, told: Told) -> CancelFilter | None:
    wanted = replace(signal.cancel or CancelFilter(), of=told.tag)
    if told.side is not None:
        wanted = replace(wanted, side=Side(fields.word(told.side, "PARAM_SIDE", tuple(Side))))
    return None if wanted == CancelFilter() else wanted


def _check_side(signal: Signal, told: Told) -> None:
    """A side named besides must be the action's own."""
    if told.side is None:
        return
    said = fields.word(told.side, "PARAM_SIDE", ("buy", "sell", "long", "short", "both"))
    agreeing = {Action.BUY: ("buy", "long"), Action.SELL: ("sell", "short")}
    if said != "both" and said not in agreeing.get(signal.action, ()):
        raise Refused(
            "two_sides", "PARAM_SIDE", f"The action is {signal.action}, and 'PARAM_SIDE' {said}."
        )


def _pass_levels_over(told: Told, notes: Notes) -> None:
    for key in [k for k, _ in told.targets] + (["STOP_PRICE"] if told.stop else []):
        notes.passed_over(key, "this order closes a position, so it does not apply")


def _with_offset(signal: Signal, told: Told) -> Signal:
    if told.offset is None or signal.action not in OPENING:
        return signal
    field = "STOP_PRICE" if signal.order_type is OrderType.STOP else "PRICE"
    if told.offset.value == 0:
        raise Refused("not_positive", field, f"'{field}' is an offset of 0. Name a distance.")
    check_offset(told.offset, signal, field)
    return replace(signal, offset=told.offset)


def _with_stop(signal: Signal, told: Told) -> Signal:
    if told.stop is None:
        return signal
    if signal.stop_loss is not None:
        raise Refused("two_values", "STOP_PRICE", "Two stop losses are given. Keep one of them.")
    return replace(signal, stop_loss=_level(told.stop, "STOP_PRICE", signal, wins=False))


def _with_targets(signal: Signal, told: Told) -> Signal:
    if not told.targets:
        if told.ratios:
            raise Refused("shares_wrong", told.ratios[0][0], "A share without its target.")
        return signal
    if signal.take_profit is not None or signal.targets:
        raise Refused("two_values", told.targets[0][0], "Targets are given in two ways.")
    levels = [_level(text, key, signal, wins=True) for key, text in told.targets]
    if len(levels) == 1:
        _shared(levels, told)
        return replace(signal, take_profit=levels[0])
    if len(levels) > MAX_TARGETS:
        raise Refused("level_unreadable", told.targets[-1][0], f"At most {MAX_TARGETS} targets go.")
    return replace(signal, targets=_shared(levels, told))


def _shared(levels: list[Level], told: Told) -> tuple[Target, ...]:
    """The targets with their shares; without ratios they share equally."""
    if not told.ratios:
        return tuple(Target(level, None) for level in levels) if len(levels) > 1 else ()
    ratios = [fields.above_zero(text, key) for key, text in told.ratios]
    whole: Decimal = sum(ratios, Decimal(0))
    if len(ratios) != len(levels) or whole not in (1, 100):
        raise Refused(
            "shares_wrong",
            told.ratios[0][0],
            "Give every target a share; together they are 1 or 100.",
        )
    by = Decimal(100) / whole
    shares = tuple(Target(level, r * by) for level, r in zip(levels, ratios, strict=True))
    return shares if len(shares) > 1 else ()


def _level(text: str, key: str, signal: Signal, *, wins: bool) -> Level:
    """A price, or an offset that lies on the side where the level belongs."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        return Level(LevelKind.PRICE, fields.above_zero(text, key, "level_unreadable"))
    away = Decimal(found[1])
    if signal.order_type in PENDING:
        raise Refused(
            "level_base_unclear",
            key,
            f"'{key}' is an offset beside a resting order: from its price or from the market is "
            "not said. Send the price.",
        )
    up = wins is (signal.action is Action.BUY)
    if away == 0 or (away > 0) is not up:
        raise Refused(
            "level_wrong_side", key, f"'{key}' is {text}, on the wrong side of a {signal.action}."
        )
    return Level(_KINDS[found[2]], abs(away))
