"""Settings and timings: read once, frozen, every wrong one named at once."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from environs import Env, EnvValidationError
from marshmallow.validate import Length, OneOf, Range

from bridge.domain.values import Secret
from bridge.errors import WrongSettings

VAR = Path("var")
DEFAULT_DATABASE = f"sqlite:///{VAR}/bridge.db"


def _setting(name: str, meaning: str, default: str) -> dict[str, str]:
    return {"name": name, "meaning": meaning, "default": default}


@dataclass(frozen=True)
class Settings:
    """What the environment says. Each field carries its variable, meaning and default."""

    database_url: str = field(  # its password must not be printed
        repr=False,
        metadata=_setting(
            "DATABASE_URL",
            "Where everything is stored: SQLite or Postgres.",
            "`sqlite:///var/bridge.db`",
        ),
    )
    secret_key: Secret | None = field(
        metadata=_setting(
            "BRIDGE_SECRET_KEY",
            "Signs the sign-in cookie; at least 32 characters.",
            "made once in `var/keys` on SQLite; required on Postgres",
        )
    )
    encryption_keys: Secret | None = field(
        metadata=_setting(
            "BRIDGE_ENCRYPTION_KEYS",
            "`id:secret[,id:secret…]`, each secret at least 32 characters: "
            "the first seals, all open.",
            "made once in `var/keys` on SQLite; required on Postgres",
        )
    )
    port: int = field(metadata=_setting("PORT", "The port to listen on.", "`8000`"))
    host: str = field(
        metadata=_setting("BRIDGE_HOST", "The address that `bridge run` listens on.", "`127.0.0.1`")
    )
    url: str = field(
        metadata=_setting(
            "BRIDGE_URL", "Public base of the hook addresses.", "`http://127.0.0.1:$PORT`"
        )
    )
    dispatcher: str = field(
        metadata=_setting(
            "BRIDGE_DISPATCHER",
            "`embedded` runs the dispatcher inside `bridge run`; `external` leaves it to "
            "`bridge worker`.",
            "`embedded` on SQLite, `external` on Postgres",
        )
    )
    paper_url: str | None = field(
        metadata=_setting(
            "BRIDGE_PAPER_URL",
            "Scheme, host and port where environment `paper` lives; `/backend-api` is appended.",
            "the built-in paper broker",
        )
    )
    allow_live: bool = field(
        metadata=_setting(
            "BRIDGE_ALLOW_LIVE",
            "`yes` lets connections of environment `live` exist and trade.",
            "not set: refused",
        )
    )
    listen_url: str | None = field(
        repr=False,
        metadata=_setting(
            "BRIDGE_LISTEN_URL",
            "A direct Postgres URL for LISTEN, where `DATABASE_URL` goes through a pooler.",
            "`DATABASE_URL`",
        ),
    )
    proxy_hops: int = field(
        metadata=_setting(
            "BRIDGE_PROXY_HOPS",
            "How many proxies stand in front and append to `X-Forwarded-For`.",
            "`0`",
        )
    )
    volume: bool = field(
        metadata=_setting(
            "BRIDGE_VOLUME",
            "`yes` says that the SQLite file lies on a disk that outlives a deploy.",
            "not set: SQLite is refused on a PaaS",
        )
    )
    log_level: str = field(
        metadata=_setting("BRIDGE_LOG_LEVEL", "`debug`, `info`, `warning` or `error`.", "`info`")
    )

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def database_path(self) -> Path | None:
        """The SQLite file, or None."""
        path = self.database_url.removeprefix("sqlite:///")
        return Path(path) if self.sqlite else None

    @property
    def embedded(self) -> bool:
        return self.dispatcher == "embedded"


@dataclass(frozen=True)
class Timings:
    """Every duration the dispatcher lives by, as one value."""

    lease: timedelta = timedelta(seconds=3)
    renewal: timedelta = timedelta(milliseconds=750)
    poll: timedelta = timedelta(seconds=1)
    commit_to_call: timedelta = timedelta(seconds=2)
    call: timedelta = timedelta(seconds=10)
    connect: timedelta = timedelta(seconds=3)
    call_margin: timedelta = timedelta(seconds=2)
    first_follow: timedelta = timedelta(milliseconds=150)
    looks: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60)
    looks_after: timedelta = timedelta(seconds=5)
    verdict: timedelta = timedelta(seconds=60)
    review: timedelta = timedelta(seconds=120)
    back_off_first: timedelta = timedelta(milliseconds=500)
    back_off_longest: timedelta = timedelta(seconds=8)
    heartbeat: timedelta = timedelta(seconds=5)
    drain: timedelta = timedelta(seconds=25)


SETTINGS = tuple(f.metadata for f in fields(Settings))
"""Variable, meaning and default of every setting, in the order of the README's table."""

_PLATFORMS = ("DYNO", "RENDER", "RAILWAY_ENVIRONMENT", "RAILWAY_PROJECT_ID", "FLY_APP_NAME")


