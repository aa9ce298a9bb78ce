"""`bridge demo`: everything on this machine, with paper accounts and a short story of alerts."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import requests
from rich.console import Console

from bridge.cli import story
from bridge.cli.run import paper_address, start_paper, stop_process
from bridge.cli.story import Scene
from bridge.config import read_settings
from bridge.errors import WrongSettings

LIMIT_FACTOR = "4"
"""The paper broker of the demo allows four times the broker's pace, so that nobody waits."""

_START_SECONDS = 60.0
_SCENE_SECONDS = 30.0
_ENDS = frozenset(
    {"filled", "rejected", "cancelled", "denied", "expired", "not_placed", "shadowed"}
    | {"needs_review"}
)


@click.command()
@click.option("--once", is_flag=True, help="End after the story; non-zero if a line went wrong.")
def demo(once: bool) -> None:
    """Start everything on loopback, send a story of alerts, show what came of each."""
    console = Console(width=max(Console().width, 118), highlight=False)
    with tempfile.TemporaryDirectory(prefix="bridge-demo-") as folder:
        console.print("Starting a paper broker and Bridge on this machine …")
        with _stage(Path(folder)) as stage:
            wrong = _tell(console, stage)
            if once:
                sys.exit(1 if wrong else 0)
            _invite(console, stage)


@dataclass(frozen=True)
class _Stage:
    """What the story plays on."""

    url: str
    hook: str
    token: str
    password: str
    session: requests.Session
    server: subprocess.Popen[bytes]

    def get(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.session.get(
            f"{self.url}/api/v1/{path}",
            params=query,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=5,
        )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


@contextmanager
def _stage(folder: Path) -> Iterator[_Stage]:
    broker = start_paper("--state", str(folder / "paper.db"), "--limit-factor", LIMIT_FACTOR)
    try:
        port = _free_port()
        environment = {
            "DATABASE_URL": f"sqlite:///{folder}/bridge.db",
            "BRIDGE_PAPER_URL": paper_address(broker),
            "BRIDGE_DISPATCHER": "embedded",
            "BRIDGE_URL": f"http://127.0.0.1:{port}",
            "BRIDGE_LOG_LEVEL": "warning",
            "PORT": str(port),
        }
        os.environ.update(environment)
        given, password = _import()
        server = _start_server(environment)
        try:
            with requests.Session() as session:
                session.trust_env = False
                url = environment["BRIDGE_URL"]
                _wait_ready(session, url, server)
                hook = given["hooks"]["TradingView"]
                yield _Stage(url, hook, given["api_token"], password, session, server)
        finally:
            server.terminate()
            server.wait()
    finally:
        stop_process(broker)


def _free_port() -> int:
    """The usual port when it is free, else any."""
    for wanted in (8000, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise WrongSettings(["No loopback port is free."])


def _import() -> tuple[Mapping[str, Any], str]:
    """Write the demo's user, connection, hook and rules, as `bridge import` would."""
    from bridge.serving import keys_of, prepared, utc_now
    from bridge.store.db import PAGES, Database
    from bridge.transfer import import_file

    settings = prepared(read_settings())
    password = secrets.token_urlsafe(12)
    data = story.import_file(password, secrets.token_urlsafe(12))
    database = Database(settings.database_url, PAGES)
    try:
        keys = keys_of(settings)
        given = import_file(
            database, keys, settings, data, rotate_hooks=False, new_token=False, now=utc_now()
        )
    finally:
        database.dispose()
    return given, password


def _start_server(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bridge", "run"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_ready(session: requests.Session, url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if session.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass  # not listening yet
        time.sleep(0.05)
    raise WrongSettings(["Bridge did not become ready."])


# --- telling the story ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ending:
    """What came of one scene."""

    told: Mapping[str, Any]
    milliseconds: float
    executions: list[Mapping[str, Any]]
    broker: str


_ROW = "{:>2}  {:<52} {:<10} {:>7}  {:<8} {:<11} {:>9}  {}"


def _tell(console: Console, stage: _Stage) -> int:
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


def _play(stage: _Stage, scene: Scene) -> _Ending:
    begun = time.monotonic()
    answer = stage.session.post(stage.hook, data=scene.body.encode(), timeout=5)
    milliseconds = (time.monotonic() - begun) * 1000
    told = answer.json()
    executions = _ended(stage, told["alert"], len(scene.executions))
    return _Ending(told, milliseconds, executions, _broker_words(stage, told["alert"]))


def _ended(stage: _Stage, alert: str, expected: int) -> list[Mapping[str, Any]]:
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


def _broker_words(stage: _Stage, alert: str) -> str:
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


def _invite(console: Console, stage: _Stage) -> None:
    console.print(f"\nThe audit log: [bold]{stage.url}/audit[/bold]")
    console.print(f"Sign in as [bold]{story.EMAIL}[/bold] with [bold]{stage.password}[/bold]")
    console.print(f"Send an alert yourself: curl -d '{story.STORY[0].body}' {stage.hook}")
    console.print("Ctrl-C ends it; nothing of the demo is kept.")
    try:
        stage.server.wait()
    except KeyboardInterrupt:
        console.print("\nStopping …")
