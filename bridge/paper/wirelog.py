"""Everything that was asked of the broker, in the order of arrival: the oracle of tests."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bridge.paper.messages import Request

MASK = "***"
_KEPT_TEXT = 4096
_SECRET_HEADERS = frozenset(
    {"authorization", "developer-api-key", "tl-developer-api-key", "cookie", "x-paper-key"}
)
_SECRET_FIELDS = frozenset({"password", "accessToken", "refreshToken"})


@dataclass(slots=True)
class Entry:
    """One call while it is being worked on."""

    number: int
    request: Request
    route: str | None = None
    tag: str | None = None
    account: str | None = None
    mismatch: bool = False
    fault: str | None = None
    processed: bool = False
    status: int | None = None
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One call with its answer; secrets are masked."""

    number: int
    """Counts up from 1 without a gap."""
    at_ns: int
    """Wall clock at the first byte received."""
    at_monotonic_ns: int
    method: str
    path: str
    route: str | None
    """Method and template, None for a path the broker does not have."""
    query: Mapping[str, str]
    body: str
    headers: Mapping[str, str]
    account: str | None
    """The account id that the call works on."""
    mismatch: bool
    """accNum and path named different accounts of one user."""
    tag: str | None
    fault: str | None
    processed: bool
    """Whether the work was done, whatever was answered."""
    status: int | None
    """None while unanswered, and for ever if no byte was sent."""
    answer: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class WireLog:
    """The last calls, bounded; reads give frozen values."""

    def __init__(self, most: int = 100_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=most)
        self._lock = threading.Lock()
        self._count = 0

    def begin(self, request: Request) -> Entry:
        """Note a call before anything happens to it."""
        with self._lock:
            self._count += 1
            entry = Entry(self._count, request)
            self._entries.append(entry)
        return entry

    def finish(self, entry: Entry, status: int | None, answer: bytes | None) -> None:
        """Note the answer, and let go of what nobody may read."""
        entry.status = status
        entry.answer = None if answer is None else answer[:_KEPT_TEXT]
        for name in _SECRET_HEADERS & entry.request.headers.keys():
            entry.request.headers[name] = MASK

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._lock:
            self._entries.clear()

    def since(self, number: int = 0) -> list[Seen]:
        """All calls later than this number."""
        with self._lock:
            found = [entry for entry in self._entries if entry.number > number]
        return [_seen(entry) for entry in found]

    def tagged(self, tag: str, since: int = 0) -> list[Seen]:
        """All calls that carried this strategyId in body or query."""
        return [seen for seen in self.since(since) if seen.tag == tag]

    def last(self) -> int:
        """The number of the newest call, 0 before the first."""
        return self._count

    def __iter__(self) -> Iterator[Seen]:
        return iter(self.since())

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: int) -> Seen:
        with self._lock:
            entry = self._entries[place]
        return _seen(entry)


def _seen(entry: Entry) -> Seen:
    request = entry.request
    secret = request.path.startswith("/backend-api/auth/")
    answer = None if entry.answer is None else entry.answer.decode(errors="replace")
    body = request.body[:_KEPT_TEXT].decode(errors="replace")
    return Seen(
        number=entry.number,
        at_ns=request.arrived_ns,
        at_monotonic_ns=request.arrived_monotonic_ns,
        method=request.method,
        path=request.path,
        route=entry.route,
        query=dict(request.query),
        body=_masked_text(body) if secret else body,
        headers={k: MASK if k in _SECRET_HEADERS else v for k, v in request.headers.items()},
        account=entry.account,
        mismatch=entry.mismatch,
        tag=entry.tag,
        fault=entry.fault,
        processed=entry.processed,
        status=entry.status,
        answer=_masked_text(answer) if secret and answer else answer,
    )


def _masked_text(text: str) -> str:
    """JSON with its secrets masked; what is no JSON object is masked as a whole."""
    try:
        fields = json.loads(text or "{}")
    except ValueError:
        return MASK
    if not isinstance(fields, dict):
        return MASK
    return json.dumps({k: MASK if k in _SECRET_FIELDS else v for k, v in fields.items()})
