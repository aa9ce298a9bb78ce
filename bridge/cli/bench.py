"""`bridge bench`: from the alert to the broker call, measured from outside, with real processes."""

import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import requests

from bridge.cli.show import json_option, tell_json, tell_table
from bridge.cli.stage import Stage, set_up

_FINAL_SECONDS = 60.0
_SENDERS = 8


@dataclass(frozen=True)
class _Sent:
    """One alert as its sender saw it, in nanoseconds of this machine's clock."""

    alert: str
    sent_ns: int
    answered_ns: int


@dataclass
class _Load:
    """Alerts at a steady rate, spread over the hooks in turn."""

    hooks: Sequence[str]
    rate: float
    count: int
    sent: list[_Sent] = field(default_factory=list)

    def run(self) -> None:
        begun = time.monotonic()
        senders = [
            threading.Thread(target=self._send_every, args=(begun, n)) for n in range(_SENDERS)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    def _send_every(self, begun: float, first: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            for number in range(first, self.count, _SENDERS):
                time.sleep(max(0.0, begun + number / self.rate - time.monotonic()))
                self.sent.append(_post(session, self.hooks[number % len(self.hooks)], number))


def _post(session: requests.Session, hook: str, number: int) -> _Sent:
    body = {
        "bridge": 1,
        "action": "buy",
        "symbol": "EURUSD",
        "id": f"bench-{number}",
    }
    sent_ns = time.time_ns()
    answer = session.post(hook, json=body, timeout=10)
    answered_ns = time.time_ns()
    answer.raise_for_status()
    return _Sent(answer.json()["alert"], sent_ns, answered_ns)


def _form(logins: int) -> dict[str, Any]:
    """So many logins, each with its hook and a rule for plain opens of fixed lots."""
    numbers = range(1, logins + 1)
    return {
        "user": {"email": "bench@example.com", "password": "a password for the bench"},
        "connections": [
            {
                "name": f"login {n}",
                "environment": "paper",
                "email": f"bench-{n}@example.com",
                "password": "of no worth",
                "server": "PAPER",
            }
            for n in numbers
        ],
        "hooks": [{"name": f"hook {n}"} for n in numbers],
        "rules": [
            {
                "name": f"rule {n}",
                "hook": f"hook {n}",
                "mode": "live",
                "when": {"symbols": ["*"], "actions": ["*"]},
                "what": "follow",
                "opposite": "hedge",
                "accounts": [
                    {"connection": f"login {n}", "account": {"acc_num": "1"}, "multiplier": "1"}
                ],
                "size": {"mode": "lots", "value": "0.01"},
            }
            for n in numbers
        ],
    }


@click.command()
@click.option("--rate", default=20.0, show_default=True, help="Alerts per second.")
@click.option("--seconds", default=20.0, show_default=True)
@click.option("--logins", default=20, show_default=True)
@json_option
def bench(rate: float, seconds: float, logins: int, as_json: bool) -> None:
    """Measure answers and the way from an accepted alert to the broker's first byte."""
    with (
        tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder,
        set_up(Path(folder), _form(logins), "1") as stage,
    ):
        hooks = [stage.hooks[f"hook {n}"] for n in range(1, logins + 1)]
        _warm(stage, hooks)
        load = _Load(hooks, rate, int(rate * seconds))
        load.run()
        _all_final(stage)
        figures = _figures(stage, load.sent)
    settings = {"rate": rate, "alerts": len(load.sent), "logins": logins, "database": "SQLite FULL"}
    if as_json:
        tell_json({**settings, "milliseconds": figures})
        return
    click.echo(
        f"{len(load.sent)} alerts at {rate:g}/s over {logins} logins, plain opens of fixed lots, "
        "embedded dispatcher on SQLite with synchronous=FULL, paper at the broker's own limits"
    )
    tell_table(
        ("milliseconds", "p50", "p99", "max"),
        [(name, *(f"{v:.1f}" for v in row.values())) for name, row in figures.items()],
    )


def _warm(stage: Stage, hooks: Sequence[str]) -> None:
    """One order per login, so that every login has signed in and knows its instrument."""
    for number, hook in enumerate(hooks):
        _post(stage.session, hook, -1 - number)
    _all_final(stage)


def _all_final(stage: Stage) -> None:
    deadline = time.monotonic() + _FINAL_SECONDS
    unfinished = ("queued", "sending", "working", "unknown")
    while time.monotonic() < deadline:
        if not any(stage.get("executions", status=s, limit="1")["items"] for s in unfinished):
            return
        time.sleep(0.2)


def _figures(stage: Stage, sent: Sequence[_Sent]) -> dict[str, dict[str, float]]:
    executions = {e["alert"]: e for e in stage.everything("executions")}
    first_bytes = {
        s["tag"]: s["at_ns"]
        for s in stage.wire()
        if s["method"] == "POST" and s["path"].endswith("/orders")
    }
    answers = [(s.answered_ns - s.sent_ns) / 1e6 for s in sent]
    ways = [
        (first_bytes[executions[s.alert]["tag"]] - s.answered_ns) / 1e6
        for s in sent
        if executions[s.alert]["tag"] in first_bytes
    ]
    whole = [
        (first_bytes[executions[s.alert]["tag"]] - s.sent_ns) / 1e6
        for s in sent
        if executions[s.alert]["tag"] in first_bytes
    ]
    settled = [_span(executions[s.alert]) for s in sent if executions[s.alert]["final_at"]]
    missing = len(sent) - len(ways)
    if missing:
        raise click.ClickException(f"{missing} of {len(sent)} alerts sent no order.")
    return {
        "hook answer": _row(answers),
        "accepted alert → first byte of the order at the broker": _row(ways),
        "alert sent → first byte of the order at the broker": _row(whole),
        "alert received → order filled and read back": _row(settled),
    }


def _span(execution: Mapping[str, Any]) -> float:
    received = datetime.fromisoformat(execution["created_at"])
    final = datetime.fromisoformat(execution["final_at"])
    return (final - received).total_seconds() * 1000


def _row(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return {"p50": at(0.5), "p99": at(0.99), "max": round(ordered[-1], 2)}
