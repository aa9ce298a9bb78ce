"""`bridge demo`: everything on this machine, with paper accounts and a short story of alerts."""

import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bridge.cli import story
from bridge.cli.stage import Stage, set_up
from bridge.cli.story import HOOK, Scene
from bridge.domain.status import FINAL

LIMIT_FACTOR = "4"
"""The paper broker of the demo allows four times the broker's pace, so that nobody waits."""

_SCENE_SECONDS = 30.0
_ENDS = frozenset(s.value for s in FINAL)


@click.command()
@click.option("--once", is_flag=True, help="End after the story; non-zero if a line went wrong.")
def demo(once: bool) -> None:
    """Start everything on loopback, send a story of alerts, show what came of each."""
    console = Console(width=max(Console().width, 118), highlight=False)
    _end_when_told()
    password = secrets.token_urlsafe(12)
    form = story.import_file(password, secrets.token_urlsafe(12))
    with tempfile.TemporaryDirectory(prefix="bridge-demo-") as folder:
        console.print("Starting a paper broker and Bridge on this machine …")
        with set_up(Path(folder), form, LIMIT_FACTOR) as stage:
            wrong = _tell(console, stage)
            if once:
                sys.exit(1 if wrong else 0)
            _invite(console, stage, password)


# --- telling the story ------------------------------------------------------------------------


def _end_when_told() -> None:
    """Every way of being ended ends the processes of the demo too, and removes its folder."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end)


@dataclass(frozen=True)
class _Ending:
    """What came of one scene."""

    told: Mapping[str, Any]
    milliseconds: float
    executions: list[Mapping[str, Any]]
    broker: str


_ROW = "{:>2}  {:<52} {:<10} {:>7}  {:<8} {:<11} {:>9}  {}"


def _tell(console: Console, stage: Stage) -> int:
    """Send every alert of the story; how many did not end as they must."""
    heads = ("#", "alert", "answer", "ms", "then", "status", "ms", "why, and what the broker said")
    console.print(_ROW.format(*heads), style="bold", soft_wrap=True)
    wrong = 0
    for number, scene in enumerate(story.STORY, start=1):
        ending = _play(stage, scene)
        right = _as_it_must(scene, ending)
        wrong += 0 if right else 1
        _show(console, number, scene, ending, right=right)
    verdict = "Every alert ended as it must." if not wrong else f"{wrong} alerts did NOT."
    console.print(f"\n{verdict}", style="green" if not wrong else "red")
    return wrong


def _play(stage: Stage, scene: Scene) -> _Ending:
    begun = time.monotonic()
    answer = stage.session.post(stage.hooks[HOOK], data=scene.body.encode(), timeout=5)
    milliseconds = (time.monotonic() - begun) * 1000
    told = answer.json()
    executions = _ended(stage, told["alert"], len(scene.executions))
    return _Ending(told, milliseconds, executions, _broker_words(stage, told["alert"]))


def _ended(stage: Stage, alert: str, expected: int) -> list[Mapping[str, Any]]:
    """The alert's executions once all are final, first leg first."""
    deadline = time.monotonic() + _SCENE_SECONDS
    while True:
        rows = sorted(stage.get("executions", alert=alert)["items"], key=_by_call)
        done = len(rows) >= expected and all(r["status"] in _ENDS for r in rows)
        if done or time.monotonic() > deadline:
            return rows
        time.sleep(0.03)


def _by_call(execution: Mapping[str, Any]) -> str:
    """In the order of the broker calls; what was never sent comes first."""
    return str(execution["sent_at"] or "")


def _broker_words(stage: Stage, alert: str) -> str:
    """The last changing call and its answer, as the audit log has it."""
    entries = stage.get("audit", alert=alert, limit="100")["items"]
    calls = [e["call"] for e in entries if e.get("call")]
    changing = [c for c in calls if not c["route"].startswith("GET")]
    if not changing:
        return ""
    call = changing[0]
    answer = (call["answer"] or call["error"] or "").strip()
    return f"{call['route'].split(' ')[0]} → {call['status']} {answer}"


def _as_it_must(scene: Scene, ending: _Ending) -> bool:
    seen = sorted((e["kind"], e["status"]) for e in ending.executions)
    return ending.told["status"] == scene.alert and seen == sorted(scene.executions)


def _show(console: Console, number: int, scene: Scene, ending: _Ending, *, right: bool) -> None:
    told, style = ending.told, None if right else "red"
    refusal = (told.get("refusal") or {}).get("message", "")
    first = ("", "", "", refusal or ("linked to the first alert" if told["duplicate_of"] else ""))
    rows = [_execution_row(told, e) for e in ending.executions] or [first]
    for n, row in enumerate(rows):
        head = (number, scene.title, told["status"], f"{ending.milliseconds:.1f}")
        line = _ROW.format(*(head if n == 0 else ("", "", "", "")), *row)
        console.print(line, style=style, soft_wrap=True, markup=False)
    if ending.broker:
        console.print(" " * 67 + ending.broker[:140], style="dim", soft_wrap=True, markup=False)


def _execution_row(
    told: Mapping[str, Any], execution: Mapping[str, Any]
) -> tuple[str, str, str, str]:
    return (
        execution["kind"],
        execution["status"],
        _span(execution["created_at"], execution["answered_at"]),
        execution["reason"] or "",
    )


def _span(start: str, end: str | None) -> str:
    """Milliseconds from one time to another."""
    if end is None:
        return ""
    passed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return f"{passed.total_seconds() * 1000:.0f}"


def _invite(console: Console, stage: Stage, password: str) -> None:
    console.print(f"\nThe audit log: [bold]{stage.url}/audit[/bold]")
    console.print(f"Sign in as [bold]{story.EMAIL}[/bold] with [bold]{password}[/bold]")
    console.print("\nSend an alert yourself, or ask the API what came of it:")
    bearer = f"-H 'Authorization: Bearer {stage.token}'"
    for command in (
        f"curl -d 'BUY EURUSD QTY:0.1' {stage.hooks[HOOK]}",
        f"curl {bearer} '{stage.url}/api/v1/executions?limit=1'",
    ):
        console.print(f"  {command}", soft_wrap=True, markup=False)
    console.print("\nCtrl-C ends it; nothing of the demo is kept.")
    try:
        stage.server.wait()
    except KeyboardInterrupt:
        console.print("\nStopping …")
