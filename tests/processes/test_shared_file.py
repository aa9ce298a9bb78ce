"""A web and two workers on one SQLite file: no lane is worked twice, and work is seen at once."""

import statistics
import time
from collections import defaultdict
from itertools import pairwise

from bridge.audit import Event
from bridge.domain.status import Status
from bridge.paper.faults import Rule
from tests.processes.service import PLACE, Service
from tests.processes.stream import Stream, check_once, post
from tests.processes.test_kills import FINAL_SECONDS

ANSWER_SECONDS = 0.04
WAKE_UP_SECONDS = 0.05
"""From the alert to the broker, on a machine with nothing else to do; the poll alone takes 0.5."""


def test_two_workers_on_one_file_never_work_the_same_lane_at_once(shared_file: Service) -> None:
    shared_file.paper.faults.rules.append(Rule("delay", PLACE, {"s": ANSWER_SECONDS}))
    workers = [shared_file.work(), shared_file.work()]
    web = shared_file.serve()
    stream = Stream(shared_file, 25, gap=0.02)
    stream.start()
    stream.join()
    shared_file.wait_final(FINAL_SECONDS)

    assert check_once(stream) == {Status.FILLED: 100}
    # the wire says it: each account's next call came after the answer to the one before
    by_account = defaultdict(list)
    for seen in shared_file.paper.wire:
        if seen.route == PLACE:
            by_account[seen.account].append(seen.at_monotonic_ns)
    assert len(by_account) == 4
    for times in by_account.values():
        assert min(b - a for a, b in pairwise(times)) >= ANSWER_SECONDS * 1e9
    # nobody took a lane from the other, and nothing that was sent had to be asked for
    assert shared_file.events(Event.EXECUTION_UNKNOWN) == 0
    logged = "".join(process.logged() for process in (web, *workers))
    assert "lane was lost" not in logged
    assert "another owner" not in logged


def test_a_worker_sees_what_another_process_wrote_within_milliseconds(
    shared_file: Service,
) -> None:
    shared_file.work()
    shared_file.work()
    shared_file.serve()
    urls = list(shared_file.hooks.values())
    answered = []
    for number in range(24):
        begun = time.monotonic()
        assert post(urls[number % 4], number).status == 200
        answered.append(time.monotonic() - begun)
        time.sleep(0.1)
    shared_file.wait_final(FINAL_SECONDS)

    reached = dict(shared_file.placements())
    # from the arrival of the alert, which is before its commit; the first ones sign in
    waits = [reached[e.tag] / 1e9 - e.received_at.timestamp() for e in shared_file.executions()[4:]]
    # how slow this machine is just now shows in the answers of the web
    busy = 2 * statistics.median(answered)
    assert statistics.median(waits) < WAKE_UP_SECONDS + busy, (sorted(waits), busy)
