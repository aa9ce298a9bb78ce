"""The token pair of a login: log in rarely, renew before expiry, one thread at a time.

A repeated login throws the owner out of his own terminal at the broker, so a stored pair comes
first, then a refresh, and a login only when both fail.
"""

import base64
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bridge.brokers.base import Login, Record, TokenKeeper, Tokens
from bridge.brokers.tradelocker import answers, client, strict
from bridge.brokers.tradelocker.transport import Answer, Reply, Transport
from bridge.domain.values import Secret
from bridge.errors import BrokerTrouble, NeedsSignIn, NoAnswer, TooSoon

RENEW_BEFORE = timedelta(minutes=5)
LOGINS_PER_HOUR = 3
REFUSING = frozenset({400, 401, 403})

_HOUR = timedelta(hours=1)
_AFTER_REFUSAL = _HOUR / LOGINS_PER_HOUR
_AFTER_SILENCE = timedelta(minutes=1)
_LONGEST_SILENCE = timedelta(minutes=10)
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


@dataclass(frozen=True)
class _Claims:
    """When a token was made and when it ends, as it says itself. The signature is not ours."""

    made_at: datetime | None
    expires_at: datetime


class TokenRing:
    """The tokens of one login, shared by all its lanes."""

    def __init__(
        self,
        login: Login,
        keeper: TokenKeeper,
        transport: Transport,
        clock: Callable[[], datetime],
    ) -> None:
        self._login = login
        self._keeper = keeper
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Tokens | None = None
        self._not_before = datetime.min.replace(tzinfo=UTC)  # of the next early refresh
        self._dead: Secret | None = None  # a refresh token that was refused
        self._gate = _LoginGate()

    def access(self, record: Record) -> Secret:
        """An access token that is not about to expire. Raises as reads do."""
        held = self._held
        if held is not None and self._lasts(held):
            return held.access
        with self._lock:
            held = self._held
            if held is None or not self._lasts(held):
                held = self._renew(None, record)
            return held.access

    def after_refusal(self, refused: Secret, record: Record) -> Secret:
        """Another token than the one the broker answered 401 to: one renewal for all waiting."""
        with self._lock:
            held = self._held
            if held is None or held.access == refused:
                held = self._renew(refused, record)
            return held.access

    def _lasts(self, tokens: Tokens) -> bool:
        now = self._clock()
        if now < self._not_before:
            return now < tokens.expires_at
        return now < _renewal_of(tokens)

    def _renew(self, refused: Secret | None, record: Record) -> Tokens:
        held = self._kept() or self._held
        if held is not None and held.access != refused and self._lasts(held):
            return held
        try:
            return self._refreshed(held, record) or self._logged_in(record)
        except BrokerTrouble:
            now = self._clock()
            if held is None or held.access == refused or now >= held.expires_at:
                raise
            self._not_before = now + _AFTER_SILENCE  # ahead of time: the old one serves a while
            return held

    def _kept(self) -> Tokens | None:
        """The pair that outlived a process or came from another one: the latest there is."""
        kept = self._keeper.load()
        if kept is not None:
            self._held = kept
        return kept

    def _refreshed(self, tokens: Tokens | None, record: Record) -> Tokens | None:
        """A new pair by the refresh token, or None when that is dead."""
        if tokens is None or tokens.refresh == self._dead:
            return None
        if self._clock() >= tokens.refresh_expires_at:
            return None
        reply = self._transport.send(client.refresh(tokens.refresh))
        record(reply.call)
        answer = self._answered(reply)
        if answer.status not in REFUSING:
            return self._saved(answer)
        self._dead = tokens.refresh
        kept = self._keeper.load()  # refused, perhaps, because another process has just used it
        if kept is None or kept.refresh == self._dead or not self._lasts(kept):
            return None
        self._held = kept
        return kept

    def _logged_in(self, record: Record) -> Tokens:
        self._gate.check(self._clock())
        reply = self._transport.send(client.token(self._login))
        record(reply.call)
        now = self._clock()
        self._gate.note(reply, now)
        answer = self._answered(reply)
        if answer.status in REFUSING:
            raise NeedsSignIn(f"The broker refuses this login ({answer.status}).")
        return self._saved(answer)

    def _answered(self, reply: Reply) -> Answer:
        """The answer if it says yes or no; what else may come is trouble, raised."""
        answer = reply.answer
        if answer is None:
            raise NoAnswer(f"{reply.call.route}: {reply.call.error}")
        if answer.status == 429:
            now = self._clock()
            wait = answers.wait_from(answer.retry_after, now) or answers.LONGEST_WAIT
            raise TooSoon(now + timedelta(seconds=wait), "Too many sign-ins (429).")
        if answer.status not in REFUSING | {200, 201}:
            raise NoAnswer(f"{reply.call.route} was answered {answer.status}")
        return answer

    def _saved(self, answer: Answer) -> Tokens:
        """The pair of an answer, kept before it is used: the old one may be dead by now."""
        try:
            tokens = read_tokens(answer.body)
        except strict.Unreadable as exc:
            raise NoAnswer(f"the broker's tokens are not readable: {exc}") from exc
        self._keeper.save(tokens)
        self._held = tokens
        return tokens


