"""A rule as people write it ↔ the rule as a value. What the engine does not do yet is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from bridge.domain.guards import REQUIREMENTS
from bridge.domain.intents import Opposite
from bridge.domain.rules import ANY, Mode, OrderForm, Rule, Size, Unless, What, When
from bridge.domain.signals import Level, LevelKind
from bridge.domain.sizing import FALLBACKS, SIZINGS, UNITS_OF_AS_ALERT
from bridge.domain.values import Action, OrderType, Unit, plain
from bridge.schemas.faults import NO_OBJECT, Strict, Told
from bridge.schemas.fields import (
    Choice,
    Later,
    LevelOf,
    Many,
    Nested,
    Number,
    Said,
    Text,
    Whole,
    read_text,
    shown,
)

ZERO = Decimal(0)
DISTANCES = (LevelKind.DISTANCE, LevelKind.POINTS, LevelKind.PIPS, LevelKind.PERCENT)
STOPS = (LevelKind.PRICE, *DISTANCES)
TARGETS = (*STOPS, LevelKind.R)

_MODES_LATER = tuple(u.value for u in Unit if u.value not in SIZINGS)
_UNITS = tuple(u.value for u in UNITS_OF_AS_ALERT)
_UNITS_LATER = tuple(u.value for u in Unit if u not in UNITS_OF_AS_ALERT)
_LONGEST_AGE = Decimal(30 * 24 * 3600)


@dataclass(frozen=True)
class AccountForm:
    """An account as a rule writes it; `kind` is id, acc_num, or any for a bare value."""

    connection: str
    kind: str
    ref: str
    multiplier: Decimal


@dataclass(frozen=True)
class RuleForm:
    """A rule as it was written: `rule` without ids and accounts, which `hook` and `accounts` name.

    `position` None: not said.
    """

    rule: Rule
    hook: str
    position: int | None
    accounts: tuple[AccountForm, ...]


class OneOrMany(Said, fields.Field[tuple[str, ...]]):
    """A name, or a list of names."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> tuple[str, ...]:
        names = value if isinstance(value, list) else [value]
        return tuple(read_text(name, 200) for name in names)

    def openapi(self) -> dict[str, Any]:
        one = {"type": "string"}
        return {"oneOf": [one, {"type": "array", "items": one}]}


class AccountRef(Said, fields.Field[tuple[str, str]]):
    """`{"id": …}`, `{"acc_num": …}`, or a bare value that must fit exactly one account."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> tuple[str, str]:
        if not isinstance(value, Mapping):
            return "any", _ref(value)
        if len(value) != 1 or next(iter(value)) not in ("id", "acc_num"):
            raise ValidationError(
                Told("account_unreadable", "This needs exactly one of id, acc_num.")
            )
        kind, ref = next(iter(value.items()))
        return kind, _ref(ref)

    def openapi(self) -> dict[str, Any]:
        one = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
        named = [
            {
                "type": "object",
                "properties": {kind: one},
                "required": [kind],
                "additionalProperties": False,
            }
            for kind in ("id", "acc_num")
        ]
        return {"oneOf": [{"type": "string"}, {"type": "integer"}, *named]}


def _ref(value: Any) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = plain(Decimal(value))
    return read_text(value, 40)


class SymbolMap(Said, fields.Field[Mapping[str, str]]):
    """Text in the alert → the broker's name."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValidationError(NO_OBJECT)
        wrong: dict[str, Any] = {}
        read: dict[str, str] = {}
        for text, broker in value.items():
            try:
                read[read_text(text, 80)] = read_text(broker, 80)
            except ValidationError as exc:
                wrong[shown(text)] = exc.messages
        if wrong:
            raise ValidationError(wrong)
        return read

    def openapi(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"type": "string"}}


class WhenSchema(Strict):
    """Which signals a rule acts on."""

    symbols = Many(Text(most=80), least=1, load_default=lambda: [ANY])
    actions = Many(Choice((ANY, *(a.value for a in Action))), least=1, load_default=lambda: [ANY])
    strategy = OneOrMany(load_default=tuple)
    expression = Later("An expression")

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> When:
        return When(tuple(data["symbols"]), tuple(data["actions"]), data["strategy"])


