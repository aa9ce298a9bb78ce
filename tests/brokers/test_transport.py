"""The wire at its worst: what was sent is never sent again, and what was not is proved."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.brokers import Trust, WireTimings
from bridge.domain.outcomes import Accepted, NotTaken, Outcome, Unknown, WireClass
from bridge.domain.values import Tag
from bridge.errors import NoAnswer
from tests.brokers.stub import (
    ACCOUNT,
    BTCUSD,
    LOOPBACK,
    ORDERS_PATH,
    Desk,
    Doing,
    Seen,
    WireServer,
    error,
    http,
    ok,
    order_request,
    position_row,
)

TAG = Tag("b1000000000000000000000000000")
PLACE = f"POST {ORDERS_PATH}"
PLACED = ok({"orderId": "7421932185967501931"})
Serve = Callable[..., WireServer]


def place(desk: Desk) -> Outcome:
    return desk.with_tokens().lane().place(order_request(), TAG)


def scripted(*parts: bytes, pause: float = 0.0) -> Doing:
    """Sends the parts with a pause after each, then hangs up."""

    def doing(_: Seen, sock: socket.socket) -> None:
        for part in parts:
            sock.sendall(part)
            time.sleep(pause)

    return doing


def reset(_: Seen, sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def in_drops(answer: bytes) -> Doing:
    return scripted(*[answer[i : i + 1] for i in range(len(answer))], pause=0.05)


def test_an_order_that_is_taken(desk: Desk) -> None:
    desk.broker.on[PLACE] = PLACED
    outcome = place(desk)
    assert isinstance(outcome, Accepted)
    assert outcome.order_id == "7421932185967501931"
    assert desk.calls == [outcome.call]
    assert desk.calls[0] is outcome.call


@pytest.mark.parametrize(
    ("doing", "error"),
    [
        (scripted(), "closed without an answer"),
        (reset, "connection reset"),
        (scripted(b"SSH-2.0-OpenSSH_9\r\n"), "BadStatusLine"),
        (scripted(PLACED[:-3]), "answer cut short"),
        (
            scripted(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"),
            "answer cut short",
        ),
        (scripted(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"), None),
        (scripted(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip"), None),
        (scripted(http(200, b" " * (5 * 1024 * 1024 + 1))), "answer too large"),
    ],
)
def test_sent_without_a_whole_answer_is_unknown_and_sent_once(
    desk: Desk, doing: Doing, error: str | None
) -> None:
    desk.broker.on[PLACE] = doing
    outcome = place(desk)
    assert isinstance(outcome, Unknown)
    assert outcome.call.status is None
    assert outcome.call.error is not None
    assert error in (None, outcome.call.error)
    assert desk.broker.count(PLACE) == 1


@pytest.mark.parametrize(
    "answer",
    [
        http(200),
        http(200, "<html>Bad gateway</html>"),
        http(200, '{"s":"ok","d":{}}'),
        http(502, "<html>"),
        http(503, '{"message":"busy"}', "Retry-After: 1"),
        http(524),
        http(408, '{"message":"slow"}'),
        http(400, '{"message":"timed out"}'),
        http(200, b" " * (4 * 1024 * 1024)),
        scripted(b"HTTP/1.1 200 OK\r\nContent-Le"),
        scripted(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"s":"ok","d":{"orderId":"7'),
    ],
)
def test_a_doubtful_answer_is_unknown_and_sent_once(desk: Desk, answer: bytes | Doing) -> None:
    desk.broker.on[PLACE] = answer
    assert isinstance(place(desk), Unknown)
    assert desk.broker.count(PLACE) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_its_body_not_read_whole(
    desk: Desk, serve: Serve, status: int
) -> None:
    elsewhere = serve(lambda _, __: PLACED)
    body = b" " * (5 * 1024 * 1024 + 1)
    desk.broker.on[PLACE] = http(status, b"", f"Location: {elsewhere.url}/trade")
    assert isinstance(place(desk), Unknown)
    desk.broker.on[PLACE] = http(status, body, f"Location: {elsewhere.url}/trade")
    outcome = place(desk)
    assert isinstance(outcome, Unknown)
    assert outcome.call.error == "answer too large"
    assert elsewhere.connections == 0
    assert desk.broker.count(PLACE) == 2


@pytest.mark.parametrize(
    "drip",
    [
        in_drops(PLACED),
        scripted(PLACED[:-20], *[b" "] * 60, pause=0.05),
        scripted(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 60, pause=0.05),
        scripted(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 60, pause=0.05),
        scripted(b"", pause=1.5),
    ],
)
def test_the_deadline_cuts_an_answer_however_it_drips(desk: Desk, drip: Doing) -> None:
    desk.broker.on[PLACE] = drip
    login = desk.with_tokens().login(timings=WireTimings(connect=0.3, total=0.4))
    begun = time.monotonic()
    outcome = desk.lane(login).place(order_request(), TAG)
    assert 0.3 < time.monotonic() - begun < 1.0
    assert isinstance(outcome, Unknown)
    assert outcome.call.error == "deadline passed"


def test_a_connection_closed_at_its_second_use_is_unknown_and_not_sent_again(desk: Desk) -> None:
    desk.broker.on["GET /trade/accounts/2200001/state"] = ok({"accountDetailsData": [1, 2, 3]})
    desk.broker.on[PLACE] = scripted()
    lane = desk.with_tokens().lane()
    lane.state()
    assert isinstance(lane.place(order_request(), TAG), Unknown)
    assert desk.broker.count(PLACE) == 1
    assert desk.broker.last(PLACE).connection == 1


def test_a_connection_the_broker_closed_meanwhile_is_replaced_before_anything_is_sent(
    desk: Desk,
) -> None:
    desk.broker.on[PLACE] = http(200, '{"s":"ok","d":{"orderId":"7"}}', "Connection: close")
    lane = desk.with_tokens().lane()
    first = lane.place(order_request(), TAG)
    second = lane.place(order_request(), TAG)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert [seen.connection for seen in desk.broker.seen] == [1, 2]


def test_connections_are_reused_and_a_request_leaves_in_one_piece(desk: Desk) -> None:
    desk.broker.on[PLACE] = PLACED
    lane = desk.with_tokens().lane()
    for _ in range(5):
        lane.place(order_request(), TAG)
    assert desk.broker.connections == 1
    assert [seen.segments for seen in desk.broker.seen] == [1] * 5


def test_a_connection_that_stood_still_too_long_is_not_used_again(desk: Desk) -> None:
    desk.broker.on[PLACE] = PLACED
    lane = desk.with_tokens().lane(desk.login(timings=WireTimings(idle=0.0)))
    lane.place(order_request(), TAG)
    lane.place(order_request(), TAG)
    assert [seen.connection for seen in desk.broker.seen] == [1, 2]


def test_lanes_of_one_login_share_a_few_connections(desk: Desk) -> None:
    def slowly(_: Seen, __: socket.socket) -> bytes:
        time.sleep(0.05)
        return PLACED

    desk.broker.on[PLACE] = slowly
    login = desk.with_tokens().login(timings=WireTimings(connections=3))
    outcomes: list[Outcome] = []

    def work() -> None:
        outcomes.append(desk.lane(login).place(order_request(), TAG))

    threads = [threading.Thread(target=work) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 9
    assert desk.broker.connections == 3


def test_waiting_for_a_connection_ends_at_the_deadline_with_nothing_sent(desk: Desk) -> None:
    login = desk.with_tokens().login(timings=WireTimings(connections=1, total=0.05))
    login._transport._slots.acquire()  # as a call of another lane would hold it
    outcome = desk.lane(login).place(order_request(), TAG)
    assert isinstance(outcome, NotTaken)
    assert outcome.wire is WireClass.NOT_SENT
    assert outcome.call.error == "no free connection"
    assert desk.broker.seen == []


def unsent(desk: Desk, url: str, trust: Trust = LOOPBACK) -> str:
    login = desk.with_tokens().login(url, WireTimings(connect=0.3, total=1.0), trust)
    outcome = desk.lane(login).place(order_request(), TAG)
    assert isinstance(outcome, NotTaken)
    assert outcome.wire is WireClass.NOT_SENT
    assert outcome.call.status is None
    assert outcome.call.error is not None
    with pytest.raises(NoAnswer):
        desk.lane(login).positions()
    return outcome.call.error


def test_a_refused_connection_proves_that_nothing_was_sent(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert unsent(desk, f"http://127.0.0.1:{port}/backend-api") == "connection refused"


def test_a_name_that_does_not_resolve_proves_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert unsent(desk, "https://broker.invalid/backend-api") == "host name not found"


def test_a_connection_that_is_never_taken_proves_it(desk: Desk) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        assert unsent(desk, f"http://127.0.0.1:{port}/backend-api") == "timed out"
        for sock in waiting:
            sock.close()


def test_a_deadline_that_passes_while_connecting_proves_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        time.sleep(0.1)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    desk.broker.on[PLACE] = PLACED
    login = desk.with_tokens().login(timings=WireTimings(total=0.05))
    outcome = desk.lane(login).place(order_request(), TAG)
    assert isinstance(outcome, NotTaken)
    assert outcome.wire is WireClass.NOT_SENT
    assert desk.broker.seen == []


def test_a_private_address_is_refused_unless_it_is_paper(desk: Desk) -> None:
    url = desk.broker.url.replace("http:", "https:")
    assert unsent(desk, url, Trust()) == "private address"
    assert unsent(desk, desk.broker.url, Trust()) == "plain http"
    assert desk.broker.seen == []


@pytest.mark.parametrize("wrong", [requests.ReadTimeout, requests.ConnectionError, OSError])
def test_trouble_from_elsewhere_proves_nothing(desk: Desk, wrong: type[Exception]) -> None:
    with responses.RequestsMock() as wire:
        wire.post(desk.broker.url + ORDERS_PATH, body=wrong())
        assert isinstance(place(desk), Unknown)


# TLS -----------------------------------------------------------------------------------------


def certificate(folder: Path, host: str, until: timedelta) -> tuple[ssl.SSLContext, str]:
    """A server's context with a self-signed certificate, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test broker")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{host}.pem"
    public = built.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(public + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, str(pem)


def trusting(pem: str) -> Trust:
    return Trust(private_hosts=True, ca_file=pem)


DAY = timedelta(days=1)


def test_over_tls_with_a_trusted_certificate_all_is_well(
    desk: Desk, serve: Serve, tmp_path: Path
) -> None:
    context, pem = certificate(tmp_path, "127.0.0.1", DAY)
    server = serve(lambda _, __: PLACED, context)
    lane = desk.with_tokens().lane(desk.login(server.url, trust=trusting(pem)))
    assert isinstance(lane.place(order_request(), TAG), Accepted)
    assert isinstance(lane.place(order_request(), TAG), Accepted)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("host", "until", "trusted"),
    [("127.0.0.1", DAY, False), ("127.0.0.9", DAY, True), ("127.0.0.1", -DAY, True)],
)
def test_a_certificate_that_is_not_right_proves_that_nothing_was_sent(
    desk: Desk, serve: Serve, tmp_path: Path, host: str, until: timedelta, trusted: bool
) -> None:
    context, pem = certificate(tmp_path, host, until)
    server = serve(lambda _, __: PLACED, context)
    trust = trusting(pem) if trusted else LOOPBACK
    assert unsent(desk, server.url, trust) == "certificate not trusted"
    assert server.seen == []


