"""Sign in and out. A wrong password and an unknown address get the same answer, as fast."""

import hashlib
from datetime import datetime, timedelta

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_limiter.util import get_remote_address
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from bridge.audit import Event, record
from bridge.errors import Refused
from bridge.store.people import normal_email
from bridge.store.signing_in import People, check_length, is_outdated, is_password, rehash
from bridge.store.tables.people import UserRow
from bridge.web import people
from bridge.web.headers import is_https
from bridge.web.services import services
from bridge.web.throttle import throttle

HOME = "/audit"
_KNOWN = timedelta(days=180)

sign_in = Blueprint("sign_in", __name__)


@sign_in.get("/sign-in")
def show() -> AnyResponse:
    """The form."""
    if people.signed_in() is not None:
        return redirect(HOME)
    return _form()


def _account() -> str:
    email = normal_email(request.form.get("email", ""))
    return hashlib.sha256(email.encode("utf-8", "replace")).hexdigest()


def _is_known() -> bool:
    """Whether this browser has signed in to this account before: others cannot lock it out."""
    try:
        account = _known_serializer().loads(
            request.cookies.get(_known_cookie(), ""), max_age=int(_KNOWN.total_seconds())
        )
    except BadSignature:
        return False
    return bool(account == _account())


def _is_new() -> bool:
    return not _is_known()


def _everybody() -> str:
    return "everybody"


def _known_account() -> str:
    return f"known {_account()}"


@sign_in.post("/sign-in")
@throttle.limit("10 per 15 minutes", key_func=_account, exempt_when=_is_known)
@throttle.limit("30 per 15 minutes", key_func=get_remote_address, exempt_when=_is_known)
@throttle.limit("120 per minute", key_func=_everybody, exempt_when=_is_known)
@throttle.limit("10 per 15 minutes", key_func=_known_account, exempt_when=_is_new)
def submit() -> AnyResponse:
    """Check the password, begin a session."""
    now = services().now()
    password = request.form.get("password", "")
    try:
        check_length(password)
    except Refused as exc:
        return _form(exc.fault.message, 422)
    user = _find(request.form.get("email", ""))
    if not is_password(password, user.password if user else None) or user is None:
        _note_failure(user, now)
        return _form("The e-mail address or the password is wrong.", 401)
    return _welcome(user, password, now)


def _find(email: str) -> UserRow | None:
    finder = People(services().pages)
    user = None if "\0" in email else finder.find_user(email=normal_email(email)[:255])
    return user if user is not None and user.active else None


def _note_failure(user: UserRow | None, now: datetime) -> None:
    with services().pages.transaction() as db:
        record(
            db,
            Event.SIGN_IN_FAILED,
            now=now,
            user=user.id if user else None,
            actor="nobody",
            data={"address": request.remote_addr},
        )


def _welcome(user: UserRow, password: str, now: datetime) -> AnyResponse:
    with services().pages.transaction() as db:
        if is_outdated(user.password):
            rehash(db, user.id, password)
        record(
            db,
            Event.SIGN_IN_SUCCEEDED,
            now=now,
            user=user.id,
            actor=user.public_id,
            data={"address": request.remote_addr},
        )
    people.sign_in(user, now)
    answer = redirect(_destination())
    answer.set_cookie(
        _known_cookie(),
        _known_serializer().dumps(_account()),
        max_age=_KNOWN,
        secure=is_https(),
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return answer


@sign_in.post("/sign-out")
def leave() -> AnyResponse:
    """End the session."""
    person, now = people.me(), services().now()
    with services().pages.transaction() as db:
        record(db, Event.SIGN_OUT_DONE, now=now, user=person.id, actor=person.public_id)
    people.sign_out()
    return redirect("/sign-in")


def _form(trouble: str | None = None, status: int = 200) -> Response:
    page = render_template(
        "sign_in.html", trouble=trouble, next=_destination(), email=request.form.get("email", "")
    )
    answer = make_response(page)
    answer.status_code = status
    return answer


def _destination() -> str:
    """Where to go after that: only ever a path of ours."""
    wanted = request.values.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/sign-"))
    return wanted if ours and wanted.isprintable() and "\\" not in wanted else HOME


def _known_cookie() -> str:
    return "__Host-bridge-known" if is_https() else "bridge-known"


def _known_serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="bridge known browser")
