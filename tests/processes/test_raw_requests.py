"""What odd senders put on the wire, to the server as it is run."""

import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from bridge.paper import PaperSettings, create_paper
from bridge.paper.server import running
from bridge.store.migrate import upgrade
from tests.processes.service import Service, form

CAP = 64 * 1024
ALERT = b'{"bridge":1,"action":"buy","symbol":"EURUSD","quantity":"0.10","unit":"lots"}'
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all that only asks."""
    folder: Path = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder}/bridge.db"
    upgrade(url)
    paper = create_paper(settings=PaperSettings(limit_factor=Decimal(100), walk=False))
    with running(paper) as address:
        service = Service(folder, url, paper, address, "embedded")
        service.take_import(form(1))
        service.serve()
        yield service
        service.end()


@pytest.fixture
def path(served: Service) -> str:
    return urlsplit(served.hooks["hook 1"]).path


def exchange(service: Service, raw: bytes) -> list[int]:
    """The statuses of all answers until the server closes, which it must."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(raw)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def request(target: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(*parts: bytes) -> bytes:
    pieces = [f"{len(part):x}".encode() + b"\r\n" + part + b"\r\n" for part in parts]
    return b"".join(pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        [f"Content-Length: {len(ALERT)}", CHUNKED],
        [f"Content-Length: {len(ALERT)}", f"Content-Length: {len(ALERT) + 1}"],
        [f"Content-Length: +{len(ALERT)}"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: identity, chunked"],
        [CHUNKED, CHUNKED],
    ],
    ids=["CL+TE", "CL twice", "CL signed", "TE xchunked", "TE+identity", "identity+TE", "TE twice"],
)
def test_a_request_of_two_lengths_is_refused_and_nothing_behind_it_is_served(
    served: Service, path: str, headers: list[str]
) -> None:
    before = len(served.alerts())
    hidden = request(path, f"Content-Length: {len(ALERT)}", body=ALERT)
    statuses = exchange(served, request(path, *headers, body=ALERT + hidden))
    assert set(statuses) in ({400}, {501})
    assert len(served.alerts()) == before


@pytest.mark.parametrize(
    ("headers", "target", "status"),
    [
        (["X-Long: " + "a" * 9 * 1024], "", 431),
        ([f"X-{n}: 1" for n in range(110)], "", 431),
        ([], "a" * 5 * 1024, 414),
        (["X-Nul: a\0b"], "", 400),
        (["X-Feed: a\rX-Second: b"], "", 400),
    ],
    ids=["9 KB header", "110 headers", "5 KB URI", "NUL", "CR"],
)
def test_too_much_in_front_of_an_alert_is_refused(
    served: Service, path: str, headers: list[str], target: str, status: int
) -> None:
    length = f"Content-Length: {len(ALERT)}"
    assert exchange(served, request(path + target, *headers, length, body=ALERT)) == [status]


def test_a_chunked_alert_is_taken(served: Service, path: str) -> None:
    raw = request(path, CHUNKED, "Connection: close", body=chunked(ALERT[:20], ALERT[20:]))
    assert exchange(served, raw) == [200]
    assert served.alerts()[-1].body == ALERT


@pytest.mark.parametrize("length", [CAP + 1, 1024 * 1024])
def test_a_chunked_body_over_the_cap_is_too_large(served: Service, path: str, length: int) -> None:
    parts = [b"a" * 4096] * (length // 4096) + [b"a" * (length % 4096 or 1)]
    raw = request(path, CHUNKED, "Connection: close", body=chunked(*parts))
    assert exchange(served, raw) == [413]


@pytest.mark.parametrize(
    ("length", "status"), [(CAP, 422), (CAP + 1, 413), (1024 * 1024, 413), (0, 422)]
)
def test_a_body_is_measured_by_its_length(
    served: Service, path: str, length: int, status: int
) -> None:
    headers = [f"Content-Length: {length}", "Connection: close"]
    assert exchange(served, request(path, *headers, body=b"a" * length)) == [status]


def test_a_body_without_any_length_is_no_body(served: Service, path: str) -> None:
    statuses = exchange(served, request(path, "Connection: close", body=ALERT))
    assert statuses in ([422], [411])


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([f"Content-Length: {len(ALERT) + 5}"], ALERT),
        ([CHUNKED], chunked(ALERT).removesuffix(b"0\r\n\r\n")),
        ([CHUNKED], b"fff\r\n" + ALERT),
        ([CHUNKED], b"what\r\n" + ALERT + b"\r\n0\r\n\r\n"),
        ([CHUNKED], b"-5\r\n" + ALERT + b"\r\n0\r\n\r\n"),
        ([CHUNKED], f"{len(ALERT) - 9:x}\r\n".encode() + ALERT + b"\r\n0\r\n\r\n"),
    ],
    ids=["short", "no last chunk", "chunk cut", "no size", "negative size", "wrong size"],
)
def test_a_body_that_is_not_whole_is_no_alert(
    served: Service, path: str, headers: list[str], body: bytes
) -> None:
    """Part of an alert may well read as another one: "0.1" of "0.10" or of "0.15"."""
    before = len(served.alerts())
    raw = request(path, *headers, "Connection: close", body=body)
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert len(served.alerts()) == before


# --- the same alert at once ---------------------------------------------------------------------


def at_once(url: str, alert: dict[str, Any], senders: int = 4) -> list[Any]:
    """The answers to one alert, sent by so many at the same moment."""
    gate, answers = threading.Barrier(senders), []

    def send() -> None:
        with requests.Session() as session:
            session.trust_env = False
            gate.wait(10)
            answers.append(session.post(url, json=alert, timeout=10))

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return answers


def check_one_of_four(service: Service) -> None:
    """Several times over: one is accepted, three are linked to it."""
    before = len(service.executions())
    for nth in range(1, 6):
        alert = {**json.loads(ALERT), "quantity": f"0.0{nth}"}
        answers = at_once(service.hooks["hook 1"], alert)
        told = [answer.json() for answer in answers]
        assert [answer.status_code for answer in answers] == [200] * 4
        assert Counter(t["status"] for t in told) == {"accepted": 1, "duplicate": 3}
        (first,) = [t["alert"] for t in told if t["status"] == "accepted"]
        assert {t["duplicate_of"] for t in told if t["status"] == "duplicate"} == {first}
    assert len(service.executions()) == before + 5


def test_four_threads_given_one_alert_accept_it_once(served: Service) -> None:
    check_one_of_four(served)


def test_four_processes_given_one_alert_accept_it_once(on_postgres: Service) -> None:
    on_postgres.serve_web(processes=4)
    check_one_of_four(on_postgres)
