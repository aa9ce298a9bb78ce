"""An alert's life drawn to time: each step with its offset, the time since the one before it."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.outcomes import BrokerCall
from bridge.store.reads import AlertInFull, Entry, ExecutionInFull
from bridge.web.pages.showing import event_words, milliseconds_between

SCALE = 1000
"""Width of the drawing, in its own units."""

_TONES = {
    "alert.accepted": "ok",
    "alert.refused": "bad",
    "execution.filled": "ok",
    "execution.working": "info",
    "execution.sending": "info",
    "execution.rejected": "bad",
    "execution.needs_review": "bad",
    "execution.denied": "warn",
    "execution.expired": "warn",
    "execution.unknown": "warn",
}


@dataclass(frozen=True)
class Span:
    """A stretch of the drawing, in units of SCALE."""

    x: int
    width: int


@dataclass(frozen=True)
class Step:
    """One thing that happened. `offset` counts from receipt, `since` from the step before it."""

    words: str
    tone: str
    at: datetime
    offset: int
    since: int | None
    reason: str | None
    actor: str | None
    call: BrokerCall | None
    point: int
    gap: Span
    span: Span | None


@dataclass(frozen=True)
class Timeline:
    """All steps, and how many milliseconds the whole drawing stands for."""

    steps: tuple[Step, ...]
    whole: int


def of_alert(alert: AlertInFull) -> Timeline:
    """The life of an alert that has no execution."""
    return _drawn(alert, [e for e in alert.entries if e.execution is None])


def of_execution(alert: AlertInFull, execution: ExecutionInFull) -> Timeline:
    """The alert's own steps, then those of one execution."""
    wanted = (None, execution.public_id)
    return _drawn(alert, [e for e in alert.entries if e.execution in wanted])


def _drawn(alert: AlertInFull, entries: list[Entry]) -> Timeline:
    start = alert.received_at
    offsets = [max(milliseconds_between(start, e.at), 0) for e in entries]
    whole = max([1, *offsets])
    steps = [
        Step("Received", "ok", start, 0, None, _sender(alert), None, None, 0, Span(0, 0), None)
    ]
    for entry, offset in zip(entries, offsets, strict=True):
        steps.append(_step(entry, offset, steps[-1].offset, start, whole))
    return Timeline(tuple(steps), whole)


def _step(entry: Entry, offset: int, before: int, start: datetime, whole: int) -> Step:
    first, last = min(before, offset), max(before, offset)
    return Step(
        words=event_words(entry.event),
        tone=_TONES.get(entry.event, "mute"),
        at=entry.at,
        offset=offset,
        since=offset - before,
        reason=entry.reason,
        actor=None if entry.actor == "bridge" else entry.actor,
        call=entry.call,
        point=_x(offset, whole),
        gap=Span(_x(first, whole), _x(last - first, whole)),
        span=_span(entry.call, start, whole),
    )


def _span(call: BrokerCall | None, start: datetime, whole: int) -> Span | None:
    if call is None:
        return None
    x = _x(max(milliseconds_between(start, call.sent_at), 0), whole)
    return Span(x, min(max(_x(call.milliseconds, whole), 4), SCALE - min(x, SCALE - 4)))


def _x(milliseconds: int, whole: int) -> int:
    return min(milliseconds * SCALE // whole, SCALE)


def _sender(alert: AlertInFull) -> str | None:
    known = ("52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7")
    if alert.sender is None:
        return None
    return f"From {alert.sender}" + (" (TradingView)" if alert.sender in known else "")
