"""One writer at a time, and whoever a sender waits for goes first."""

import threading
import time

from bridge.store.writers import WriterQueue


def test_two_writers_are_never_inside_at_once() -> None:
    queue, inside, most = WriterQueue(), [0], [0]

    def write() -> None:
        for _ in range(50):
            assert queue.acquire(10, urgent=threading.get_ident() % 2 == 0)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            queue.release()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_an_urgent_writer_goes_before_those_that_came_earlier() -> None:
    queue = WriterQueue()
    assert queue.acquire(1, urgent=False)
    order: list[str] = []

    def write(name: str, urgent: bool) -> None:
        assert queue.acquire(10, urgent=urgent)
        order.append(name)
        queue.release()

    usual = [threading.Thread(target=write, args=(f"usual {n}", False)) for n in range(3)]
    for thread in usual:
        thread.start()
    time.sleep(0.1)
    urgent = threading.Thread(target=write, args=("urgent", True))
    urgent.start()
    time.sleep(0.1)
    queue.release()
    for thread in [*usual, urgent]:
        thread.join()

    assert order[0] == "urgent"
    assert sorted(order[1:]) == ["usual 0", "usual 1", "usual 2"]


def test_a_writer_gives_up_when_its_time_is_over_and_the_next_goes_on() -> None:
    queue = WriterQueue()
    assert queue.acquire(1, urgent=False)
    assert not queue.acquire(0.05, urgent=True)
    assert not queue.acquire(0.05, urgent=False)
    queue.release()
    assert queue.acquire(0.05, urgent=False)
