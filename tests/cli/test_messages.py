"""`bridge parse`, `send` and `preview`."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.cli.conftest import Bridge
from tests.test_transfer import FILE

KEYS = {"id", "dialect", "signals", "repairs", "not_honoured", "refusal"}


def parsed(bridge: Bridge, *lines: str) -> list[dict[str, Any]]:
    told = bridge("parse", given="".join(line + "\n" for line in lines))
    assert told.code == 0
    return [json.loads(line) for line in told.out.splitlines()]


def test_each_line_gets_one_line_with_its_id(bridge: Bridge) -> None:
    raw = json.dumps({"bridge": 1, "action": "buy", "symbol": "EURUSD", "quantity": "0.10"})
    good = json.dumps({"id": "a-1", "raw": raw})
    told = parsed(bridge, good, "nonsense", '{"raw": 5}', "", json.dumps({"raw": "hello"}), "[]")
    assert len(told) == 6
    assert all(set(line) == KEYS for line in told)
    assert [line["id"] for line in told] == ["a-1", None, None, None, None, None]
    assert all(line["refusal"] for line in told[1:])
    assert all(not line["signals"] for line in told[1:])
    (signal,) = told[0]["signals"]
    assert signal["action"] == "buy"
    assert signal["quantity"] == "0.1"
    assert signal["unit"] is None
    assert signal["order_type"] == "market"
    assert told[0]["refusal"] is None


def test_levels_and_times_are_shown_as_they_are_written(bridge: Bridge) -> None:
    raw = {
        "bridge": 1,
        "action": "buy",
        "symbol": "EURUSD",
        "order": "limit",
        "price": "1.05",
        "stop_loss": {"pips": 20},
        "targets": [{"r": 2, "share": 50}, {"r": 3, "share": 50}],
        "trailing": {"pips": 15, "after": {"r": 1}},
        "break_even": {"after": {"target": 1}, "plus": {"points": 5}},
        "time": "2026-03-04T12:00:00+01:00",
        "max_age": 1.5,
    }
    (told,) = parsed(bridge, json.dumps({"raw": json.dumps(raw)}))
    (signal,) = told["signals"]
    assert signal["price"] == "1.05"
    assert signal["stop_loss"] == {"pips": "20"}
    assert signal["targets"] == [{"r": "2", "share": "50"}, {"r": "3", "share": "50"}]
    assert signal["trailing"] == {"pips": "15", "after": {"r": "1"}}
    assert signal["break_even"] == {"after": {"target": 1}, "plus": {"points": "5"}}
    assert signal["time"] == "2026-03-04T11:00:00.000Z"
    assert signal["max_age"] == "1.5"


def test_a_lone_surrogate_is_refused_and_not_stumbled_over(bridge: Bridge) -> None:
    (told,) = parsed(bridge, '{"id": "\\ud800", "raw": "buy EURUSD \\ud800"}')
    assert told["refusal"]["code"] == "not_utf8"


class _Hook(BaseHTTPRequestHandler):
    """Answers as its path says, and keeps what it was sent."""

    seen: list[tuple[bytes, str | None]] = []  # noqa: RUF012 - emptied by the fixture

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((raw, self.headers["Content-Type"]))
        body = b'{"status": "accepted"}' if self.path == "/hook/good" else b"nothing here"
        self.send_response(200 if self.path == "/hook/good" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hook_url() -> Iterator[str]:
    """A hook that answers 200, when it is asked for by its right name."""
    _Hook.seen.clear()
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook/good"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_files_bytes_are_sent_as_they_are(bridge: Bridge, hook_url: str) -> None:
    told = bridge("send", hook_url, "-", given=b'{"a":  1}\r\n')
    assert told.code == 0
    assert told.out.startswith("HTTP 200\n")
    assert '"status": "accepted"' in told.out
    assert _Hook.seen == [(b'{"a":  1}\r\n', "application/json")]


def test_an_alert_that_was_not_taken_is_exit_code_1(bridge: Bridge, hook_url: str) -> None:
    told = bridge("send", hook_url + "x", "-", "--json", given="buy EURUSD")
    assert told.code == 1
    assert json.loads(told.out) == {"http_status": 404, "answer": "nothing here"}
    assert _Hook.seen[0][1] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1:9/hook/x"])
def test_an_address_that_does_not_answer_is_a_sentence(bridge: Bridge, url: str) -> None:
    told = bridge("send", url, "-", given="x")
    assert told.code == 2
    assert len(told.err.splitlines()) == 1


def test_a_preview_tells_what_would_be_done(bridge: Bridge) -> None:
    bridge("import", "-", given=json.dumps(FILE))
    raw = json.dumps({"bridge": 1, "action": "sell", "symbol": "EURUSD", "quantity": 1})
    told = bridge("preview", "main", "-", "--user", "alice@example.com", given=raw)
    assert told.code == 0
    assert "Sell EURUSD by a market order, 0.1 lots × 0.5" in told.out
    assert "shadow (shadow) on prop 5:" in told.out
    assert "Close all of the long position that Bridge opened in EURUSD" in told.out
    asked = ("preview", "main", "-", "--user", "alice@example.com")
    assert len(json.loads(bridge(*asked, "--json", given=raw).out)["matches"]) == 3
    assert bridge(*asked, given="gibberish").out.startswith("Refused: ")
    assert bridge("preview", "other", "-", "--user", "alice@example.com", given=raw).code == 2
