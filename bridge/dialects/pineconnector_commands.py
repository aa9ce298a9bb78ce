"""PineConnector's commands: what each of them does, one step after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.domain.values import Action, OrderType, PositionSide, Side

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


@dataclass(frozen=True)
class Step:
    """One thing a command does.

    `side` is the position opened, closed or changed, or the side whose orders are cancelled.
    `pending` on a modify: the resting orders are meant. `sized`: what `risk=` says of a close.
    """

    action: Action
    side: PositionSide | None = None
    order_type: OrderType | None = None
    pending: bool = False
    sized: str | None = None


def _open(side: Side, order_type: OrderType = OrderType.MARKET) -> Step:
    action = Action.BUY if side is Side.BUY else Action.SELL
    return Step(action, side.opens, order_type)


def _close(side: PositionSide | None, sized: str | None = None) -> Step:
    return Step(Action.CLOSE, side, sized=sized)


def _cancel(side: PositionSide) -> Step:
    return Step(Action.CANCEL, side)


def _modify(side: PositionSide, order_type: OrderType | None = None) -> Step:
    return Step(Action.MODIFY, side, order_type, pending=order_type is not None)


_BUY, _SELL = _open(Side.BUY), _open(Side.SELL)
_BUY_STOP, _BUY_LIMIT = _open(Side.BUY, OrderType.STOP), _open(Side.BUY, OrderType.LIMIT)
_SELL_STOP, _SELL_LIMIT = _open(Side.SELL, OrderType.STOP), _open(Side.SELL, OrderType.LIMIT)
_BOTH = _close(None)

COMMANDS: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("buy", "long", "bull", "bullish"), (_BUY,)),
        **dict.fromkeys(("sell", "short", "bear", "bearish"), (_SELL,)),
        "buystop": (_BUY_STOP,),
        "buylimit": (_BUY_LIMIT,),
        "sellstop": (_SELL_STOP,),
        "selllimit": (_SELL_LIMIT,),
        "closelong": (_close(LONG),),
        "closeshort": (_close(SHORT),),
        "closelongshort": (_BOTH,),
        "closelongpct": (_close(LONG, "percent"),),
        "closeshortpct": (_close(SHORT, "percent"),),
        "closelongvol": (_close(LONG, "volume"),),
        "closeshortvol": (_close(SHORT, "volume"),),
        "cancellong": (_cancel(LONG),),
        "cancelshort": (_cancel(SHORT),),
        "newsltplong": (_modify(LONG),),
        "newsltpshort": (_modify(SHORT),),
        "newsltpbuystop": (_modify(LONG, OrderType.STOP),),
        "newsltpbuylimit": (_modify(LONG, OrderType.LIMIT),),
        "newsltpsellstop": (_modify(SHORT, OrderType.STOP),),
        "newsltpselllimit": (_modify(SHORT, OrderType.LIMIT),),
        **dict.fromkeys(("closelongopenlong", "closelongbuy"), (_close(LONG), _BUY)),
        **dict.fromkeys(("closelongopenshort", "closelongsell"), (_close(LONG), _SELL)),
        **dict.fromkeys(("closeshortopenlong", "closeshortbuy"), (_close(SHORT), _BUY)),
        **dict.fromkeys(("closeshortopenshort", "closeshortsell"), (_close(SHORT), _SELL)),
        "closelongshortopenlong": (_BOTH, _BUY),
        "closelongshortopenshort": (_BOTH, _SELL),
        "cancellongbuystop": (_cancel(LONG), _BUY_STOP),
        "cancellongbuylimit": (_cancel(LONG), _BUY_LIMIT),
        "cancelshortsellstop": (_cancel(SHORT), _SELL_STOP),
        "cancelshortselllimit": (_cancel(SHORT), _SELL_LIMIT),
    }
)
EVERYWHERE: Mapping[str, tuple[Action, ...]] = MappingProxyType(
    {
        "closeall": (Action.CLOSE,),
        "eaoff": (Action.HALT,),
        "closealleaoff": (Action.CLOSE, Action.HALT),
    }
)
"""Commands that concern every symbol: their own word stands in the symbol's place."""
