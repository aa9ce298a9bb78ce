"""`bridge run`, `worker`, `paper`, `migrate`: the processes."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bridge import logs
from bridge.config import VAR, Settings, read_settings
from bridge.errors import WrongSettings

_PAPER_START_SECONDS = 20.0
_EXIT_SECONDS = 30


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema; safe to repeat."""
    from bridge.serving import make_private
    from bridge.store.migrate import upgrade

    settings = read_settings()
    logs.set_up(settings.log_level)
    if settings.database_path is not None:
        make_private(settings.database_path)
    upgrade(settings.database_url)
    click.echo("The database has the newest schema.")


@click.command()
def run() -> None:
    """Serve the web and, on SQLite, carry out orders in the same process."""
    settings = read_settings()
    logs.set_up(settings.log_level, pretty=sys.stderr.isatty())
    from bridge.serving import prepared

    settings = prepared(settings)
    _check_port(settings)
    with paper_beside(settings) as settings:
        click.echo(f"Bridge listens on http://{settings.host}:{settings.port}")
        click.echo(f"The audit log is at {settings.url}/audit")
        _serve(settings)


@click.command()
def worker() -> None:
    """Carry out orders; any number of these may run on one Postgres."""
    settings = read_settings()
    logs.set_up(settings.log_level, pretty=sys.stderr.isatty())
    from bridge.dispatcher.process import Dispatcher
    from bridge.serving import keys_of, prepared, utc_now

    settings = prepared(settings)
    dispatcher = Dispatcher(settings, keys_of(settings), utc_now)
    # A handler would run in the main thread between two steps of its own, where it may hold the
    # very lock that stop() needs; so the signals are blocked, and a thread waits for them.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before any thread: each inherits it

    def stop_when_told() -> None:
        signal.sigwait(ends)
        dispatcher.stop()

    threading.Thread(target=stop_when_told, name="signals", daemon=True).start()
    dispatcher.run()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8400, show_default=True, help="0 takes a free one.")
@click.option("--seed", default=1, show_default=True, help="Of the price walk.")
@click.option("--state", type=click.Path(path_type=Path), help="A file that keeps its books.")
@click.option("--control-key", help="Switches the control interface on, behind this key.")
@click.option("--limit-factor", default="1", help="Raises the rate limits it publishes and keeps.")
def paper(
    host: str, port: int, seed: int, state: Path | None, control_key: str | None, limit_factor: str
) -> None:
    """Serve the paper broker: TradeLocker's REST API with made-up money."""
    from bridge.paper import PaperSettings, create_paper
    from bridge.paper.server import serve

    settings = PaperSettings().changed({"limit_factor": limit_factor})
    broker = create_paper(seed=seed, state=state, control_key=control_key, settings=settings)

    def ready(bound: int) -> None:
        click.echo(f"paper listens on http://{host}:{bound}")
        sys.stdout.flush()

    serve(broker, host=host, port=port, on_ready=ready)


def _check_port(settings: Settings) -> None:
    """Raises WrongSettings when something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as exc:
            raise WrongSettings(
                [f"PORT: {settings.host}:{settings.port} cannot be listened on ({exc.strerror})."]
            ) from exc


@contextmanager
def paper_beside(settings: Settings) -> Iterator[Settings]:
    """The settings with a paper broker of our own, where none is named and one may run here."""
    if settings.paper_url is not None or not settings.embedded:
        yield settings
        return
    folder = settings.database_path.parent if settings.database_path is not None else VAR
    process = start_paper("--state", str(folder / "paper.db"))
    try:
        yield replace(settings, paper_url=paper_address(process))
    finally:
        stop_process(process)


def start_paper(*options: str) -> subprocess.Popen[str]:
    """A paper broker as a process of its own, on a free loopback port."""
    return subprocess.Popen(  # noqa: S603 - our own module, with options of our own
        [sys.executable, "-m", "bridge", "paper", "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C goes to us first; we end it in our order
    )


def paper_address(process: subprocess.Popen[str]) -> str:
    """Where a started paper broker listens. Raises WrongSettings when it does not start."""
    if process.stdout is None:
        raise ValueError("the process was started without a pipe")
    deadline = time.monotonic() + _PAPER_START_SECONDS
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        if "http://" in line:
            return line.strip().rpartition(" ")[2]
        if not line and process.poll() is not None:
            break
    raise WrongSettings(["The built-in paper broker did not start."])


def stop_process(process: subprocess.Popen[str]) -> None:
    """End a child, gently first."""
    process.terminate()
    try:
        process.wait(_EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _serve(settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication

    from bridge import gunicorn_settings, serving

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
        """gunicorn with one worker, whose threads serve while the dispatcher works beside them."""

        def load_config(self) -> None:
            for name, value in gunicorn_settings.OPTIONS.items():
                self.cfg.set(name, value)
            self.cfg.set("bind", f"{settings.host}:{settings.port}")
            self.cfg.set("workers", 1)
            self.cfg.set("timeout", 120)
            self.cfg.set("worker_exit", serving.stop_embedded)

        def load(self) -> Any:
            return serving.assemble(settings)

    Server().run()
