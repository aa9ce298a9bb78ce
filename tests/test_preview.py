"""What a preview says of an intent, in one sentence."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.domain.intents import (
    Cancel,
    Close,
    CloseAmount,
    Guards,
    Intent,
    Place,
    SizePlan,
    Target,
)
from bridge.domain.signals import Level, LevelKind
from bridge.domain.values import OrderType, PositionSide, Side, Unit
from bridge.preview import in_words

ONE = Decimal(1)
GUARDS = Guards(timedelta(seconds=60))
FIXED = SizePlan("lots", Decimal("0.10"), None, None, ONE)
STATED = SizePlan("as_alert", None, Decimal(2), Unit.LOTS, Decimal("0.5"), cap=Decimal(3))
UNIT_MISSING = SizePlan("as_alert", None, Decimal(2), None, ONE)
FALLBACK = SizePlan("as_alert", None, None, None, ONE, None, "units", Decimal(1000))
NOTHING = SizePlan("as_alert", None, None, Unit.LOTS, ONE)


def place(size: SizePlan = FIXED, **values: object) -> Place:
    given: dict[str, object] = {
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "price": None,
        "offset": None,
        "size": size,
        "stop_loss": None,
        "take_profit": None,
        "opposite": None,
        "own_only": False,
        "guards": GUARDS,
    }
    return Place(**{**given, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("intent", "sentence"),
    [
        (place(), "Buy EURUSD by a market order, 0.1 lots"),
        (place(STATED), "Buy EURUSD by a market order, 2 lots × 0.5, at most 3 lots"),
        (
            place(UNIT_MISSING),
            "Buy EURUSD by a market order, 2 of no stated unit, which will be denied",
        ),
        (place(FALLBACK), "Buy EURUSD by a market order, the fallback of 1000 units"),
        (
            place(NOTHING),
            "Buy EURUSD by a market order, with no stated quantity, which will be denied",
        ),
        (
            place(
                side=Side.SELL,
                order_type=OrderType.LIMIT,
                price=Decimal("1.05"),
                stop_loss=Level(LevelKind.PIPS, Decimal(20)),
                take_profit=Level(LevelKind.R, Decimal(2)),
            ),
            "Sell EURUSD by a limit order at 1.05, stop loss 20 pips, take profit 2 r, 0.1 lots",
        ),
        (
            place(order_type=OrderType.STOP, offset=Level(LevelKind.POINTS, Decimal(30))),
            "Buy EURUSD by a stop order, 30 points from the market, 0.1 lots",
        ),
        (Target(0, FIXED, False, GUARDS, None, None), "Bring EURUSD to flat"),
        (Target(-1, FIXED, False, GUARDS, None, None), "Bring EURUSD to short, 0.1 lots"),
        (Close(None, CloseAmount(), False), "Close all of every position in EURUSD"),
        (
            Close(PositionSide.LONG, CloseAmount(share=Decimal("0.5")), True),
            "Close 50 % of the long position that Bridge opened in EURUSD",
        ),
        (
            Close(None, CloseAmount(Decimal(1), Unit.LOTS, multiplier=Decimal(2)), False),
            "Close 1 lots × 2 of every position in EURUSD",
        ),
        (
            Close(None, CloseAmount(Decimal(1)), False),
            "Close 1 of no stated unit (which will be denied) of every position in EURUSD",
        ),
        (Cancel(None, None), "Cancel the resting opening orders in EURUSD"),
        (Cancel(OrderType.LIMIT, Side.BUY), "Cancel the resting limit buy orders in EURUSD"),
    ],
)
def test_an_intent_is_one_sentence(intent: Intent, sentence: str) -> None:
    assert in_words(intent, "EURUSD") == sentence


def test_no_symbol_means_every_instrument() -> None:
    assert in_words(Cancel(None, None), None).endswith("in every instrument")
