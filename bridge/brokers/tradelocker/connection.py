"""Connections that know whether they have written, keep to a deadline, and check their peer.

An exception alone does not tell whether a request left: a TLS error may come from the handshake
or from the answer. So the connection itself notes it, in the Flight of the call in this thread.
"""

import io
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError


@dataclass
class Flight:
    """One call under way. `unsent` is set only where it is proved, and cleared before a write."""

    deadline: float
    idle: float
    private_hosts: bool
    unsent: bool = False
    refused: str | None = None

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()


class _Current(threading.local):
    flight: Flight


_current = _Current()


@contextmanager
def in_flight(flight: Flight) -> Iterator[None]:
    _current.flight = flight
    try:
        yield
    finally:
        del _current.flight


def plug_into(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


class _DeadlineReader(io.RawIOBase):
    """The reading end of a socket that gives up at the deadline, however slowly bytes drip."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock, _current.flight.deadline))


class _Noting(HTTPConnection):
    """Holds the request back until it is whole, then writes it at once and notes that it did."""

    response_class = _DeadlineResponse
    _held: bytearray
    _used_at: float

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        refusal = self._refusal(sock)
        if refusal is not None:
            sock.close()
            _current.flight.refused = refusal
            raise NewConnectionError(self, refusal)
        return sock

    def _refusal(self, sock: socket.socket) -> str | None:
        address = ipaddress.ip_address(str(sock.getpeername()[0]).partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if _current.flight.private_hosts:
            encrypted = isinstance(self, HTTPSConnection)
            return None if encrypted or address.is_private else "plain http to a public address"
        if not isinstance(self, HTTPSConnection):
            return "plain http"
        return None if address.is_global else "private address"

    def connect(self) -> None:
        _current.flight.unsent = True
        try:
            super().connect()
        except ConnectionError as exc:
            # Left as it is, urllib3 would pass over a reset and wait for an answer all the same.
            raise NewConnectionError(self, "broken off while connecting") from exc
        self._used_at = time.monotonic()

    def request(self, *args: Any, **kwargs: Any) -> None:
        flight = _current.flight
        if self.sock is not None and time.monotonic() - self._used_at > flight.idle:
            self.close()
        self._held = bytearray()
        super().request(*args, **kwargs)
        self._write(flight)

    def send(self, data: Any) -> None:
        self._held += data

    def _write(self, flight: Flight) -> None:
        if self.sock is None:
            self.connect()
        if flight.left <= 0:
            flight.unsent = True
            raise TimeoutError("deadline passed before the request was written")
        self.sock.settimeout(flight.left)
        flight.unsent = False
        self._used_at = time.monotonic()
        self.sock.sendall(self._held)


class _PlainConnection(_Noting):
    pass


class _TlsConnection(_Noting, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