def read_settings() -> Settings:
    """Settings from the environment. Raises WrongSettings with every fault named."""
    env = Env(eager=False)
    seen = {
        "database_url": env.str(
            "DATABASE_URL", f"sqlite:///{VAR}/bridge.db", validate=Length(min=1)
        ),
        "secret_key": env.str("BRIDGE_SECRET_KEY", None, validate=Length(min=32)),
        "encryption_keys": env.str("BRIDGE_ENCRYPTION_KEYS", None),
        "port": env.int("PORT", 8000, validate=Range(0, 65535)),
        "host": env.str("BRIDGE_HOST", "127.0.0.1"),
        "url": env.str("BRIDGE_URL", None),
        "dispatcher": env.str("BRIDGE_DISPATCHER", None, validate=OneOf(["embedded", "external"])),
        "paper_url": env.str("BRIDGE_PAPER_URL", None),
        "allow_live": env.str("BRIDGE_ALLOW_LIVE", None, validate=OneOf(["yes", "no"])),
        "listen_url": env.str("BRIDGE_LISTEN_URL", None),
        "proxy_hops": env.int("BRIDGE_PROXY_HOPS", 0, validate=Range(0, 10)),
        "volume": env.str("BRIDGE_VOLUME", None, validate=OneOf(["yes", "no"])),
        "log_level": env.str(
            "BRIDGE_LOG_LEVEL", "info", validate=OneOf(["debug", "info", "warning", "error"])
        ),
    }
    unread = _unread(env)
    settings = _settings(seen)
    faults = [*unread.values(), *(f for f in _faults(settings) if f.split(":")[0] not in unread)]
    if faults:
        raise WrongSettings(faults)
    return settings


def overridden(values: Mapping[str, str]) -> Settings:
    """The settings with some variables replaced, for this process and the ones it starts."""
    os.environ.update(values)
    return read_settings()


def _settings(seen: Mapping[str, Any]) -> Settings:
    url = seen["database_url"] or ""
    return Settings(
        database_url=url,
        secret_key=_secret(seen["secret_key"]),
        encryption_keys=_secret(seen["encryption_keys"]),
        port=seen["port"],
        host=seen["host"],
        url=(seen["url"] or f"http://127.0.0.1:{seen['port']}").rstrip("/"),
        dispatcher=seen["dispatcher"] or ("embedded" if url.startswith("sqlite") else "external"),
        paper_url=seen["paper_url"].rstrip("/") if seen["paper_url"] else None,
        allow_live=seen["allow_live"] == "yes",
        listen_url=seen["listen_url"],
        proxy_hops=seen["proxy_hops"],
        volume=seen["volume"] == "yes",
        log_level=seen["log_level"],
    )


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _unread(env: Env) -> dict[str, str]:
    """What could not be read, as sentences by name."""
    try:
        env.seal()
    except EnvValidationError as exc:
        messages: Any = exc.error_messages
        return {name: f"{name}: {' '.join(map(str, texts))}" for name, texts in messages.items()}
    return {}


def _faults(settings: Settings) -> Iterator[str]:
    if not _supported(settings.database_url):
        yield "DATABASE_URL: only sqlite:/// with a file and postgresql:// are supported."
    if settings.encryption_keys is not None:
        yield from _key_faults(settings.encryption_keys.value)
    yield from _missing_keys(settings)
    known = {setting["name"] for setting in SETTINGS}
    for name in sorted(set(os.environ) - known):
        if name.startswith("BRIDGE_"):
            yield f"{name}: there is no such setting."
    if settings.sqlite and not settings.volume and any(os.environ.get(p) for p in _PLATFORMS):
        yield (
            "DATABASE_URL: SQLite would be lost with this platform's disk; use Postgres, or set "
            "BRIDGE_VOLUME=yes if the file lies on a volume."
        )
    for name, address in (("BRIDGE_URL", settings.url), ("BRIDGE_PAPER_URL", settings.paper_url)):
        if address is not None and not address.startswith(("http://", "https://")):
            yield f"{name}: must start with http:// or https://."


def _supported(url: str) -> bool:
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        return path not in (url, "", ":memory:")
    return _on_postgres(url)


def _on_postgres(url: str) -> bool:
    return url.startswith(("postgres:", "postgresql:", "postgresql+psycopg:"))


def _missing_keys(settings: Settings) -> Iterator[str]:
    if not _on_postgres(settings.database_url):
        return
    if settings.secret_key is None:
        yield "BRIDGE_SECRET_KEY: missing; on Postgres it must be set."
    if settings.encryption_keys is None:
        yield "BRIDGE_ENCRYPTION_KEYS: missing; on Postgres it must be set."


def _key_faults(text: str) -> Iterator[str]:
    ids = []
    for entry in text.split(","):
        key_id, colon, secret = entry.strip().partition(":")
        if not colon or not re.fullmatch(r"[a-z0-9]{1,16}", key_id):
            yield "BRIDGE_ENCRYPTION_KEYS: each entry is id:secret, the id of letters and digits."
        elif len(secret) < 32:
            yield f"BRIDGE_ENCRYPTION_KEYS: the secret of key {key_id} is under 32 characters."
        ids.append(key_id)
    if len(set(ids)) != len(ids):
        yield "BRIDGE_ENCRYPTION_KEYS: two keys have the same id."
