"""Rows with defaults, so that a test names only what matters. Each is written straight away."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any, TypeVar

from bridge.audit import Event, record
from bridge.domain.intents import (
    Close,
    CloseAmount,
    Guards,
    Intent,
    Opposite,
    Place,
    SizePlan,
    direction_of,
    kind_of,
)
from bridge.domain.outcomes import BrokerCall
from bridge.domain.signals import Signal
from bridge.domain.status import FINAL, AlertStatus, Status
from bridge.domain.values import Action, OrderType, PositionSide, Side, Unit, make_tag
from bridge.domain.written import write
from bridge.store import Session
from bridge.store.signing_in import hash_password
from bridge.store.tables.people import RoleRow, UserRow
from bridge.store.tables.routing import (
    AccountRow,
    ConnectionRow,
    HookRow,
    HookTokenRow,
    RuleAccountRow,
    RuleRow,
)
from bridge.store.tables.work import AlertRow, DispatcherRow, ExecutionRow

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = count(1)
Row = TypeVar("Row")


def public_id() -> str:
    """A new public id."""
    return secrets.token_hex(16)


@cache
def hash_of(password: str) -> str:
    """A password's real hash, computed once for all tests of a process."""
    return hash_password(password)


def make_user(db: Session, email: str | None = None, **values: Any) -> UserRow:
    """Somebody with PASSWORD as password; `roles` names the roles to hold."""
    roles = [_role(db, name) for name in values.pop("roles", ())]
    user = UserRow(
        public_id=public_id(),
        email=email or f"user{next(_numbers)}@example.org",
        password=hash_of(values.pop("password", PASSWORD)),
        fs_uniquifier=secrets.token_hex(32),
        created_at=NOON,
        **{"active": True, **values},
    )
    user.roles = roles
    return _written(db, user)


def _role(db: Session, name: str) -> RoleRow:
    return _written(db, RoleRow(name=name, permissions=[]))


def make_hook(db: Session, user: UserRow | None = None, **values: Any) -> HookRow:
    """A hook of any dialect. `token` also stores a token to post to."""
    token = values.pop("token", None)
    hook = HookRow(
        public_id=public_id(),
        user=(user or make_user(db)).id,
        **{
            "name": f"hook {next(_numbers)}",
            "dialect": "auto",
            "time": "bar",
            "created_at": NOON,
            **values,
        },
    )
    _written(db, hook)
    if token is not None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        _written(db, HookTokenRow(token_hash=digest, hook=hook.id, created_at=NOON))
    return hook


def make_connection(db: Session, user: UserRow | None = None, **values: Any) -> ConnectionRow:
    """A paper login."""
    n = next(_numbers)
    return _written(
        db,
        ConnectionRow(
            public_id=public_id(),
            user=(user or make_user(db)).id,
            **{
                "name": f"paper {n}",
                "environment": "paper",
                "server": "PAPER",
                "email": f"trader{n}@example.org",
                "password_sealed": "v1.k1.none.none",
                "state": "ready",
                "state_at": NOON,
                "created_at": NOON,
                **values,
            },
        ),
    )


def make_account(
    db: Session,
    user: UserRow | None = None,
    connection: ConnectionRow | None = None,
    **values: Any,
) -> AccountRow:
    """A resolved account; without a connection it gets one of its own."""
    user = user or make_user(db)
    n = next(_numbers)
    return _written(
        db,
        AccountRow(
            public_id=public_id(),
            user=user.id,
            connection=(connection or make_connection(db, user)).id,
            **{
                "ref_kind": "acc_num",
                "ref": str(n),
                "broker_id": str(700000 + n),
                "acc_num": str(n),
                "name": f"Demo {n}",
                "currency": "USD",
                "resolved_at": NOON,
                "created_at": NOON,
                **values,
            },
        ),
    )


def make_rule(
    db: Session, hook: HookRow, *accounts: AccountRow, spec: Mapping[str, Any] = {}, **values: Any
) -> RuleRow:
    """A live rule of a hook that follows every signal on the given accounts."""
    written = {
        "when": {"symbols": ["*"], "actions": ["*"]},
        "what": "follow",
        "size": {"mode": "as_alert", "unit": "lots"},
        **spec,
    }
    rule = RuleRow(
        public_id=public_id(),
        user=hook.user,
        hook=hook.id,
        spec=json.dumps(written),
        **{
            "name": f"rule {next(_numbers)}",
            "position": 0,
            "mode": "live",
            "created_at": NOON,
            "changed_at": NOON,
            **values,
        },
    )
    _written(db, rule)
    for account in accounts:
        _written(db, RuleAccountRow(rule=rule.id, account=account.id, multiplier=Decimal(1)))
    return rule


