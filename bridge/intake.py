"""USE CASE. Bytes at a hook → alert, executions and audit entries in one commit → the answer.

Nothing here calls the broker. Whatever happens after the commit, the alert is on record.
"""

import hmac
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any, NoReturn

from bridge import dialects
from bridge.audit import Event, record
from bridge.dialects import masking
from bridge.domain import identity
from bridge.domain.matching import Matched, Unmatched, match
from bridge.domain.rules import Mode, Rule
from bridge.domain.signals import Parsed, Refusal
from bridge.domain.status import AlertStatus, Status
from bridge.domain.values import Secret, make_tag
from bridge.domain.written import write
from bridge.errors import NotStored
from bridge.store import Session, alerts, executions, hooks, lanes
from bridge.store import rules as stored_rules
from bridge.store.alerts import Memory, NewAlert, StoredAlert
from bridge.store.db import Database
from bridge.store.executions import NewExecution
from bridge.store.hooks import Hook

FUTURE_LIMIT = timedelta(seconds=60)
"""A source time further ahead than this is no time at all."""

RESENT_WITHIN = timedelta(seconds=30)
"""A sender's tries of one alert lie within this, with some to spare."""

_CONFLICT = (
    "An alert with this id but another body came before, so this one is not acted on. "
    "An id that never changes swallows alerts."
)
_TIME_FIELDS = ("time", "date")

Randomness = Callable[[int], bytes]


@dataclass(frozen=True)
class Arrival:
    """One request at a hook, as it came."""

    token: str = field(repr=False)
    raw: bytes = field(repr=False)
    content_type: str | None
    sender: str | None
    encoding: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the sender is told: only ever given after a durable commit."""

    status: AlertStatus
    body: dict[str, Any]


@dataclass(frozen=True)
class Signed:
    """A request's signature fits. `id`: what its sender calls the message, if it says."""

    id: str | None = None


@dataclass(frozen=True)
class Unsigned:
    """A request carries no signature that fits; `code` tells the hook's owner why."""

    code: str


CheckSignature = Callable[[Hook], Signed | Unsigned]
"""Checks the request that arrived, as the hook asks; asked only where the hook does."""


class NotHere(Exception):
    """No such hook, or its second check failed: the sender cannot tell which."""


@dataclass(frozen=True)
class _Reading:
    """An alert that was read: the masked body, what makes it the same, what it says."""

    hook: Hook
    arrival: Arrival
    body: bytes
    digest: str
    meaning: Parsed | Refusal
    now: datetime
    doubted: bool


class Doubts:
    """Bodies whose senders may not know that they are stored, so that they send them again.

    That is so after a 503, and for what came just before this process started: its answer may have
    died with the process before. Even a hook that remembers no bodies takes those only once.
    """

    def __init__(self, started: datetime) -> None:
        self._started = started
        self._until: dict[str, datetime] = {}
        self._guard = threading.Lock()

    def note(self, digest: str, now: datetime) -> None:
        """The sender of this body is told that it was not stored, which may be wrong."""
        with self._guard:
            self._until = {d: u for d, u in self._until.items() if u > now}
            self._until[digest] = now + RESENT_WITHIN

    def about(self, digest: str, now: datetime) -> bool:
        """Whether this body may be one that is stored already."""
        with self._guard:
            until = self._until.get(digest)
        return now - self._started <= RESENT_WITHIN or (until is not None and until > now)


def receive(
    database: Database,
    arrival: Arrival,
    doubts: Doubts,
    check_signature: CheckSignature,
    now: datetime,
    randomness: Randomness = os.urandom,
) -> Answer:
    """Take one alert. Raises NotHere, or NotStored when it is not durable."""
    hook = find_hook(database, arrival.token, now)
    if hook is None or not hook.enabled:
        raise NotHere
    signed = _check_sender(database, hook, arrival, check_signature, now)
    meaning = _named(_read(arrival, hook, now), signed)
    _check_secret(database, hook, arrival, meaning, now)
    digest = dialects.identity_of(arrival.raw)
    doubted = doubts.about(digest, now)
    reading = _Reading(hook, arrival, masking.mask(arrival.raw), digest, meaning, now, doubted)
    try:
        with database.transaction() as db:
            return _take(db, reading, randomness)
    except NotStored:
        doubts.note(digest, now)
        raise


