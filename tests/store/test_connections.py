"""Connections belong to one user; accounts are kept as written and resolved later."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.domain.rules import Mode
from bridge.errors import NotFound, Refused
from bridge.store import connections, rules
from tests.store.routing import NOON, alice, bob, connection, hook, opened, rule

LATER = NOON + timedelta(minutes=1)


def test_a_connection_keeps_its_password_sealed_for_its_own_row(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        made = connection(db, alice(db).id)
        assert made.password_sealed == f"sealed for connection:{made.public_id}"
        assert made.object == f"connection:{made.public_id}"
        assert made.state == "new"
        assert connections.by_key(db, made.id) == made
        assert connections.list_of(db, made.user) == [made]
        assert connections.list_of(db, None) == [made]


def test_another_login_ends_the_sign_in_and_another_name_or_password_does_not(
    database_url: str,
) -> None:
    with opened(database_url) as database, database.transaction() as db:
        made = connection(db, alice(db).id)
        form = connections.form_of(made)
        connections.save_tokens(db, made.id, "sealed tokens")
        connections.set_state(db, made.id, "signed_in", None, NOON)
        renamed = connections.change(db, made, replace(form, name="other"), None, LATER)
        assert (renamed.state, renamed.tokens_sealed) == ("signed_in", "sealed tokens")
        same = connections.change(db, renamed, connections.form_of(renamed), str.upper, LATER)
        assert (same.state, same.tokens_sealed) == ("signed_in", "sealed tokens")
        assert same.password_sealed == f"CONNECTION:{made.public_id.upper()}"
        connections.set_state(db, made.id, "needs_sign_in", "wrong password", NOON)
        refused = connections.mine(db, made.user, made.public_id)
        again = connections.change(db, refused, connections.form_of(refused), str.upper, LATER)
        assert (again.state, again.state_reason, again.state_at) == ("new", None, LATER)
        connections.save_tokens(db, made.id, "more")
        assert connections.tokens_of(db, made.id) == "more"
        moved = connections.change(db, same, replace(form, server="ELSEWHERE"), None, LATER)
        assert (moved.server, moved.tokens_sealed) == ("ELSEWHERE", None)


@pytest.mark.parametrize("name", ["demo", "other"])
def test_a_login_or_a_name_is_there_once_per_user(database_url: str, name: str) -> None:
    with opened(database_url) as database:
        with database.transaction() as db:
            user = alice(db).id
            made = connection(db, user)
            connection(db, bob(db).id)
        form = replace(connections.form_of(made), name=name)
        with pytest.raises(Refused), database.transaction() as db:
            connections.create(db, user, form, str, NOON)


def test_changing_into_another_connections_name_is_refused(database_url: str) -> None:
    with opened(database_url) as database:
        with database.transaction() as db:
            user = alice(db).id
            connection(db, user)
            other = connection(db, user, "other")
        form = replace(connections.form_of(other), name="demo")
        with pytest.raises(Refused), database.transaction() as db:
            connections.change(db, other, form, None, NOON)


def test_an_account_is_kept_as_written_until_it_is_resolved(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        made = connection(db, alice(db).id)
        first = connections.account_for(db, made, "any", "1", NOON)
        assert connections.account_for(db, made, "any", "1", LATER) == first
        assert connections.account_for(db, made, "id", "1", NOON).id != first.id
        assert first.broker_id is None
        connections.set_account_trouble(db, first.id, "two accounts fit")
        assert connections.of_account(db, first.id)[1].trouble == "two accounts fit"
        connections.resolve_account(
            db, first.id, broker_id="77", acc_num="1", name="A", currency="USD", now=LATER
        )
        facts, account = connections.of_account(db, first.id)
        assert facts == made
        assert (account.broker_id, account.acc_num, account.trouble) == ("77", "1", None)
        assert account.resolved_at == LATER
        assert len(connections.accounts_at(db, made.id)) == 2


def test_another_login_makes_every_account_be_resolved_anew(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        made = connection(db, alice(db).id)
        account = connections.account_for(db, made, "acc_num", "1", NOON)
        connections.resolve_account(
            db, account.id, broker_id="77", acc_num="1", name="A", currency="USD", now=NOON
        )
        form = connections.form_of(made)
        connections.change(db, made, replace(form, name="renamed"), None, LATER)
        assert connections.of_account(db, account.id)[1].broker_id == "77"
        connections.change(db, made, replace(form, email="other@example.com"), str, LATER)
        assert connections.account_mine(db, made.user, account.public_id) == account


def test_only_accounts_of_live_rules_are_in_use(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db).id
        hooked = hook(db, user)
        used, spare = connection(db, user, "used"), connection(db, user, "spare")
        one = connections.account_for(db, used, "id", "1", NOON)
        two = connections.account_for(db, used, "id", "2", NOON)
        three = connections.account_for(db, spare, "id", "3", NOON)
        for name, mode, account in (
            ("live", Mode.LIVE, one),
            ("shadow", Mode.SHADOW, two),
            ("off", Mode.OFF, three),
        ):
            rules.save(
                db,
                rule(name, mode=mode),
                user=user,
                hook=hooked.id,
                accounts=[(account.id, Decimal(1))],
                now=NOON,
            )
        assert connections.all_in_use(db) == [(used, (one,))]


def test_bob_cannot_open_alices_connection_or_account(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        made = connection(db, alice(db).id)
        account = connections.account_for(db, made, "id", "1", NOON)
        his = bob(db).id
        with pytest.raises(NotFound):
            connections.mine(db, his, made.public_id)
        with pytest.raises(NotFound):
            connections.account_mine(db, his, account.public_id)
        assert connections.accounts_of(db, his) == []
        assert connections.by_name(db, his, made.name) is None
        assert connections.account_mine(db, made.user, account.public_id) == account
        assert connections.accounts_of(db, made.user) == [(made, account)]


def test_missing_rows_are_not_found(database_url: str) -> None:
    with opened(database_url) as database, database.reading() as db:
        with pytest.raises(NotFound):
            connections.of_account(db, 9)
        with pytest.raises(NotFound):
            connections.by_key(db, 9)
