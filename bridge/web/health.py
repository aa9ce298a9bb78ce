"""Whether this process lives, whether the service is ready, and figures for a monitor."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bridge.store.db import Database
from bridge.store.migrate import is_current
from bridge.store.reads import Pulse, counts, pulse
from bridge.web.services import services

HEARTBEAT_LIMIT = timedelta(seconds=30)
OVERDUE_LIMIT = timedelta(minutes=5)

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """This process answers."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """Whether alerts that are taken now are also acted on; what is wrong is named."""
    found = services()
    wrong = _database_faults(found.pages)
    if not wrong:
        wrong = _faults(_pulse(found.pages, found.now()))
    told = {"status": "ready" if not wrong else "not ready", "wrong": wrong}
    return jsonify(told), 200 if not wrong else 503


def _database_faults(database: Database) -> list[str]:
    if not database.answers():
        return ["The database does not answer."]
    return [] if is_current(database) else ["The database lacks a migration: run bridge migrate."]


def _pulse(database: Database, now: datetime) -> Pulse:
    with database.reading() as db:
        return pulse(db, now)


def _faults(seen: Pulse) -> list[str]:
    faults = []
    if seen.beat_age is None:
        faults.append("No dispatcher has ever run here.")
    elif seen.beat_age > HEARTBEAT_LIMIT:
        faults.append(f"No dispatcher heartbeat for {seen.beat_age.total_seconds():.0f} s.")
    if seen.overdue is not None and seen.overdue > OVERDUE_LIMIT:
        faults.append(f"An execution is overdue by {seen.overdue.total_seconds():.0f} s.")
    return faults


@health.get("/metrics")
def metrics() -> Response:
    """Gauges for Prometheus, read from the database now. Labels are statuses, never names."""
    found = services()
    registry = CollectorRegistry()
    with found.pages.reading() as db:
        _count(registry, "alerts", counts(db).alerts)
        _count(registry, "executions", counts(db).executions)
        seen = pulse(db, found.now())
    _age(
        registry, "bridge_oldest_queued_seconds", "Age of the oldest queued execution.", seen.queued
    )
    _age(
        registry,
        "bridge_dispatcher_heartbeat_age_seconds",
        "Time since the last sign of life of a dispatcher.",
        seen.beat_age,
    )
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _count(registry: CollectorRegistry, what: str, by_status: dict[str, int]) -> None:
    gauge = Gauge(f"bridge_{what}", f"How many {what} there are.", ["status"], registry=registry)
    for status, count in by_status.items():
        gauge.labels(status).set(count)


def _age(registry: CollectorRegistry, name: str, meaning: str, age: timedelta | None) -> None:
    gauge = Gauge(name, meaning, registry=registry)
    gauge.set(float("nan") if age is None else age.total_seconds())