class FallbackSchema(Strict):
    """The size where the alert states none."""

    mode = Choice(FALLBACKS, later=(m for m in _MODES_LATER if m not in FALLBACKS), required=True)
    value = Number(above=ZERO, required=True)


class SizeSchema(Strict):
    """How much."""

    mode = Choice(SIZINGS, later=_MODES_LATER, required=True)
    value = Number(above=ZERO)
    unit = Choice(_UNITS, later=_UNITS_LATER)
    fallback = Nested(FallbackSchema)
    cap = Number(above=ZERO)

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        as_alert = data["mode"] == "as_alert"
        wrong: dict[str, list[Told]] = {}
        if as_alert and "value" in data:
            wrong["value"] = [Told("no_meaning", "as_alert takes the alert's quantity: no value.")]
        if not as_alert and "value" not in data:
            wrong["value"] = [Told("missing", f"A size of {data['mode']} needs a value over 0.")]
        for key in ("unit", "fallback"):
            if not as_alert and key in data:
                wrong[key] = [Told("no_meaning", f"'{key}' has a meaning with as_alert only.")]
        if wrong:
            raise ValidationError(wrong)

    @post_load
    def read(self, data: dict[str, Any], **_: Any) -> Size:
        fallback = data.get("fallback", {})
        return Size(
            mode=data["mode"],
            value=data.get("value"),
            unit=Unit(data["unit"]) if "unit" in data else None,
            fallback_mode=fallback.get("mode"),
            fallback_value=fallback.get("value"),
            cap=data.get("cap"),
        )


class OrderSchema(Strict):
    """The order a rule makes, where that is not left to the alert."""

    type = Choice((t.value for t in OrderType), required=True)
    price = Number(above=ZERO)
    offset = LevelOf(DISTANCES, signed=True)

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        given = [key for key in ("price", "offset") if key in data]
        if data["type"] == OrderType.MARKET.value and given:
            text = f"A market order has no {given[0]}."
            raise ValidationError({given[0]: [Told("no_meaning", text)]})
        if len(given) == 2:
            raise ValidationError(
                {"offset": [Told("two_prices", "Give price or offset, not both.")]}
            )

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> OrderForm:
        return OrderForm(OrderType(data["type"]), data.get("price"), data.get("offset"))


class UnlessSchema(Strict):
    """The guards."""

    max_age = Number(above=ZERO, at_most=_LONGEST_AGE, places=3)
    spread = Number(above=ZERO)
    open_positions = Whole(least=1, most=10_000)
    require = Choice(REQUIREMENTS)
    cooldown = Later("The guard cooldown")
    windows = Later("The guard windows")
    trades_per_day = Later("The guard trades_per_day")
    pyramiding = Later("The guard pyramiding")

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> Unless:
        age = data.pop("max_age", None)
        if age is not None:
            data["max_age"] = timedelta(milliseconds=int(age * 1000))
        return Unless(**data)


class RuleAccountSchema(Strict):
    """Where a rule acts, and how much of the size it takes there."""

    connection = Text(most=80, required=True)
    account = AccountRef(required=True)
    multiplier = Number(above=ZERO, at_most=Decimal(10_000), places=8, load_default=Decimal(1))

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> AccountForm:
        kind, ref = data["account"]
        return AccountForm(data["connection"], kind, ref, data["multiplier"])