def find_hook(database: Database, token: str, now: datetime) -> Hook | None:
    """The hook of a token, found by the token's hash."""
    with database.reading() as db:
        return hooks.by_token(db, sha256(token.encode()).hexdigest(), now)


def note(database: Database, hook: Hook, event: Event, now: datetime, **data: object) -> None:
    """Tell the owner of a hook about a request that was not taken."""
    with database.transaction() as db:
        record(db, event, now=now, user=hook.user, subject=hook.name, data=data)


def _read(arrival: Arrival, hook: Hook, now: datetime) -> Parsed | Refusal:
    if arrival.encoding not in (None, "", "identity"):
        return Refusal(
            "content_encoding",
            None,
            "The body is said to be compressed; send it as plain text or JSON.",
        )
    meaning = dialects.parse(arrival.raw, hook.dialect)
    if isinstance(meaning, Refusal):
        return meaning
    if hook.time == "fired":
        if any(left.field in _TIME_FIELDS for left in meaning.not_honoured):
            return Refusal(
                "time_unreadable",
                "time",
                "The hook takes the bar's time as the time of firing, and it cannot be read.",
                meaning.dialect,
                meaning.repairs,
                meaning.secret,
            )
        meaning = meaning.timed_by_bar()
    times = [s.time for s in meaning.signals if s.time is not None]
    if times and max(times) > now + FUTURE_LIMIT:
        return Refusal(
            "time_in_future",
            "time",
            "The alert says it fired more than 60 s from now; check the sender's clock.",
            meaning.dialect,
            meaning.repairs,
            meaning.secret,
        )
    return meaning


def _check_sender(
    database: Database,
    hook: Hook,
    arrival: Arrival,
    check_signature: CheckSignature,
    now: datetime,
) -> Signed:
    """A hook's address list and signature, on the raw bytes. Raises NotHere."""
    if hook.allow_from and arrival.sender not in hook.allow_from:
        _fail(database, hook, arrival, now, "address")
    if hook.signature is None:
        return Signed()
    found = check_signature(hook)
    if isinstance(found, Unsigned):
        _fail(database, hook, arrival, now, "signature", found.code)
    return found


def _check_secret(
    database: Database, hook: Hook, arrival: Arrival, meaning: Parsed | Refusal, now: datetime
) -> None:
    """The secret that a hook wants in the body. Raises NotHere."""
    if hook.secret_hash is not None and not _fits(hook.secret_hash, meaning.secret):
        code = meaning.code if isinstance(meaning, Refusal) else None
        _fail(database, hook, arrival, now, "secret", code)


def _fail(
    database: Database,
    hook: Hook,
    arrival: Arrival,
    now: datetime,
    purpose: str,
    code: str | None = None,
) -> NoReturn:
    """A failed second check looks like an unknown token; the owner is told, without the body."""
    note(
        database,
        hook,
        Event.HOOK_CHECK_FAILED,
        now,
        purpose=purpose,
        address=arrival.sender,
        length=len(arrival.raw),
        digest=sha256(arrival.raw).hexdigest(),
        code=code,
    )
    raise NotHere


def _named(meaning: Parsed | Refusal, signed: Signed) -> Parsed | Refusal:
    """An alert whose body names no id has the one of its signature's headers."""
    if isinstance(meaning, Refusal) or meaning.id is not None:
        return meaning
    return replace(meaning, id=signed.id)


def _fits(wanted: str, found: Secret | None) -> bool:
    seen = sha256(found.value.encode()).hexdigest() if found is not None else ""
    return hmac.compare_digest(wanted, seen)


def _take(db: Session, reading: _Reading, randomness: Randomness) -> Answer:
    meaning = reading.meaning
    if isinstance(meaning, Refusal):
        return _refuse(db, reading, meaning)
    matches = _matches(meaning, stored_rules.of_hook(db, reading.hook.id))
    acting = [(n, m) for n, m in matches if isinstance(m, Matched)]
    memory = _memory(reading, meaning)
    first = None
    if not memory.over:
        first = alerts.first_with(db, reading.hook.id, memory.key, reading.now)
    status = AlertStatus.ACCEPTED if acting else AlertStatus.UNMATCHED
    stored = _store(db, reading, meaning, status, matches)
    if first is None and acting:
        first = _first_or_this(db, reading, stored, memory)
    if first is not None:
        return _duplicate(db, reading, meaning, stored, first)
    if not acting:
        return _unmatched(db, reading, meaning, stored, matches)
    return _accept(db, reading, meaning, stored, acting, randomness)


