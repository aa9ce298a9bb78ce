"""Users, tokens and data keys."""

from pathlib import Path

import pytest
from sqlalchemy import update

from bridge.errors import NotFound, Refused
from bridge.store import people
from bridge.store.tables.people import UserRow
from tests.store.routing import NOON, alice, bob, opened


def test_a_user_is_found_by_address_however_it_is_written(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db)
        assert people.by_email(db, " Alice@Example.COM ") == user
        assert people.by_email(db, "nobody@example.com") is None
        assert people.list_users(db) == [user]


def test_an_address_is_taken_once(database_url: str) -> None:
    with opened(database_url) as database:
        with database.transaction() as db:
            alice(db)
        with pytest.raises(Refused), database.transaction() as db:
            people.create_user(db, "ALICE@example.com", "a hash", NOON)


def test_a_token_is_kept_as_its_hash_and_works_until_it_is_revoked(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db)
        token, text = people.create_token(db, user.id, "script", NOON)
        assert people.by_token_hash(db, people.hash_of(text)) == (user, token)
        assert people.by_token_hash(db, text) is None
        assert people.tokens_of(db, user.id) == [token]
        people.revoke_token(db, token, NOON)
        assert people.by_token_hash(db, people.hash_of(text)) is None
        assert people.tokens_of(db, user.id) == []


def test_a_token_of_an_inactive_user_does_not_work(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db)
        _, text = people.create_token(db, user.id, "script", NOON)
        db.execute(update(UserRow).where(UserRow.id == user.id).values(active=False))
        assert people.by_token_hash(db, people.hash_of(text)) is None


def test_bob_cannot_open_alices_token(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        token, _ = people.create_token(db, alice(db).id, "script", NOON)
        with pytest.raises(NotFound):
            people.token_mine(db, bob(db).id, token.public_id)
        assert people.token_mine(db, token.user, token.public_id) == token


def test_a_data_key_is_made_once(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        user = alice(db).id
        assert not people.sealed_rows_exist(db)
        with pytest.raises(NotFound):
            people.wrapped_data_key(db, user)
        assert people.ensure_data_key(db, user, lambda: "first", NOON) == "first"
        assert people.ensure_data_key(db, user, lambda: "second", NOON) == "first"
        assert people.wrapped_data_key(db, user) == "first"
        assert people.sealed_rows_exist(db)


def test_a_database_without_tables_holds_nothing_sealed(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'empty.db'}") as database, database.reading() as db:
        assert not people.sealed_rows_exist(db)


def test_a_missing_user_is_not_found(database_url: str) -> None:
    with opened(database_url) as database, database.reading() as db, pytest.raises(NotFound):
        people.user_by_key(db, 1)
