"""A whole Bridge with a paper broker on loopback, for as long as a demo or a measurement lasts."""

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bridge.cli.run import paper_address, start_paper, stop_process
from bridge.config import Settings, overridden
from bridge.errors import WrongSettings

USUAL_PORT = 8000
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Stage:
    """Where it all runs. `hooks` are whole addresses by name."""

    url: str
    paper_url: str
    control_key: str
    hooks: Mapping[str, str]
    token: str
    session: requests.Session
    server: subprocess.Popen[bytes]

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Ask the API."""
        answer = self.session.get(
            f"{self.url}/api/v1/{path}",
            params=query,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def everything(self, path: str) -> list[dict[str, Any]]:
        """Every row of a list, page by page."""
        rows: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            query = {"limit": "200", **({"after": after} if after else {})}
            page = self.get(path, **query)
            rows += page["items"]
            after = page["next"]
            if after is None:
                return rows

    def wire(self) -> list[dict[str, Any]]:
        """Every request that reached the paper broker."""
        answer = self.session.get(
            f"{self.paper_url}/paper/v1/wire",
            headers={"X-Paper-Key": self.control_key},
            timeout=60,
        )
        answer.raise_for_status()
        told: list[dict[str, Any]] = answer.json()["calls"]
        return told


@contextmanager
def set_up(folder: Path, form: Mapping[str, Any], limit_factor: str) -> Iterator[Stage]:
    """Start paper and Bridge, import `form`, wait until ready; end both at the end."""
    key = secrets.token_hex(8)
    books = ("--state", str(folder / "paper.db"), "--control-key", key)
    broker = start_paper(*books, "--limit-factor", limit_factor)
    try:
        settings = _settings(folder, paper_address(broker))
        given = _import(settings, form)
        server = _start_server()
        try:
            with requests.Session() as session:
                session.trust_env = False
                _wait_ready(session, settings.url, server)
                yield Stage(
                    settings.url,
                    str(settings.paper_url),
                    key,
                    given["hooks"],
                    given["api_token"],
                    session,
                    server,
                )
        finally:
            server.terminate()
            server.wait()
    finally:
        stop_process(broker)


def _settings(folder: Path, paper_url: str) -> Settings:
    port = _free_port()
    return overridden(
        {
            "DATABASE_URL": f"sqlite:///{folder}/bridge.db",
            "BRIDGE_PAPER_URL": paper_url,
            "BRIDGE_DISPATCHER": "embedded",
            "BRIDGE_URL": f"http://127.0.0.1:{port}",
            "BRIDGE_LOG_LEVEL": "warning",
            "PORT": str(port),
        }
    )


def _free_port() -> int:
    """The usual port when it is free, else any."""
    for wanted in (USUAL_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise WrongSettings(["No loopback port is free."])


def _import(settings: Settings, form: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write user, connections, hooks and rules, as `bridge import` would."""
    from bridge.serving import keys_of, prepared, utc_now
    from bridge.store.db import PAGES, Database
    from bridge.transfer import import_file

    settings = prepared(settings)
    database = Database(settings.database_url, PAGES)
    try:
        keys = keys_of(settings)
        return import_file(
            database, keys, settings, form, rotate_hooks=False, new_token=False, now=utc_now()
        )
    finally:
        database.dispose()


def _start_server() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bridge", "run"], stdout=subprocess.DEVNULL, start_new_session=True
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
