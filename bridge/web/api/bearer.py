"""Who asks: an API token in `Authorization: Bearer …`, looked up by its hash."""

import re
from dataclasses import dataclass

from flask import Response, g, jsonify, request

from bridge.errors import NotFound
from bridge.routing import Author
from bridge.store import people
from bridge.web.services import services

MAX_BODY = 256 * 1024
_SCHEME = "bearer"
_PUBLIC_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class Caller:
    """The user of a token, and the token's name."""

    user: int
    token: str


def require_token() -> Response | None:
    """Before every view of the API: a valid token, or 401."""
    request.max_content_length = MAX_BODY
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = None
    if scheme.lower() == _SCHEME and token.strip():
        with services().pages.reading() as db:
            found = people.by_token_hash(db, people.hash_of(token.strip()))
    if found is None:
        return _unauthorized()
    user, kept = found
    g.caller = Caller(user.id, kept.name)
    for public_id in (request.view_args or {}).values():
        if not _PUBLIC_ID.fullmatch(str(public_id)):
            raise NotFound("this is no public id")
    return None


def caller() -> Caller:
    """Who asks, in a view of the API."""
    asking: Caller = g.caller
    return asking


def author() -> Author:
    """On whose behalf this request changes something."""
    asking = caller()
    return Author(asking.user, f"api:{asking.token}"[:80], services().now())


def _unauthorized() -> Response:
    told = jsonify(
        code="unauthorized", field=None, message="This needs a valid API token as a bearer token."
    )
    told.status_code = 401
    told.headers["WWW-Authenticate"] = 'Bearer realm="bridge"'
    return told
