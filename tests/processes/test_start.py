"""A start that would go wrong later is refused at once, in sentences."""

from dataclasses import replace

import pytest

from bridge.domain.values import Secret
from tests.processes.service import EXIT_SECONDS, START_SECONDS, Service


@pytest.mark.parametrize("command", ["run", "worker"])
def test_a_database_sealed_under_an_unknown_key_stops_the_start(
    shared_file: Service, command: str
) -> None:
    other = replace(shared_file.settings, encryption_keys=Secret("k9:" + "z" * 40))
    shared_file.settings = other
    process = shared_file.run(command)
    assert process.ended(START_SECONDS) == 2
    (sentence,) = process.logged().strip().splitlines()
    assert sentence.startswith("BRIDGE_ENCRYPTION_KEYS: ")
    assert "k1" in sentence


def test_another_secret_under_the_known_name_stops_the_start(shared_file: Service) -> None:
    other = replace(shared_file.settings, encryption_keys=Secret("k1:" + "z" * 40))
    shared_file.settings = other
    process = shared_file.run("run")
    assert process.ended(START_SECONDS) == 2
    (sentence,) = process.logged().strip().splitlines()
    assert sentence.startswith("BRIDGE_ENCRYPTION_KEYS: ")


def test_a_further_key_in_front_does_not_stop_the_start(shared_file: Service) -> None:
    keys = shared_file.settings.encryption_keys
    assert keys is not None
    both = Secret(f"k2:{'y' * 40},{keys.value}")
    shared_file.settings = replace(shared_file.settings, encryption_keys=both)
    shared_file.serve()


@pytest.mark.parametrize("command", ["run", "worker", "migrate"])
def test_every_wrong_setting_is_named_at_once(shared_file: Service, command: str) -> None:
    process = shared_file.run(
        command,
        PORT="eighty",
        BRIDGE_DISPATCHER="somewhere",
        BRIDGE_PROXY_HOPS="-1",
        BRIDGE_LOG_LEVEL="loud",
    )
    assert process.ended(START_SECONDS) == 2
    logged = process.logged()
    for name in ("PORT", "BRIDGE_DISPATCHER", "BRIDGE_PROXY_HOPS", "BRIDGE_LOG_LEVEL"):
        assert f"{name}: " in logged
    assert "Traceback" not in logged


def test_a_worker_told_to_end_over_and_over_ends_once(shared_file: Service) -> None:
    worker = shared_file.work()
    for _ in range(500):
        worker.terminate()
    assert worker.ended(EXIT_SECONDS) == 0
    assert "dispatcher stopped" in worker.logged()
