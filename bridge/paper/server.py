"""Serving the paper broker: a small threaded HTTP/1.1 server that can also misbehave on demand."""

import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from types import FrameType

from bridge.paper.app import Paper
from bridge.paper.messages import Answer, Request
from bridge.paper.parsing import BadRequest, Reader
from bridge.paper.spoiling import phrase

_BACKLOG = 1024
_IDLE_S = 600.0
_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, whatever is unsent


def serve(
    paper: Paper,
    host: str = "127.0.0.1",
    port: int = 0,
    on_ready: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then close the broker. Call it in the main thread."""
    server = Server(paper, host, port)
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {s: signal.signal(s, on_signal) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.start()
        if on_ready is not None:
            on_ready(server.port)
        stop.wait()
    finally:
        server.stop()
        paper.close()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def running(paper: Paper, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from background threads; gives the base address. The broker stays open."""
    server = Server(paper, host, port)
    server.start()
    try:
        yield f"http://{host}:{server.port}"
    finally:
        server.stop()
        if paper.state is not None:
            paper.state.flush()


class Server:
    """A listener and one thread for each connection."""

    def __init__(self, paper: Paper, host: str, port: int) -> None:
        self._paper = paper
        self._listener = socket.create_server((host, port), backlog=_BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        self._stopping = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._date = (0, "")
        self._accepting = threading.Thread(target=self._accept, name="paper", daemon=True)

    def start(self) -> None:
        self._accepting.start()

    def stop(self) -> None:
        """Take no more connections, end those there are, wait for their threads a moment."""
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        with self._lock:
            threads = list(self._connections.values())
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + 2
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._stopping.is_set():
                    return
                time.sleep(0.01)  # out of file handles, or the caller is gone already
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(_IDLE_S)
                self._converse(connection)
        finally:
            with self._lock:
                del self._connections[connection]
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        """Answer one request after another until somebody ends the connection."""
        reader = Reader(connection)
        reused = False
        while not self._stopping.is_set():
            try:
                request = reader.read_request(reused)
            except BadRequest as exc:
                refusal = Answer(exc.status, b"", {"Connection": "close"})
                connection.sendall(self._head(refusal, 0))
                return
            if request is None or not self._answer(connection, request):
                return
            reused = True

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Deliver one answer; whether the connection goes on."""
        answer = self._paper.answer(request)
        delivery = answer.delivery
        if delivery.hang:
            self._stopping.wait(delivery.hang)
        if delivery.hang or delivery.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return False
        stays = request.headers.get("connection", "").lower() != "close"
        if not stays:
            answer.headers["Connection"] = "close"
        head = self._head(answer, len(answer.body) + delivery.padding)
        body = b"" if request.method == "HEAD" else answer.body
        if delivery.drip:
            return self._drip(connection, head + body, delivery.drip) and stays
        if delivery.cut is not None:
            connection.sendall(head + body[: delivery.cut])
            return False
        connection.sendall(head + body)
        _pad(connection, delivery.padding)
        return stays

    def _drip(self, connection: socket.socket, raw: bytes, bytes_per_s: float) -> bool:
        for place in range(len(raw)):
            if self._stopping.wait(1 / bytes_per_s):
                return False
            connection.sendall(raw[place : place + 1])
        return True

    def _head(self, answer: Answer, length: int) -> bytes:
        lines = [
            f"HTTP/1.1 {answer.status} {phrase(answer.status)}",
            f"Date: {self._date_of(answer)}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {length}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
            "\r\n",
        ]
        return "\r\n".join(lines).encode("latin-1")

    def _date_of(self, answer: Answer) -> str:
        second = (self._paper.clock.now() + answer.skew_ms) // 1000
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]


def _pad(connection: socket.socket, spaces: int) -> None:
    while spaces > 0:
        connection.sendall(b" " * min(spaces, _CHUNK))
        spaces -= _CHUNK
