"""Alerts as TradingView sends them: again on a lost connection or a 5xx, three times, then never.

Its pause of five seconds is shortened here, and it waits for a service that is down before it goes
on to the next alert, so that a slow machine does not lose most of a stream.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests

from bridge.domain.status import AlertStatus, Status
from tests.processes.service import Service, wait_until

TRIES = 4
PAUSE_SECONDS = 0.5
TIMEOUT_SECONDS = 3.0
SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY")
NEVER_SENT = frozenset({Status.EXPIRED, Status.NOT_PLACED})


@dataclass(frozen=True)
class Told:
    """What the sender of one alert knows: the last answer, or None."""

    number: int
    status: int | None
    answer: Any


@dataclass
class Stream:
    """Alerts in parallel, one sender for each hook; no two bodies are the same."""

    service: Service
    each: int
    gap: float = 0.05
    told: list[Told] = field(default_factory=list)
    begun: int = 0

    def __post_init__(self) -> None:
        self._senders = [
            threading.Thread(target=self._send_all, args=(url, first), daemon=True)
            for first, url in enumerate(self.service.hooks.values())
        ]

    def start(self) -> None:
        for sender in self._senders:
            sender.start()

    def wait_begun(self, count: int) -> None:
        """Until so many alerts have left their senders."""
        wait_until(lambda: self.begun >= count, 60, f"{count} alerts are sent")

    def join(self) -> None:
        for sender in self._senders:
            sender.join(90)
            assert not sender.is_alive()

    @property
    def acknowledged(self) -> list[Told]:
        return [told for told in self.told if told.status == 200]

    def _send_all(self, url: str, first: int) -> None:
        for nth in range(self.each):
            number = first + nth * len(self._senders)
            self.begun += 1  # an approximate count will do
            self.told.append(self._send(url, number))
            if self.told[-1].status is None:
                wait_until(lambda: self.service.get("/healthz") == 200, 60, "the web is back")
            time.sleep(self.gap)

    def _send(self, url: str, number: int) -> Told:
        told = Told(number, None, None)
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE_SECONDS)
            told = post(url, number)
            if told.status is not None and told.status < 500:
                break
        return told


def body(number: int) -> dict[str, Any]:
    """An alert that is told from all others by its quantity alone."""
    return {
        "bridge": 1,
        "action": "buy",
        "symbol": SYMBOLS[number % len(SYMBOLS)],
        "quantity": str(Decimal(number + 1) / 100),
        "unit": "lots",
    }


def post(url: str, number: int) -> Told:
    """One request on a connection of its own."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(url, json=body(number), timeout=TIMEOUT_SECONDS)
            return Told(number, answer.status_code, answer.json())
        except requests.RequestException:
            return Told(number, None, None)


def check_once(stream: Stream) -> Counter[Status]:
    """Nothing acknowledged is lost, nothing is sent twice; how the executions ended."""
    service = stream.service
    executions = service.executions()
    tags = [e.tag for e in executions]
    accepted = [a for a in service.alerts() if a.status == AlertStatus.ACCEPTED]
    per_alert = Counter(e.alert for e in executions)

    # an alert is known by its body, and was taken in once however often it was sent
    assert len({a.body for a in accepted}) == len(accepted)
    assert all(per_alert[a.id] == 1 for a in accepted)
    _check_acknowledged(stream, {a.public_id for a in accepted})

    placements = Counter(tag for tag, _ in service.placements())
    ordered = Counter(order["strategyId"] for order in service.orders())
    assert set(placements) <= set(tags)
    assert set(ordered) <= set(tags)
    assert set(placements.values()) <= {1}
    assert set(ordered.values()) <= {1}
    _check_ends(service, ordered)
    return Counter(Status(e.status) for e in executions)


def _check_acknowledged(stream: Stream, accepted: set[str]) -> None:
    known = {a.public_id for a in stream.service.alerts()}
    for told in stream.acknowledged:
        first = told.answer["duplicate_of"] or told.answer["alert"]
        assert told.answer["alert"] in known
        assert told.answer["status"] in ("accepted", "duplicate")
        assert first in accepted


def _check_ends(service: Service, ordered: Counter[str]) -> None:
    """What we say was filled is filled there, at the size asked for; what was not is not there."""
    sizes = {o["strategyId"]: (Decimal(o["qty"]), o["status"]) for o in service.orders()}
    for execution in service.executions():
        status = Status(execution.status)
        if status in NEVER_SENT:
            assert ordered[execution.tag] == 0
        else:
            assert status is Status.FILLED, (execution.reason, execution.waiting)
            assert sizes[execution.tag] == (execution.quantity, "Filled")
