"""Values of the domain with defaults, so that a test names only what matters."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.domain.decide import Facts, Moment
from bridge.domain.instruments import BrokerOrder, Instrument, Position, Quote, Tick
from bridge.domain.intents import Close, CloseAmount, Guards, Opposite, Place, SizePlan, Target
from bridge.domain.rules import Mode, Rule, RuleAccount, Size, What, When
from bridge.domain.signals import Level, LevelKind, Signal
from bridge.domain.values import Action, OrderType, PositionSide, Side, Unit

D = Decimal
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BUY, SELL = Side.BUY, Side.SELL
OURS = "b1" + "0" * 26 + "2"
AT_NOON = Moment(NOON, NOON, NOON)


def seconds(n: float) -> timedelta:
    return timedelta(seconds=n)


def instrument(**values: Any) -> Instrument:
    """EURUSD: 100,000 units a lot, steps of 0.01 lots and 0.00001."""
    return Instrument(
        **{
            "id": "278",
            "name": "EURUSD",
            "trade_route": "1",
            "info_route": "2",
            "kind": "FOREX",
            "lot_size": D(100000),
            "lot_step": D("0.01"),
            "min_lot": D("0.01"),
            "max_lot": D(50),
            "ticks": (Tick(None, D("0.00001")),),
            "quoting_currency": "USD",
            "base_currency": "EUR",
            "status": "FULLY_OPEN",
            "read_at": NOON,
            **values,
        }
    )


EURUSD = instrument()
QUOTE = Quote(D("1.10010"), D("1.10000"), NOON)


def position(lots: str = "1", side: PositionSide = LONG, **values: Any) -> Position:
    """An open position of somebody, opened an hour ago."""
    return Position(
        **{
            "id": "1",
            "instrument_id": EURUSD.id,
            "side": side,
            "lots": D(lots),
            "price": D("1.1"),
            "opened_at": NOON - timedelta(hours=1),
            "stop_loss_id": None,
            "take_profit_id": None,
            "tag": None,
            **values,
        }
    )


def order(**values: Any) -> BrokerOrder:
    """A resting buy limit of one lot without a tag."""
    return BrokerOrder(
        **{
            "id": "9",
            "instrument_id": EURUSD.id,
            "side": BUY,
            "type": "limit",
            "status": "New",
            "lots": D(1),
            "filled": D(0),
            "average_price": None,
            "price": D("1.05"),
            "stop_price": None,
            "created_at": NOON,
            "position_id": None,
            "stop_loss": None,
            "take_profit": None,
            "tag": None,
            **values,
        }
    )


def facts(*positions: Position, **values: Any) -> Facts:
    """EURUSD with these positions read."""
    return Facts(**{"instrument": EURUSD, "all_positions": positions, **values})


def plan(**values: Any) -> SizePlan:
    """0.5 lots, as the alert says."""
    return SizePlan(
        **{
            "mode": "as_alert",
            "value": None,
            "quantity": D("0.5"),
            "unit": Unit.LOTS,
            "multiplier": D(1),
            **values,
        }
    )


def guards(**values: Any) -> Guards:
    return Guards(**{"max_age": seconds(60), **values})


def place(side: Side = BUY, **values: Any) -> Place:
    """A market order of 0.5 lots that closes an opposite position."""
    return Place(
        **{
            "side": side,
            "order_type": OrderType.MARKET,
            "price": None,
            "offset": None,
            "size": plan(),
            "stop_loss": None,
            "take_profit": None,
            "opposite": Opposite.CLOSE,
            "own_only": False,
            "guards": guards(),
            **values,
        }
    )


def close(side: PositionSide | None = LONG, *, own: bool = False, **amount: Any) -> Close:
    return Close(side, CloseAmount(**amount), own)


def target(sign: int = 1, lots: str = "1", **values: Any) -> Target:
    return Target(
        **{
            "sign": sign,
            "size": plan(quantity=D(lots)),
            "own_only": False,
            "guards": guards(),
            "stop_loss": None,
            "take_profit": None,
            **values,
        }
    )


def level(kind: str, value: str) -> Level:
    return Level(LevelKind(kind), D(value))


def rule(**values: Any) -> Rule:
    """A live rule that follows every signal on one account at the alert's lots."""
    return Rule(
        **{
            "id": 1,
            "public_id": "r1",
            "name": "follow",
            "position": 0,
            "mode": Mode.LIVE,
            "what": What.FOLLOW,
            "when": When(),
            "size": Size("as_alert", unit=Unit.LOTS),
            "accounts": (account(),),
            **values,
        }
    )


def account(number: int = 1, **values: Any) -> RuleAccount:
    return RuleAccount(
        **{
            "account": number,
            "public_id": f"a{number}",
            "connection": "prop-1",
            "label": f"Demo {number}",
            "multiplier": D(1),
            **values,
        }
    )


def signal(action: str = "buy", symbol: str = "EURUSD", **values: Any) -> Signal:
    """An alert for half a lot."""
    known = {"quantity": D("0.5"), "unit": Unit.LOTS} if "quantity" not in values else {}
    return Signal(Action(action), symbol, **{**known, **values})