def _first_or_this(
    db: Session, reading: _Reading, stored: StoredAlert, memory: Memory
) -> StoredAlert | None:
    """None when this alert is the first of its kind; else the one that committed before it."""
    if alerts.remember(db, reading.hook.id, memory, stored.id, reading.now):
        return None
    return alerts.first_with(db, reading.hook.id, memory.key, reading.now)


def _matches(meaning: Parsed, rules: Sequence[Rule]) -> list[tuple[int, Matched | Unmatched]]:
    return [(n, m) for n, s in enumerate(meaning.signals) for m in match(s, rules)]


def _memory(reading: _Reading, meaning: Parsed) -> Memory:
    """What makes an alert of this hook the same as an earlier one, and for how long."""
    if meaning.id is not None:
        return Memory(identity.id_key(meaning.id), None)
    if reading.hook.window == 0:
        return Memory(reading.digest, reading.now + RESENT_WITHIN, over=not reading.doubted)
    return Memory(reading.digest, reading.now + timedelta(seconds=reading.hook.window))


def _store(
    db: Session,
    reading: _Reading,
    meaning: Parsed | Refusal,
    status: AlertStatus,
    matches: Sequence[tuple[int, Matched | Unmatched]] = (),
) -> StoredAlert:
    parsed = meaning if isinstance(meaning, Parsed) else None
    refusal = meaning if isinstance(meaning, Refusal) else None
    whys = [
        {"rule": m.rule.name, "signal": n, "code": m.reason.code, "reason": m.reason.text}
        for n, m in matches
        if isinstance(m, Unmatched)
    ]
    return alerts.insert(
        db,
        NewAlert(
            user=reading.hook.user,
            hook=reading.hook.id,
            received_at=reading.now,
            source_time=parsed.signals[0].time if parsed else None,
            status=status,
            dialect=meaning.dialect,
            test=parsed.test if parsed else False,
            code=refusal.code if refusal else None,
            field=refusal.field[:120] if refusal and refusal.field else None,
            reason=refusal.message if refusal else None,
            body=reading.body,
            digest=reading.digest,
            content_type=reading.arrival.content_type,
            sender=reading.arrival.sender,
            signals=_json(parsed.signals if parsed else ()),
            repairs=_json(meaning.repairs),
            not_honoured=_json(parsed.not_honoured if parsed else ()),
            unmatched=_json(whys),
        ),
    )


def _refuse(db: Session, reading: _Reading, refusal: Refusal) -> Answer:
    stored = _store(db, reading, refusal, AlertStatus.REFUSED)
    _record(db, reading, Event.ALERT_REFUSED, stored, refusal.message, code=refusal.code)
    told = {"code": refusal.code, "field": refusal.field, "message": refusal.message}
    body = _body(stored, AlertStatus.REFUSED, repairs=refusal.repairs)
    return Answer(AlertStatus.REFUSED, {**body, "refusal": told})


def _duplicate(
    db: Session, reading: _Reading, meaning: Parsed, stored: StoredAlert, first: StoredAlert
) -> Answer:
    conflict = first.digest != stored.digest
    alerts.mark_duplicate(db, stored.id, first.id, conflict=conflict)
    reason = _CONFLICT if conflict else "The same alert came before; it is not acted on again."
    _record(
        db,
        reading,
        Event.ALERT_DUPLICATED,
        stored,
        reason,
        duplicate_of=first.public_id,
        conflict=conflict,
    )
    body = _body(stored, AlertStatus.DUPLICATE, meaning.repairs, meaning)
    body.update(duplicate_of=first.public_id, conflict=conflict)
    return Answer(AlertStatus.DUPLICATE, body)


def _unmatched(
    db: Session,
    reading: _Reading,
    meaning: Parsed,
    stored: StoredAlert,
    matches: Sequence[tuple[int, Matched | Unmatched]],
) -> Answer:
    whys = [m.reason.text for _, m in matches if isinstance(m, Unmatched)]
    reason = " ".join(dict.fromkeys(whys)) or "The hook has no rules."
    _record(db, reading, Event.ALERT_UNMATCHED, stored, reason)
    body = _body(stored, AlertStatus.UNMATCHED, meaning.repairs, meaning)
    return Answer(AlertStatus.UNMATCHED, body)