def make_alert(
    db: Session,
    hook: HookRow,
    *,
    signal: Signal | None = None,
    body: str | bytes | None = None,
    **values: Any,
) -> AlertRow:
    """An accepted alert that buys 0.1 lots of EURUSD, unless told otherwise."""
    signal = signal or Signal(Action.BUY, "EURUSD", Decimal("0.1"), Unit.LOTS)
    text = body if body is not None else _body_of(signal)
    raw = text.encode() if isinstance(text, str) else text
    return _written(
        db,
        AlertRow(
            public_id=public_id(),
            user=hook.user,
            hook=hook.id,
            body=raw,
            digest=hashlib.sha256(raw).hexdigest(),
            **{
                "received_at": NOON,
                "status": AlertStatus.ACCEPTED.value,
                "dialect": "bridge",
                "content_type": "application/json",
                "sender": "52.89.214.238",
                "signals": json.dumps(write([signal])),
                "repairs": "[]",
                "not_honoured": "[]",
                "unmatched": "[]",
                **values,
            },
        ),
    )


def _body_of(signal: Signal) -> str:
    said = {"action": signal.action, "symbol": signal.symbol, "quantity": str(signal.quantity)}
    return json.dumps(said)


def make_execution(
    db: Session,
    alert: AlertRow,
    rule: RuleRow,
    account: AccountRow,
    *,
    status: Status = Status.FILLED,
    intent: Intent | None = None,
    **values: Any,
) -> ExecutionRow:
    """A filled market order, unless told otherwise; its times follow the alert's receipt."""
    n = next(_numbers)
    intent = intent or open_intent()
    final = alert.received_at + timedelta(milliseconds=180) if status in FINAL else None
    return _written(
        db,
        ExecutionRow(
            public_id=public_id(),
            user=alert.user,
            alert=alert.id,
            rule=rule.id,
            account=account.id,
            status=status.value,
            kind=kind_of(intent),
            direction=direction_of(intent).value,
            intent=json.dumps(write(intent)),
            **{
                "signal_no": 0,
                "turn": n,
                "leg": 2 if isinstance(intent, Place) else 1,
                "instrument": "EURUSD",
                "action": "buy",
                "tag": make_tag(alert.received_at, secrets.token_bytes(10), 2),
                "quantity": Decimal("0.1"),
                "due_at": alert.received_at,
                "source_time": alert.received_at,
                "received_at": alert.received_at,
                "created_at": alert.received_at,
                "final_at": final,
                **values,
            },
        ),
    )


def open_intent(side: Side = Side.BUY, quantity: str = "0.1") -> Place:
    """A market order at the alert's size."""
    return Place(
        side=side,
        order_type=OrderType.MARKET,
        price=None,
        offset=None,
        size=SizePlan("as_alert", None, Decimal(quantity), Unit.LOTS, Decimal(1)),
        stop_loss=None,
        take_profit=None,
        opposite=Opposite.CLOSE,
        own_only=False,
        guards=Guards(max_age=timedelta(seconds=60)),
    )


def close_intent(side: PositionSide | None = None) -> Close:
    """A close of everything on a side."""
    return Close(side, CloseAmount(), own_only=False)


def make_entry(
    db: Session,
    event: Event,
    alert: AlertRow | None = None,
    execution: ExecutionRow | None = None,
    **values: Any,
) -> None:
    """An audit entry of an alert or execution, through the one way to write one."""
    about = alert or execution
    record(
        db,
        event,
        now=values.pop("now", about.received_at if about else NOON),
        user=values.pop("user", about.user if about else None),
        alert=alert.id if alert else (execution.alert if execution else None),
        execution=execution.id if execution else None,
        **values,
    )


def make_call(sent_at: datetime = NOON, milliseconds: int = 120, **values: Any) -> BrokerCall:
    """An accepted order, as the broker was asked and as it answered."""
    return BrokerCall(
        **{
            "route": "POST /trade/accounts/{a}/orders",
            "path": "/trade/accounts/700001/orders",
            "request": '{"qty": "0.1", "side": "buy", "type": "market"}',
            "status": 200,
            "answer": '{"s": "ok", "d": {"orderId": "360287970190331221"}}',
            "error": None,
            "sent_at": sent_at,
            "answered_at": sent_at + timedelta(milliseconds=milliseconds),
            **values,
        }
    )


def make_dispatcher(db: Session, beat_at: datetime = NOON, **values: Any) -> DispatcherRow:
    """A dispatcher that was alive at `beat_at`."""
    named = {"name": "one", "generation": 1, "started_at": NOON, **values}
    return _written(db, DispatcherRow(beat_at=beat_at, **named))


def _written(db: Session, row: Row) -> Row:
    db.add(row)
    db.flush()
    return row
