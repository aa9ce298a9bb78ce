"""POST /hook/<token>: cap, signature, address → intake → the answer.

Every refusal to recognise the sender is the same 404, byte for byte. Nothing but a fault of our own
is a 5xx, and that only when the alert is not stored: the sender then sends it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, jsonify, request
from gunicorn.http.errors import NoMoreData, ParseException

from bridge import intake, signing
from bridge.audit import Event
from bridge.domain.status import AlertStatus
from bridge.errors import CannotOpen, NotStored
from bridge.store.hooks import Hook
from bridge.web import signatures
from bridge.web.services import services

MAX_BODY = 64 * 1024
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_QUERY_VALUES = 4
_CANNOT_OPEN = "signature_secret_unopened"

hook = Blueprint("hook", __name__)


@dataclass(frozen=True)
class _Trouble:
    status: int
    code: str
    message: str
    headers: Mapping[str, str]

    def response(self) -> Response:
        told = jsonify(code=self.code, field=None, message=self.message)
        told.status_code = self.status
        told.headers.update(self.headers)
        return told


_NOT_FOUND = _Trouble(404, "not_found", "There is nothing here.", {})
_WRONG_METHOD = _Trouble(
    405,
    "method_not_allowed",
    "This address takes alerts by POST. Paste it as the webhook address of an alert.",
    {"Allow": "POST"},
)
_INCOMPLETE = _Trouble(
    400, "incomplete", "The request ended, or could not be read, before its body was whole.", {}
)
_TOO_LARGE = _Trouble(413, "too_large", "An alert may hold at most 64 KiB.", {})
_NOT_STORED = _Trouble(
    503, "not_stored", "The alert could not be stored; send it again.", {"Retry-After": "5"}
)


@hook.route("/hook/", defaults={"token": ""}, methods=_METHODS, provide_automatic_options=False)
@hook.route("/hook/<path:token>", methods=_METHODS, provide_automatic_options=False)
def receive(token: str) -> Response:
    """Take one alert."""
    if request.method != "POST":
        return _WRONG_METHOD.response()
    try:
        raw = _body()
    except _Incomplete:
        return _INCOMPLETE.response()
    try:
        return _too_large(token) if raw is None else _take(token, raw)
    except intake.NotHere:
        return _NOT_FOUND.response()
    except NotStored:
        return _NOT_STORED.response()


def _take(token: str, raw: bytes) -> Response:
    ours = services()
    arrival = intake.Arrival(
        token=token,
        raw=raw,
        content_type=(request.content_type or "")[:200] or None,
        sender=request.remote_addr,
        encoding=request.headers.get("Content-Encoding"),
    )
    try:
        answer = intake.receive(ours.ingest, arrival, ours.doubts, _signature(raw), ours.now())
    except intake.NotHere:
        _hint_at_misaddressed(token)
        raise
    if answer.status is AlertStatus.ACCEPTED and ours.wake is not None:
        ours.wake()
    told = jsonify(answer.body)
    told.status_code = 422 if answer.status is AlertStatus.REFUSED else 200
    return told


def _signature(raw: bytes) -> intake.CheckSignature:
    """How this request is checked at a hook that wants a signature; without secrets none fits."""
    ours = services()
    headers = {name.lower(): value for name, value in request.headers.items()}

    def check(hook: Hook) -> intake.Signed | intake.Unsigned:
        if hook.signature is None or ours.keys is None:
            return intake.Unsigned(_CANNOT_OPEN)
        now = ours.now()
        try:
            with ours.ingest.reading() as db:
                secrets = signing.live_secrets(db, ours.keys, hook, now)
        except CannotOpen:
            return intake.Unsigned(_CANNOT_OPEN)
        return signatures.check(hook.signature.scheme, raw, headers, now, secrets)

    return check


class _Incomplete(Exception):
    """The body ended early or its chunks cannot be read: part of an alert is another alert."""


def _body() -> bytes | None:
    """At most 64 KiB of body, counted while it is read; None when it is longer.

    Raises _Incomplete when less came than was promised.
    """
    length = request.content_length
    if length is not None and length > MAX_BODY:
        return None
    stream = request.environ["wsgi.input"] if _chunked() else request.stream
    try:
        raw = cast(bytes, stream.read(MAX_BODY + 1))
    except (ParseException, NoMoreData) as exc:
        raise _Incomplete from exc
    if length is not None and len(raw) < length:
        raise _Incomplete
    return None if len(raw) > MAX_BODY else raw


def _chunked() -> bool:
    return bool(request.environ.get("wsgi.input_terminated"))


def _too_large(token: str) -> Response:
    ours = services()
    found = intake.find_hook(ours.ingest, token, ours.now())
    if found is None or not found.enabled:
        return _NOT_FOUND.response()
    intake.note(
        ours.ingest,
        found,
        Event.ALERT_TOO_LARGE,
        ours.now(),
        length=request.content_length,
        address=request.remote_addr,
    )
    return _TOO_LARGE.response()


def _hint_at_misaddressed(token: str) -> None:
    """A token in the query is not an address; its owner is told, so that it can be mended."""
    ours = services()
    for value in list(request.args.values())[:_QUERY_VALUES]:
        found = intake.find_hook(ours.ingest, value, ours.now())
        if found is not None and value != token:
            address = request.remote_addr
            intake.note(ours.ingest, found, Event.HOOK_MISADDRESSED, ours.now(), address=address)
