"""An account as it really is, whatever faults make the routes say."""

from typing import Any

from bridge.paper import wire
from bridge.paper.accounts import Account, profit
from bridge.paper.call import Broker


def truth(broker: Broker, account: Account, now: int) -> dict[str, Any]:
    """Orders (working and final), fills, positions (open and closed), money; numbers as text."""
    open_now = [
        wire.position_row(p, profit(p, account, broker.market, now), 0)
        for p in account.positions.values()
    ]
    figures = wire.state(account, broker.market, broker.settings, now)
    return {
        "accountId": str(account.id),
        "accNum": str(account.acc_num),
        "currency": account.currency,
        "balance": f"{account.balance:.2f}",
        "orders": [wire.order_row(o, 0) for o in account.orders.values()],
        "history": [wire.order_row(o, 0) for o in account.history],
        "fills": [
            wire.fill_row(f, 0) | {"opens": "true" if f.opens else "false"} for f in account.fills
        ],
        "positions": open_now,
        "closed": [{"id": str(p.id), "orderId": str(p.order_id)} for p in account.closed],
        "state": figures,
    }
