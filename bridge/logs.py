"""structlog: one JSON line per event, a fixed sentence with values beside it, secrets masked."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_SECRET_KEYS = re.compile(
    r"(pass(word|phrase)?|secret|token|authorization|cookie|api_?key|e?mail)", re.I
)
_BEARER = re.compile(r"(Bearer\s+|/hook/)[A-Za-z0-9._~+/=-]+")
_JWT = re.compile(r"\beyJ[\w-]+(\.[\w-]+){1,2}")
_LOGIN = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


def set_up(level: str = "info", *, pretty: bool = False) -> None:
    """Send every log line of ours and of the libraries to standard error, in one form."""
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("urllib3", "alembic", "werkzeug"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def mask(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Strike out what a key names as secret, and tokens inside texts, however deep."""
    for key, value in line.items():
        line[key] = _masked(key, value)
    return line


def _masked(key: str, value: Any) -> Any:
    if _SECRET_KEYS.search(key):
        return "***"
    if isinstance(value, str):
        return _JWT.sub("***", _LOGIN.sub(r"\1***@", _BEARER.sub(r"\1***", value)))
    if isinstance(value, Mapping):
        return {k: _masked(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", v) for v in value]
    return value
