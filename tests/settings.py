"""Settings for tests that read no environment."""

from typing import Any

from bridge.config import Settings
from bridge.domain.values import Secret


def some_settings(**values: Any) -> Settings:
    """Settings with harmless values, but for those that are named."""
    harmless: dict[str, Any] = {
        "database_url": "sqlite:///var/bridge.db",
        "secret_key": Secret("s" * 32),
        "encryption_keys": Secret("k1:" + "k" * 32),
        "port": 8000,
        "host": "127.0.0.1",
        "url": "http://127.0.0.1:8000",
        "dispatcher": "external",
        "paper_url": None,
        "allow_live": False,
        "listen_url": None,
        "proxy_hops": 0,
        "volume": False,
        "log_level": "info",
    }
    return Settings(**{**harmless, **values})
