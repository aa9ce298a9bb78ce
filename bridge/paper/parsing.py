"""HTTP/1.1 requests out of a socket, with limits."""

import socket
import sys
import time
from urllib.parse import parse_qsl

from bridge.paper.messages import Request

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 1024 * 1024
_CHUNK = 65536


class BadRequest(Exception):
    """What came is no request that we take; the connection ends after this status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Reader:
    """Reads one request after another; what came too early is kept for the next."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._kept = b""

    def read_request(self, reused: bool) -> Request | None:
        """The next request, or None when the caller has closed the connection."""
        if not self._kept and not self._more():
            return None
        wall, monotonic = time.time_ns(), time.monotonic_ns()
        head = self._until(b"\r\n\r\n", _LONGEST_HEAD)
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = _headers(lines)
        method, target = _first_line(first)
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if first.endswith("HTTP/1.0"):
            headers["connection"] = "close"
        body = self._body(headers)
        path, _, query = target.partition("?")
        fields = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
        return Request(method, path, fields, headers, body, wall, monotonic, reused)

    def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunked()
        said = headers.get("content-length", "0")
        if not (said.isascii() and said.isdecimal()):
            raise BadRequest(400)
        if int(said) > _LONGEST_BODY:
            raise BadRequest(413)
        return self._exactly(int(said))

    def _chunked(self) -> bytes:
        body = b""
        while size := self._chunk_size():
            if len(body) + size > _LONGEST_BODY:
                raise BadRequest(413)
            body += self._exactly(size)
            self._exactly(2)
        while self._until(b"\r\n", _LONGEST_HEAD):
            continue  # trailers
        return body

    def _chunk_size(self) -> int:
        line = (self._until(b"\r\n", 1024) or b"").partition(b";")[0]
        try:
            return int(line, 16)
        except ValueError:
            raise BadRequest(400) from None

    def _until(self, mark: bytes, most: int) -> bytes | None:
        """What stands before the mark; None if the caller closes first."""
        while (end := self._kept.find(mark)) < 0:
            if len(self._kept) > most:
                raise BadRequest(431)
            if not self._more():
                return None
        found, self._kept = self._kept[:end], self._kept[end + len(mark) :]
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._kept) < length:
            if not self._more():
                raise ConnectionResetError
        found, self._kept = self._kept[:length], self._kept[length:]
        return found

    def _more(self) -> bool:
        came = self._connection.recv(_CHUNK)
        self._kept += came
        return bool(came)


def _first_line(line: str) -> tuple[str, str]:
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(400)
    return words[0], words[1]


def _headers(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest(400)
        found[sys.intern(name.strip().lower())] = value.strip()
    return found
