"""Who is signed in, for how long, and what is theirs.

Every view is private unless its endpoint is listed in PUBLIC; the API asks for its own tokens.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from flask import Flask, g, redirect, request, session
from flask_security import Security, current_user
from flask_security import login_user as begin_session
from flask_security import logout_user as end_session
from flask_wtf import CSRFProtect
from werkzeug.exceptions import Unauthorized
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response

from bridge.config import Settings
from bridge.domain.values import epoch_millis
from bridge.store.db import Database
from bridge.store.signing_in import People
from bridge.store.tables.people import UserRow
from bridge.web.errors import wants_json
from bridge.web.services import services

PUBLIC = frozenset(
    {
        "assets.file",
        "health.alive",
        "health.metrics",
        "health.ready",
        "hook.receive",
        "sign_in.show",
        "sign_in.submit",
    }
)
OWN_GATE = "/api/"
"""What lies below asks for a bearer token by itself."""

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
OPERATOR = "operator"
PRESENT = "Bridge-Present"
"""A page that asks for news by itself says here whether somebody has touched it since."""
_WRITTEN_EVERY = timedelta(minutes=1)

csrf = CSRFProtect()


class PublicId(BaseConverter):
    """In a route: only what can be a public id; anything else is not found."""

    regex = "[0-9a-f]{32}"


@dataclass(frozen=True)
class Person:
    """Who is signed in."""

    id: int
    public_id: str
    email: str
    operates: bool


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Sessions, sign-in and the gate before every view."""
    secure = settings.url.startswith("https://")
    if settings.secret_key is None:
        raise ValueError("create_app needs settings with a secret key")
    app.config.update(
        SECRET_KEY=settings.secret_key.value,
        SESSION_COOKIE_NAME="__Host-bridge" if secure else "bridge",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LONGEST,
        # the token lives and dies with the session it belongs to
        WTF_CSRF_TIME_LIMIT=None,
        SECURITY_REGISTERABLE=False,
        SECURITY_TRACKABLE=False,
    )
    app.url_map.converters["public_id"] = PublicId
    csrf.init_app(app)
    security = Security(app, People(database), register_blueprint=False)
    # its own loader would read a JSON body before a hook has counted it
    security.login_manager.request_loader(lambda request: None)
    app.before_request(require_person)


def me() -> Person:
    """The person signed in. Raises Unauthorized when there is none."""
    person = signed_in()
    if person is None:
        raise Unauthorized
    return person


def signed_in() -> Person | None:
    """The person signed in, or None. Asked once for each request."""
    if "person" not in g:
        g.person = _person(services().now())
    found: Person | None = g.person
    return found


def _person(now: datetime) -> Person | None:
    if "_user_id" not in session:
        return None
    if not _is_alive(now) or not current_user.is_authenticated:
        session.clear()
        return None
    _note_presence(now)
    user = current_user
    return Person(user.id, user.public_id, user.email, user.has_role(OPERATOR))


def _is_alive(now: datetime) -> bool:
    began, seen = session.get("began"), session.get("seen")
    if not isinstance(began, int) or not isinstance(seen, int):
        return False
    at = epoch_millis(now)
    return at - seen <= IDLE // _MILLISECOND and at - began <= LONGEST // _MILLISECOND


_MILLISECOND = timedelta(milliseconds=1)


def _note_presence(now: datetime) -> None:
    """Somebody is there, unless the page asked by itself."""
    at = epoch_millis(now)
    untouched = request.headers.get(PRESENT) == "no"
    if not untouched and at - session["seen"] >= _WRITTEN_EVERY // _MILLISECOND:
        session["seen"] = at


def sign_in(user: UserRow, now: datetime) -> None:
    """Begin a new session for somebody who proved who they are; nothing of an old one stays."""
    session.clear()
    for cached in ("person", "csrf_token"):
        g.pop(cached, None)
    begin_session(user, remember=False, authn_via=["password"])
    session.permanent = True
    session["began"] = session["seen"] = epoch_millis(now)


def sign_out() -> None:
    """End this session."""
    end_session()
    session.clear()
    g.pop("person", None)


def require_person() -> Response | None:
    """Nothing is shown to strangers but what PUBLIC lists."""
    if request.endpoint is None or request.endpoint in PUBLIC:
        return None
    if request.path.startswith(OWN_GATE) or signed_in() is not None:
        return None
    if request.method == "GET" and "HX-Request" not in request.headers and not wants_json():
        return redirect("/sign-in?" + urlencode({"next": request.full_path.rstrip("?")}))
    raise Unauthorized
