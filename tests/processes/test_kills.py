"""Killed or stopped at any moment: no acknowledged alert is lost, and nothing is sent twice."""

import random
import time

import pytest

from bridge.audit import Event
from bridge.domain.status import Status
from bridge.paper.faults import Rule
from tests.processes.service import EXIT_SECONDS, PLACE, Process, Service, kill
from tests.processes.stream import Stream, check_once

pytestmark = pytest.mark.slow  # processes take their time to start

EACH = 15
FINAL_SECONDS = 100.0
"""An order that may have been sent is given up for absent after a minute, not before."""


def slow_answers(service: Service) -> None:
    """Half of the answers to placements come late, so that a kill finds calls in flight."""
    late = Rule("delay", PLACE, {"s": 0.05, "jitter": 0.1}, p=0.5, seed=7)
    service.paper.faults.rules.append(late)


def moments(seed: int, count: int, alerts: int) -> list[tuple[int, float]]:
    """Random moments of a stream: after so many alerts, and so many seconds more."""
    chance = random.Random(seed)  # noqa: S311 - the same moments in every run
    return [
        (n, chance.uniform(0, 0.15)) for n in sorted(chance.sample(range(4, alerts - 4), count))
    ]


def kill_worker(service: Service, process: Process) -> Process:
    """The web process dies with its dispatcher; gunicorn forks another."""
    for pid in process.children():
        kill(pid)
    return process


def kill_both(service: Service, process: Process) -> Process:
    process.kill_all()
    return service.serve()


def kill_master(service: Service, process: Process) -> Process:
    """The worker finds itself alone and ends; its successor may be started before that."""
    process.kill()
    return service.serve()


@pytest.mark.parametrize("seed", [11, 12])
def test_killing_the_web_and_dispatcher_at_any_moment_loses_no_acknowledged_alert_and_sends_nothing_twice(  # noqa: E501 - one sentence
    embedded: Service, seed: int
) -> None:
    slow_answers(embedded)
    process = embedded.serve()
    stream = Stream(embedded, EACH)
    stream.start()
    ways = [kill_worker, kill_both, kill_master, kill_worker, kill_both]
    for way, (count, more) in zip(ways, moments(seed, len(ways), EACH * 4), strict=True):
        stream.wait_begun(count)
        time.sleep(more)
        process = way(embedded, process)
    stream.join()
    embedded.wait_final(FINAL_SECONDS)

    ends = check_once(stream)
    # each time that nobody listened may have cost each of four senders one alert
    assert len(stream.acknowledged) >= EACH * 4 - len(ways) * 4
    assert ends[Status.FILLED] >= len(stream.acknowledged) - len(ways) * 4
    # at least one kill found a call in flight
    assert embedded.events(Event.EXECUTION_UNKNOWN) >= 1


def test_stopping_at_any_moment_leaves_nothing_in_flight(embedded: Service) -> None:
    slow_answers(embedded)
    process = embedded.serve()
    stream = Stream(embedded, EACH)
    stream.start()
    for count, more in moments(21, 3, EACH * 4):
        stream.wait_begun(count)
        time.sleep(more)
        process.terminate()
        assert process.ended(EXIT_SECONDS) == 0
        assert not process.members()
        assert not {Status.SENDING, Status.UNKNOWN} & set(embedded.statuses())
        assert all(lane.owner is None for lane in embedded.lanes())
        process = embedded.serve()
    stream.join()
    embedded.wait_final(FINAL_SECONDS)

    ends = check_once(stream)
    assert len(stream.acknowledged) >= EACH * 4 - 3 * 4
    # nothing was in flight at any exit, so nothing had to be asked for either
    assert embedded.events(Event.EXECUTION_UNKNOWN) == 0
    assert set(ends) == {Status.FILLED}
