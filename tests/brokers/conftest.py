"""A clock that stands still, and a desk: the scripted broker with everything around one lane."""

import ssl
from collections.abc import Callable, Iterator

import pytest

from tests.brokers.stub import Clock, Desk, Doing, Keeper, StubBroker, WireServer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Iterator[Desk]:
    broker = StubBroker(clock)
    desk = Desk(broker, clock, Keeper())
    yield desk
    for login in desk.logins:
        login.close()
    broker.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., WireServer]]:
    servers: list[WireServer] = []

    def start(doing: Doing, tls: ssl.SSLContext | None = None) -> WireServer:
        servers.append(WireServer(doing, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
