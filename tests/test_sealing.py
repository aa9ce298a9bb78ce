"""Secrets open in their own row alone, and keys are made only where nothing is sealed yet."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import pytest

from bridge.domain.values import Secret
from bridge.errors import CannotOpen, WrongSettings
from bridge.sealing import (
    DataKey,
    Keys,
    ensure_keys,
    new_data_key,
    open_data_key,
    open_sealed,
    rewrap,
    seal,
)

OLD = "old:" + "o" * 32
NEW = "new:" + "n" * 32
PLACE = {"user": 1, "object": "connection:abc", "field": "password_sealed"}


@dataclass(frozen=True)
class SomeSettings:
    """Just what says where the keys are."""

    secret_key: Secret | None = None
    encryption_keys: Secret | None = None
    database_path: Path | None = None


def keys(text: str = OLD) -> Keys:
    return Keys.parse(Secret(text))


def data_key(user: int = 1) -> DataKey:
    return open_data_key(keys(), new_data_key(keys(), user), user)


def test_what_was_sealed_opens_in_its_own_place() -> None:
    key = data_key()
    sealed = seal(key, "pässword", user=1, object="connection:abc", field="password_sealed")
    assert sealed.startswith(f"v1.{key.id}.")
    assert "pässword" not in sealed
    assert open_sealed(key, sealed, user=1, object="connection:abc", field="password_sealed") == (
        "pässword"
    )


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"user": 2},
        {"object": "connection:abd"},
        {"field": "tokens_sealed"},
    ],
)
def test_a_sealed_text_moved_elsewhere_does_not_open(elsewhere: dict[str, object]) -> None:
    key = data_key()
    sealed = seal(key, "secret", user=1, object="connection:abc", field="password_sealed")
    with pytest.raises(CannotOpen):
        open_sealed(key, sealed, **{**PLACE, **elsewhere})  # type: ignore[arg-type]


def test_two_users_sealed_texts_cannot_be_swapped() -> None:
    sealed = seal(data_key(1), "mine", user=1, object="connection:abc", field="password_sealed")
    with pytest.raises(CannotOpen):
        open_sealed(data_key(2), sealed, user=2, object="connection:abc", field="password_sealed")


def test_the_same_secret_is_never_sealed_the_same_way_twice() -> None:
    key = data_key()
    first, second = (seal(key, "s", user=1, object="o", field="f") for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "damaged", ["", "v1", "v2.a.b.c", "v1.a.!!.c", "v1.a.AAAA.AAAA", "v1.é.AAAA.AAAA", "a.b.c.d"]
)
def test_a_damaged_text_does_not_open(damaged: str) -> None:
    with pytest.raises(CannotOpen):
        open_sealed(data_key(), damaged, user=1, object="o", field="f")


def test_a_changed_byte_does_not_open() -> None:
    key = data_key()
    sealed = seal(key, "secret", user=1, object="o", field="f")
    head, last = sealed[:-2], sealed[-2:]
    with pytest.raises(CannotOpen):
        open_sealed(key, head + ("AA" if last != "AA" else "BB"), user=1, object="o", field="f")


def test_a_data_key_opens_for_its_user_alone() -> None:
    wrapped = new_data_key(keys(), 1)
    with pytest.raises(CannotOpen):
        open_data_key(keys(), wrapped, 2)


def test_a_data_key_does_not_open_without_its_wrapping_key() -> None:
    wrapped = new_data_key(keys(OLD), 1)
    with pytest.raises(CannotOpen):
        open_data_key(keys(NEW), wrapped, 1)
    with pytest.raises(CannotOpen):
        open_data_key(keys("old:" + "x" * 32), wrapped, 1)


def test_after_rewrapping_the_old_key_can_go_and_secrets_still_open() -> None:
    wrapped = new_data_key(keys(OLD), 1)
    sealed = seal(open_data_key(keys(OLD), wrapped, 1), "s", user=1, object="o", field="f")
    again = rewrap(keys(f"{NEW},{OLD}"), wrapped, 1)
    assert again.startswith("v1.new.")
    opened = open_sealed(open_data_key(keys(NEW), again, 1), sealed, user=1, object="o", field="f")
    assert opened == "s"
    assert rewrap(keys(f"{NEW},{OLD}"), again, 1) == again


def test_no_key_can_be_printed() -> None:
    key = data_key()
    assert key.key.hex() not in repr(key)
    assert "oooo" not in repr(keys())
    assert str(keys().first.key) not in repr(keys())


def test_the_keys_file_is_made_once_and_read_afterwards(tmp_path: Path) -> None:
    settings = SomeSettings(database_path=tmp_path / "var" / "bridge.db")
    first = ensure_keys(settings, lambda: False)
    assert first.secret_key is not None
    assert first.encryption_keys is not None
    assert len(first.secret_key.value) >= 32
    file = tmp_path / "var" / "keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["keys"]
    again = ensure_keys(settings, lambda: True)
    assert again.encryption_keys == first.encryption_keys
    assert again.secret_key == first.secret_key
    Keys.parse(first.encryption_keys)


def test_no_new_keys_are_made_where_sealed_rows_would_not_open(tmp_path: Path) -> None:
    settings = SomeSettings(database_path=tmp_path / "bridge.db")
    with pytest.raises(WrongSettings) as raised:
        ensure_keys(settings, lambda: True)
    assert len(raised.value.sentences) == 2
    assert "BRIDGE_ENCRYPTION_KEYS" in raised.value.sentences[1]
    assert not (tmp_path / "keys").exists()


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    given = SomeSettings(Secret("s" * 32), Secret(OLD), tmp_path / "bridge.db")
    assert ensure_keys(given, lambda: True) is given
    partly = SomeSettings(None, Secret(OLD), tmp_path / "bridge.db")
    kept = ensure_keys(partly, lambda: False)
    assert kept.encryption_keys == Secret(OLD)
    assert kept.secret_key is not None


def test_on_postgres_a_missing_key_is_named() -> None:
    with pytest.raises(WrongSettings) as raised:
        ensure_keys(SomeSettings(secret_key=Secret("s" * 32)), lambda: False)
    assert raised.value.sentences == (
        "BRIDGE_ENCRYPTION_KEYS: missing; on Postgres it must be set.",
    )


def test_a_keys_file_without_the_wanted_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("# ours\nBRIDGE_SECRET_KEY=" + "s" * 32 + "\n")
    with pytest.raises(WrongSettings, match="does not hold it"):
        ensure_keys(SomeSettings(database_path=tmp_path / "bridge.db"), lambda: False)


def test_processes_that_start_at_once_agree_on_one_keys_file(tmp_path: Path) -> None:
    settings = SomeSettings(database_path=tmp_path / "bridge.db")
    together = Barrier(8)

    def start(_: int) -> SomeSettings:
        together.wait()
        return ensure_keys(settings, lambda: False)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(start, range(8)))
    assert len({s.encryption_keys.value for s in made if s.encryption_keys}) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["keys"]
