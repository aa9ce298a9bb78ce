"""A day at Alice's, for looking at: alerts of every status, with what the broker said."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.audit import Event
from bridge.domain.signals import Signal
from bridge.domain.status import FINAL, AlertStatus, Status
from bridge.domain.values import Action, Side, Unit
from bridge.store import Session
from bridge.store.tables.people import UserRow
from bridge.store.tables.routing import AccountRow, HookRow, RuleRow
from bridge.store.tables.work import AlertRow, ExecutionRow
from tests.factories import (
    close_intent,
    make_account,
    make_alert,
    make_call,
    make_connection,
    make_entry,
    make_execution,
    make_hook,
    make_rule,
    open_intent,
)

SYMBOLS = ("XAUUSD", "EURUSD", "US30", "GBPJPY", "BTCUSD", "NAS100")
ENDS: tuple[tuple[Status, Event, str], ...] = (
    (Status.FILLED, Event.EXECUTION_FILLED, "Filled 0.1 at 1.08424."),
    (Status.FILLED, Event.EXECUTION_FILLED, "Filled 0.1 at 1.08411."),
    (Status.FILLED, Event.EXECUTION_FILLED, "Filled 0.25 at 2411.35."),
    (Status.REJECTED, Event.EXECUTION_REJECTED, "The broker refused: Not enough margin"),
    (Status.DENIED, Event.EXECUTION_DENIED, "Denied: the spread 3.1 is over the limit of 2."),
    (Status.EXPIRED, Event.EXECUTION_EXPIRED, "Expired: 74 s old at its turn; the limit is 60 s."),
    (Status.UNKNOWN, Event.EXECUTION_UNKNOWN, "Sent, no trustworthy answer: ReadTimeout."),
    (Status.NEEDS_REVIEW, Event.EXECUTION_NEEDS_REVIEW, "An order that looks the same but carries "
     "no tag was found; a person must say."),
    (Status.WORKING, Event.EXECUTION_WORKING, "Accepted by the broker as order 360287970190."),
    (Status.SHADOWED, Event.EXECUTION_SHADOWED, "Shadow mode: nothing was sent."),
    (Status.QUEUED, Event.EXECUTION_QUEUED, ""),
)  # fmt: skip
SENT = frozenset(
    {Status.FILLED, Status.REJECTED, Status.UNKNOWN, Status.NEEDS_REVIEW, Status.WORKING}
)
ARITHMETIC = (
    '["0.1 lots, as the alert says", "× 1 for this account", "floored to steps of 0.01: 0.1 lots"]'
)


class Story:
    """Writes alerts for one user, each with a life that is always the same for a seed."""

    def __init__(self, db: Session, user: UserRow, seed: int = 7) -> None:
        self.db = db
        self.dice = random.Random(seed)  # noqa: S311 - the same story each time
        self.hook: HookRow = make_hook(db, user, name="TV main")
        self.other: HookRow = make_hook(db, user, name="Gold desk")
        connection = make_connection(db, user, name="Paper")
        self.accounts: list[AccountRow] = [
            make_account(db, user, connection, name=name) for name in ("Demo #771", "FTMO 100k")
        ]
        self.rules: list[RuleRow] = [
            make_rule(db, self.hook, *self.accounts, name="London breakout"),
            make_rule(db, self.other, self.accounts[0], name="Gold scalper", position=1),
        ]

    def tell(self, now: datetime, alerts: int) -> None:
        """The last of them arrived a few seconds before `now`."""
        when = now - timedelta(seconds=6)
        moments = []
        for _ in range(alerts):
            moments.append(when)
            when -= timedelta(seconds=self.dice.randint(8, 300))
        for n, moment in enumerate(reversed(moments)):
            self.alert(moment, n, alerts)

    def alert(self, at: datetime, n: int, of: int) -> None:
        """One alert; every ninth has no execution."""
        symbol = self.dice.choice(SYMBOLS)
        side = self.dice.choice((Side.BUY, Side.SELL))
        signal = Signal(Action(side.value), symbol, Decimal("0.1"), Unit.LOTS, strategy="Trend 15m")
        if n % 9 == 8:
            self._without_execution(at, n, signal)
            return
        hook, rule = self.dice.choice(list(zip((self.hook, self.other), self.rules, strict=True)))
        alert = make_alert(self.db, hook, signal=signal, received_at=at)
        make_entry(self.db, Event.ALERT_ACCEPTED, alert, now=at + timedelta(milliseconds=4))
        last = of - n
        end = ENDS[-1] if last == 1 else self.dice.choice(ENDS[: 3 if n % 3 else -1])
        if end[0] in (Status.UNKNOWN, Status.WORKING, Status.QUEUED) and last > 12:
            end = ENDS[0]
        self._execution(alert, rule, self.accounts[n % 2 if rule is self.rules[0] else 0], symbol,
                        side, end)  # fmt: skip

    def _without_execution(self, at: datetime, n: int, signal: Signal) -> None:
        status, event, values = (
            (
                AlertStatus.REFUSED,
                Event.ALERT_REFUSED,
                {
                    "body": '{"action": "{{strategy.order.action}}", "symbol": "EURUSD"}',
                    "signals": "[]",
                    "code": "placeholder",
                    "field": "action",
                    "reason": "A placeholder of TradingView was not filled in: use it in a "
                    "strategy alert, not in an indicator alert.",
                },
            ),
            (
                AlertStatus.UNMATCHED,
                Event.ALERT_UNMATCHED,
                {
                    "unmatched": '[{"rule": "London breakout", "signal": 0, "code": "symbol_not_'
                    f'listed", "reason": "The rule does not list {signal.symbol}."}}]'
                },
            ),
        )[n % 2]
        alert = make_alert(
            self.db, self.hook, received_at=at, status=status.value, signal=signal, **values
        )
        make_entry(
            self.db, event, alert, now=at + timedelta(milliseconds=3), reason=values.get("reason")
        )

    def _execution(
        self,
        alert: AlertRow,
        rule: RuleRow,
        account: AccountRow,
        symbol: str,
        side: Side,
        end: tuple[Status, Event, str],
    ) -> None:
        status, event, reason = end
        took = self.dice.randint(60, 420)
        sent = alert.received_at + timedelta(milliseconds=18)
        answered = sent + timedelta(milliseconds=took)
        filled = status is Status.FILLED
        execution = make_execution(
            self.db,
            alert,
            rule,
            account,
            status=status,
            intent=open_intent(side),
            instrument=symbol,
            action=side.value,
            reason=reason or None,
            quantity=Decimal("0.1") if status in SENT else None,
            arithmetic=ARITHMETIC if status in SENT else "[]",
            broker_order_id=str(self.dice.randint(10**17, 10**18)) if filled else None,
            position_id=str(self.dice.randint(10**17, 10**18)) if filled else None,
            fill_price=Decimal("1.08424") if filled else None,
            fill_lots=Decimal("0.1") if filled else None,
            sent_at=sent if status in SENT else None,
            answered_at=answered if status in SENT and status is not Status.UNKNOWN else None,
            final_at=answered + timedelta(milliseconds=90) if status in FINAL else None,
        )
        self._entries(execution, alert, sent, answered, event, reason)

    def _entries(
        self,
        execution: ExecutionRow,
        alert: AlertRow,
        sent: datetime,
        answered: datetime,
        event: Event,
        reason: str,
    ) -> None:
        def note(event: Event, now: datetime, **values: Any) -> None:
            make_entry(self.db, event, alert, execution, now=now, **values)

        note(Event.EXECUTION_QUEUED, alert.received_at + timedelta(milliseconds=4))
        status = Status(execution.status)
        if status is Status.QUEUED:
            return
        if status in SENT:
            note(Event.EXECUTION_SENDING, sent)
            call = make_call(sent, round((answered - sent).total_seconds() * 1000))
            if status is Status.REJECTED:
                call = make_call(sent, 88, answer='{"s": "error", "errmsg": "Not enough margin"}')
            if status in (Status.UNKNOWN, Status.NEEDS_REVIEW):
                call = make_call(sent, 10_000, status=None, answer=None, error="ReadTimeout")
            if status is Status.FILLED:
                note(Event.EXECUTION_WORKING, answered, call=call)
                note(event, answered + timedelta(milliseconds=90), reason=reason)
                return
            note(event, answered, reason=reason, call=call)
            return
        note(event, sent, reason=reason)


def close_alert(story: Story, at: datetime) -> AlertRow:
    """An alert that closes EURUSD on two accounts."""
    signal = Signal(Action.CLOSE, "EURUSD")
    alert = make_alert(story.db, story.hook, signal=signal, received_at=at)
    for account in story.accounts:
        make_execution(
            story.db, alert, story.rules[0], account, intent=close_intent(), action="close"
        )
    return alert
