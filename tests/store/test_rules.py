"""Rules come back as they were saved, with their accounts, in their order."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.intents import Opposite
from bridge.domain.rules import Mode, OrderForm, Rule, Size, Unless, What, When
from bridge.domain.signals import Level, LevelKind
from bridge.domain.values import OrderType, Unit
from bridge.errors import NotFound, Refused
from bridge.store import Session, connections, rules
from tests.store.routing import NOON, alice, bob, connection, hook, opened, rule

FULL: dict[str, Any] = {
    "mode": Mode.SHADOW,
    "position": 3,
    "when": When(("EURUSD",), ("buy", "close"), ("trend",)),
    "what": What.LONG_ONLY,
    "opposite": Opposite.REVERSE,
    "own_only": True,
    "size": Size("as_alert", None, Unit.LOTS, "lots", Decimal("0.01"), Decimal("2.50")),
    "stop_loss": Level(LevelKind.PIPS, Decimal(20)),
    "take_profit": Level(LevelKind.R, Decimal("1.5")),
    "order": OrderForm(OrderType.LIMIT, None, Level(LevelKind.POINTS, Decimal(-30))),
    "unless": Unless(timedelta(seconds=12, milliseconds=500), Decimal("0.0002"), 3, "flat"),
    "symbols": {"BINANCE:BTCUSDT": "BTCUSD.x"},
}


def saved(db: Session, user: int, hook_id: int, written: Rule, refs: dict[str, str]) -> Rule:
    name = f"for {written.name}"
    facts = connections.by_name(db, user, name) or connection(db, user, name)
    accounts = [
        (connections.account_for(db, facts, "acc_num", ref, NOON).id, Decimal(multiplier))
        for ref, multiplier in refs.items()
    ]
    return rules.save(db, written, user=user, hook=hook_id, accounts=accounts, now=NOON)


def test_a_rule_comes_back_as_it_was_saved(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db).id
        hooked = hook(db, user)
        kept = saved(db, user, hooked.id, rule(**FULL), {"1": "1", "2": "0.5"})
        assert [(a.connection, a.label, a.multiplier) for a in kept.accounts] == [
            ("for follow", "1", Decimal(1)),
            ("for follow", "2", Decimal("0.5")),
        ]
        assert {k: getattr(kept, k) for k in FULL} == FULL
        assert rules.of_hook(db, hooked.id) == [kept]
        owned = rules.get(db, user, kept.public_id)
        assert owned.rule == kept
        assert (owned.hook_name, owned.hook_public_id) == (hooked.name, hooked.public_id)
        assert list(owned.refs.values()) == [("acc_num", "1"), ("acc_num", "2")]


def test_a_hooks_rules_come_in_their_order_and_those_that_are_off_too(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db).id
        hooked = hook(db, user)
        saved(db, user, hooked.id, rule("second", position=2, mode=Mode.OFF), {"1": "1"})
        saved(db, user, hooked.id, rule("first", position=1), {"1": "1"})
        other = hook(db, user, "other")
        saved(db, user, other.id, rule("elsewhere"), {"9": "1"})
        assert [r.name for r in rules.of_hook(db, hooked.id)] == ["first", "second"]
        assert [r.rule.name for r in rules.list_of(db, user)] == ["first", "second", "elsewhere"]
        assert rules.of_hook(db, 999) == []


def test_a_changed_rule_is_read_as_changed(database_url: str) -> None:
    with opened(database_url) as database:
        with database.transaction() as db:
            user = alice(db).id
            hooked = hook(db, user)
            kept = saved(db, user, hooked.id, rule(), {"1": "1", "2": "1"})
            assert rules.of_hook(db, hooked.id) == [kept]
        with database.transaction() as db:
            changed = rule(id=kept.id, size=Size("units", Decimal(1000)))
            saved(db, user, hooked.id, changed, {"2": "3"})
            (now,) = rules.of_hook(db, hooked.id)
            assert now.size == Size("units", Decimal(1000))
            assert [(a.label, a.multiplier) for a in now.accounts] == [("2", Decimal(3))]
            assert now.public_id == kept.public_id


def test_a_removed_rule_is_gone_and_its_name_is_free(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db).id
        hooked = hook(db, user)
        kept = saved(db, user, hooked.id, rule(), {"1": "1"})
        rules.remove(db, kept, NOON)
        assert rules.of_hook(db, hooked.id) == []
        assert rules.by_name(db, user, "follow") is None
        with pytest.raises(NotFound):
            rules.get(db, user, kept.public_id)
        again = saved(db, user, hooked.id, rule(), {"1": "1"})
        assert again.id != kept.id


def test_bob_cannot_open_alices_rule(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db).id
        kept = saved(db, user, hook(db, user).id, rule(), {"1": "1"})
        his = bob(db).id
        with pytest.raises(NotFound):
            rules.get(db, his, kept.public_id)
        assert rules.list_of(db, his) == []


def test_a_user_has_one_rule_of_a_name(database_url: str) -> None:
    with opened(database_url) as database:
        with database.transaction() as db:
            user = alice(db).id
            hooked = hook(db, user)
            saved(db, user, hooked.id, rule(), {"1": "1"})
        with pytest.raises(Refused) as raised, database.transaction() as db:
            saved(db, user, hooked.id, rule(), {"1": "1"})
        assert raised.value.fault.code == "name_taken"