def test_a_handshake_that_breaks_off_proves_it(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def slam() -> None:
            for _ in range(2):
                sock, _ = listener.accept()
                sock.recv(1)
                reset(Seen("", "", "", {}, b"", 0, 0), sock)

        thread = threading.Thread(target=slam)
        thread.start()
        unsent(desk, f"https://127.0.0.1:{listener.getsockname()[1]}/backend-api")
        thread.join()


def test_a_handshake_with_something_that_speaks_no_tls_proves_it(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble() -> None:
            for _ in range(2):
                sock, _ = listener.accept()
                sock.sendall(b"220 mail ready\r\n" * 4)
                sock.recv(4096)
                sock.close()

        thread = threading.Thread(target=babble)
        thread.start()
        unsent(desk, f"https://127.0.0.1:{listener.getsockname()[1]}/backend-api")
        thread.join()


def test_a_tls_error_after_the_request_was_written_is_unknown(
    desk: Desk, serve: Serve, tmp_path: Path
) -> None:
    def garble(_: Seen, sock: socket.socket) -> None:
        with socket.socket(fileno=sock.detach()) as plain:
            plain.sendall(b"this is not TLS at all" * 10)
            plain.shutdown(socket.SHUT_WR)

    context, pem = certificate(tmp_path, "127.0.0.1", DAY)
    server = serve(garble, context)
    login = desk.with_tokens().login(server.url, trust=trusting(pem))
    outcome = desk.lane(login).place(order_request(), TAG)
    assert isinstance(outcome, Unknown)
    assert outcome.call.error == "TLS failed"
    assert len(server.seen) == 1


def test_the_deadline_cuts_a_drip_over_tls_too(desk: Desk, serve: Serve, tmp_path: Path) -> None:
    context, pem = certificate(tmp_path, "127.0.0.1", DAY)
    server = serve(in_drops(PLACED), context)
    timings = WireTimings(connect=0.3, total=0.4)
    login = desk.with_tokens().login(server.url, timings, trusting(pem))
    begun = time.monotonic()
    assert isinstance(desk.lane(login).place(order_request(), TAG), Unknown)
    assert time.monotonic() - begun < 1.0


# Reads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "doing",
    [
        scripted(),
        reset,
        in_drops(PLACED),
        http(200),
        http(200, "<html>"),
        http(502),
        http(204),
        http(404, '{"message":"none"}'),
        http(302, b"", "Location: /elsewhere"),
        error("Account not found!"),
        ok({}),
        ok({"positions": {}}),
        ok({"positions": [position_row(qty="ten")]}),
        ok({"positions": [position_row(side="long")]}),
        ok({"positions": [position_row(id=None)]}),
        ok({"positions": [["1", "2"]]}),
    ],
)
def test_a_read_without_a_readable_answer_is_no_answer(desk: Desk, doing: Doing | bytes) -> None:
    desk.broker.on["GET /trade/accounts/2200001/positions"] = doing
    login = desk.with_tokens().login(timings=WireTimings(connect=0.3, total=0.4))
    with pytest.raises(NoAnswer):
        desk.lane(login).positions()
    assert desk.broker.count("GET /trade/accounts/2200001/positions") == 1


def test_a_quote_without_prices_is_no_answer(desk: Desk) -> None:
    lane = desk.with_tokens().lane()
    for quote in ({}, {"ap": 1.5}, {"ap": 0, "bp": 1}, {"ap": "x", "bp": 1}):
        desk.broker.on["GET /trade/quotes"] = ok(quote)
        with pytest.raises(NoAnswer):
            lane.quote(BTCUSD)


def test_closing_a_login_closes_its_connections(desk: Desk) -> None:
    gone = threading.Event()

    def answer(_: Seen, sock: socket.socket) -> None:
        sock.sendall(PLACED)
        sock.recv(1)
        gone.set()

    desk.broker.on[PLACE] = answer
    login = desk.with_tokens().login()
    login.account(ACCOUNT, desk.calls.append, desk.pace).place(order_request(), TAG)
    login.close()
    assert gone.wait(2)
