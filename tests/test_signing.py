"""A hook's signing secrets: sealed for its row alone, and overlapping for a day when changed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge import signing
from bridge.domain.values import Secret
from bridge.errors import CannotOpen
from bridge.sealing import DataKey, Keys, new_data_key, open_data_key
from bridge.store import Session, hooks, people
from bridge.store.hooks import Hook
from tests.store.routing import NOON, alice, opened

KEYS = Keys.parse(Secret("k1:" + "k" * 32))
FIRST, SECOND, THIRD = Secret("the first"), Secret("the second"), Secret("the third")


def signed_hook(db: Session) -> tuple[Hook, DataKey]:
    """A hook that asks for GitHub's form with the first secret."""
    user = alice(db).id
    hook, _ = hooks.create(db, user, hooks.HookForm("main"), NOON)
    wrapped = people.ensure_data_key(db, user, lambda: new_data_key(KEYS, user), NOON)
    data_key = open_data_key(KEYS, wrapped, user)
    return changed(db, data_key, hook, FIRST), data_key


def changed(db: Session, data_key: DataKey, hook: Hook, secret: Secret, hours: int = 0) -> Hook:
    now = NOON + timedelta(hours=hours)
    return hooks.set_signature(db, hook, signing.changed(data_key, hook, "github", secret, now))


def live(db: Session, hook: Hook, hours: float = 0) -> tuple[Secret, ...]:
    return signing.live_secrets(db, KEYS, hook, NOON + timedelta(hours=hours))


def test_a_new_secret_keeps_the_one_before_for_a_day(database_url: str) -> None:
    with opened(database_url) as database, database.transaction() as db:
        hook, data_key = signed_hook(db)
        assert live(db, hook) == (FIRST,)
        assert live(db, hook, hours=9999) == (FIRST,)
        hook = changed(db, data_key, hook, SECOND)
        assert live(db, hook, hours=23.9) == (SECOND, FIRST)
        assert live(db, hook, hours=24) == (SECOND,)


def test_there_are_never_more_than_two(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, database.transaction() as db:
        hook, data_key = signed_hook(db)
        hook = changed(db, data_key, hook, SECOND)
        hook = changed(db, data_key, hook, THIRD, hours=1)
        assert live(db, hook, hours=2) == (THIRD, SECOND)
        assert live(db, hook, hours=25) == (THIRD,)


def test_the_same_secret_again_changes_nothing(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, database.transaction() as db:
        hook, data_key = signed_hook(db)
        hook = changed(db, data_key, hook, SECOND)
        assert changed(db, data_key, hook, SECOND, hours=23) == hook
        assert live(db, hook, hours=24) == (SECOND,)


def test_another_scheme_keeps_no_secret(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, database.transaction() as db:
        hook, data_key = signed_hook(db)
        other = signing.changed(data_key, hook, "slack", SECOND, NOON)
        assert live(db, hooks.set_signature(db, hook, other)) == (SECOND,)


def test_secrets_open_in_their_own_row_alone(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, database.transaction() as db:
        hook, _ = signed_hook(db)
        assert "the first" not in str(hook)
        with pytest.raises(CannotOpen):
            live(db, replace(hook, public_id="0" * 32))
        with pytest.raises(CannotOpen):
            live(db, replace(hook, user=hook.user + 1))
        other = Keys.parse(Secret("k2:" + "z" * 32))
        with pytest.raises(CannotOpen):
            signing.live_secrets(db, other, hook, NOON)


def test_a_new_secret_mends_what_does_not_open(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, database.transaction() as db:
        hook, data_key = signed_hook(db)
        broken = hooks.set_signature(db, hook, hooks.Signature("github", "damaged"))
        with pytest.raises(CannotOpen):
            live(db, broken)
        assert live(db, changed(db, data_key, broken, SECOND)) == (SECOND,)


def test_a_hook_that_names_a_scheme_and_lacks_secrets_still_asks(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, database.transaction() as db:
        hook, _ = signed_hook(db)
        bare = hooks.set_signature(db, hook, hooks.Signature("github", ""))
        assert bare.signature is not None
        with pytest.raises(CannotOpen):
            live(db, bare)
        assert hooks.set_signature(db, bare, None).signature is None