class RuleSchema(Strict):
    """A rule, whole."""

    name = Text(most=80, required=True)
    hook = Text(most=80, required=True)
    mode = Choice((m.value for m in Mode), required=True)
    position = Whole(least=0, most=1_000_000)
    when = Nested(WhenSchema, load_default=When)
    what = Choice((w.value for w in What), required=True)
    accounts = Many(Nested(RuleAccountSchema), least=1, required=True)
    size = Nested(SizeSchema, required=True)
    opposite = Choice((o.value for o in Opposite), load_default=Opposite.CLOSE.value)
    positions = Choice(("all", "own"), load_default="all")
    stop_loss = LevelOf(STOPS)
    take_profit = LevelOf(TARGETS)
    order = Nested(OrderSchema)
    unless = Nested(UnlessSchema, load_default=Unless)
    symbols = SymbolMap(load_default=dict)

    @validates_schema
    def each_account_once(self, data: dict[str, Any], **_: Any) -> None:
        seen: set[tuple[str, str, str]] = set()
        wrong: dict[int, list[Told]] = {}
        for i, account in enumerate(data["accounts"]):
            key = (account.connection, account.kind, account.ref)
            if key in seen:
                wrong[i] = [Told("twice", "This account stands in the rule already.")]
            seen.add(key)
        if wrong:
            raise ValidationError({"accounts": wrong})

    @post_load
    def form(self, data: dict[str, Any], **_: Any) -> RuleForm:
        rule = Rule(
            id=0,
            public_id="",
            name=data["name"],
            position=data.get("position", 0),
            mode=Mode(data["mode"]),
            when=data["when"],
            what=What(data["what"]),
            size=data["size"],
            accounts=(),
            opposite=Opposite(data["opposite"]),
            own_only=data["positions"] == "own",
            stop_loss=data.get("stop_loss"),
            take_profit=data.get("take_profit"),
            order=data.get("order"),
            unless=data["unless"],
            symbols=data["symbols"],
        )
        return RuleForm(rule, data["hook"], data.get("position"), tuple(data["accounts"]))


def as_written(rule: Rule) -> dict[str, Any]:
    """A rule's own keys as `RuleSchema` reads them, without hook and accounts."""
    said: dict[str, Any] = {
        "name": rule.name,
        "mode": rule.mode.value,
        "position": rule.position,
        "when": _when(rule.when),
        "what": rule.what.value,
        "opposite": rule.opposite.value,
        "positions": "own" if rule.own_only else "all",
        "size": _size(rule.size),
        "unless": _unless(rule.unless),
        "symbols": dict(rule.symbols),
    }
    for key, level in (("stop_loss", rule.stop_loss), ("take_profit", rule.take_profit)):
        if level is not None:
            said[key] = level_as_written(level)
    if rule.order is not None:
        said["order"] = _order(rule.order)
    return said


def account_as_written(kind: str, ref: str) -> str | dict[str, str]:
    """An account as `AccountRef` reads it."""
    return ref if kind == "any" else {kind: ref}


def level_as_written(level: Level) -> dict[str, str]:
    """A level as `LevelOf` reads it."""
    return {level.kind.value: plain(level.value)}


def _when(when: When) -> dict[str, Any]:
    said: dict[str, Any] = {"symbols": list(when.symbols), "actions": list(when.actions)}
    return {**said, "strategy": list(when.strategies)} if when.strategies else said


def _size(size: Size) -> dict[str, Any]:
    said: dict[str, Any] = {"mode": size.mode}
    if size.value is not None:
        said["value"] = plain(size.value)
    if size.unit is not None:
        said["unit"] = size.unit.value
    if size.fallback_mode is not None and size.fallback_value is not None:
        said["fallback"] = {"mode": size.fallback_mode, "value": plain(size.fallback_value)}
    if size.cap is not None:
        said["cap"] = plain(size.cap)
    return said


def _order(order: OrderForm) -> dict[str, Any]:
    said: dict[str, Any] = {"type": order.type.value}
    if order.price is not None:
        said["price"] = plain(order.price)
    if order.offset is not None:
        said["offset"] = level_as_written(order.offset)
    return said


def _unless(unless: Unless) -> dict[str, Any]:
    micros = unless.max_age // timedelta(microseconds=1)
    said: dict[str, Any] = {"max_age": plain(Decimal(micros).scaleb(-6))}
    if unless.spread is not None:
        said["spread"] = plain(unless.spread)
    if unless.open_positions is not None:
        said["open_positions"] = unless.open_positions
    if unless.require is not None:
        said["require"] = unless.require
    return said
