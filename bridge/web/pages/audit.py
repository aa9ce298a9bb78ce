"""The audit log: the list, what is new in it, and one alert in full."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from bridge.errors import NotFound
from bridge.store import Session, reads
from bridge.store.reads import AlertInFull, ExecutionInFull
from bridge.web.pages import filters, intents, timeline
from bridge.web.pages.showing import NEXT_STEPS, pretty, raw_text
from bridge.web.pages.timeline import Timeline
from bridge.web.people import me
from bridge.web.services import services

PAGE = 60

audit = Blueprint("audit", __name__)


@dataclass(frozen=True)
class Told:
    """An execution as the page tells it."""

    facts: ExecutionInFull
    asks: str
    next_step: str | None
    timeline: Timeline


@audit.get("/")
def home() -> AnyResponse:
    """The page people live in."""
    return redirect("/audit")


@audit.get("/audit")
def show() -> str:
    """The list, its filters and figures, and the open alert beside it."""
    found, user = services(), me().id
    asked = filters.asked(request.args)
    wanted = asked.filters(found.now())
    with found.pages.reading() as db:
        cursor = reads.newest(db, user)
        page = reads.page(db, user, wanted, asked.after, PAGE)
        choices = reads.choices(db, user)
        figures = reads.figures(db, user, wanted)
        opened = _opened(db, user, asked.open)
    return render_template(
        "audit.html",
        asked=asked,
        page=page,
        choices=choices,
        chips=filters.chips(asked, choices),
        figures=figures,
        cursor=cursor,
        windows=filters.WINDOWS,
        statuses=filters.STATUSES,
        live=asked.after is None and asked.until is None,
        **(_told(opened) if opened else {"alert": None}),
    )


def _opened(db: Session, user: int, public_id: str | None) -> AlertInFull | None:
    if public_id is None:
        return None
    try:
        return reads.alert_in_full(db, user, public_id)
    except NotFound:
        return None


@audit.get("/audit/news")
def news() -> Response:
    """Lines that came or changed since the cursor, and the figures; 204 when there is nothing."""
    found, user = services(), me().id
    asked = filters.asked(request.args)
    wanted = asked.filters(found.now())
    with found.pages.reading() as db:
        fresh = reads.news(db, user, wanted, asked.cursor)
        figures = reads.figures(db, user, wanted) if fresh else None
    if fresh is None:
        return Response(status=204)
    return make_response(render_template("_news.html", news=fresh, figures=figures, asked=asked))


@audit.get("/alerts/<public_id:public_id>")
def alert(public_id: str) -> str:
    """One alert in full: a page of its own, or the part beside the list."""
    user = me().id
    with services().pages.reading() as db:
        opened = reads.alert_in_full(db, user, public_id)
    beside = request.headers.get("HX-Request") == "true"
    return render_template("_alert.html" if beside else "alert.html", **_told(opened))


def _told(alert: AlertInFull) -> dict[str, Any]:
    raw = raw_text(alert.body)
    executions = [
        Told(
            e,
            intents.sentence(e.intent, e.instrument),
            next((step for status, step in NEXT_STEPS.items() if status == e.status), None),
            timeline.of_execution(alert, e),
        )
        for e in alert.executions
    ]
    return {
        "alert": alert,
        "raw": raw,
        "pretty": pretty(raw),
        "pretty_json": pretty,
        "signals": [intents.stated(s) for s in alert.signals],
        "executions": executions,
        "timeline": None if executions else timeline.of_alert(alert),
    }