def _accept(
    db: Session,
    reading: _Reading,
    meaning: Parsed,
    stored: StoredAlert,
    acting: Sequence[tuple[int, Matched]],
    randomness: Randomness,
) -> Answer:
    made = list(_executions(db, reading, meaning, stored, acting, randomness))
    rows = executions.insert_many(db, made)
    lanes.announce(db)
    _record(db, reading, Event.ALERT_ACCEPTED, stored, None, executions=len(rows))
    for new, row in zip(made, rows, strict=True):
        record(
            db,
            Event.EXECUTION_QUEUED,
            now=reading.now,
            user=new.user,
            alert=stored.id,
            execution=row.id,
            data={"tag": new.tag, "symbol": new.instrument, "intent": new.intent},
        )
    body = _body(stored, AlertStatus.ACCEPTED, meaning.repairs, meaning)
    named = _names(acting)
    body["executions"] = [
        {
            "id": row.public_id,
            "rule": named[new.rule],
            "account": named[-new.account],
            "action": new.action,
            "symbol": new.instrument or "*",
            "status": Status.QUEUED.value,
        }
        for new, row in zip(made, rows, strict=True)
    ]
    return Answer(AlertStatus.ACCEPTED, body)


def _names(acting: Sequence[tuple[int, Matched]]) -> dict[int, str]:
    """Public ids of the rules (by key) and accounts (by negative key) that act."""
    rules = {m.rule.id: m.rule.public_id for _, m in acting}
    return rules | {-m.account.account: m.account.public_id for _, m in acting}


def _executions(
    db: Session,
    reading: _Reading,
    meaning: Parsed,
    stored: StoredAlert,
    acting: Sequence[tuple[int, Matched]],
    randomness: Randomness,
) -> Iterator[NewExecution]:
    """One per signal, rule, account and leg, with their turns: accounts are locked in order."""
    by_account = sorted(acting, key=lambda pair: pair[1].account.account)
    for account, group in groupby(by_account, key=lambda pair: pair[1].account.account):
        matched = list(group)
        last = lanes.take_turns(db, account, len(matched), reading.now)
        for turn, (n, found) in enumerate(matched, start=last - len(matched) + 1):
            signal = meaning.signals[n]
            for leg in found.legs:
                yield NewExecution(
                    user=reading.hook.user,
                    alert=stored.id,
                    signal_no=n,
                    rule=found.rule.id,
                    account=account,
                    turn=turn,
                    leg=leg.number,
                    instrument=leg.symbol,
                    action=signal.action.value,
                    intent=leg.intent,
                    shadow=_shadow(meaning, found.rule),
                    tag=make_tag(reading.now, randomness(10), leg.number),
                    source_time=signal.time or reading.now,
                    received_at=reading.now,
                    now=reading.now,
                )


def _shadow(meaning: Parsed, rule: Rule) -> str | None:
    """Why everything is computed and nothing sent, or None."""
    if meaning.test:
        return "test_message"
    return "shadow_mode" if rule.mode is Mode.SHADOW else None


def _record(
    db: Session,
    reading: _Reading,
    event: Event,
    stored: StoredAlert,
    reason: str | None,
    **data: object,
) -> None:
    record(
        db,
        event,
        now=reading.now,
        user=reading.hook.user,
        alert=stored.id,
        subject=reading.hook.name,
        reason=reason,
        data={"address": reading.arrival.sender, **data},
    )


def _body(
    stored: StoredAlert,
    status: AlertStatus,
    repairs: Sequence[str] = (),
    meaning: Parsed | None = None,
) -> dict[str, Any]:
    """The answer's shape, the same for every status."""
    return {
        "alert": stored.public_id,
        "status": status.value,
        "executions": [],
        "duplicate_of": None,
        "conflict": False,
        "repairs": list(repairs),
        "not_honoured": [
            {"field": n.field, "reason": n.reason}
            for n in (meaning.not_honoured if meaning else ())
        ],
    }


def _json(value: object) -> str:
    return json.dumps(write(value), ensure_ascii=False)
