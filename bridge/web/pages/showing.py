"""How values look on a page: plain words, times, numbers, JSON in colour, nothing hidden."""

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from pygments.lexers.data import JsonLexer
from pygments.token import STANDARD_TYPES

from bridge.audit.events import Event
from bridge.domain.status import SENTENCES, AlertStatus, Status
from bridge.domain.values import plain, rfc3339
from bridge.web.assets import asset
from bridge.web.people import signed_in

EVENTS = {
    Event.ALERT_ACCEPTED: "Stored and matched",
    Event.ALERT_DUPLICATED: "Stored as a duplicate",
    Event.ALERT_UNMATCHED: "Stored; no rule acts on it",
    Event.ALERT_REFUSED: "Stored; not understood",
    Event.EXECUTION_QUEUED: "Queued",
    Event.EXECUTION_QUEUED_AGAIN: "Queued for another attempt",
    Event.EXECUTION_OBSERVED: "Read from the broker",
    Event.EXECUTION_SPLIT: "Split into several",
    Event.EXECUTION_SENDING: "Written down as sending",
    Event.EXECUTION_WORKING: "Accepted by the broker",
    Event.EXECUTION_FILLED: "Filled",
    Event.EXECUTION_REJECTED: "Rejected by the broker",
    Event.EXECUTION_CANCELLED: "Cancelled",
    Event.EXECUTION_DENIED: "Denied by Bridge",
    Event.EXECUTION_EXPIRED: "Expired",
    Event.EXECUTION_UNKNOWN: "Outcome unknown",
    Event.EXECUTION_NOT_PLACED: "Proved not placed",
    Event.EXECUTION_NEEDS_REVIEW: "Needs review",
    Event.EXECUTION_SHADOWED: "Computed, not sent",
    Event.EXECUTION_LOOKED: "Looked for at the broker",
    Event.EXECUTION_ANSWERED_LATE: "Answered late",
}
ALERT_SENTENCES = {
    AlertStatus.ACCEPTED: "At least one rule acts on it.",
    AlertStatus.DUPLICATE: "The same alert came before; it is not acted on again.",
    AlertStatus.UNMATCHED: "It was understood, but no rule acts on it.",
    AlertStatus.REFUSED: "It was not understood, or must not be acted on.",
}
TONES = {
    "filled": "ok",
    "sending": "info",
    "working": "info",
    "queued": "mute",
    "shadowed": "mute",
    "cancelled": "mute",
    "not_placed": "mute",
    "denied": "warn",
    "expired": "warn",
    "unknown": "warn",
    "rejected": "bad",
    "needs_review": "bad",
    "accepted": "ok",
    "duplicate": "mute",
    "unmatched": "mute",
    "refused": "bad",
}
NEXT_STEPS = {
    Status.DENIED: "Nothing was sent. The reason names the rule, limit or halt to change.",
    Status.EXPIRED: "Nothing was sent. Look why it waited: a busy account, or an outage.",
    Status.UNKNOWN: "Bridge asks the broker by tag until it is proved either way.",
    Status.NEEDS_REVIEW: "Look at the account in TradeLocker: did an order with this tag arrive?",
    Status.REJECTED: "The broker's own words are in its answer below.",
    Status.SHADOWED: "Set the rule to live, or send without the test mark, to place it.",
}
_LETTERS = 70_000
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_OPENS, _CLOSES = ("{", "["), ("}", "]")


def register(app: Flask) -> None:
    """Make these known to every template."""
    app.jinja_env.globals.update(asset=asset, signed_in=signed_in, rfc3339=rfc3339)
    app.jinja_env.filters.update(
        visible=visible,
        words=words,
        tone=tone,
        sentence=sentence,
        number=number,
        amount=amount,
        length_of=length,
        share=share,
        clock=clock,
        moment=moment,
        event=event_words,
        tokens=tokens,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def visible(text: object) -> str:
    """A text with its invisible characters named: what steers direction or hides is shown."""
    return "".join(_shown(c) for c in str(text))


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
    return f"⟨U+{ord(character):04X}⟩" if hidden and character not in "\n\t" else character


def words(name: str) -> str:
    """`not_placed` as words."""
    return name.replace("_", " ")


def tone(status: str) -> str:
    """Which colours a status wears."""
    return TONES[status]


def sentence(status: str) -> str:
    """What a status means."""
    if status in ALERT_SENTENCES:
        return ALERT_SENTENCES[AlertStatus(status)]
    return SENTENCES[Status(status)]


def number(value: Decimal | None) -> str:
    """A decimal as plain text, or a dash."""
    return "–" if value is None else plain(value)


def amount(value: Decimal | None, unit: str | None) -> str:
    """A quantity with its unit, which is left out for lots."""
    if value is None:
        return "–"
    return plain(value) if unit in (None, "lots") else f"{plain(value)} {words(str(unit))}"


def length(milliseconds: int | None) -> str:
    """`180 ms`, `2.41 s`, `3 min 5 s`."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.2f} s"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def share(part: int, whole: int) -> str:
    """`71 %`, or a dash when there is nothing to share."""
    return f"{round(part * 100 / whole)} %" if whole else "–"


def clock(when: datetime) -> str:
    """A time in a list; the browser turns it into the viewer's own."""
    return f"{when.day} {when:%b %H:%M}"


def moment(when: datetime | None) -> str:
    """A time in full."""
    return "–" if when is None else f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03d} UTC"


def event_words(event: str) -> str:
    """What an audit entry says happened."""
    try:
        return EVENTS[Event(event)]
    except (KeyError, ValueError):
        return event.replace(".", " ").replace("_", " ")


def milliseconds_between(start: datetime, end: datetime) -> int:
    """Whole milliseconds from one time to another."""
    return round((end - start) / timedelta(milliseconds=1))


def raw_text(body: bytes) -> str:
    """A body as text; bytes that are no text are shown as such."""
    return body.decode("utf-8", "backslashreplace")


def pretty(text: str | None) -> str | None:
    """JSON laid out over lines, or None when the text is no JSON object or list."""
    try:
        value: Any = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return _laid_out(text or "") if isinstance(value, dict | list) else None


def _laid_out(text: str) -> str:
    """The text's own tokens on lines: numbers and repeated keys look as they came."""
    pieces = _TOKEN.findall(text)
    out: list[str] = []
    depth = 0
    for before, piece, after in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False):
        depth += (piece in _OPENS) - (piece in _CLOSES)
        line = "\n" + "  " * depth
        if piece in _CLOSES and before not in _OPENS:
            out.append(line)
        out.append(piece)
        if piece == "," or (piece in _OPENS and after not in _CLOSES):
            out.append(line)
        elif piece == ":":
            out.append(" ")
    return "".join(out)


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """JSON as (class, text) pairs, for the template to write out and escape."""
    for kind, piece in JsonLexer(stripnl=False, ensurenl=False).get_tokens(text[:_LETTERS]):
        yield STANDARD_TYPES.get(kind, ""), piece
