"""How gunicorn serves Bridge, by `bridge run` and by deploy/gunicorn.conf.py alike."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from gunicorn.glogging import Logger


class _Masked(logging.Filter):
    """Takes hook tokens out of what gunicorn says about a request it could not read."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"/hook/[^\s'\"?]+", "/hook/***", record.getMessage())
        record.args = ()
        return True


class MaskingLogger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's own logger, with hook tokens masked."""

    def setup(self, cfg: Any) -> None:
        """Set up as gunicorn does, then put the mask before every handler."""
        super().setup(cfg)
        self.error_log.addFilter(_Masked())


OPTIONS: Mapping[str, Any] = {
    # With 4 threads, 50 connections that send nothing kept every hook waiting; with 64 they did
    # not.
    "worker_class": "gthread",
    "threads": 64,
    "graceful_timeout": 20,
    # Longer than the idle time of the proxies in front: they must never reuse one that we close.
    "keepalive": 75,
    "control_socket_disable": True,
    # A longer request line is answered 414; a longer or a further header 431.
    "limit_request_line": 4094,
    "limit_request_fields": 100,
    "limit_request_field_size": 8190,
    # Forwarded headers reach the app as they came: it alone counts the proxies in front.
    "forwarded_allow_ips": "",
    # Paths hold hook tokens, so requests are not logged here.
    "accesslog": None,
    "errorlog": "-",
    "loglevel": "warning",
    "logger_class": MaskingLogger,
}
