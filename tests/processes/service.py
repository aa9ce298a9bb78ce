"""Bridge as its operator runs it: real processes on loopback, and what they left behind.

Every process is started in a session of its own, so that what it forks can be found, and each is
ended by its own number.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

from bridge.domain.status import FINAL, Status
from bridge.domain.values import Secret
from bridge.paper import Paper
from bridge.sealing import Keys
from bridge.store.db import PAGES, Database
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.work import AlertRow, ExecutionRow, LaneRow
from bridge.transfer import import_file
from tests.world import FOLLOW, settings_for, utc_now

ROOT = Path(__file__).parents[2]
START_SECONDS = 40.0
EXIT_SECONDS = 25.0
"""What the service promises to need at most after SIGTERM."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until it is so; fail, saying what was waited for."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)


def form(count: int, **rule: Any) -> dict[str, Any]:
    """An import file of so many paper logins, each with a hook and a rule of its own."""
    numbers = range(1, count + 1)
    return {
        "user": {"email": "owner@example.org", "password": "a password of the owner"},
        "connections": [
            {
                "name": f"login {n}",
                "environment": "paper",
                "email": f"login{n}@example.org",
                "password": "the login's password",
                "server": "PAPER",
            }
            for n in numbers
        ],
        "hooks": [{"name": f"hook {n}"} for n in numbers],
        "rules": [
            {
                **FOLLOW,
                "opposite": "hedge",
                **rule,
                "name": f"rule {n}",
                "hook": f"hook {n}",
                "accounts": [
                    {"connection": f"login {n}", "account": {"acc_num": "1"}, "multiplier": "1"}
                ],
            }
            for n in numbers
        ],
    }


