"""Static files under addresses that hold their hash: a browser keeps them for good."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from bridge.errors import NotFound

FOLDER = Path(__file__).parent / "static"
_A_YEAR = 365 * 24 * 3600

assets = Blueprint("assets", __name__)


@cache
def digest_of(name: str) -> str:
    """The first characters of a file's SHA-256."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:16]


def asset(name: str) -> str:
    """The address of a static file, for templates."""
    return f"/static/{digest_of(name)}/{name}"


@cache
def _names() -> frozenset[str]:
    return frozenset(p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file())


@assets.get("/static/<digest>/<path:name>")
def file(digest: str, name: str) -> Response:
    """A file, if that is what it holds now."""
    if name not in _names() or digest != digest_of(name):
        raise NotFound("there is no such file")
    answer = send_from_directory(FOLDER, name)
    answer.cache_control.public = True
    answer.cache_control.max_age = _A_YEAR
    answer.cache_control.immutable = True
    answer.cache_control.no_cache = None
    return answer
