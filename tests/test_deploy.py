"""gunicorn with our settings, as a platform starts it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"].endswith("/broken"):
        raise RuntimeError("out of order")
    kept = ("HTTP_X_FORWARDED_FOR", "REMOTE_ADDR", "wsgi.url_scheme", "SCRIPT_NAME")
    said = "|".join(environ.get(name, "") for name in kept)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))])
    return [said.encode()]
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A small app behind gunicorn with our settings: its port, and what gunicorn logs."""
    folder = tmp_path_factory.mktemp("gunicorn")
    (folder / "small.py").write_text(APP)
    log = folder / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "deploy/gunicorn.conf.py")]
    command += ["--bind", f"127.0.0.1:{port}", "--chdir", str(folder), "small:app"]
    with log.open("wb") as output:
        # Only this: PORT, WEB_CONCURRENCY and the like would change what is tried here.
        environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
        process = subprocess.Popen(command, stderr=output, env=environment)
        try:
            _wait_for(port)
            yield port, log
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(25) == 0
    assert not list(folder.rglob("*.ctl"))


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            _ask(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("gunicorn did not start")


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def _get(target: str = "/", *headers: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: bridge", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (_get(), 200),
        (_get("/" + "a" * 4000), 200),
        (_get("/" + "a" * 5 * 1024), 414),
        (_get("/", "X-Long: " + "a" * 9 * 1024), 431),
        (_get("/", *(f"X-{n}: 1" for n in range(110))), 431),
        (_get("/", "X-Nul: a\0b"), 400),
    ],
    ids=["plain", "4 KB URI", "5 KB URI", "9 KB header", "110 headers", "NUL"],
)
def test_too_much_in_front_of_the_body_is_refused(
    served: tuple[int, Path], request_: bytes, status: int
) -> None:
    answer = _ask(served[0], request_)
    assert re.match(rb"HTTP/1\.1 (\d+)", answer)[1] == str(status).encode()  # type: ignore[index]


def test_forwarded_headers_reach_the_app_as_they_came(served: tuple[int, Path]) -> None:
    headers = ["X-Forwarded-For: 198.51.100.7, 203.0.113.9", "X-Forwarded-Proto: https"]
    answer = _ask(served[0], _get("/", *headers, "Script-Name: /x", "X_Forwarded_For: 6.6.6.6"))
    assert answer.endswith(b"\r\n198.51.100.7, 203.0.113.9|127.0.0.1|http|")


def test_no_path_with_a_hook_token_is_logged(served: tuple[int, Path]) -> None:
    port, log = served
    token = "n0tAt0ken"
    _ask(port, _get(f"/hook/{token}"))
    _ask(port, _get(f"/hook/{token}/broken"))
    _ask(port, f"GET /hook/{token} HTTP/9.x\r\n\r\n".encode())
    _ask(port, f"GET\0 /hook/{token} HTTP/1.1\r\n\r\n".encode())
    logged = log.read_text()
    assert "out of order" in logged
    assert "/hook/***" in logged
    assert token not in logged
