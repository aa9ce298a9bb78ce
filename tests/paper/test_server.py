"""The server: keep-alive, many connections, broken requests, a clean end; and plain WSGI."""

import json
import os
import signal
import socket
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.paper import Paper, create_paper
from bridge.paper.app import Dropped
from bridge.paper.server import serve
from tests.paper.conftest import CALM, Trader, order, spoil, tick


def talk(base: str, *pieces: bytes) -> bytes:
    """Send raw bytes, close the sending half, give everything that comes back."""
    where = urlsplit(base)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as wire:
        for piece in pieces:
            wire.sendall(piece)
        wire.shutdown(socket.SHUT_WR)
        came = b""
        while piece := wire.recv(65536):
            came += piece
    return came


LOGIN = json.dumps({"email": "a@b.c", "password": "x", "server": "PAPER"}).encode()
HEAD = b"POST /backend-api/auth/jwt/token HTTP/1.1\r\nHost: x\r\n"


def test_a_connection_is_kept_and_pipelined_calls_are_answered_in_order(base: str) -> None:
    call = b"GET /backend-api/trade/config HTTP/1.1\r\nHost: x\r\n\r\n"
    assert talk(base, call + call[:20], call[20:]).count(b"HTTP/1.1 401 ") == 2


def test_a_body_may_come_in_chunks_and_in_pieces(base: str) -> None:
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    body = b"%x\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\n\r\n" % (
        10,
        LOGIN[:10],
        len(LOGIN) - 10,
        LOGIN[10:],
    )
    assert b"HTTP/1.1 201 " in talk(base, chunked, body[:15], body[15:])


def test_a_caller_may_wait_for_leave_to_send_its_body(base: str) -> None:
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(LOGIN)
    came = talk(base, head, LOGIN)
    assert came.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")


def test_an_old_or_closing_caller_gets_one_answer(base: str) -> None:
    for first in (b"GET /x HTTP/1.0\r\n\r\n", b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n"):
        came = talk(base, first * 2)
        assert came.count(b"HTTP/1.1 404 ") == 1
        assert b"Connection: close" in came


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / SPDY/3\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (HEAD + b"Content-Length: many\r\n\r\n", 400),
        (HEAD + b"Content-Length: 99999999\r\n\r\n", 413),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffff\r\n", 413),
        (b"GET /" + b"x" * 70_000, 431),
    ],
)
def test_a_broken_request_is_refused_and_the_connection_ends(
    base: str, raw: bytes, status: int
) -> None:
    assert talk(base, raw).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("raw", [b"", b"GET / HT", HEAD + b"Content-Length: 9\r\n\r\nabc"])
def test_a_caller_that_goes_away_gets_nothing(base: str, raw: bytes) -> None:
    assert talk(base, raw) == b""


def test_a_hundred_connections_place_at_once_and_nothing_is_lost(
    paper: Paper, base: str, alice: Trader
) -> None:
    where = urlsplit(base)
    lock = threading.Lock()
    ids: list[str] = []

    def place() -> None:
        body = json.dumps(order(tradableInstrumentId=278, qty="0.01")).encode()
        head = (
            f"POST /backend-api/trade/accounts/{alice.account}/orders HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {alice.tokens['accessToken']}\r\naccNum: 1\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        port = where.port or 0
        with socket.create_connection((where.hostname or "", port), timeout=30) as wire:
            for _ in range(5):
                wire.sendall(head.encode() + body)
                answer = wire.recv(65536)
                found = json.loads(answer.partition(b"\r\n\r\n")[2])["d"]["orderId"]
                with lock:
                    ids.append(found)

    threads = [threading.Thread(target=place) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tick(paper)
    truth = paper.truth(alice.account)
    assert len(set(ids)) == 500
    assert {row["id"] for row in truth["history"]} == set(ids)
    assert len(truth["positions"]) == 500


def test_serving_ends_cleanly_on_a_signal(tmp_path: Path) -> None:
    state = tmp_path / "paper.db"
    before = signal.getsignal(signal.SIGTERM)
    found: list[Trader] = []

    def use(port: int) -> None:
        found.append(Trader(f"http://127.0.0.1:{port}"))
        found[0].http.close()
        os.kill(os.getpid(), signal.SIGTERM)

    def on_ready(port: int) -> None:
        threading.Thread(target=use, args=(port,)).start()

    serve(create_paper(state=state, settings=CALM), on_ready=on_ready)
    assert signal.getsignal(signal.SIGTERM) is before
    again = create_paper(state=state, settings=CALM)
    assert again.truth(found[0].account)["accNum"] == "1"
    again.close()


# plain WSGI


def wsgi(paper: Paper, method: str, path: str, body: bytes = b"") -> tuple[str, Any, bytes]:
    told: list[Any] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "ref=py_c",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    sent = b"".join(paper(environ, lambda status, headers: told.extend([status, dict(headers)])))
    return told[0], told[1], sent


def test_it_is_a_wsgi_app(paper: Paper) -> None:
    status, headers, body = wsgi(paper, "POST", "/backend-api/auth/jwt/token", LOGIN)
    assert status.startswith("201 ")
    assert headers["Content-Length"] == str(len(body))
    assert json.loads(body).keys() == {"accessToken", "refreshToken", "expireDate"}


def test_under_wsgi_a_reset_is_an_error_and_a_drip_is_slow(paper: Paper) -> None:
    for fault, args in (("drop_after", {}), ("hang", {"s": 0.01})):
        spoil(paper, fault, args=args)
        with pytest.raises(Dropped):
            wsgi(paper, "GET", "/backend-api/trade/config")
    spoil(paper, "drip", args={"bytes_per_s": 2000})
    begun = time.monotonic()
    assert json.loads(wsgi(paper, "GET", "/backend-api/trade/config")[2])["statusCode"] == 401
    assert time.monotonic() - begun > 0.01
