"""Every exception becomes an answer here, once: a page for people, JSON for programs."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from bridge.errors import Fault, Invalid, NotFound, NotStored, Refused

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Words:
    """What an error status is called, and what to do about it."""

    code: str
    title: str
    sentence: str


WORDS: Mapping[int, Words] = {
    400: Words(
        "bad_request", "That request cannot be read", "Something in it is not as it should be."
    ),
    401: Words("sign_in_needed", "Please sign in", "This is shown to people who are signed in."),
    403: Words("forbidden", "Not allowed", "You may not do this."),
    404: Words("not_found", "There is nothing here", "It does not exist, or it is not yours."),
    405: Words(
        "method_not_allowed", "Not in this way", "This address does not take that kind of request."
    ),
    409: Words("conflict", "It has changed meanwhile", "Look at it again, then decide."),
    413: Words("too_large", "Too large", "What was sent is larger than we take."),
    414: Words("address_too_long", "The address is too long", "Use fewer or shorter filters."),
    415: Words("unsupported_type", "Not this type of content", "Send it as JSON."),
    422: Words("invalid", "That cannot be taken", "Something in it is not valid."),
    429: Words("too_many_requests", "Too many tries", "Wait a few minutes, then try again."),
    500: Words(
        "internal_error",
        "Something went wrong on our side",
        "It is written down; if it comes again, tell the operator the incident's number.",
    ),
    503: Words(
        "unavailable", "Not available just now", "The database does not answer; try again shortly."
    ),
}


class BridgeFlask(Flask):
    """Flask, but for one thing: an unhandled exception is logged once, with its incident id."""

    def log_exception(self, exc_info: object) -> None:
        """Left to `_unhandled`, which knows the incident id."""


def register(app: Flask) -> None:
    """Answer every error. Comes last, so that no extension answers in its own way."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InternalServerError, _unhandled)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(NotStored, _not_stored)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Invalid, _invalid)


def wants_json() -> bool:
    """Programs get JSON: by where they ask, or because they say so."""
    if request.path.startswith(("/api/", "/hook/")):
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def answer(
    status: int, *, code: str | None = None, message: str | None = None, incident: str | None = None
) -> Response:
    """An error in the form that the asker understands."""
    words = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    sentence = message or words.sentence
    if wants_json():
        number = f" Incident {incident}." if incident else ""
        told = jsonify(code=code or words.code, field=None, message=sentence + number)
    else:
        told = make_response(
            render_template(
                "error.html", status=status, title=words.title, sentence=sentence, incident=incident
            )
        )
    told.status_code = status
    return told


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    told = answer(error.code)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            told.headers[name] = value
    return told


def _unhandled(error: InternalServerError) -> Response:
    incident = secrets.token_hex(6)
    cause = error.original_exception or error
    route = request.url_rule.rule if request.url_rule else None
    log.error("a request failed", incident=incident, route=route, exc_info=cause)
    return answer(500, incident=incident)


def _forged(error: CSRFError) -> Response:
    return answer(
        400,
        code="csrf",
        message="The page was open for too long, or the request came from elsewhere. Load the "
        "page again and repeat what you did.",
    )


def _not_found(error: NotFound) -> Response:
    return answer(404)


def _not_stored(error: NotStored) -> Response:
    told = answer(503)
    told.headers["Retry-After"] = "5"
    return told


def _refused(error: Refused) -> Response:
    return _faulty([error.fault])


def _invalid(error: Invalid) -> Response:
    return _faulty(error.faults)


def _faulty(faults: "list[Fault] | tuple[Fault, ...]") -> Response:
    if not wants_json():
        return answer(422, message=" ".join(f.message for f in faults))
    if len(faults) == 1:
        told = jsonify(asdict(faults[0]))
    else:
        told = jsonify(code="invalid", errors=[asdict(f) for f in faults])
    told.status_code = 422
    return told
