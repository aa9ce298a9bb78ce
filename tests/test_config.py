"""Settings come from the environment, once; a wrong one stops the start, and all are named."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from bridge.config import SETTINGS, Settings, Timings, read_settings
from bridge.domain.values import Secret
from bridge.errors import WrongSettings

KEY = "k" * 32
POSTGRES = {
    "DATABASE_URL": "postgresql://bridge@db/bridge",
    "BRIDGE_SECRET_KEY": "s" * 32,
    "BRIDGE_ENCRYPTION_KEYS": f"k1:{KEY}",
}
PLATFORMS = ("DYNO", "RENDER", "RAILWAY_ENVIRONMENT", "RAILWAY_PROJECT_ID", "FLY_APP_NAME")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*(s["name"] for s in SETTINGS), *PLATFORMS):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    def reader(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return read_settings()

    return reader


@pytest.fixture
def faults(read: Any) -> Any:
    """The names of the settings that were refused, as often as each was named."""

    def names(**environment: str) -> list[str]:
        with pytest.raises(WrongSettings) as refused:
            read(**environment)
        return sorted(s.partition(":")[0] for s in refused.value.sentences)

    return names


def test_with_nothing_set_everything_has_its_default(read: Any) -> None:
    settings = read()
    assert settings == Settings(
        database_url="sqlite:///var/bridge.db",
        secret_key=None,
        encryption_keys=None,
        port=8000,
        host="127.0.0.1",
        url="http://127.0.0.1:8000",
        dispatcher="embedded",
        paper_url=None,
        allow_live=False,
        listen_url=None,
        proxy_hops=0,
        volume=False,
        log_level="info",
    )
    assert settings.sqlite
    assert settings.embedded
    assert settings.database_path == Path("var/bridge.db")


@pytest.mark.parametrize(
    ("name", "value", "field", "seen"),
    [
        ("DATABASE_URL", "sqlite:////srv/b.db", "database_url", "sqlite:////srv/b.db"),
        ("BRIDGE_SECRET_KEY", "s" * 32, "secret_key", Secret("s" * 32)),
        ("BRIDGE_ENCRYPTION_KEYS", f"k1:{KEY}", "encryption_keys", Secret(f"k1:{KEY}")),
        ("PORT", "0", "port", 0),
        ("PORT", "65535", "port", 65535),
        ("BRIDGE_HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - a setting, not a socket
        ("BRIDGE_URL", "https://b.example/", "url", "https://b.example"),
        ("BRIDGE_DISPATCHER", "external", "dispatcher", "external"),
        ("BRIDGE_PAPER_URL", "http://127.0.0.1:9/", "paper_url", "http://127.0.0.1:9"),
        ("BRIDGE_ALLOW_LIVE", "yes", "allow_live", True),
        ("BRIDGE_ALLOW_LIVE", "no", "allow_live", False),
        ("BRIDGE_LISTEN_URL", "postgresql://db/b", "listen_url", "postgresql://db/b"),
        ("BRIDGE_PROXY_HOPS", "10", "proxy_hops", 10),
        ("BRIDGE_VOLUME", "yes", "volume", True),
        ("BRIDGE_LOG_LEVEL", "debug", "log_level", "debug"),
    ],
)
def test_a_setting_is_read(read: Any, name: str, value: str, field: str, seen: object) -> None:
    assert getattr(read(**{name: value}), field) == seen


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://db/b"),
        ("DATABASE_URL", "var/bridge.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite+aiosqlite:///b.db"),
        ("BRIDGE_SECRET_KEY", "short"),
        ("BRIDGE_SECRET_KEY", "s" * 31),
        ("BRIDGE_ENCRYPTION_KEYS", ""),
        ("BRIDGE_ENCRYPTION_KEYS", KEY),
        ("BRIDGE_ENCRYPTION_KEYS", f":{KEY}"),
        ("BRIDGE_ENCRYPTION_KEYS", f"K 1:{KEY}"),
        ("BRIDGE_ENCRYPTION_KEYS", "k1:" + "k" * 31),
        ("BRIDGE_ENCRYPTION_KEYS", f"k1:{KEY},k1:{KEY}"),
        ("BRIDGE_ENCRYPTION_KEYS", f"k1:{KEY},"),
        ("PORT", "http"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("BRIDGE_URL", "b.example"),
        ("BRIDGE_URL", "ftp://b.example"),
        ("BRIDGE_DISPATCHER", "both"),
        ("BRIDGE_DISPATCHER", ""),
        ("BRIDGE_PAPER_URL", "127.0.0.1:9"),
        ("BRIDGE_ALLOW_LIVE", "true"),
        ("BRIDGE_ALLOW_LIVE", "YES"),
        ("BRIDGE_PROXY_HOPS", "-1"),
        ("BRIDGE_PROXY_HOPS", "11"),
        ("BRIDGE_PROXY_HOPS", "one"),
        ("BRIDGE_VOLUME", "1"),
        ("BRIDGE_LOG_LEVEL", "verbose"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_name(faults: Any, name: str, value: str) -> None:
    assert faults(**{name: value}) == [name]


def test_all_wrong_settings_are_named_at_once(faults: Any) -> None:
    wrong = {
        "DATABASE_URL": "mysql://db/b",
        "BRIDGE_SECRET_KEY": "short",
        "BRIDGE_ENCRYPTION_KEYS": "k1:short",
        "PORT": "http",
        "BRIDGE_URL": "ftp://b",
        "BRIDGE_DISPATCHER": "both",
        "BRIDGE_PAPER_URL": "paper",
        "BRIDGE_ALLOW_LIVE": "maybe",
        "BRIDGE_PROXY_HOPS": "many",
        "BRIDGE_VOLUME": "perhaps",
        "BRIDGE_LOG_LEVEL": "loud",
    }
    assert faults(**wrong) == sorted(wrong)


def test_no_fault_shows_a_secret(read: Any) -> None:
    with pytest.raises(WrongSettings) as refused:
        read(BRIDGE_SECRET_KEY="hunter2", BRIDGE_ENCRYPTION_KEYS="k1:swordfish", PORT="x")
    assert "hunter2" not in str(refused.value)
    assert "swordfish" not in str(refused.value)


# --- Postgres and platforms -------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_on_postgres_the_dispatcher_is_external(read: Any, scheme: str) -> None:
    settings = read(**{**POSTGRES, "DATABASE_URL": f"{scheme}://db/b"})
    assert not settings.sqlite
    assert not settings.embedded
    assert settings.database_path is None


def test_the_dispatcher_may_be_embedded_on_postgres_too(read: Any) -> None:
    assert read(**POSTGRES, BRIDGE_DISPATCHER="embedded").embedded


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (["BRIDGE_SECRET_KEY"], ["BRIDGE_SECRET_KEY"]),
        (["BRIDGE_ENCRYPTION_KEYS"], ["BRIDGE_ENCRYPTION_KEYS"]),
        (
            ["BRIDGE_SECRET_KEY", "BRIDGE_ENCRYPTION_KEYS"],
            ["BRIDGE_ENCRYPTION_KEYS", "BRIDGE_SECRET_KEY"],
        ),
    ],
)
def test_on_postgres_a_missing_key_stops_the_start(
    faults: Any, missing: list[str], named: list[str]
) -> None:
    kept = {n: v for n, v in POSTGRES.items() if n not in missing}
    assert faults(**kept) == named


@pytest.mark.parametrize("platform", PLATFORMS)
def test_sqlite_is_refused_where_the_disk_vanishes(faults: Any, platform: str) -> None:
    assert faults(**{platform: "1"}) == ["DATABASE_URL"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_sqlite_on_a_volume_is_taken(read: Any, platform: str) -> None:
    assert read(**{platform: "1", "BRIDGE_VOLUME": "yes"}).sqlite


def test_a_platform_that_is_not_named_is_none(read: Any) -> None:
    assert read(DYNO="").sqlite


def test_postgres_is_taken_on_a_platform(read: Any) -> None:
    assert not read(**POSTGRES, DYNO="web.1").sqlite


# --- the value --------------------------------------------------------------------------------


def test_settings_do_not_change(read: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        read().port = 1


def test_settings_can_be_shown_without_their_secrets(read: Any) -> None:
    settings = read(BRIDGE_SECRET_KEY="s" * 40, BRIDGE_ENCRYPTION_KEYS=f"k1:{KEY}")
    assert "sss" not in repr(settings)
    assert KEY not in repr(settings)


def test_a_base_address_follows_the_port(read: Any) -> None:
    assert read(PORT="9000").url == "http://127.0.0.1:9000"


def test_every_setting_says_what_it_means() -> None:
    described: list[Mapping[str, Any]] = [f.metadata for f in fields(Settings)]
    assert list(SETTINGS) == described
    assert all(s["meaning"].endswith(".") and s["default"] for s in SETTINGS)


def test_a_lease_is_renewed_some_times_before_it_ends() -> None:
    timings = Timings()
    assert timings.renewal * 3 < timings.lease
    assert timings.commit_to_call < timings.call
    assert timings.verdict < timings.review


def test_a_setting_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_PROXY_HOP", "1")
    with pytest.raises(WrongSettings) as told:
        read_settings()
    assert told.value.sentences == ("BRIDGE_PROXY_HOP: there is no such setting.",)
