"""Hooks are found by token alone, and a rotated token works for a day."""

from datetime import timedelta

import pytest

from bridge.errors import NotFound, Refused
from bridge.store import hooks
from tests.store.routing import NOON, alice, bob, opened


def test_a_hook_is_found_by_the_hash_of_its_token(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        form = hooks.HookForm(
            "main", time="fired", window=5, secret_hash=hooks.hash_of("s"), allow_from=("10.0.0.1",)
        )
        hook, token = hooks.create(db, alice(db).id, form, NOON)
        assert len(token) >= 32
        assert hooks.by_token(db, hooks.hash_of(token), NOON) == hook
        assert hooks.by_token(db, token, NOON) is None
        assert hooks.by_token(db, hooks.hash_of(token + "x"), NOON) is None
        assert hooks.form_of(hook) == form
        assert hooks.by_key(db, hook.id) == hook


def test_after_a_rotation_both_tokens_work_and_then_only_the_new_one(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        hook, first = hooks.create(db, alice(db).id, hooks.HookForm("main"), NOON)
        second = hooks.rotate(db, hook, NOON)
        during, after = NOON + timedelta(hours=23), NOON + timedelta(hours=24)
        old = hooks.by_token(db, hooks.hash_of(first), during)
        assert old is not None
        assert old.overlapped
        new = hooks.by_token(db, hooks.hash_of(second), after)
        assert new is not None
        assert not new.overlapped
        assert hooks.by_token(db, hooks.hash_of(first), after) is None


def test_a_second_rotation_does_not_prolong_the_first_token(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        hook, first = hooks.create(db, alice(db).id, hooks.HookForm("main"), NOON)
        hooks.rotate(db, hook, NOON)
        hooks.rotate(db, hook, NOON + timedelta(hours=20))
        late = NOON + timedelta(hours=25)
        assert hooks.by_token(db, hooks.hash_of(first), late) is None


def test_a_disabled_hook_is_told_apart_by_its_caller(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        hook, token = hooks.create(db, alice(db).id, hooks.HookForm("main"), NOON)
        changed = hooks.change(db, hook, hooks.HookForm("main", enabled=False, window=9))
        assert (changed.enabled, changed.window) == (False, 9)
        assert hooks.by_token(db, hooks.hash_of(token), NOON) == changed


def test_bob_cannot_open_alices_hook(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        hook, _ = hooks.create(db, alice(db).id, hooks.HookForm("main"), NOON)
        his = bob(db).id
        with pytest.raises(NotFound):
            hooks.mine(db, his, hook.public_id)
        assert hooks.list_of(db, his) == []
        assert hooks.by_name(db, his, "main") is None
        assert hooks.list_of(db, hook.user) == [hook]


def test_one_user_has_one_hook_of_a_name_and_another_may_have_it_too(database_url: str) -> None:
    with opened(database_url) as database:
        with database.transaction() as db:
            hers, his = alice(db).id, bob(db).id
            hooks.create(db, hers, hooks.HookForm("main"), NOON)
            hooks.create(db, his, hooks.HookForm("main"), NOON)
        with pytest.raises(Refused) as raised, database.transaction() as db:
            hooks.create(db, hers, hooks.HookForm("main"), NOON)
        assert raised.value.fault.field == "name"
        with database.transaction() as db:
            other, _ = hooks.create(db, hers, hooks.HookForm("other"), NOON)
        with pytest.raises(Refused), database.transaction() as db:
            hooks.change(db, other, hooks.HookForm("main"))


def test_a_missing_hook_is_not_found(database_url: str) -> None:
    with opened(database_url) as database, database.reading() as db, pytest.raises(NotFound):
        hooks.by_key(db, 7)