class _LoginGate:
    """Keeps logins rare: three an hour, a refused one remembered, a silent broker left alone."""

    def __init__(self) -> None:
        self._tries: deque[datetime] = deque(maxlen=LOGINS_PER_HOUR)
        self._refused_at: datetime | None = None
        self._silent = 0
        self._silent_until: datetime | None = None

    def check(self, now: datetime) -> None:
        if self._refused_at is not None and now < self._refused_at + _AFTER_REFUSAL:
            raise NeedsSignIn("The broker refused this login; it is tried again later.")
        if self._silent_until is not None and now < self._silent_until:
            raise TooSoon(self._silent_until, "The broker does not answer sign-ins.")
        if len(self._tries) == LOGINS_PER_HOUR and now < self._tries[0] + _HOUR:
            raise TooSoon(self._tries[0] + _HOUR, "This login was used too often in an hour.")

    def note(self, reply: Reply, now: datetime) -> None:
        status = None if reply.answer is None else reply.answer.status
        self._refused_at = now if status in REFUSING else None
        if status in REFUSING | {200, 201}:
            self._tries.append(now)
            self._silent, self._silent_until = 0, None
        elif not reply.unsent:
            pause = min(_AFTER_SILENCE * 2**self._silent, _LONGEST_SILENCE)
            self._silent, self._silent_until = min(self._silent + 1, 8), now + pause


def read_tokens(body: bytes) -> Tokens:
    """The pair of a login or refresh answer, with the times the tokens themselves state."""
    table = strict.table(strict.parse(body))
    access = strict.needed_text(table.get("accessToken"))
    refresh = strict.needed_text(table.get("refreshToken"))
    return Tokens(
        access=Secret(access),
        refresh=Secret(refresh),
        expires_at=_claims_of(access).expires_at,
        refresh_expires_at=_claims_of(refresh).expires_at,
    )


def _renewal_of(tokens: Tokens) -> datetime:
    """Five minutes before the end, or the last quarter of a shorter life."""
    early = RENEW_BEFORE
    try:
        made_at = _claims_of(tokens.access.value).made_at
    except strict.Unreadable:
        made_at = None
    if made_at is not None:
        early = min(early, max(tokens.expires_at - made_at, timedelta()) / 4)
    return tokens.expires_at - early


def _claims_of(token: str) -> _Claims:
    if _JWT.fullmatch(token) is None:
        raise strict.Unreadable("a token is no JWT")
    middle = token.split(".")[1]
    try:
        body = base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))
    except ValueError as exc:
        raise strict.Unreadable("a token is no JWT") from exc
    claims = strict.table(strict.parse(body))
    made = strict.number(claims.get("iat"))
    return _Claims(
        made_at=None if made is None else _time(made),
        expires_at=_time(strict.needed_number(claims.get("exp"))),
    )


def _time(seconds: Decimal) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise strict.Unreadable("a token states an impossible time") from exc