class Process:
    """One program of ours, with everything it forks."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=log.parent,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def children(self) -> list[int]:
        """What it has forked and what still runs."""
        return [pid for pid in self.members() if pid != self.pid]

    def members(self) -> list[int]:
        """Every living process of its session."""
        return [pid for pid, session in _sessions() if session == self.pid]

    def kill(self) -> None:
        """kill -9, of this process alone."""
        self._popen.kill()
        self._popen.wait()

    def kill_all(self) -> None:
        """kill -9 of the process and of everything it has forked, as nearly at once as may be."""
        # its parent must be unable to fork again once we have looked
        self.freeze()
        for pid in self.children():
            kill(pid)
        self.kill()
        wait_until(lambda: not self.members(), 10, "the killed processes are gone")

    def terminate(self) -> None:
        """Ask it to end, and do not wait."""
        self._popen.terminate()

    def freeze(self) -> None:
        """Stop it where it stands, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def ended(self, seconds: float) -> int:
        """The exit code, within a deadline."""
        return self._popen.wait(seconds)

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def logged(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self) -> None:
        """Leave nothing behind: gently, then not."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.terminate()
            self._popen.send_signal(signal.SIGCONT)
            self._popen.wait(EXIT_SECONDS)
        if self._popen.poll() is None:
            self.kill()
        for pid in self.members():
            kill(pid)
        wait_until(lambda: not self.members(), 10, "no process is left")


def kill(pid: int) -> None:
    """kill -9, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _sessions() -> Iterator[tuple[int, int]]:
    """Every living process of this machine and its session."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError):
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if state != "Z":
                yield int(entry.name), int(session)


@dataclass
class Service:
    """A database, a broker, and the processes between them."""

    folder: Path
    database_url: str
    paper: Paper
    paper_url: str
    dispatcher: str
    port: int = field(default_factory=free_port)
    hooks: dict[str, str] = field(default_factory=dict)
    started: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = replace(
            settings_for(self.database_url, self.paper_url), url=self.url, port=self.port
        )
        self.database = Database(self.database_url, PAGES)

    def environment(self, **also: str) -> dict[str, str]:
        keys, secret = self.settings.encryption_keys, self.settings.secret_key
        assert keys is not None
        assert secret is not None
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DATABASE_URL": self.database_url,
            "BRIDGE_SECRET_KEY": secret.value,
            "BRIDGE_ENCRYPTION_KEYS": keys.value,
            "BRIDGE_DISPATCHER": self.dispatcher,
            "BRIDGE_PAPER_URL": self.paper_url,
            "BRIDGE_URL": self.url,
            "BRIDGE_LOG_LEVEL": "warning",
            "PORT": str(self.port),
            **also,
        }

    # --- processes ------------------------------------------------------------------------------

    def run(self, *arguments: str, **also: str) -> Process:
        """`python -m bridge …`, started and not waited for."""
        return self._start([sys.executable, "-m", "bridge", *arguments], **also)

    def serve(self) -> Process:
        """`bridge run`, once it answers."""
        process = self.run("run")
        self.wait_answering(process)
        return process

    def serve_web(self, processes: int = 1) -> Process:
        """gunicorn with several processes, as a platform starts the web."""
        command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "deploy/gunicorn.conf.py")]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(processes)]
        process = self._start([*command, "bridge.wsgi:app"])
        self.wait_answering(process)
        return process

    def work(self) -> Process:
        """`bridge worker`, once it lives."""
        process = self.run("worker", BRIDGE_LOG_LEVEL="info")
        wait_until(
            lambda: "dispatcher started" in process.logged() or not process.running,
            START_SECONDS,
            "the worker starts",
        )
        assert process.running, process.logged()
        return process

    def wait_answering(self, process: Process) -> None:
        """Until it takes alerts."""
        wait_until(
            lambda: self.get("/healthz") == 200 or not process.running,
            START_SECONDS,
            "the web answers",
        )
        assert process.running, process.logged()

    def wait_ready(self) -> None:
        wait_until(lambda: self.get("/readyz") == 200, START_SECONDS, "the service is ready")

    def end(self) -> None:
        """End everything that was started here."""
        for process in self.started:
            process.end()
        self.database.dispose()

    def _start(self, command: Sequence[str], **also: str) -> Process:
        log = self.folder / f"process-{len(self.started)}.log"
        process = Process(command, self.environment(**also), log)
        self.started.append(process)
        return process

    # --- from outside ---------------------------------------------------------------------------

    def get(self, path: str) -> int | None:
        """The status of an answer, None while nobody listens."""
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.get(f"{self.url}{path}", timeout=5).status_code
            except requests.RequestException:
                return None

    def take_import(self, data: Mapping[str, Any]) -> None:
        """Write connections, hooks and rules, as `bridge import` would."""
        keys = Keys.parse(self.settings.encryption_keys or Secret(""))
        given = import_file(
            self.database,
            keys,
            self.settings,
            data,
            rotate_hooks=False,
            new_token=False,
            now=utc_now(),
        )
        self.hooks = dict(given["hooks"])

    # --- what our records say -------------------------------------------------------------------

    def executions(self) -> list[ExecutionRow]:
        with self.database.reading() as db:
            return list(db.scalars(sa.select(ExecutionRow).order_by(ExecutionRow.id)))

    def alerts(self) -> list[AlertRow]:
        with self.database.reading() as db:
            return list(db.scalars(sa.select(AlertRow).order_by(AlertRow.id)))

    def lanes(self) -> list[LaneRow]:
        with self.database.reading() as db:
            return list(db.scalars(sa.select(LaneRow)))

    def events(self, event: str) -> int:
        """How often the audit log says so."""
        with self.database.reading() as db:
            counted = sa.select(sa.func.count()).where(AuditRow.event == event)
            return db.scalar(counted) or 0

    def statuses(self) -> list[Status]:
        with self.database.reading() as db:
            found = db.scalars(sa.select(ExecutionRow.status).order_by(ExecutionRow.id))
            return [Status(status) for status in found]

    def wait_final(self, seconds: float) -> None:
        """Until every execution has come to its end."""
        wait_until(
            lambda: all(status in FINAL for status in self.statuses()),
            seconds,
            "every execution is final",
        )

    # --- what the broker saw --------------------------------------------------------------------

    def placements(self) -> list[tuple[str | None, int]]:
        """Tag and time (ns, this machine's clock) of every placement that reached the broker."""
        return [(s.tag, s.at_ns) for s in self.paper.wire if s.route == PLACE]

    def orders(self) -> list[dict[str, Any]]:
        """Every order there is at the broker, whatever its state."""
        accounts = list(self.paper.broker.book.accounts)
        truths = [self.paper.truth(account) for account in accounts]
        return [order for truth in truths for order in (*truth["orders"], *truth["history"])]


PLACE = "POST /trade/accounts/{a}/orders"
