"""Orders, history, positions and executions as they are now, or as they were a while ago."""

from bridge.paper.accounts import ZERO, Account
from bridge.paper.orders import NEW, REFUSED, Fill, Order, Position
from bridge.paper.settings import PaperSettings


def working(account: Account, now: int, back: int) -> list[Order]:
    """Orders not final then."""
    if not back:
        return list(account.orders.values())
    then = now - back
    ended = [o for o in account.history if o.ended is not None and o.ended > then]
    return [o for o in (*ended, *account.orders.values()) if _worked(o, then)]


def _worked(order: Order, then: int) -> bool:
    return order.created <= then and order.status != REFUSED


def final(account: Account, now: int, back: int, settings: PaperSettings) -> list[Order]:
    """Orders final then, the oldest end first."""
    found = account.history
    if back:
        found = [o for o in found if o.ended is not None and o.ended <= now - back]
    if not settings.refused_in_history:
        found = [o for o in found if o.status != REFUSED]
    return found


def held(account: Account, now: int, back: int) -> list[tuple[Position, Position]]:
    """Positions open then: each as it was, with the one it is now."""
    if not back:
        return [(p, p) for p in account.positions.values()]
    then = now - back
    gone = [p for p in account.closed if p.closed is not None and p.closed > then]
    return [
        (_as_of(account, p, then), p)
        for p in (*gone, *account.positions.values())
        if p.opened <= then
    ]


def _as_of(account: Account, position: Position, then: int) -> Position:
    closed = sum(
        (f.qty for f in account.fills if f.position_id == position.id and not f.opens
         and f.at > then),
        ZERO,
    )  # fmt: skip
    return Position(
        position.id, position.account_id, position.order_id, position.instrument,
        position.route_id, position.side, position.qty + closed, position.avg_price,
        position.opened, position.tag, position.margin, position.stop_id, position.target_id,
    )  # fmt: skip


def executions(account: Account, now: int, back: int) -> list[Fill]:
    """Fills of the session, up to then."""
    return [f for f in account.fills_of_session(now) if f.at <= now - back]


def shown_as_working(order: Order) -> Order:
    """An order that has ended since, as it looked while it worked."""
    if order.status == NEW:
        return order
    return Order(
        order.id, order.account_id, order.instrument, order.route_id, order.qty, order.side,
        order.type, order.validity, order.created, order.created // 1000 * 1000, order.price,
        order.stop_price, order.tag, order.opens,
        None if order.opens else order.position_id, order.protection,
    )  # fmt: skip
